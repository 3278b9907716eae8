/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Three carriers: the custom meta, which has everything and is readable from any
 * language; a parameter on the region that was classified; GstAnalyticsClsMtd where
 * GStreamer has it.
 */
#include "meta/attach.h"

#include <stdlib.h>

#include "common/analytics.h"
#include "common/regions.h"
#include "gstwinnow.h"
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

void gst_winnow_result_list_add(GstWinnowResultList *results, const WnResult *result,
                                const gchar *element) {
  GstWinnowResultEntry *entry = g_new0(GstWinnowResultEntry, 1);
  entry->result = wn_result_copy(result);
  if (entry->result == NULL) g_error("no memory for a result");
  entry->fields = gst_structure_new_empty(GST_WINNOW_REGION_PARAM_NAME);
  gst_winnow_result_write(entry->fields, result);
  if (element != NULL)
    gst_structure_set(entry->fields, GST_WINNOW_FIELD_ELEMENT, G_TYPE_STRING, element, NULL);
  g_ptr_array_add(results, entry);
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

/* `classes` is the number of the result's GstAnalyticsClsMtd on the buffer, or -1. */
static void attach_meta(const GstWinnowResultEntry *entry, GstBuffer *buffer, gint64 age_ns,
                        gint classes) {
  if (age_ns <= 0 && classes < 0) {
    gst_winnow_buffer_add_result(buffer, entry->fields);
    return;
  }
  g_autoptr(GstStructure) fields = gst_structure_copy(entry->fields);
  set_age(fields, entry, age_ns);
  if (classes >= 0) gst_structure_set(fields, GST_WINNOW_FIELD_CLASSES, G_TYPE_INT, classes, NULL);
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

/* ---- Onto a buffer -------------------------------------------------------- */

static void attach_to_regions(const GstWinnowResultList *results, GstBuffer *buffer,
                              const WnRect *bounds, gint64 age_ns) {
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *)meta;
    WnRect rect;
    if (!gst_winnow_region_clip(roi->x, roi->y, roi->w, roi->h, bounds, &rect)) continue;
    const GstWinnowResultEntry *entry = gst_winnow_result_list_find(results, &rect);
    if (entry == NULL) continue;
    GstStructure *param = gst_structure_copy(entry->fields);
    set_age(param, entry, age_ns);
    gst_video_region_of_interest_meta_add_param(roi, param);
  }
}

/* Each detection gets the classes of the entry that is about it; their number goes to `classes`. */
static void attach_to_detections(const GstWinnowResultList *results, GstBuffer *buffer,
                                 const WnRect *bounds, gint *classes) {
  guint state = 0, i;
  WnRect rect;
  gint detection;
  while ((detection = gst_winnow_analytics_next(buffer, &state, bounds, &rect)) >= 0) {
    const GstWinnowResultEntry *entry = gst_winnow_result_list_find(results, &rect);
    if (entry != NULL && g_ptr_array_find((GPtrArray *)results, entry, &i))
      classes[i] = gst_winnow_analytics_classify(buffer, entry->result, detection);
  }
}

/* The classes of a result that no detection has. */
static gint attach_classes(const WnResult *result, GstBuffer *buffer, const WnRect *frame) {
  const WnRect *rect = result->has_region ? &result->region : frame;
  gint detection = frame->width > 0 ? gst_winnow_analytics_detect(buffer, result, rect) : -1;
  if (result->has_region && detection < 0) return -1; /* they would be the frame's */
  return gst_winnow_analytics_classify(buffer, result, detection);
}

void gst_winnow_result_list_attach(GstWinnowResultList *results, GstBuffer *buffer,
                                   const GstWinnowPlaces *places, gint64 age_ns) {
  g_autofree gint *classes = g_new(gint, results->len);
  for (guint i = 0; i < results->len; i++) classes[i] = -1;
  if (places->bounds.width > 0) {
    attach_to_regions(results, buffer, &places->bounds, age_ns);
    attach_to_detections(results, buffer, &places->bounds, classes);
  }
  for (guint i = 0; i < results->len; i++) {
    const GstWinnowResultEntry *entry = g_ptr_array_index(results, i);
    if (classes[i] < 0) classes[i] = attach_classes(entry->result, buffer, &places->detections);
    attach_meta(entry, buffer, age_ns, classes[i]);
  }
} /* NOLINT(clang-analyzer-unix.Malloc): g_autofree frees it */
