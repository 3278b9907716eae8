/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstStructure to WnResult: a function for each kind of field.  A structure may come from another
 * process, so everything is checked; what does not hold together gives no result at all.
 */
#include "result_read.h"

#include <math.h>
#include <winnow/result_fields.h>

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
  gint64 time = value != NULL ? g_value_get_int64(value) : 0;
  /* as in shared memory: two can be added */
  parser->failed |= time < -(G_MAXINT64 / 2) || time > G_MAXINT64 / 2;
  return time;
}
#define parse_UTC parse_DURATION

static gint64 parse_STAMP(Parser *parser, const gchar *name) {
  guint64 time = parse_COUNT(parser, name);
  return time <= G_MAXINT64 ? (gint64)time : WN_PTS_NONE;
}

static gdouble parse_REAL(Parser *parser, const gchar *name) {
  const GValue *value = find(parser, name, G_TYPE_DOUBLE);
  gdouble number = value != NULL ? g_value_get_double(value) : 0.0;
  parser->failed |= !isfinite(number);
  return number;
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
  for (gint32 i = 0; block != NULL && i < *n; i++) parser->failed |= block[i] < 0;
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
  for (gint32 i = 0; block != NULL && i < *n; i++) parser->failed |= !isfinite(block[i]);
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

WnResult *gst_winnow_result_read(const GstStructure *structure) {
  Parser parser = {.structure = structure, .blocks = g_ptr_array_new_with_free_func(g_free)};
  WnResult *result = NULL;
  if (parse(&parser)) {
    result = wn_result_copy(&parser.result);
    if (result == NULL) g_error("no memory for a result");
  }
  g_ptr_array_unref(parser.blocks);
  return result;
}
