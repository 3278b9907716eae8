/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The result as programs read it: the engine's own structure, which it shares with everybody who
 * holds it.  A result never changes.
 */
#include "gstwinnow.h"

#include <stdlib.h>
#include "result_read.h"
#include "result_write.h"

struct _GstWinnowResult {
  WnResult *data; /* one block, see wn_result_copy() */
  gchar *element; /* that made it, or NULL */
  gint classes;   /* number of its GstAnalyticsClsMtd, or -1 */
};

G_DEFINE_BOXED_TYPE(GstWinnowResult, gst_winnow_result, gst_winnow_result_ref,
                    gst_winnow_result_unref)

/**
 * gst_winnow_result_from_structure:
 * @structure: (nullable): a structure with a result's fields, whatever its name
 *
 * Reads a result from the fields of @structure.
 *
 * Returns: (transfer full) (nullable): the result, or %NULL when a field is
 *   missing, has another type or contradicts the others
 */
GstWinnowResult *gst_winnow_result_from_structure(const GstStructure *structure) {
  WnResult *data = structure != NULL ? gst_winnow_result_read(structure) : NULL;
  if (data == NULL) return NULL;
  GstWinnowResult *result = g_atomic_rc_box_new0(GstWinnowResult);
  result->data = data;
  result->element = g_strdup(gst_structure_get_string(structure, GST_WINNOW_FIELD_ELEMENT));
  if (!gst_structure_get_int(structure, GST_WINNOW_FIELD_CLASSES, &result->classes) ||
      result->classes < 0)
    result->classes = -1;
  return result;
}

/* ---- Lifetime ------------------------------------------------------------- */

static void result_clear(gpointer data) {
  GstWinnowResult *result = data;
  free(result->data);
  g_free(result->element);
}

/**
 * gst_winnow_result_ref:
 * @result: a result
 *
 * Returns: (transfer full): @result, with one more reference
 */
GstWinnowResult *gst_winnow_result_ref(GstWinnowResult *result) {
  return g_atomic_rc_box_acquire(result);
}

/**
 * gst_winnow_result_unref:
 * @result: (transfer full): a result
 *
 * Gives one reference back.
 */
void gst_winnow_result_unref(GstWinnowResult *result) {
  g_atomic_rc_box_release_full(result, result_clear);
}

/* ---- As a whole ----------------------------------------------------------- */

/**
 * gst_winnow_result_peek: (skip)
 * @result: a result
 *
 * For programs in C that include `<winnow/result.h>`.
 *
 * Returns: (transfer none): all fields at once; they live as long as @result
 */
const struct WnResult *gst_winnow_result_peek(const GstWinnowResult *result) {
  return result->data;
}

/**
 * gst_winnow_result_to_json:
 * @result: a result
 *
 * Returns: (transfer full): the result as one JSON object on one line, as `winnow classify --json`
 *   prints it
 */
gchar *gst_winnow_result_to_json(const GstWinnowResult *result) {
  char *json = wn_result_json(result->data);
  if (json == NULL) g_error("no memory for a result");
  gchar *copy = g_strdup(json);
  free(json);
  return copy;
}

/* ---- Fields --------------------------------------------------------------- */

/**
 * gst_winnow_result_get_label:
 * @result: a result
 *
 * Returns: (transfer none): label of the best survivor, "" if nothing was recognised
 */
const gchar *gst_winnow_result_get_label(const GstWinnowResult *result) {
  return result->data->label;
}

/**
 * gst_winnow_result_get_class_index:
 * @result: a result
 *
 * Returns: index of the class; -1 with label "", that is if nothing was recognised
 */
gint gst_winnow_result_get_class_index(const GstWinnowResult *result) {
  return result->data->class_index;
}

/**
 * gst_winnow_result_get_confidence:
 * @result: a result
 *
 * Returns: score of the class, 0 to 1
 */
gdouble gst_winnow_result_get_confidence(const GstWinnowResult *result) {
  return result->data->confidence;
}

