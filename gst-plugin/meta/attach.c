/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Three carriers: the custom meta, which has everything and is readable from any
 * language; a parameter on the region that was classified; GstAnalyticsClsMtd where
 * GStreamer has it.
 */
#include "meta/attach.h"
#include "meta/analytics.h"
#include "gstwinnow.h"
#include "common/regions.h"
#include "meta/result_write.h"

static void answer_free(gpointer data) {
  GstWinnowAnswer *answer = data;
  gst_structure_free(answer->fields);
  g_free(answer);
}

GPtrArray *gst_winnow_answers_new(void) {
  return g_ptr_array_new_with_free_func(answer_free);
}

const GstWinnowAnswer *gst_winnow_answers_add(GPtrArray *answers, const WnResult *result) {
  GstWinnowAnswer *answer = g_new0(GstWinnowAnswer, 1);
  answer->has_region = result->has_region;
  answer->region = result->region;
  answer->fields = gst_structure_new_empty(GST_WINNOW_REGION_PARAM_NAME);
  gst_winnow_result_write(answer->fields, result);
  g_ptr_array_add(answers, answer);
  return answer;
}

static gboolean copy_field(GQuark field, const GValue *value, gpointer to) {
  gst_structure_id_set_value(to, field, value);
  return TRUE;
}

static void attach_meta(const GstWinnowAnswer *answer, GstBuffer *buffer) {
  GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, GST_WINNOW_META_NAME);
  gst_structure_foreach(answer->fields, copy_field, gst_custom_meta_get_structure(meta));
}

/* The answer that is about `rect`, or about what was there a few frames ago. */
static const GstWinnowAnswer *find_answer(const GPtrArray *answers, const WnRect *rect) {
  const GstWinnowAnswer *best = NULL;
  gdouble best_overlap = GST_WINNOW_REGION_SAME;
  for (guint i = 0; i < answers->len; i++) {
    const GstWinnowAnswer *answer = g_ptr_array_index(answers, i);
    if (!answer->has_region) continue;
    gdouble overlap = gst_winnow_region_overlap(&answer->region, rect);
    if (overlap < best_overlap) continue;
    best_overlap = overlap;
    best = answer;
  }
  return best;
}

void gst_winnow_answers_attach(GPtrArray *answers, GstBuffer *buffer, gint width, gint height) {
  gboolean regions = FALSE;
  for (guint i = 0; i < answers->len; i++) {
    const GstWinnowAnswer *answer = g_ptr_array_index(answers, i);
    attach_meta(answer, buffer);
    if (answer->has_region)
      regions = TRUE;
    else
      gst_winnow_analytics_attach(answer->fields, buffer);
  }
  if (!regions) return;

  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *)meta;
    WnRect rect;
    if (!gst_winnow_region_clip(roi, width, height, &rect)) continue;
    const GstWinnowAnswer *answer = find_answer(answers, &rect);
    if (answer == NULL) continue;
    gst_video_region_of_interest_meta_add_param(roi, gst_structure_copy(answer->fields));
  }
}
