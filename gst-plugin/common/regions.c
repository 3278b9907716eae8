/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions come from other elements: any numbers are possible.
 */
#include "common/regions.h"

#include <winnow/region.h>

gboolean gst_winnow_region_clip(const GstVideoRegionOfInterestMeta *meta, const WnRect *bounds,
                                WnRect *out) {
  gint64 x0 = MAX((gint64)meta->x, bounds->x), y0 = MAX((gint64)meta->y, bounds->y);
  gint64 x1 = MIN((gint64)meta->x + meta->w, (gint64)bounds->x + bounds->width);
  gint64 y1 = MIN((gint64)meta->y + meta->h, (gint64)bounds->y + bounds->height);
  if (x0 >= x1 || y0 >= y1) return FALSE;
  *out = (WnRect){(int32_t)x0, (int32_t)y0, (int32_t)(x1 - x0), (int32_t)(y1 - y0)};
  return TRUE;
}

WnRect gst_winnow_region_bounds(const gchar *region, gint width, gint height) {
  WnRegion parsed;
  WnRect bounds;
  if (region != NULL && region[0] != '\0' && wn_region_parse(region, &parsed, NULL) == WN_OK &&
      wn_region_place(&parsed, width, height, &bounds, NULL) == WN_OK)
    return bounds;
  return (WnRect){0, 0, width, height};
}

GArray *gst_winnow_regions_collect(GstBuffer *buffer, const WnRect *bounds) {
  GArray *regions = g_array_new(FALSE, FALSE, sizeof(WnRect));
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    WnRect rect;
    if (gst_winnow_region_clip((GstVideoRegionOfInterestMeta *)meta, bounds, &rect))
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
