/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Class names become quarks, which live as long as the process: they come from
 * the model, so there are as many as it has classes.
 */
#include "common/analytics.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>

#include "common/regions.h"

const gboolean gst_winnow_analytics_available = TRUE;

gint gst_winnow_analytics_next(GstBuffer *buffer, guint *state, const WnRect *bounds,
                               WnRect *rect) {
  GstAnalyticsRelationMeta *relations = gst_buffer_get_analytics_relation_meta(buffer);
  gsize n = relations != NULL ? gst_analytics_relation_get_length(relations) : 0;
  while (*state < n) {
    guint id = (*state)++;
    GstAnalyticsODMtd detection;
    gint x, y, w, h;
    if (gst_analytics_relation_meta_get_od_mtd(relations, id, &detection) &&
        gst_analytics_od_mtd_get_location(&detection, &x, &y, &w, &h, NULL) &&
        gst_winnow_region_clip(x, y, w, h, bounds, rect))
      return (gint)id;
  }
  return -1;
}

static GQuark label_quark(const char *text) {
  g_autofree gchar *label = g_utf8_make_valid(text, -1);
  return g_quark_from_string(label);
}

/* A buffer has one relation meta; this gives the one that is there. */
gint gst_winnow_analytics_detect(GstBuffer *buffer, const WnResult *result, const WnRect *rect) {
  GstAnalyticsODMtd detection;
  if (result->class_index < 0) return -1;
  gst_analytics_relation_meta_add_od_mtd(gst_buffer_add_analytics_relation_meta(buffer),
                                         label_quark(result->label), rect->x, rect->y, rect->width,
                                         rect->height, (gfloat)result->confidence, &detection);
  return (gint)detection.id;
}

/* Readers look from the detection to its class, or the other way round. */
gint gst_winnow_analytics_classify(GstBuffer *buffer, const WnResult *result, gint detection) {
  if (result->class_index < 0) return -1;
  gsize n = (gsize)result->n_survivors;
  gfloat *levels = g_new(gfloat, n);
  GQuark *quarks = g_new(GQuark, n);
  for (gsize i = 0; i < n; i++) {
    levels[i] = (gfloat)result->survivor_scores[i];
    quarks[i] = label_quark(result->survivor_labels[i]);
  }
  GstAnalyticsRelationMeta *relations = gst_buffer_add_analytics_relation_meta(buffer);
  GstAnalyticsClsMtd classes;
  gst_analytics_relation_meta_add_cls_mtd(relations, n, levels, quarks, &classes);
  g_free(levels);
  g_free(quarks);
  if (detection >= 0) {
    const GstAnalyticsRelTypes type = GST_ANALYTICS_REL_TYPE_RELATE_TO;
    gst_analytics_relation_meta_set_relation(relations, type, (guint)detection, classes.id);
    gst_analytics_relation_meta_set_relation(relations, type, classes.id, (guint)detection);
  }
  return (gint)classes.id;
}
#else
const gboolean gst_winnow_analytics_available = FALSE;

gint gst_winnow_analytics_next(GstBuffer *buffer, guint *state, const WnRect *bounds,
                               WnRect *rect) {
  return -1;
}

gint gst_winnow_analytics_detect(GstBuffer *buffer, const WnResult *result, const WnRect *rect) {
  return -1;
}

gint gst_winnow_analytics_classify(GstBuffer *buffer, const WnResult *result, gint detection) {
  return -1;
}
#endif
