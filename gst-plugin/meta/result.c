/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The result as programs read it.  A structure may come from another process, so it is
 * parsed and checked once, into plain C; what does not hold together gives no result at
 * all.  A result never changes after that.
 */
#include "gstwinnow.h"
#include "fields.h"

struct _GstWinnowResult {
  gchar *label, *group, *stop_reason, *model_id;
  gint class_index, exit_stage, stage_count;
  gdouble confidence;
  guint64 macs, macs_full, pts;
  gint64 latency_ns;
  gsize n_survivors, n_stages;
  gint *survivors;           /* [n_survivors] */
  gchar **survivor_labels;   /* [n_survivors], then NULL */
  gdouble *survivor_scores;  /* [n_survivors] */
  gint *survivors_per_stage; /* [n_stages] */
  gboolean has_region;
  gint x, y, w, h;
};

G_DEFINE_BOXED_TYPE(GstWinnowResult, gst_winnow_result, gst_winnow_result_ref,
                    gst_winnow_result_unref)

/* ---- Parsing -------------------------------------------------------------- */

static const struct {
  const gchar *name;
  GType type; /* fundamental */
  gsize offset;
} scalar_fields[] = {
    {FIELD_LABEL, G_TYPE_STRING, G_STRUCT_OFFSET(GstWinnowResult, label)},
    {FIELD_GROUP, G_TYPE_STRING, G_STRUCT_OFFSET(GstWinnowResult, group)},
    {FIELD_STOP_REASON, G_TYPE_STRING, G_STRUCT_OFFSET(GstWinnowResult, stop_reason)},
    {FIELD_MODEL_ID, G_TYPE_STRING, G_STRUCT_OFFSET(GstWinnowResult, model_id)},
    {FIELD_CLASS_INDEX, G_TYPE_INT, G_STRUCT_OFFSET(GstWinnowResult, class_index)},
    {FIELD_EXIT_STAGE, G_TYPE_INT, G_STRUCT_OFFSET(GstWinnowResult, exit_stage)},
    {FIELD_STAGE_COUNT, G_TYPE_INT, G_STRUCT_OFFSET(GstWinnowResult, stage_count)},
    {FIELD_CONFIDENCE, G_TYPE_DOUBLE, G_STRUCT_OFFSET(GstWinnowResult, confidence)},
    {FIELD_MACS, G_TYPE_UINT64, G_STRUCT_OFFSET(GstWinnowResult, macs)},
    {FIELD_MACS_FULL, G_TYPE_UINT64, G_STRUCT_OFFSET(GstWinnowResult, macs_full)},
    {FIELD_LATENCY_NS, G_TYPE_INT64, G_STRUCT_OFFSET(GstWinnowResult, latency_ns)},
    {FIELD_PTS, G_TYPE_UINT64, G_STRUCT_OFFSET(GstWinnowResult, pts)},
};

static gboolean read_value(const GValue *value, GType type, gpointer out) {
  if (value == NULL || !G_VALUE_HOLDS(value, type)) return FALSE;
  switch (type) {
  case G_TYPE_STRING:
    *(gchar **)out = g_value_dup_string(value);
    return *(gchar **)out != NULL;
  case G_TYPE_INT:
    *(gint *)out = g_value_get_int(value);
    return TRUE;
  case G_TYPE_INT64:
    *(gint64 *)out = g_value_get_int64(value);
    return TRUE;
  case G_TYPE_UINT64:
    *(guint64 *)out = g_value_get_uint64(value);
    return TRUE;
  case G_TYPE_DOUBLE:
    *(gdouble *)out = g_value_get_double(value);
    return TRUE;
  default:
    return FALSE;
  }
}

/* A new block of `*n` elements of `type`, and a zero one after them. */
static gpointer read_array(const GstStructure *structure, const gchar *name, GType type, gsize size,
                           gsize *n) {
  const GValue *array = gst_structure_get_value(structure, name);
  if (array == NULL || !GST_VALUE_HOLDS_ARRAY(array)) return NULL;
  *n = gst_value_array_get_size(array);
  guint8 *block = g_malloc0_n(*n + 1, size);
  for (gsize i = 0; i < *n; i++) {
    if (read_value(gst_value_array_get_value(array, (guint)i), type, block + i * size)) continue;
    if (type == G_TYPE_STRING)
      g_strfreev((gchar **)block);
    else
      g_free(block);
    return NULL;
  }
  return block;
}

static gboolean read_arrays(GstWinnowResult *r, const GstStructure *s) {
  gsize n_labels = 0, n_scores = 0;
  r->survivors = read_array(s, FIELD_SURVIVORS, G_TYPE_INT, sizeof(gint), &r->n_survivors);
  r->survivor_labels =
      read_array(s, FIELD_SURVIVOR_LABELS, G_TYPE_STRING, sizeof(gchar *), &n_labels);
  r->survivor_scores =
      read_array(s, FIELD_SURVIVOR_SCORES, G_TYPE_DOUBLE, sizeof(gdouble), &n_scores);
  r->survivors_per_stage =
      read_array(s, FIELD_SURVIVORS_PER_STAGE, G_TYPE_INT, sizeof(gint), &r->n_stages);
  return r->survivors != NULL && r->survivor_labels != NULL && r->survivor_scores != NULL &&
         r->survivors_per_stage != NULL && r->n_survivors >= 1 && n_labels == r->n_survivors &&
         n_scores == r->n_survivors;
}

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
  if (structure == NULL) return NULL;
  GstWinnowResult *r = g_atomic_rc_box_new0(GstWinnowResult);
  for (gsize i = 0; i < G_N_ELEMENTS(scalar_fields); i++) {
    const GValue *value = gst_structure_get_value(structure, scalar_fields[i].name);
    if (!read_value(value, scalar_fields[i].type, G_STRUCT_MEMBER_P(r, scalar_fields[i].offset)))
      goto fail;
  }
  if (!read_arrays(r, structure)) goto fail;
  if (r->stage_count < 1 || r->exit_stage < 0 || r->exit_stage >= r->stage_count ||
      r->n_stages > (gsize)r->stage_count)
    goto fail;
  r->has_region =
      gst_structure_get(structure, FIELD_X, G_TYPE_INT, &r->x, FIELD_Y, G_TYPE_INT, &r->y, FIELD_W,
                        G_TYPE_INT, &r->w, FIELD_H, G_TYPE_INT, &r->h, NULL);
  return r;
