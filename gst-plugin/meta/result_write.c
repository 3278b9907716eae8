/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WnResult to GstStructure, called by winnowclassify once per inference.  Only
 * types that a GstCustomMeta can serialise are written (fields.h).
 */
#include "meta/result_write.h"
#include "meta/fields.h"

/* A GstStructure refuses text that is not UTF-8; labels come from a file. */
static void set_text(GValue *value, const char *text) {
  g_value_init(value, G_TYPE_STRING);
  if (g_utf8_validate(text, -1, NULL))
    g_value_set_string(value, text);
  else
    g_value_take_string(value, g_utf8_make_valid(text, -1));
}

static void write_text(GstStructure *structure, const gchar *name, const char *text) {
  GValue value = G_VALUE_INIT;
  set_text(&value, text);
  gst_structure_take_value(structure, name, &value);
}

static void write_ints(GstStructure *structure, const gchar *name, const int32_t *ints, int32_t n) {
  GValue array = G_VALUE_INIT;
  gst_value_array_init(&array, (guint)n);
  for (int32_t i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_INT);
    g_value_set_int(&value, ints[i]);
    gst_value_array_append_and_take_value(&array, &value);
  }
  gst_structure_take_value(structure, name, &array);
}

static void write_survivors(GstStructure *structure, const WnResult *r) {
  GValue labels = G_VALUE_INIT, scores = G_VALUE_INIT;
  gst_value_array_init(&labels, (guint)r->n_survivors);
  gst_value_array_init(&scores, (guint)r->n_survivors);
  for (int32_t i = 0; i < r->n_survivors; i++) {
    GValue label = G_VALUE_INIT, score = G_VALUE_INIT;
    set_text(&label, r->survivor_labels[i]);
    gst_value_array_append_and_take_value(&labels, &label);
    g_value_init(&score, G_TYPE_DOUBLE);
    g_value_set_double(&score, r->survivor_scores[i]);
    gst_value_array_append_and_take_value(&scores, &score);
  }
  write_ints(structure, FIELD_SURVIVORS, r->survivors, r->n_survivors);
  gst_structure_take_value(structure, FIELD_SURVIVOR_LABELS, &labels);
  gst_structure_take_value(structure, FIELD_SURVIVOR_SCORES, &scores);
}

void gst_winnow_result_write(GstStructure *structure, const WnResult *r) {
  guint64 pts = r->pts_ns == WN_PTS_NONE ? GST_CLOCK_TIME_NONE : (guint64)r->pts_ns;
  write_text(structure, FIELD_LABEL, r->label);
  write_text(structure, FIELD_GROUP, r->group);
  write_text(structure, FIELD_STOP_REASON, wn_stop_reason_name(r->stop_reason));
  write_text(structure, FIELD_MODEL_ID, r->model_id);
  gst_structure_set(structure, FIELD_CLASS_INDEX, G_TYPE_INT, r->class_index, FIELD_CONFIDENCE,
                    G_TYPE_DOUBLE, r->confidence, FIELD_EXIT_STAGE, G_TYPE_INT, r->exit_stage,
                    FIELD_STAGE_COUNT, G_TYPE_INT, r->stage_count, FIELD_MACS, G_TYPE_UINT64,
                    r->macs, FIELD_MACS_FULL, G_TYPE_UINT64, r->macs_full, FIELD_LATENCY_NS,
                    G_TYPE_INT64, r->latency_ns, FIELD_PTS, G_TYPE_UINT64, pts, NULL);
  write_survivors(structure, r);
  write_ints(structure, FIELD_SURVIVORS_PER_STAGE, r->survivors_per_stage, r->n_stages_evaluated);
  if (r->has_region)
    gst_structure_set(structure, FIELD_X, G_TYPE_INT, r->region.x, FIELD_Y, G_TYPE_INT, r->region.y,
                      FIELD_W, G_TYPE_INT, r->region.width, FIELD_H, G_TYPE_INT, r->region.height,
                      NULL);
}
