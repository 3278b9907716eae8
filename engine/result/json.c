/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one writer of a result's JSON: the table of result_fields.h, a function for each kind.
 */
#include <winnow/result.h>
#include <winnow/result_fields.h>

#include "base/fpmode.h"
#include "base/json.h"
#include "result/json.h"

#include <math.h>
#include <stdlib.h>

/* JSON has no word for what is not finite. */
static json_t *json_of_real(double x) {
  return isfinite(x) ? json_real(x) : json_null();
}

static int32_t n_kept(const WnResult *r) {
  return r->n_survivors < WN_RESULT_MAX_SURVIVORS ? r->n_survivors : WN_RESULT_MAX_SURVIVORS;
}

static json_t *json_of_ints(const int32_t *x, int32_t n) {
  json_t *array = json_array();
  for (int32_t i = 0; i < n; i++) json_array_append_new(array, json_integer(x[i]));
  return array;
}

/* ---- a function for each kind of field; those that are missing here are numbers ---- */

static json_t *json_TEXT(const WnResult *r, const char *x) {
  return wni_json_text(x);
}

static json_t *json_LABEL(const WnResult *r, const char *x) {
  return *x ? wni_json_text(x) : json_null();
}

static json_t *json_REASON(const WnResult *r, WnStopReason x) {
  return json_string(wn_stop_reason_name(x));
}

static json_t *json_INT(const WnResult *r, int32_t x) {
  return json_integer(x);
}

/* jansson's integers are signed. */
static json_t *json_COUNT(const WnResult *r, uint64_t x) {
  return json_integer(x < INT64_MAX ? (json_int_t)x : INT64_MAX);
}

static json_t *json_DURATION(const WnResult *r, int64_t x) {
  return json_integer(x);
}

static json_t *json_STAMP(const WnResult *r, int64_t x) {
  return x == WN_PTS_NONE ? json_null() : json_integer(x);
}

static json_t *json_UTC(const WnResult *r, int64_t x) {
  return x == 0 ? json_null() : json_integer(x);
}

static json_t *json_REAL(const WnResult *r, double x) {
  return json_of_real(x);
}

static json_t *json_CLASSES(const WnResult *r, const int32_t *x) {
  return json_of_ints(x, n_kept(r));
}

static json_t *json_LABELS(const WnResult *r, const char *const *x) {
  json_t *array = json_array();
  for (int32_t i = 0; i < n_kept(r); i++) json_array_append_new(array, wni_json_text(x[i]));
  return array;
}

static json_t *json_SCORES(const WnResult *r, const double *x) {
  json_t *array = json_array();
  for (int32_t i = 0; i < n_kept(r); i++) json_array_append_new(array, json_of_real(x[i]));
  return array;
}

static json_t *json_STAGES(const WnResult *r, const int32_t *x) {
  return json_of_ints(x, r->n_stages_evaluated);
}

json_t *wni_result_object(const WnResult *r) {
  json_t *object = json_object();
  int failed = 0;
#define WN_FIELD(kind, member, name)                                                               \
  failed |= json_object_set_new(object, name, json_##kind(r, r->member));
  WN_RESULT_FIELDS(WN_FIELD)
  if (r->has_region) {
    WN_REGION_FIELDS(WN_FIELD)
  }
#undef WN_FIELD
  if (!failed) return object;
  json_decref(object);
  return NULL;
}

char *wn_result_json(const WnResult *r) {
  WNI_FP_EXACT_SCOPE(mode);
  json_t *object = wni_result_object(r);
  char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
  json_decref(object);
  return text;
}
