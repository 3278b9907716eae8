/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions come from other elements: any numbers are possible.
 */
#include "common/regions.h"

gboolean gst_winnow_region_clip(const GstVideoRegionOfInterestMeta *meta, gint width, gint height,
                                WnRect *out) {
  if (meta->x >= (guint)width || meta->y >= (guint)height || meta->w == 0 || meta->h == 0)
    return FALSE;
  *out = (WnRect){
      .x = (int32_t)meta->x,
      .y = (int32_t)meta->y,
      .width = (int32_t)MIN(meta->w, (guint)width - meta->x),
      .height = (int32_t)MIN(meta->h, (guint)height - meta->y),
  };
  return TRUE;
}

GArray *gst_winnow_regions_collect(GstBuffer *buffer, gint width, gint height) {
  GArray *regions = g_array_new(FALSE, FALSE, sizeof(WnRect));
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    WnRect rect;
    if (gst_winnow_region_clip((GstVideoRegionOfInterestMeta *)meta, width, height, &rect))
      g_array_append_val(regions, rect);
  }
  return regions;
}

gdouble gst_winnow_region_overlap(const WnRect *a, const WnRect *b) {
  gint w = MIN(a->x + a->width, b->x + b->width) - MAX(a->x, b->x);
  gint h = MIN(a->y + a->height, b->y + b->height) - MAX(a->y, b->y);
  if (w <= 0 || h <= 0) return 0.0;
  gdouble both = (gdouble)w * h;
  return both / ((gdouble)a->width * a->height + (gdouble)b->width * b->height - both);
}
