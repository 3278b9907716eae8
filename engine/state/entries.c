/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See entries.h.
 */
#include "state/entries.h"

#include "base/error.h"

#include <string.h>

static bool is_text(const json_t *value, const char *text) {
  const char *string = json_string_value(value);
  return string && strcmp(string, text) == 0;
}

static bool has_text(const json_t *array, const char *text) {
  size_t i;
  const json_t *value;
  json_array_foreach(array, i, value) if (is_text(value, text)) return true;
  return false;
}

static bool all_texts(const json_t *array) {
  size_t i;
  const json_t *value;
  json_array_foreach(array, i, value) if (!json_is_string(value)) return false;
  return json_is_array(array);
}

/* The labels of the group of that name; null for a label, which wins. */
static json_t *labels_of(const json_t *description, const char *name) {
  json_t *group = json_object_get(json_object_get(description, "groups"), name);
  if (!group || has_text(json_object_get(description, "labels"), name)) return json_null();
  return all_texts(group) ? json_incref(group) : NULL;
}

static WnStatus take(const json_t *description, WniEntries *out, WnError *error) {
  json_t *watch = json_object_get(description, "watch");
  size_t i;
  const json_t *name;
  if (!json_is_object(description) || (watch && !all_texts(watch)))
    return wni_fail(error, WN_ERROR_DATA, "description: it has no watch list of that form");
  if (json_array_size(watch) == 0) return WN_OK;
  out->watch = json_incref(watch);
  out->labels = json_array();
  json_array_foreach(watch, i, name) {
    json_t *labels = labels_of(description, json_string_value(name));
    if (!labels)
      return wni_fail(error, WN_ERROR_DATA, "description: the group '%.60s' is no list of labels",
                      json_string_value(name));
    if (json_array_append_new(out->labels, labels) != 0)
      return wni_fail_memory(error, "the watch set");
  }
  return WN_OK;
}

WnStatus wni_entries_read(const char *description, WniEntries *out, WnError *error) {
  *out = (WniEntries){0};
  if (!description || !*description) return WN_OK;
  json_error_t problem;
  json_t *json = json_loads(description, 0, &problem);
  if (!json)
    return wni_fail(error, WN_ERROR_DATA, "description: it is no JSON (%.100s)", problem.text);
  WnStatus status = take(json, out, error);
  json_decref(json);
  if (status != WN_OK) wni_entries_clear(out);
  return status;
}

void wni_entries_clear(WniEntries *entries) {
  json_decref(entries->watch);
  json_decref(entries->labels);
  *entries = (WniEntries){0};
}

bool wni_entries_equal(const WniEntries *a, const WniEntries *b) {
  if (!a->watch || !b->watch) return a->watch == b->watch;
  return json_equal(a->watch, b->watch) && json_equal(a->labels, b->labels);
}

const char *wni_entries_find(const WniEntries *entries, const WnResult *result) {
  const char *group = NULL, *label = NULL, *first = NULL;
  size_t i;
  const json_t *name;
  json_array_foreach(entries->watch, i, name) {
    const char *text = json_string_value(name);
    const json_t *labels = json_array_get(entries->labels, i);
    if (json_is_null(labels)) {
      if (strcmp(text, result->label) == 0) label = text;
    } else if (has_text(labels, result->label)) {
      if (!first) first = text;
      if (strcmp(text, result->group) == 0) group = text;
    }
  }
  return group ? group : label ? label : first;
}
