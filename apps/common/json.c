/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See json.h.  A result's own members are written by the engine alone (wn_result_json()).
 */
#include "json.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "line_output.h"
#include "report.h"

/* It ends the program, as everywhere where GLib allocates. */
static G_GNUC_NORETURN void end_without_memory(void) {
  report("not enough memory for JSON");
  exit(STATUS_FAILED);
}

static void put(json_t *json, const char *name, json_t *value) {
  int failed =
      name != NULL ? json_object_set_new(json, name, value) : json_array_append_new(json, value);
  if (failed) end_without_memory();
}

void put_text(json_t *json, const char *name, const char *value) {
  if (value == NULL) {
    put_null(json, name);
    return;
  }
  char *valid = g_utf8_make_valid(value, -1); /* a file name may be any bytes */
  put(json, name, json_string(valid));
  g_free(valid);
}

void put_int(json_t *json, const char *name, int64_t value) {
  put(json, name, json_integer(value));
}

void put_count(json_t *json, const char *name, uint64_t value) {
  put_int(json, name, (int64_t)MIN(value, (uint64_t)G_MAXINT64));
}

void put_real(json_t *json, const char *name, double value) {
  put(json, name, isfinite(value) ? json_real(value) : json_null());
}

void put_null(json_t *json, const char *name) {
  put(json, name, json_null());
}

json_t *put_array(json_t *json, const char *name) {
  json_t *array = json_array();
  put(json, name, array);
  return array;
}

json_t *put_object(json_t *json, const char *name) {
  json_t *object = json_object();
  put(json, name, object);
  return object;
}

void put_sizes(json_t *json, const char *name, const int64_t *values, int32_t n) {
  json_t *array = put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_int(array, NULL, values[i]);
}

void put_counts(json_t *json, const char *name, const uint64_t *values, int32_t n) {
  json_t *array = put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_count(array, NULL, values[i]);
}

void put_reals(json_t *json, const char *name, const double *values, int32_t n) {
  json_t *array = put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_real(array, NULL, values[i]);
}

void put_texts(json_t *json, const char *name, const char *const *values, int32_t n) {
  json_t *array = put_array(json, name);
  for (int32_t i = 0; i < n; i++) put_text(array, NULL, values[i]);
}

/* Without a line break; frees the object. */
static char *dump(json_t *json) {
  char *text = json_dumps(json, JSON_COMPACT);
  json_decref(json);
  if (text == NULL) end_without_memory();
  return text;
}

/* Two objects become one where the first one's brace closes. */
char *result_line(json_t *first, const WnResult *result) {
  char *before = NULL;
  if (json_object_size(first) > 0)
    before = dump(first);
  else
    json_decref(first);
  char *members = wn_result_json(result);
  if (members == NULL) end_without_memory();
  char *line = before != NULL
                   ? g_strdup_printf("%.*s,%s\n", (int)strlen(before) - 1, before, members + 1)
                   : g_strconcat(members, "\n", NULL);
  free(before);
  free(members);
  return line;
}

/* Each line at once, so that a disk that is full has whole lines. */
static void print_line(const char *line) {
  if (fflush(stdout) == 0 && !ferror(stdout) && line_write(STDOUT_FILENO, line, strlen(line)))
    return;
  if (errno == EPIPE) raise(SIGPIPE); /* ends quietly, as at any other write */
  exit(report_no_output());
}

void print_result(json_t *first, const WnResult *result) {
  char *line = result_line(first, result);
  print_line(line);
  g_free(line);
}

void print_json(json_t *json) {
  char *text = dump(json), *line = g_strconcat(text, "\n", NULL);
  print_line(line);
  g_free(line);
  free(text);
}
