/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See made_result.h.
 */
#include "made_result.h"

#include <stdlib.h>

#include "gstwinnow.h"
#include "meta/result_write.h"

/* `labels` [2] is what the result points to. */
static WnResult made_result(const char **labels, const char *label, guint seed) {
  static const int32_t survivors[] = {3, 5}, per_stage[] = {10, 2};
  static const double scores[] = {0.75, 0.125};
  labels[0] = label;
  labels[1] = "dog";
  return (WnResult){.label = label,
                    .class_index = 3,
                    .confidence = 0.75,
                    .group = "",
                    .exit_stage = 1,
                    .stage_count = 4,
                    .stop_reason = WN_STOP_WATCH,
                    .n_survivors = 2,
                    .survivor_count = 2,
                    .watched = -1,
                    .survivors = survivors,
                    .survivor_labels = labels,
                    .survivor_scores = scores,
                    .n_stages_evaluated = 2,
                    .survivors_per_stage = per_stage,
                    .macs = seed,
                    .macs_full = 1000,
                    .latency_ns = 77,
                    .model_id = "m@00000000",
                    .pts_ns = (int64_t)seed * 1000};
}

gchar *made_result_json(const char *label, guint seed) {
  const char *labels[2];
  WnResult result = made_result(labels, label, seed);
  char *json = wn_result_json(&result);
  gchar *copy = g_strdup(json);
  free(json);
  return copy;
}

void made_result_attach(GstBuffer *buffer, const char *label, guint seed) {
  const char *labels[2];
  WnResult result = made_result(labels, label, seed);
  GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, GST_WINNOW_META_NAME);
  gst_winnow_result_write(gst_custom_meta_get_structure(meta), &result);
}
