/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The regions on a buffer, and which of them is which from one frame
 * to the next.
 */
#ifndef GST_WINNOW_REGIONS_H
#define GST_WINNOW_REGIONS_H

#include <gst/video/video.h>
#include <winnow/frame.h>

/* A region clipped to `bounds`, a frame or a part of it; FALSE: nothing is left. */
gboolean gst_winnow_region_clip(gint64 x, gint64 y, gint64 w, gint64 h, const WnRect *bounds,
                                WnRect *out);

/* What of a frame of `width` x `height` may be looked at where winnowclassify's region is `region`:
 * NULL, "" or what lies outside: all. */
WnRect gst_winnow_region_bounds(const gchar *region, gint width, gint height);

/* A new array of WnRect: what lies in `bounds` of the regions of interest on `buffer`, and of what
 * was detected elsewhere on it. */
GArray *gst_winnow_regions_collect(GstBuffer *buffer, const WnRect *bounds);

/* Whether two regions are likely to show the same object: their overlap (area of
 * the intersection over that of the union) reaches this value. */
#define GST_WINNOW_REGION_SAME 0.3

/* That overlap, 0 to 1. */
gdouble gst_winnow_region_overlap(const WnRect *a, const WnRect *b);

#endif
