/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text files beside a model (found.h): GStreamer's MODEL.onnx.modelinfo and labels.txt.
 */
#include "load/found.h"

#include "base/list.h"

#include <string.h>

/* ---- .modelinfo ---- */

/* The range of each channel, "LOW,HIGH;...", that 0 and 255 become. */
static bool read_ranges(const char *text, size_t length, WniInputMeaning *out) {
  const char *end = text + length, *item;
  size_t item_length;
  int n = 0;
  while (wni_list_next(&text, end, ';', &item, &item_length)) {
    double range[2];
    if (item_length == 0 && n > 0) continue; /* a closing ';' */
    if (n == 3 || wni_list_numbers(item, item_length, range, 2, "ranges", NULL) != WN_OK ||
        !(range[0] < range[1]))
      return false;
    out->mean[n] = -range[0] / (range[1] - range[0]);
    out->std[n++] = 1 / (range[1] - range[0]);
  }
  out->n_mean = out->n_std = n;
  return n == 1 || n == 3;
}

typedef struct Tensor {
  bool is_input;
  const char *ranges; /* NULL: none */
  size_t ranges_length;
} Tensor;

static void end_tensor(const Tensor *tensor, WniFound *found) {
  static const char source[] = ".modelinfo";
  WniInputMeaning meaning = {.source = {[WNI_MEAN] = source, [WNI_STD] = source}};
  if (!tensor->is_input || !tensor->ranges) return;
  if (read_ranges(tensor->ranges, tensor->ranges_length, &meaning))
    wni_meaning_take(&found->input, &meaning);
  else
    wni_found_problem(found, ".modelinfo: '%.*s' are no ranges",
                      tensor->ranges_length > 60 ? 60 : (int)tensor->ranges_length, tensor->ranges);
}

static bool is_key(const char *line, const char *equals, const char *key) {
  size_t length = (size_t)(equals - line);
  while (length && (line[length - 1] == ' ' || line[length - 1] == '\t')) length--;
  return length == strlen(key) && memcmp(line, key, length) == 0;
}

/* A group for each tensor; of those with dir=input the ranges are read. */
void wni_found_modelinfo(const char *text, WniFound *found) {
  const char *end = text + strlen(text), *line;
  size_t length;
  Tensor tensor = {0};
  while (wni_list_next(&text, end, '\n', &line, &length)) {
    if (length && *line == '[') {
      end_tensor(&tensor, found);
      tensor = (Tensor){0};
    }
    const char *equals = length ? memchr(line, '=', length) : NULL;
    if (!equals) continue;
    const char *value = equals + 1;
    size_t n = (size_t)(line + length - value);
    while (n && *value == ' ') value++, n--;
    if (is_key(line, equals, "dir")) tensor.is_input = n == 5 && memcmp(value, "input", 5) == 0;
    if (is_key(line, equals, "ranges")) tensor.ranges = value, tensor.ranges_length = n;
  }
  end_tensor(&tensor, found);
}

/* ---- labels.txt ---- */

/* How many characters of a line are its number and a blank; 0: it has not this number. */
static size_t numbered(const char *line, size_t length, int number) {
  size_t digits = 0;
  long value = 0;
  while (digits < length && digits < 8 && line[digits] >= '0' && line[digits] <= '9')
    value = value * 10 + (line[digits++] - '0');
  return digits && value == number && digits < length && line[digits] == ' ' ? digits + 1 : 0;
}

static bool all_numbered(const char *text, const char *end) {
  const char *line;
  size_t length;
  int n = 0;
  while (wni_list_next(&text, end, '\n', &line, &length))
    if (length && !numbered(line, length, n++)) return false;
  return n > 0;
}

/* One label a line.  Teachable Machine writes "0 NAME", "1 NAME", ..., and its users scale pixels
 * to -1..1 and cut the picture to a square with ImageOps.fit() of Pillow. */
void wni_found_labels_file(const char *text, WniFound *found) {
  static const char source[] = "labels.txt";
  if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
  const char *end = text + strlen(text), *rest = text, *line;
  size_t length;
  bool teachable = all_numbered(text, end), valid = true;
  if (teachable) {
    WniInputMeaning meaning = {.source = {[WNI_CROP] = source}};
    wni_found_set_resize(&meaning, WNI_RESIZE_CROP, WNI_EXACT, WNI_LANCZOS, source);
    wni_meaning_set_range(&meaning, -1, 1, source);
    wni_meaning_take(&found->input, &meaning);
  }
  if (!wni_found_want_labels(found)) return;
  for (int n = 0; valid && wni_list_next(&rest, end, '\n', &line, &length);) {
    if (!length) continue;
    size_t skip = teachable ? numbered(line, length, n++) : 0;
    valid = wni_found_add_label(found, line + skip, length - skip);
  }
  wni_found_end_labels(found, valid, source);
}
