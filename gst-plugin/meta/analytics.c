/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Class names become quarks, which live as long as the process: they come from
 * the model, so there are as many as it has classes.
 */
#include "meta/analytics.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>

/* Nothing that was recognised has no class to report. */
void gst_winnow_analytics_attach(const WnResult *result, GstBuffer *buffer) {
  if (result->class_index < 0) return;
  gsize n = (gsize)result->n_survivors;
  gfloat *levels = g_new(gfloat, n);
  GQuark *quarks = g_new(GQuark, n);
  for (gsize i = 0; i < n; i++) {
    g_autofree gchar *label = g_utf8_make_valid(result->survivor_labels[i], -1);
    levels[i] = (gfloat)result->survivor_scores[i];
    quarks[i] = g_quark_from_string(label);
  }
  /* A buffer has one relation meta; this gives the one that is there. */
  GstAnalyticsRelationMeta *relations = gst_buffer_add_analytics_relation_meta(buffer);
  GstAnalyticsClsMtd mtd;
  gst_analytics_relation_meta_add_cls_mtd(relations, n, levels, quarks, &mtd);
  g_free(levels);
  g_free(quarks);
}
#else
void gst_winnow_analytics_attach(const WnResult *result, GstBuffer *buffer) {
  (void)result;
  (void)buffer;
}
#endif
