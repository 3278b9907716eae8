/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Class names become quarks, which live as long as the process: they come from
 * the model, so there are as many as it has classes.
 */
#include "meta/analytics.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#include "meta/fields.h"

void gst_winnow_analytics_attach(const GstStructure *fields, GstBuffer *buffer) {
  const GValue *labels = gst_structure_get_value(fields, FIELD_SURVIVOR_LABELS);
  const GValue *scores = gst_structure_get_value(fields, FIELD_SURVIVOR_SCORES);
  guint n = gst_value_array_get_size(scores);
  gfloat *levels = g_new(gfloat, n);
  GQuark *quarks = g_new(GQuark, n);
  for (guint i = 0; i < n; i++) {
    levels[i] = (gfloat)g_value_get_double(gst_value_array_get_value(scores, i));
    quarks[i] = g_quark_from_string(g_value_get_string(gst_value_array_get_value(labels, i)));
  }
  /* A buffer has one relation meta; this gives the one that is there. */
  GstAnalyticsRelationMeta *relations = gst_buffer_add_analytics_relation_meta(buffer);
  GstAnalyticsClsMtd mtd;
  gst_analytics_relation_meta_add_cls_mtd(relations, n, levels, quarks, &mtd);
  g_free(levels);
  g_free(quarks);
}
#else
void gst_winnow_analytics_attach(const GstStructure *fields, GstBuffer *buffer) {
  (void)fields;
  (void)buffer;
}
#endif
