/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions come from other elements: any numbers are possible.
 */
#include "common/regions.h"

#include <winnow/region.h>
#include "common/analytics.h"

gboolean gst_winnow_region_clip(gint64 x, gint64 y, gint64 w, gint64 h, const WnRect *bounds,
                                WnRect *out) {
  gint64 x0 = MAX(x, bounds->x), x1 = MIN(x + w, (gint64)bounds->x + bounds->width);
  gint64 y0 = MAX(y, bounds->y), y1 = MIN(y + h, (gint64)bounds->y + bounds->height);
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

/* A detector may say both: what it has found, and that it is of interest. */
static gboolean is_among(const GArray *regions, const WnRect *rect) {
  for (guint i = 0; i < regions->len; i++)
    if (memcmp(&g_array_index(regions, WnRect, i), rect, sizeof *rect) == 0) return TRUE;
  return FALSE;
}

GArray *gst_winnow_regions_collect(GstBuffer *buffer, const WnRect *bounds) {
  GArray *regions = g_array_new(FALSE, FALSE, sizeof(WnRect));
  gpointer state = NULL;
  guint detection = 0;
  GstMeta *meta;
  WnRect rect;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    const GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *)meta;
    if (gst_winnow_region_clip(roi->x, roi->y, roi->w, roi->h, bounds, &rect))
      g_array_append_val(regions, rect);
  }
  while (gst_winnow_analytics_next(buffer, &detection, bounds, &rect) >= 0)
    if (!is_among(regions, &rect)) g_array_append_val(regions, rect);
  return regions;
}

gdouble gst_winnow_region_overlap(const WnRect *a, const WnRect *b) {
  gint w = MIN(a->x + a->width, b->x + b->width) - MAX(a->x, b->x);
  gint h = MIN(a->y + a->height, b->y + b->height) - MAX(a->y, b->y);
  if (w <= 0 || h <= 0) return 0.0;
  gdouble both = (gdouble)w * h;
  return both / ((gdouble)a->width * a->height + (gdouble)b->width * b->height - both);
}