/**
 * gst_winnow_result_get_group:
 * @result: a result
 *
 * Returns: (transfer none): the group that ended the network, else ""
 */
const gchar *gst_winnow_result_get_group(const GstWinnowResult *result) {
  return result->data->group;
}

/**
 * gst_winnow_result_get_exit_stage:
 * @result: a result
 *
 * Returns: the stage after which the network stopped, from 0; stage count - 1 is the
 *   final classifier
 */
gint gst_winnow_result_get_exit_stage(const GstWinnowResult *result) {
  return result->data->exit_stage;
}

/**
 * gst_winnow_result_get_stage_count:
 * @result: a result
 *
 * Returns: how many stages the network has, the final classifier included
 */
gint gst_winnow_result_get_stage_count(const GstWinnowResult *result) {
  return result->data->stage_count;
}

/**
 * gst_winnow_result_get_stop_reason:
 * @result: a result
 *
 * Returns: (transfer none): unchanged, nothing, single-class, confident, watch, group, final or
 *   deadline
 */
const gchar *gst_winnow_result_get_stop_reason(const GstWinnowResult *result) {
  return wn_stop_reason_name(result->data->stop_reason);
}

/**
 * gst_winnow_result_get_survivor_labels:
 * @result: a result
 *
 * Returns: (transfer none) (array zero-terminated=1): labels of the classes that were not
 *   excluded, best first
 */
const gchar *const *gst_winnow_result_get_survivor_labels(const GstWinnowResult *result) {
  return result->data->survivor_labels;
}

/**
 * gst_winnow_result_get_survivors:
 * @result: a result
 * @n_survivors: (out) (optional): length of the array
 *
 * Returns: (transfer none) (array length=n_survivors): indices of the classes that were not
 *   excluded, best first
 */
const gint *gst_winnow_result_get_survivors(const GstWinnowResult *result, gsize *n_survivors) {
  if (n_survivors != NULL) *n_survivors = (gsize)result->data->n_survivors;
  return result->data->survivors;
}

/**
 * gst_winnow_result_get_survivor_scores:
 * @result: a result
 * @n_survivors: (out) (optional): length of the array
 *
 * Returns: (transfer none) (array length=n_survivors): scores of the survivors, best first
 */
const gdouble *gst_winnow_result_get_survivor_scores(const GstWinnowResult *result,
                                                     gsize *n_survivors) {
  if (n_survivors != NULL) *n_survivors = (gsize)result->data->n_survivors;
  return result->data->survivor_scores;
}

/**
 * gst_winnow_result_get_survivors_per_stage:
 * @result: a result
 * @n_stages: (out) (optional): length of the array
 *
 * Returns: (transfer none) (array length=n_stages): how many classes were left after each
 *   evaluated stage
 */
const gint *gst_winnow_result_get_survivors_per_stage(const GstWinnowResult *result,
                                                      gsize *n_stages) {
  if (n_stages != NULL) *n_stages = (gsize)result->data->n_stages_evaluated;
  return result->data->survivors_per_stage;
}

/**
 * gst_winnow_result_get_macs:
 * @result: a result
 *
 * Returns: multiply-accumulates that were executed
 */
guint64 gst_winnow_result_get_macs(const GstWinnowResult *result) {
  return result->data->macs;
}

/**
 * gst_winnow_result_get_macs_full:
 * @result: a result
 *
 * Returns: multiply-accumulates of the whole network
 */
guint64 gst_winnow_result_get_macs_full(const GstWinnowResult *result) {
  return result->data->macs_full;
}

/**
 * gst_winnow_result_get_mac_reduction:
 * @result: a result
 *
 * Returns: the part of the whole network that was not computed, 0 to 1
 */
gdouble gst_winnow_result_get_mac_reduction(const GstWinnowResult *result) {
  if (result->data->macs_full == 0 || result->data->macs >= result->data->macs_full) return 0.0;
  return 1.0 - (gdouble)result->data->macs / (gdouble)result->data->macs_full;
}

