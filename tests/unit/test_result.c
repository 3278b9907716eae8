/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Results as JSON and as copies.
 */
#include "suite.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <winnow/result.h>
#include <winnow/result_fields.h>

enum { MANY = 300 };

/* Static memory; every field is another value. */
static WnResult made_result(int32_t n_survivors) {
  static int32_t survivors[MANY], per_stage[] = {10, 7, 3};
  static const char *labels[MANY];
  static double scores[MANY];
  for (int i = 0; i < MANY; i++) {
    survivors[i] = 2 * i;
    labels[i] = i ? "cat" : "caf\xC3\xA9 \"au\nlait\"";
    scores[i] = 1.0 / (i + 3);
  }
  return (WnResult){.label = labels[0],
                    .class_index = 4,
                    .confidence = 1e-10,
                    .group = "",
                    .exit_stage = 2,
                    .stage_count = 9,
                    .stop_reason = WN_STOP_WATCH,
                    .n_survivors = n_survivors,
                    .survivors = survivors,
                    .survivor_labels = labels,
                    .survivor_scores = scores,
                    .survivor_count = n_survivors,
                    .n_stages_evaluated = 3,
                    .survivors_per_stage = per_stage,
                    .watched = -1,
                    .macs = UINT64_C(1) << 60,
                    .macs_full = UINT64_MAX,
                    .latency_ns = 11,
                    .model_id = "m@0",
                    .pts_ns = 12,
                    .time_ns = 13,
                    .age_ns = 14};
}

static json_t *parsed(const WnResult *result) {
  char *text = wn_result_json(result);
  ck_assert_ptr_nonnull(text);
  ck_assert_ptr_null(strchr(text, '\n'));
  json_t *json = json_loads(text, 0, NULL);
  ck_assert_msg(json_is_object(json), "%s", text);
  free(text);
  return json;
}

#define INTEGER(json, name) json_integer_value(json_object_get(json, name))
#define TEXT(json, name) json_string_value(json_object_get(json, name))

START_TEST(json_reads_back_equal) {
  WnResult result = made_result(3);
  json_t *json = parsed(&result);
  ck_assert_str_eq(TEXT(json, "label"), result.label);
  ck_assert(json_real_value(json_object_get(json, "confidence")) == 1e-10);
  ck_assert_str_eq(TEXT(json, "group"), "");
  ck_assert_str_eq(TEXT(json, "stop-reason"), "watch");
  ck_assert_int_eq(INTEGER(json, "macs"), INT64_C(1) << 60);
  ck_assert_int_eq(INTEGER(json, "macs-full"), INT64_MAX); /* the largest that JSON tools take */
  ck_assert_int_eq(INTEGER(json, "pts"), 12);
  ck_assert_int_eq(INTEGER(json, "time"), 13);
  ck_assert_int_eq(INTEGER(json, "age-ns"), 14);
  ck_assert_int_eq(INTEGER(json, "watched"), -1);
  for (size_t i = 0; i < 3; i++)
    ck_assert(json_real_value(json_array_get(json_object_get(json, "survivor-scores"), i)) ==
              result.survivor_scores[i]);
  ck_assert_int_eq(
      json_integer_value(json_array_get(json_object_get(json, "survivors-per-stage"), 2)), 3);
  json_decref(json);
}
END_TEST

START_TEST(json_has_every_field_of_the_table) {
  WnResult result = made_result(1);
  json_t *json = parsed(&result);
#define WN_FIELD(kind, member, name) ck_assert_ptr_nonnull(json_object_get(json, name));
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  ck_assert_ptr_null(json_object_get(json, "x"));
  json_decref(json);
  result.has_region = true;
  result.region = (WnRect){1, 2, 3, 4};
  result.region_name = "door";
  json = parsed(&result);
#define WN_FIELD(kind, member, name) ck_assert_ptr_nonnull(json_object_get(json, name));
  WN_REGION_FIELDS(WN_FIELD)
#undef WN_FIELD
  ck_assert_int_eq(INTEGER(json, "h"), 4);
  ck_assert_str_eq(TEXT(json, "region"), "door");
  json_decref(json);
}
END_TEST

START_TEST(json_of_nothing_known) {
  WnResult result = made_result(0);
  result.label = "";
  result.class_index = -1;
  result.confidence = NAN;
  result.stop_reason = WN_STOP_NOTHING;
  result.pts_ns = WN_PTS_NONE;
  result.time_ns = 0;
  result.model_id = "\xFF"
                    "a";
  json_t *json = parsed(&result);
  ck_assert(json_is_null(json_object_get(json, "label")));
  ck_assert(json_is_null(json_object_get(json, "confidence")));
  ck_assert(json_is_null(json_object_get(json, "pts")));
  ck_assert(json_is_null(json_object_get(json, "time")));
  ck_assert_str_eq(TEXT(json, "stop-reason"), "nothing");
  ck_assert_str_eq(TEXT(json, "model-id"), "\xEF\xBF\xBD"
                                           "a");
  ck_assert_uint_eq(json_array_size(json_object_get(json, "survivors")), 0);
  json_decref(json);
}
END_TEST

START_TEST(only_the_best_survivors_leave_c) {
  WnResult result = made_result(MANY);
  json_t *json = parsed(&result);
  ck_assert_uint_eq(json_array_size(json_object_get(json, "survivors")), 100);
  ck_assert_uint_eq(json_array_size(json_object_get(json, "survivor-labels")), 100);
  ck_assert_uint_eq(json_array_size(json_object_get(json, "survivor-scores")), 100);
  ck_assert_int_eq(INTEGER(json, "survivor-count"), MANY);
  json_decref(json);
  WnResult *copy = wn_result_copy(&result);
  ck_assert_int_eq(copy->n_survivors, 100);
  ck_assert_int_eq(copy->survivor_count, MANY);
  free(copy);
}
END_TEST

START_TEST(a_copy_stands_alone) {
  WnResult result = made_result(5);
  char label[] = "deer";
  result.label = label;
  WnResult *copy = wn_result_copy(&result);
  char *before = wn_result_json(&result), *after = wn_result_json(copy);
  ck_assert_str_eq(before, after);
  strcpy(label, "frog");
  ck_assert_str_eq(copy->label, "deer");
  ck_assert_ptr_ne(copy->survivors, result.survivors);
  ck_assert_ptr_ne(copy->survivor_labels[0], result.survivor_labels[0]);
  ck_assert_ptr_null(copy->survivor_labels[5]);
  ck_assert_ptr_null(copy->region_name);
  free(before);
  free(after);
  free(copy);
}
END_TEST

START_TEST(reasons_have_names) {
  ck_assert_str_eq(wn_stop_reason_name(WN_STOP_UNCHANGED), "unchanged");
  ck_assert_str_eq(wn_stop_reason_name(WN_STOP_DEADLINE), "deadline");
  ck_assert_ptr_null(wn_stop_reason_name(WN_STOP_REASON_COUNT));
}
END_TEST

SUITE_MAIN("result", json_reads_back_equal, json_has_every_field_of_the_table,
           json_of_nothing_known, only_the_best_survivors_leave_c, a_copy_stands_alone,
           reasons_have_names)
