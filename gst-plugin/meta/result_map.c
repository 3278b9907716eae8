/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See result_map.h.
 */
#include "meta/result_map.h"

static gboolean map_stop_reason(const gchar *name, WnStopReason *out) {
  for (WnStopReason reason = 0; reason < WN_STOP_REASON_COUNT; reason++)
    if (g_str_equal(name, wn_stop_reason_name(reason))) {
      *out = reason;
      return TRUE;
    }
  return FALSE;
}

gboolean gst_winnow_result_map(const GstWinnowResult *r, WnResult *out) {
  gsize n_survivors, n_stages;
  GstClockTime pts = gst_winnow_result_get_pts(r);
  *out = (WnResult){
      .label = gst_winnow_result_get_label(r),
      .class_index = gst_winnow_result_get_class_index(r),
      .confidence = gst_winnow_result_get_confidence(r),
      .group = gst_winnow_result_get_group(r),
      .exit_stage = gst_winnow_result_get_exit_stage(r),
      .stage_count = gst_winnow_result_get_stage_count(r),
      .survivors = gst_winnow_result_get_survivors(r, &n_survivors),
      .survivor_labels = gst_winnow_result_get_survivor_labels(r),
      .survivor_scores = gst_winnow_result_get_survivor_scores(r, &n_survivors),
      .survivors_per_stage = gst_winnow_result_get_survivors_per_stage(r, &n_stages),
      .macs = gst_winnow_result_get_macs(r),
      .macs_full = gst_winnow_result_get_macs_full(r),
      .latency_ns = gst_winnow_result_get_latency_ns(r),
      .model_id = gst_winnow_result_get_model_id(r),
      .pts_ns = GST_CLOCK_TIME_IS_VALID(pts) ? (int64_t)pts : WN_PTS_NONE,
  };
  out->n_survivors = (int32_t)n_survivors;
  out->n_stages_evaluated = (int32_t)n_stages;
  out->has_region = gst_winnow_result_get_region(r, &out->region.x, &out->region.y,
                                                 &out->region.width, &out->region.height);
  return map_stop_reason(gst_winnow_result_get_stop_reason(r), &out->stop_reason);
}