/**
 * gst_winnow_result_get_latency_ns:
 * @result: a result
 *
 * Returns: nanoseconds from preprocessing to the decision
 */
gint64 gst_winnow_result_get_latency_ns(const GstWinnowResult *result) {
  return result->data->latency_ns;
}

/**
 * gst_winnow_result_get_model_id:
 * @result: a result
 *
 * Returns: (transfer none): `name@crc32` of the model
 */
const gchar *gst_winnow_result_get_model_id(const GstWinnowResult *result) {
  return result->data->model_id;
}

/**
 * gst_winnow_result_get_pts:
 * @result: a result
 *
 * Returns: timestamp of the frame that was classified; a frame without an inference of its
 *   own carries an older result
 */
GstClockTime gst_winnow_result_get_pts(const GstWinnowResult *result) {
  return result->data->pts_ns == WN_PTS_NONE ? GST_CLOCK_TIME_NONE
                                             : (GstClockTime)result->data->pts_ns;
}

/**
 * gst_winnow_result_get_region:
 * @result: a result
 * @x: (out) (optional): left edge
 * @y: (out) (optional): top edge
 * @w: (out) (optional): width
 * @h: (out) (optional): height
 *
 * Gives the classified region in pixels of the frame that was classified.
 *
 * Returns: %FALSE, and zeros, when the whole frame was classified
 */
gboolean gst_winnow_result_get_region(const GstWinnowResult *result, gint *x, gint *y, gint *w,
                                      gint *h) {
  if (x != NULL) *x = result->data->region.x;
  if (y != NULL) *y = result->data->region.y;
  if (w != NULL) *w = result->data->region.width;
  if (h != NULL) *h = result->data->region.height;
  return result->data->has_region;
}

/**
 * gst_winnow_result_get_region_name:
 * @result: a result
 *
 * Returns: (transfer none) (nullable): name of the classified region, "" if it has none; %NULL when
 *   the whole frame was classified
 */
const gchar *gst_winnow_result_get_region_name(const GstWinnowResult *result) {
  return result->data->region_name;
}

/**
 * gst_winnow_result_get_survivor_count:
 * @result: a result
 *
 * Returns: how many classes were not excluded; the arrays have the 100 best at most
 */
gint gst_winnow_result_get_survivor_count(const GstWinnowResult *result) {
  return result->data->survivor_count;
}

/**
 * gst_winnow_result_get_watched:
 * @result: a result
 *
 * Returns: 1 if the label is in the watch set, 0 if it is not, -1 if nothing is watched
 */
gint gst_winnow_result_get_watched(const GstWinnowResult *result) {
  return result->data->watched;
}

/**
 * gst_winnow_result_get_time:
 * @result: a result
 *
 * Returns: when the frame that was classified was captured, nanoseconds since 1970 (UTC); 0 if that
 *   is not known
 */
gint64 gst_winnow_result_get_time(const GstWinnowResult *result) {
  return result->data->time_ns;
}

/**
 * gst_winnow_result_get_age_ns:
 * @result: a result
 *
 * Returns: nanoseconds from the frame that was classified to the one that carries the result; 0 for
 *   its own
 */
gint64 gst_winnow_result_get_age_ns(const GstWinnowResult *result) {
  return result->data->age_ns;
}

/**
 * gst_winnow_result_get_element:
 * @result: a result
 *
 * Tells the results of several classifiers in a row apart.
 *
 * Returns: (transfer none) (nullable): the name of the winnowclassify that made the result, %NULL
 *   for one that comes from shared memory
 */
const gchar *gst_winnow_result_get_element(const GstWinnowResult *result) {
  return result->element;
}

/**
 * gst_winnow_result_get_cls_mtd:
 * @result: a result that was read from a buffer
 *
 * Returns: the number of the `GstAnalyticsClsMtd` that has its classes, in the
 *   `GstAnalyticsRelationMeta` of the same buffer; -1: it has none
 */
gint gst_winnow_result_get_cls_mtd(const GstWinnowResult *result) {
  return result->classes;
}