fail:
  gst_winnow_result_unref(r);
  return NULL;
}

/* ---- Lifetime ------------------------------------------------------------- */

static void result_clear(gpointer data) {
  GstWinnowResult *r = data;
  g_free(r->label);
  g_free(r->group);
  g_free(r->stop_reason);
  g_free(r->model_id);
  g_free(r->survivors);
  g_strfreev(r->survivor_labels);
  g_free(r->survivor_scores);
  g_free(r->survivors_per_stage);
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

/* ---- Fields --------------------------------------------------------------- */

/**
 * gst_winnow_result_get_label:
 * @result: a result
 *
 * Returns: (transfer none): label of the best survivor; in a message `unknown` below
 *   min-confidence
 */
const gchar *gst_winnow_result_get_label(const GstWinnowResult *result) {
  return result->label;
}

/**
 * gst_winnow_result_get_class_index:
 * @result: a result
 *
 * Returns: index of the class; -1 with label `unknown`
 */
gint gst_winnow_result_get_class_index(const GstWinnowResult *result) {
  return result->class_index;
}

/**
 * gst_winnow_result_get_confidence:
 * @result: a result
 *
 * Returns: score of the class, 0 to 1
 */
gdouble gst_winnow_result_get_confidence(const GstWinnowResult *result) {
  return result->confidence;
}

/**
 * gst_winnow_result_get_group:
 * @result: a result
 *
 * Returns: (transfer none): the group that ended the network, else ""
 */
const gchar *gst_winnow_result_get_group(const GstWinnowResult *result) {
  return result->group;
}

/**
 * gst_winnow_result_get_exit_stage:
 * @result: a result
 *
 * Returns: the stage after which the network stopped, from 0; stage count - 1 is the
 *   final classifier
 */
gint gst_winnow_result_get_exit_stage(const GstWinnowResult *result) {
  return result->exit_stage;
}

/**
 * gst_winnow_result_get_stage_count:
 * @result: a result
 *
 * Returns: how many stages the network has, the final classifier included
 */
gint gst_winnow_result_get_stage_count(const GstWinnowResult *result) {
  return result->stage_count;
}

/**
 * gst_winnow_result_get_stop_reason:
 * @result: a result
 *
 * Returns: (transfer none): single-class, confident, watch, group, final or deadline
 */
const gchar *gst_winnow_result_get_stop_reason(const GstWinnowResult *result) {
  return result->stop_reason;
}

/**
 * gst_winnow_result_get_survivor_labels:
 * @result: a result
 *
 * Returns: (transfer none) (array zero-terminated=1): labels of the classes that were not
 *   excluded, best first
 */
const gchar *const *gst_winnow_result_get_survivor_labels(const GstWinnowResult *result) {
  return (const gchar *const *)result->survivor_labels;
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
  if (n_survivors != NULL) *n_survivors = result->n_survivors;
  return result->survivors;
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
  if (n_survivors != NULL) *n_survivors = result->n_survivors;
  return result->survivor_scores;
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
  if (n_stages != NULL) *n_stages = result->n_stages;
  return result->survivors_per_stage;
}

/**
 * gst_winnow_result_get_macs:
 * @result: a result
 *
 * Returns: multiply-accumulates that were executed
 */
guint64 gst_winnow_result_get_macs(const GstWinnowResult *result) {
  return result->macs;
}

/**
 * gst_winnow_result_get_macs_full:
 * @result: a result
 *
 * Returns: multiply-accumulates of the whole network
 */
guint64 gst_winnow_result_get_macs_full(const GstWinnowResult *result) {
  return result->macs_full;
}

/**
 * gst_winnow_result_get_mac_reduction:
 * @result: a result
 *
 * Returns: the part of the whole network that was not computed, 0 to 1
 */
gdouble gst_winnow_result_get_mac_reduction(const GstWinnowResult *result) {
  if (result->macs_full == 0 || result->macs >= result->macs_full) return 0.0;
  return 1.0 - (gdouble)result->macs / (gdouble)result->macs_full;
}

/**
 * gst_winnow_result_get_latency_ns:
 * @result: a result
 *
 * Returns: nanoseconds from preprocessing to the decision
 */
gint64 gst_winnow_result_get_latency_ns(const GstWinnowResult *result) {
  return result->latency_ns;
}

/**
 * gst_winnow_result_get_model_id:
 * @result: a result
 *
 * Returns: (transfer none): `name@crc32` of the model
 */
const gchar *gst_winnow_result_get_model_id(const GstWinnowResult *result) {
  return result->model_id;
}

/**
 * gst_winnow_result_get_pts:
 * @result: a result
 *
 * Returns: timestamp of the frame that was classified; a frame without an inference of its
 *   own carries an older result
 */
GstClockTime gst_winnow_result_get_pts(const GstWinnowResult *result) {
  return result->pts;
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
  if (x != NULL) *x = result->x;
  if (y != NULL) *y = result->y;
  if (w != NULL) *w = result->w;
  if (h != NULL) *h = result->h;
  return result->has_region;
}
