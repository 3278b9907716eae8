/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Three carriers: the custom meta, which has everything and is readable from any
 * language; a parameter on the region that was classified; GstAnalyticsClsMtd where
 * GStreamer has it.
 */
#include "meta/attach.h"

#include <stdlib.h>

#include "meta/analytics.h"
#include "gstwinnow.h"
#include "common/regions.h"
#include "meta/result_write.h"

static void entry_free(gpointer data) {
  GstWinnowResultEntry *entry = data;
  gst_structure_free(entry->fields);
  free(entry->result);
  g_free(entry);
}

GstWinnowResultList *gst_winnow_result_list_new(void) {
  return g_ptr_array_new_with_free_func(entry_free);
}

const GstWinnowResultEntry *gst_winnow_result_list_add(GstWinnowResultList *results,
                                                       const WnResult *result) {
  GstWinnowResultEntry *entry = g_new0(GstWinnowResultEntry, 1);
  entry->result = wn_result_copy(result);
  if (entry->result == NULL) g_error("no memory for a result");
  entry->fields = gst_structure_new_empty(GST_WINNOW_REGION_PARAM_NAME);
  gst_winnow_result_write(entry->fields, result);
  g_ptr_array_add(results, entry);
  return entry;
}

/* Only a list of one result may hold one that was repeated. */
gint64 gst_winnow_result_list_age(const GstWinnowResultList *results) {
  const GstWinnowResultEntry *first = results->len > 0 ? g_ptr_array_index(results, 0) : NULL;
  return first != NULL ? first->result->age_ns : 0;
}

gboolean gst_winnow_result_list_is_whole(const GstWinnowResultList *results) {
  if (results->len != 1) return FALSE;
  const WnResult *result = ((const GstWinnowResultEntry *)g_ptr_array_index(results, 0))->result;
  return result->stop_reason != WN_STOP_UNCHANGED && result->exit_stage == result->stage_count - 1;
}

static void set_age(GstStructure *fields, const GstWinnowResultEntry *entry, gint64 age_ns) {
  if (age_ns > 0)
    gst_structure_set(fields, GST_WINNOW_FIELD_AGE, G_TYPE_INT64, entry->result->age_ns + age_ns,
                      NULL);
}

static void attach_meta(const GstWinnowResultEntry *entry, GstBuffer *buffer, gint64 age_ns) {
  if (age_ns <= 0) {
    gst_winnow_buffer_add_result(buffer, entry->fields);
    return;
  }
  g_autoptr(GstStructure) fields = gst_structure_copy(entry->fields);
  set_age(fields, entry, age_ns);
  gst_winnow_buffer_add_result(buffer, fields);
}

const GstWinnowResultEntry *gst_winnow_result_list_find(const GstWinnowResultList *results,
                                                        const WnRect *rect) {
  const GstWinnowResultEntry *best = NULL;
  gdouble best_overlap = GST_WINNOW_REGION_SAME;
  for (guint i = 0; i < results->len; i++) {
    const GstWinnowResultEntry *entry = g_ptr_array_index(results, i);
    if (!entry->result->has_region) continue;
    gdouble overlap = gst_winnow_region_overlap(&entry->result->region, rect);
    if (overlap < best_overlap) continue;
    best_overlap = overlap;
    best = entry;
  }
  return best;
}

void gst_winnow_result_list_attach(GstWinnowResultList *results, GstBuffer *buffer,
                                   const WnRect *bounds, gint64 age_ns) {
  for (guint i = 0; i < results->len; i++) {
    const GstWinnowResultEntry *entry = g_ptr_array_index(results, i);
    attach_meta(entry, buffer, age_ns);
    if (!entry->result->has_region) gst_winnow_analytics_attach(entry->result, buffer);
  }
  if (bounds == NULL) return;

  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *)meta;
    WnRect rect;
    if (!gst_winnow_region_clip(roi, bounds, &rect)) continue;
    const GstWinnowResultEntry *entry = gst_winnow_result_list_find(results, &rect);
    if (entry == NULL) continue;
    GstStructure *param = gst_structure_copy(entry->fields);
    set_age(param, entry, age_ns);
    gst_video_region_of_interest_meta_add_param(roi, param);
  }
}
