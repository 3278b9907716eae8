/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums and counts since the element started, or took its model.
 */
#include "classify/stats.h"

void gst_winnow_stats_reset(GstWinnowStats *stats, guint n_stages, guint64 macs_full) {
  g_free(stats->exits);
  *stats = (GstWinnowStats){.n_stages = n_stages, .macs_full = macs_full};
  if (n_stages > 0) stats->exits = g_new0(guint64, n_stages);
}

void gst_winnow_stats_follow(GstWinnowStats *stats, guint n_stages, guint64 macs_full) {
  GstWinnowStats before = *stats;
  gst_winnow_stats_reset(stats, n_stages, macs_full);
  stats->frames = before.frames;
  stats->skipped = before.skipped;
  stats->late = before.late;
}

void gst_winnow_stats_add(GstWinnowStats *stats, const WnResult *result) {
  gboolean repeated = result->stop_reason == WN_STOP_UNCHANGED;
  if (repeated)
    stats->unchanged++;
  else
    stats->inferences++;
  stats->macs_sum += (gdouble)result->macs;
  stats->latency_sum += (gdouble)result->latency_ns;
  stats->latency_max = MAX(stats->latency_max, result->latency_ns);
  if (!repeated && (guint)result->exit_stage < stats->n_stages) stats->exits[result->exit_stage]++;
}

GstStructure *gst_winnow_stats_to_structure(const GstWinnowStats *stats) {
  guint64 answers = stats->inferences + stats->unchanged;
  gdouble n = answers > 0 ? (gdouble)answers : 1.0;
  gdouble macs_mean = stats->macs_sum / n;
  gdouble reduction = 0.0;
  if (answers > 0 && stats->macs_full > 0) reduction = 1.0 - macs_mean / (gdouble)stats->macs_full;
  GstStructure *structure = gst_structure_new(
      "winnowclassify-stats", "frames", G_TYPE_UINT64, stats->frames, "inferences", G_TYPE_UINT64,
      stats->inferences, "unchanged", G_TYPE_UINT64, stats->unchanged, "skipped", G_TYPE_UINT64,
      stats->skipped, "late", G_TYPE_UINT64, stats->late, "macs-mean", G_TYPE_DOUBLE, macs_mean,
      "macs-full", G_TYPE_UINT64, stats->macs_full, "mac-reduction", G_TYPE_DOUBLE, reduction,
      "latency-mean", G_TYPE_DOUBLE, stats->latency_sum / n, "latency-max", G_TYPE_INT64,
      stats->latency_max, NULL);
  GValue exits = G_VALUE_INIT;
  gst_value_array_init(&exits, stats->n_stages);
  for (guint i = 0; i < stats->n_stages; i++) {
    GValue count = G_VALUE_INIT;
    g_value_init(&count, G_TYPE_UINT64);
    g_value_set_uint64(&count, stats->exits[i]);
    gst_value_array_append_and_take_value(&exits, &count);
  }
  gst_structure_take_value(structure, "exits", &exits);
  return structure;
}
