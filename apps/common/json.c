/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See json.h.
 */
#include "json.h"

#include <math.h>
#include <stdio.h>

static void put_name(JsonBuilder *json, const char *name) {
  if (name != NULL) json_builder_set_member_name(json, name);
}

void put_text(JsonBuilder *json, const char *name, const char *value) {
  put_name(json, name);
  if (value == NULL) {
    json_builder_add_null_value(json);
    return;
  }
  char *valid = g_utf8_make_valid(value, -1); /* a file name may be any bytes */
  json_builder_add_string_value(json, valid);
  g_free(valid);
}

void put_int(JsonBuilder *json, const char *name, int64_t value) {
  put_name(json, name);
  json_builder_add_int_value(json, value);
}

void put_count(JsonBuilder *json, const char *name, uint64_t value) {
  put_int(json, name, (int64_t)MIN(value, (uint64_t)G_MAXINT64));
}

void put_real(JsonBuilder *json, const char *name, double value) {
  put_name(json, name);
  if (isfinite(value)) {
    json_builder_add_double_value(json, value);
  } else {
    json_builder_add_null_value(json);
  }
}

void put_null(JsonBuilder *json, const char *name) {
  put_name(json, name);
  json_builder_add_null_value(json);
}

void put_array(JsonBuilder *json, const char *name) {
  put_name(json, name);
  json_builder_begin_array(json);
}

void put_indices(JsonBuilder *json, const char *name, const int32_t *values, int32_t n) {
  put_array(json, name);
  for (int32_t i = 0; i < n; i++) json_builder_add_int_value(json, values[i]);
  json_builder_end_array(json);
}

void put_sizes(JsonBuilder *json, const char *name, const int64_t *values, int32_t n) {
  put_array(json, name);
  for (int32_t i = 0; i < n; i++) json_builder_add_int_value(json, values[i]);
  json_builder_end_array(json);
}

void put_counts(JsonBuilder *json, const char *name, const uint64_t *values, int32_t n) {
  put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_count(json, NULL, values[i]);
  json_builder_end_array(json);
}

void put_reals(JsonBuilder *json, const char *name, const double *values, int32_t n) {
  put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_real(json, NULL, values[i]);
  json_builder_end_array(json);
}

void put_texts(JsonBuilder *json, const char *name, const char *const *values, int32_t n) {
  put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_text(json, NULL, values[i]);
  json_builder_end_array(json);
}

void put_result(JsonBuilder *json, const WnResult *result) {
  put_text(json, "label", result->label);
  put_int(json, "class-index", result->class_index);
  put_real(json, "confidence", result->confidence);
  put_text(json, "group", result->group);
  put_int(json, "exit-stage", result->exit_stage);
  put_int(json, "stage-count", result->stage_count);
  put_text(json, "stop-reason", wn_stop_reason_name(result->stop_reason));
  put_indices(json, "survivors", result->survivors, result->n_survivors);
  put_texts(json, "survivor-labels", result->survivor_labels, result->n_survivors);
  put_reals(json, "survivor-scores", result->survivor_scores, result->n_survivors);
  put_indices(json, "survivors-per-stage", result->survivors_per_stage, result->n_stages_evaluated);
  put_count(json, "macs", result->macs);
  put_count(json, "macs-full", result->macs_full);
  put_int(json, "latency-ns", result->latency_ns);
  put_text(json, "model-id", result->model_id);
  if (result->pts_ns == WN_PTS_NONE) {
    put_null(json, "pts");
  } else {
    put_int(json, "pts", result->pts_ns);
  }
}

char *json_line(JsonBuilder *json) {
  JsonNode *root = json_builder_get_root(json);
  JsonGenerator *generator = json_generator_new();
  json_generator_set_root(generator, root);
  char *text = json_generator_to_data(generator, NULL);
  char *line = g_strconcat(text, "\n", NULL);
  g_free(text);
  g_object_unref(generator);
  json_node_unref(root);
  g_object_unref(json);
  return line;
}

void print_json(JsonBuilder *json) {
  char *line = json_line(json);
  fputs(line, stdout);
  g_free(line);
}
