/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See found.h: the order of the sources, and the files beside a model.
 */
#include "load/found.h"

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE_BYTES = 4 << 20, MAX_LABELS = 1 << 20, MAX_NAME = 256 };

/* ---- what is found ---- */

void wni_found_problem(WniFound *found, const char *format, ...) {
  WnError error;
  va_list arguments;
  char text[WNI_PROBLEM_BYTES];
  if (*found->problem) return;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  wni_error_set(&error, WN_ERROR_DATA, "%s", text); /* which makes it one line */
  memcpy(found->problem, error.message, sizeof found->problem - 1);
}

bool wni_found_want_labels(const WniFound *found) {
  return !found->labels_source;
}

/* A label is one line. */
static char *copy_label(const char *text, size_t length) {
  char *copy = strndup(text, length);
  for (unsigned char *at = (unsigned char *)copy; at && *at;) {
    size_t n = wni_utf8_length(at);
    if (*at < ' ' || *at == 127) *at = ' ';
    if (!n) {
      free(copy);
      return NULL;
    }
    at += n;
  }
  return copy;
}

bool wni_found_add_label(WniFound *found, const char *text, size_t length) {
  if (found->n_labels >= MAX_LABELS) return false;
  if ((found->n_labels & (found->n_labels - 1)) == 0) { /* 0 or a power of two: full */
    size_t room = found->n_labels ? 2 * (size_t)found->n_labels : 1;
    char **more = realloc(found->labels, room * sizeof *more);
    if (!more) return false;
    found->labels = more;
  }
  found->labels[found->n_labels] = copy_label(text, length);
  return found->labels[found->n_labels] && ++found->n_labels;
}

static void drop_labels(WniFound *found) {
  for (int i = 0; i < found->n_labels; i++) free(found->labels[i]);
  free(found->labels);
  found->labels = NULL;
  found->n_labels = 0;
}

void wni_found_end_labels(WniFound *found, bool valid, const char *source) {
  if (valid && found->n_labels > 0)
    found->labels_source = source;
  else
    drop_labels(found);
}

bool wni_found_take_labels(WniFound *found, int n, char **labels) {
  if (!found->labels_source) return false;
  if (found->n_labels != n) {
    wni_found_problem(found, "%s has %d label%s for %d classes, which do not count",
                      found->labels_source, found->n_labels, found->n_labels == 1 ? "" : "s", n);
    found->labels_source = NULL;
    return false;
  }
  memcpy(labels, found->labels, (size_t)n * sizeof *labels);
  found->n_labels = 0;
  return true;
}

void wni_found_set_resize(WniInputMeaning *input, WniResize resize, WniRounding rounding,
                          WniInterpolation interpolation, const char *source) {
  input->resize = resize;
  input->rounding = rounding;
  input->interpolation = interpolation;
  input->source[WNI_RESIZE] = input->source[WNI_ROUNDING] = source;
  input->source[WNI_INTERPOLATION] = source;
}

void wni_found_set_size(WniInputMeaning *input, double height, double width, const char *source) {
  if (!(height >= 1 && width >= 1 && height <= WN_FRAME_MAX_SIDE && width <= WN_FRAME_MAX_SIDE))
    return;
  input->height = (int)height;
  input->width = (int)width;
  input->source[WNI_SIZE] = source;
}

/* ---- JSON ---- */

bool wni_json_flag(const json_t *object, const char *key, bool fallback) {
  const json_t *value = json_object_get(object, key);
  return json_is_boolean(value) ? json_is_true(value) : fallback;
}

double wni_json_number(const json_t *object, const char *key, double fallback) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : fallback;
}

int wni_json_channels(const json_t *object, const char *key, double out[3]) {
  const json_t *list = json_object_get(object, key);
  if (json_is_number(list)) {
    out[0] = json_number_value(list);
    return 1;
  }
  size_t n = json_array_size(list);
  if (n != 1 && n != 3) return 0;
  for (size_t c = 0; c < n; c++) {
    const json_t *number = json_array_get(list, c);
    if (!json_is_number(number)) return 0;
    out[c] = json_number_value(number);
  }
  return (int)n;
}

/* ---- files ---- */

typedef struct Beside {
  const char *name; /* NULL: the model's own with .modelinfo behind it */
  void (*text)(const char *text, WniFound *found);
  void (*json)(const json_t *json, WniFound *found);
} Beside;

/* In the order in which they count. */
static const Beside files[] = {
    {NULL, wni_found_modelinfo, NULL},
    {"preprocessor_config.json", NULL, wni_found_preprocessor},
    {"config.json", NULL, wni_found_config},
    {"labels.txt", wni_found_labels_file, NULL},
};
enum { N_FILES = sizeof files / sizeof *files };

static bool file_name(const char *path, const Beside *file, char name[MAX_NAME]) {
  const char *slash = strrchr(path, '/');
  int n = file->name ? snprintf(name, MAX_NAME, "%s", file->name)
                     : snprintf(name, MAX_NAME, "%s.modelinfo", slash ? slash + 1 : path);
  return n > 0 && n < MAX_NAME;
}

static void read_json(const char *data, size_t size, const char *name, const Beside *file,
                      WniFound *out) {
  json_error_t why;
  json_t *json = json_loadb(data, size, 0, &why);
  if (json)
    file->json(json, out);
  else
    wni_found_problem(out, "%s beside the model is damaged (line %d: %.100s) and does not count",
                      name, why.line, why.text);
  json_decref(json);
}

static void read_file(const char *path, const Beside *file, WniFound *out) {
  char name[MAX_NAME];
  uint8_t *data;
  size_t size;
  WnError error;
  if (!file_name(path, file, name)) return;
  if (wni_file_read_beside(path, name, MAX_FILE_BYTES, &data, &size, &error) != WN_OK) {
    wni_found_problem(out, "%.180s", error.message);
    return;
  }
  if (!data) return;
  if (file->json)
    read_json((const char *)data, size, name, file, out);
  else
    file->text((const char *)data, out);
  free(data);
}

uint64_t wni_found_stamp(const char *path) {
  const char *slash = strrchr(path, '/');
  uint64_t stamp = 0;
  for (size_t i = 0; i < N_FILES; i++) {
    char name[MAX_NAME], *whole = NULL;
    struct stat info;
    if (!file_name(path, &files[i], name) ||
        asprintf(&whole, "%.*s%s", slash ? (int)(slash - path + 1) : 0, path, name) < 0)
      continue;
    if (lstat(whole, &info) == 0) {
      const uint64_t parts[] = {i + 1, info.st_ino, (uint64_t)info.st_size,
                                (uint64_t)info.st_mtim.tv_sec, (uint64_t)info.st_mtim.tv_nsec};
      for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        stamp = (stamp ^ parts[k]) * UINT64_C(0x100000001B3); /* as FNV-1 mixes */
    }
    free(whole);
  }
  return stamp;
}

void wni_found_read(const WniOnnx *onnx, const char *path, WniFound *out) {
  *out = (WniFound){0};
  wni_found_image_keys(onnx, out);
  for (size_t i = 0; i < N_FILES && path; i++) read_file(path, &files[i], out);
  wni_found_ultralytics(onnx, out);
  wni_found_zip_map(onnx, out);
}

void wni_found_clear(WniFound *found) {
  drop_labels(found);
  *found = (WniFound){0};
}
