/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the overlay shows of a result, rounded to what can be seen: two results
 * with equal views look the same, so the drawing of the first serves the second.
 */
#ifndef GST_WINNOW_OVERLAY_VIEW_H
#define GST_WINNOW_OVERLAY_VIEW_H

#include "gstwinnow.h"
#include <winnow/frame.h>

#define GST_WINNOW_VIEW_ROWS 3     /* survivors listed by name */
#define GST_WINNOW_VIEW_STAGES 256 /* stages drawn */

typedef struct {
  gchar *headline;
  gint percent; /* of the headline, -1: none */
  gboolean has_region;
  WnRect region; /* in pixels of the frame that is drawn on */
  gchar *name;   /* of the region, "": none */
  gint n_stages, exit_stage;
  gint left[GST_WINNOW_VIEW_STAGES]; /* [exit_stage + 1] survivors after it, -1: not evaluated */
  gboolean in_time;                  /* FALSE: a deadline ended it */
  const gchar *reason;               /* static text */
  gint saved_percent;
  guint n_rows;
  struct {
    gchar *label;
    gint percent;
  } rows[GST_WINNOW_VIEW_ROWS];
  gint n_survivors;
} GstWinnowView;

/* A new view; `headline` is what the headline says now, `answer` what this result alone would say,
 * `region` NULL for the whole frame. */
GstWinnowView *gst_winnow_view_new(const GstWinnowResult *result, const gchar *headline,
                                   const gchar *answer, const WnRect *region);
void gst_winnow_view_free(GstWinnowView *view);

/* Whether both are drawn the same. */
gboolean gst_winnow_view_equal(const GstWinnowView *a, const GstWinnowView *b);

#endif
