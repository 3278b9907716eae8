/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a frame may be held up by its inference: what winnowclassify reports to
 * LATENCY queries.  Fed by the streaming thread, read by any; the owner's
 * object lock guards it.
 */
#ifndef GST_WINNOW_LATENCY_H
#define GST_WINNOW_LATENCY_H

#include <gst/gst.h>

/* gst_winnow_latency_begin() initialises it. */
typedef struct {
  GstClockTime reported; /* to queries */
  GstClockTime whole;    /* what all stages take, lately */
  GstClockTime peak;     /* largest and */
  GstClockTime second;   /* second largest of the current window */
  GstClockTime before;   /* second largest of the window before */
  gint64 began_us;       /* the window */
  guint n;               /* inferences in it */
} GstWinnowLatency;

/* Before the first frame of a model that takes `whole` for all its stages. */
void gst_winnow_latency_begin(GstWinnowLatency *latency, GstClockTime whole);

/* Takes the duration of what was inferred for one frame, which ended at now_us (monotonic);
 * `all_stages`: it was one inference, to the end of the network.  TRUE when `reported` changed,
 * that is when it had drifted too far from what is measured. */
gboolean gst_winnow_latency_feed(GstWinnowLatency *latency, gint64 now_us, GstClockTime duration,
                                 gboolean all_stages);

#endif
