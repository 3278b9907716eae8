/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The counters behind winnowclassify's `stats` property.  The owner's object lock
 * guards them.
 */
#ifndef GST_WINNOW_CLASSIFY_STATS_H
#define GST_WINNOW_CLASSIFY_STATS_H

#include <gst/gst.h>
#include <winnow/result.h>

/* Zero-initialise; reset before use. */
typedef struct {
  guint64 frames;     /* frames that came in */
  guint64 inferences; /* networks run: one per frame, or one per region */
  guint64 unchanged;  /* answers repeated, since the frame looks like the last one classified */
  guint64 skipped;    /* frames passed with the last result unaltered */
  guint64 late;       /* of those, skipped because the sink was behind */
  guint64 macs_full;  /* of one inference */
  gdouble macs_sum;   /* this and what follows: of inferences and of `unchanged` */
  gdouble latency_sum;
  gint64 latency_max;
  guint64 *exits; /* [n_stages] inferences that stopped there */
  guint n_stages;
} GstWinnowStats;

/* Zeroes all counters for a model with `n_stages` stages; 0 frees. */
void gst_winnow_stats_reset(GstWinnowStats *stats, guint n_stages, guint64 macs_full);

/* The same for all that is a model's: the frames that came in remain counted. */
void gst_winnow_stats_follow(GstWinnowStats *stats, guint n_stages, guint64 macs_full);

void gst_winnow_stats_add(GstWinnowStats *stats, const WnResult *result);

/* A new structure with all of it, in units and names as `winnow eval --json`. */
GstStructure *gst_winnow_stats_to_structure(const GstWinnowStats *stats);

#endif
