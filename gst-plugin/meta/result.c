/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The result as programs read it: the engine's own structure, which it shares with everybody who
 * holds it.  A GstStructure may come from another process, so it is parsed and checked once; what
 * does not hold together gives no result at all.  A result never changes after that.
 */
#include "gstwinnow.h"

#include <stdlib.h>
#include <winnow/result.h>
#include <winnow/result_fields.h>

struct _GstWinnowResult {
  WnResult *data; /* one block, see wn_result_copy() */
};

G_DEFINE_BOXED_TYPE(GstWinnowResult, gst_winnow_result, gst_winnow_result_ref,
                    gst_winnow_result_unref)

/* ---- Parsing -------------------------------------------------------------- */

/* What is read points into the structure, but for arrays, which are freed after they were copied.
 */
typedef struct {
  const GstStructure *structure;
  WnResult result;
  GPtrArray *blocks;
  gboolean failed;
} Parser;

/* The field, which has to be of `type` (fundamental); else NULL, and the parser has failed. */
static const GValue *find(Parser *parser, const gchar *name, GType type) {
  const GValue *value = gst_structure_get_value(parser->structure, name);
  if (value != NULL && G_VALUE_HOLDS(value, type)) return value;
  parser->failed = TRUE;
  return NULL;
}

static const gchar *parse_TEXT(Parser *parser, const gchar *name) {
  const GValue *value = find(parser, name, G_TYPE_STRING);
  const gchar *text = value != NULL ? g_value_get_string(value) : NULL;
  parser->failed |= text == NULL;
  return text;
}
#define parse_LABEL parse_TEXT

static WnStopReason parse_REASON(Parser *parser, const gchar *name) {
  const gchar *text = parse_TEXT(parser, name);
  for (WnStopReason reason = 0; reason < WN_STOP_REASON_COUNT; reason++)
    if (g_strcmp0(text, wn_stop_reason_name(reason)) == 0) return reason;
  parser->failed = TRUE;
  return WN_STOP_FINAL;
}

static gint parse_INT(Parser *parser, const gchar *name) {
  const GValue *value = find(parser, name, G_TYPE_INT);
  return value != NULL ? g_value_get_int(value) : 0;
}

static guint64 parse_COUNT(Parser *parser, const gchar *name) {
  const GValue *value = find(parser, name, G_TYPE_UINT64);
  return value != NULL ? g_value_get_uint64(value) : 0;
}

static gint64 parse_DURATION(Parser *parser, const gchar *name) {
  const GValue *value = find(parser, name, G_TYPE_INT64);
  return value != NULL ? g_value_get_int64(value) : 0;
}
#define parse_UTC parse_DURATION

static gint64 parse_STAMP(Parser *parser, const gchar *name) {
  guint64 time = parse_COUNT(parser, name);
  return time <= G_MAXINT64 ? (gint64)time : WN_PTS_NONE;
}

static gdouble parse_REAL(Parser *parser, const gchar *name) {
  const GValue *value = find(parser, name, G_TYPE_DOUBLE);
  return value != NULL ? g_value_get_double(value) : 0.0;
}

/* A new block for the elements of an array of `type`, which has *n or, with *n < 0, gives it. */
static gpointer parse_array(Parser *parser, const gchar *name, GType type, gsize size, gint32 *n) {
  const GValue *array = find(parser, name, GST_TYPE_ARRAY);
  guint length = array != NULL ? gst_value_array_get_size(array) : 0;
  if (*n < 0) *n = (gint32)MIN(length, G_MAXINT32);
  parser->failed |= length != (guint)*n;
  for (guint i = 0; i < length; i++)
    parser->failed |= !G_VALUE_HOLDS(gst_value_array_get_value(array, i), type);
  if (parser->failed) return NULL;
  gpointer block = g_malloc0_n((gsize)length + 1, size);
  g_ptr_array_add(parser->blocks, block);
  return block;
}

static const gint *parse_ints(Parser *parser, const gchar *name, gint32 *n) {
  gint *block = parse_array(parser, name, G_TYPE_INT, sizeof *block, n);
  const GValue *array = gst_structure_get_value(parser->structure, name);
  for (gint32 i = 0; block != NULL && i < *n; i++)
    block[i] = g_value_get_int(gst_value_array_get_value(array, (guint)i));
  return block;
}

static const gint *parse_CLASSES(Parser *parser, const gchar *name) {
  parser->result.n_survivors = -1; /* the first of the arrays of survivors gives it */
  return parse_ints(parser, name, &parser->result.n_survivors);
}

static const gint *parse_STAGES(Parser *parser, const gchar *name) {
  parser->result.n_stages_evaluated = -1;
  return parse_ints(parser, name, &parser->result.n_stages_evaluated);
}

static const gchar *const *parse_LABELS(Parser *parser, const gchar *name) {
  gint32 *n = &parser->result.n_survivors;
  const gchar **block = parse_array(parser, name, G_TYPE_STRING, sizeof *block, n);
  const GValue *array = gst_structure_get_value(parser->structure, name);
  for (gint32 i = 0; block != NULL && i < *n; i++) {
    block[i] = g_value_get_string(gst_value_array_get_value(array, (guint)i));
    parser->failed |= block[i] == NULL;
  }
  return block;
}

static const gdouble *parse_SCORES(Parser *parser, const gchar *name) {
  gint32 *n = &parser->result.n_survivors;
  gdouble *block = parse_array(parser, name, G_TYPE_DOUBLE, sizeof *block, n);
  const GValue *array = gst_structure_get_value(parser->structure, name);
  for (gint32 i = 0; block != NULL && i < *n; i++)
    block[i] = g_value_get_double(gst_value_array_get_value(array, (guint)i));
  return block;
}

/* Whether the numbers agree; without a class nothing was recognised, and nothing need survive. */
static gboolean is_consistent(const WnResult *r) {
  return r->stage_count >= 1 && r->exit_stage >= 0 && r->exit_stage < r->stage_count &&
         r->n_stages_evaluated <= r->stage_count && r->survivor_count >= r->n_survivors &&
         (r->class_index < 0 || r->n_survivors >= 1);
}

static gboolean parse(Parser *parser) {
  WnResult *r = &parser->result;
#define WN_FIELD(kind, member, name)                                                               \
  if (!parser->failed) r->member = parse_##kind(parser, name);
  WN_RESULT_FIELDS(WN_FIELD)
  r->has_region = gst_structure_has_field(parser->structure, "x");
  if (r->has_region) {
    WN_REGION_FIELDS(WN_FIELD)
  }
#undef WN_FIELD
  return !parser->failed && is_consistent(r);
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
  Parser parser = {.structure = structure, .blocks = g_ptr_array_new_with_free_func(g_free)};
  GstWinnowResult *result = NULL;
  if (parse(&parser)) {
    result = g_atomic_rc_box_new0(GstWinnowResult);
    result->data = wn_result_copy(&parser.result);
    if (result->data == NULL) g_error("no memory for a result");
  }
  g_ptr_array_unref(parser.blocks);
  return result;
}

/* ---- Lifetime ------------------------------------------------------------- */

static void result_clear(gpointer data) {
  free(((GstWinnowResult *)data)->data);
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
 * Returns: (transfer none): label of the best survivor, "" if nothing was recognised; in a message
 *   `unknown` below min-confidence
 */
const gchar *gst_winnow_result_get_label(const GstWinnowResult *result) {
  return result->data->label;
}

/**
 * gst_winnow_result_get_class_index:
 * @result: a result
 *
 * Returns: index of the class; -1 with label `unknown` or "", that is if nothing was recognised
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
