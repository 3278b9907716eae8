/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys of a file's metadata that others than Winnow write (found.h): those of the ONNX
 * specification (docs/MetadataProps.md there), and Ultralytics'.
 */
#include "load/found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Image.* ---- */

static const struct {
  const char *name;
  double black, white;
} pixel_ranges[] = {
    {"NominalRange_0_255", 0, 255},
    {"Normalized_0_1", 0, 1},
    {"Normalized_1_1", -1, 1},
    {"NominalRange_16_235", 16, 235},
};

static void read_pixel_range(const char *text, WniFound *found) {
  static const char key[] = "Image.NominalPixelRange";
  WniInputMeaning meaning = {0};
  for (size_t i = 0; i < sizeof pixel_ranges / sizeof *pixel_ranges; i++)
    if (strcmp(text, pixel_ranges[i].name) == 0)
      wni_meaning_set_range(&meaning, pixel_ranges[i].black, pixel_ranges[i].white, key);
  if (!meaning.source[WNI_MEAN]) wni_found_problem(found, "%s: '%.40s' is not known", key, text);
  wni_meaning_take(&found->input, &meaning);
}

static void read_pixel_format(const char *text, WniFound *found) {
  static const char key[] = "Image.BitmapPixelFormat";
  WniInputMeaning meaning = {.source = {[WNI_CHANNELS] = key}};
  meaning.bgr = strncmp(text, "Bgr", 3) == 0;
  if (meaning.bgr || strncmp(text, "Rgb", 3) == 0)
    wni_meaning_take(&found->input, &meaning);
  else if (strncmp(text, "Gray", 4) != 0)
    wni_found_problem(found, "%s: '%.40s' is not known", key, text);
}

void wni_found_image_keys(const WniOnnx *onnx, WniFound *found) {
  const char *range = wni_onnx_metadata(onnx, "Image.NominalPixelRange");
  const char *format = wni_onnx_metadata(onnx, "Image.BitmapPixelFormat");
  const char *gamma = wni_onnx_metadata(onnx, "Image.ColorSpaceGamma");
  if (range && *range) read_pixel_range(range, found);
  if (format && *format) read_pixel_format(format, found);
  if (gamma && strcmp(gamma, "Linear") == 0)
    wni_found_problem(found, "Image.ColorSpaceGamma: Linear is not computed; pixels stay sRGB");
}

/* ---- Ultralytics ---- */

static const char *skip_blanks(const char *at) {
  return at + strspn(at, " \t\r\n");
}

static int hex_digits(const char *at, int count, uint32_t *out) {
  *out = 0;
  for (int i = 0; i < count; i++) {
    char c = at[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return 0;
    *out = *out * 16 + (uint32_t)digit;
  }
  return count;
}

static size_t put_utf8(uint32_t code, char *to) {
  if (code < 0x80) return to[0] = (char)code, 1;
  size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = n; i-- > 1; code >>= 6) to[i] = (char)(0x80 | (code & 0x3F));
  to[0] = (char)(lead[n] | code);
  return n;
}

/* The character behind a backslash as repr() of Python writes it; *at is moved behind. 0: it is
 * none that fits in a label. */
static size_t take_escape(const char **at, char *to) {
  static const char letters[] = "xuU";
  const char *which = **at ? strchr(letters, **at) : NULL;
  uint32_t code;
  if (!which) {
    char c = *(*at)++;
    return c == '\\' || c == '\'' || c == '"' ? (*to = c, 1) : 0;
  }
  static const int digits[] = {2, 4, 8};
  int n = hex_digits(*at + 1, digits[which - letters], &code);
  *at += 1 + n;
  return n && code >= ' ' && code != 127 && code < 0x110000 && (code & ~0x7FFU) != 0xD800
             ? put_utf8(code, to)
             : 0;
}

/* A string of Python behind *at, as the next label; its text is never longer than its source. */
static bool take_string(const char **at, char *buffer, WniFound *found) {
  char quote = *skip_blanks(*at);
  size_t length = 0;
  if (quote != '\'' && quote != '"') return false;
  *at = skip_blanks(*at) + 1;
  while (**at && **at != quote) {
    size_t n = 1;
    if (**at == '\\') {
      ++*at;
      n = take_escape(at, buffer + length);
    } else {
      buffer[length] = *(*at)++;
    }
    if (!n) return false;
    length += n;
  }
  return *(*at)++ == quote && wni_found_add_label(found, buffer, length);
}

/* {0: 'cat', 1: "dog's", ...} with the classes in order, or a list of the names alone. */
static bool take_names(const char *text, char *buffer, WniFound *found) {
  const char *at = skip_blanks(text);
  bool is_list = *at == '[';
  if (*at != '{' && !is_list) return false;
  char close = is_list ? ']' : '}';
  for (at = skip_blanks(at + 1); *at != close; at = skip_blanks(at)) {
    if (!is_list) {
      char *end;
      if (*at < '0' || *at > '9' || strtol(at, &end, 10) != found->n_labels) return false;
      at = skip_blanks(end);
      if (*at++ != ':') return false;
    }
    if (!take_string(&at, buffer, found)) return false;
    at = skip_blanks(at);
    if (*at == ',') at++;
  }
  return !*skip_blanks(at + 1);
}

static void read_names(const char *text, WniFound *found) {
  if (!wni_found_want_labels(found)) return;
  char *buffer = malloc(strlen(text) + 1);
  bool valid = buffer && take_names(text, buffer, found);
  if (!valid) wni_found_problem(found, "names: the labels in the metadata cannot be read");
  wni_found_end_labels(found, valid, "names");
  free(buffer);
}

/* [height, width], or one number for both. */
static void read_imgsz(const char *text, WniInputMeaning *input) {
  int height, width;
  int n = sscanf(text, " [%5d , %5d", &height, &width);
  if (n != 2 && sscanf(text, "%5d", &height) == 1) width = height, n = 2;
  if (n == 2) wni_found_set_size(input, height, width, "imgsz");
}

/* What classify_transforms() of Ultralytics does: the shorter side to imgsz, the centre of it, or
 * the whole picture where imgsz is no square; RGB in 0..1. */
void wni_found_ultralytics(const WniOnnx *onnx, WniFound *found) {
  const char *names = wni_onnx_metadata(onnx, "names"), *size = wni_onnx_metadata(onnx, "imgsz");
  const char *author = wni_onnx_metadata(onnx, "author");
  const char *task = wni_onnx_metadata(onnx, "task");
  if (names && *names) read_names(names, found);
  if (!(author && strcmp(author, "Ultralytics") == 0) && !(names && task)) return;
  static const char source[] = "Ultralytics";
  WniInputMeaning meaning = {.source = {[WNI_CHANNELS] = source, [WNI_CROP] = source}};
  wni_meaning_set_range(&meaning, 0, 1, source);
  if (size) read_imgsz(size, &meaning);
  bool square = meaning.height == meaning.width;
  wni_found_set_resize(&meaning, square ? WNI_RESIZE_CROP : WNI_RESIZE_STRETCH, WNI_EVEN,
                       WNI_BILINEAR, source);
  wni_meaning_take(&found->input, &meaning);
}

void wni_found_zip_map(const WniOnnx *onnx, WniFound *found) {
  const Onnx__GraphProto *graph = onnx->parsed_graph; /* a ZipMap was written out: composites.h */
  for (size_t i = 0; graph && i < graph->n_node && wni_found_want_labels(found); i++) {
    const Onnx__NodeProto *node = graph->node[i];
    if (!node->op_type || strcmp(node->op_type, "ZipMap") != 0) continue;
    const Onnx__AttributeProto *names = wni_attr(node, "classlabels_strings");
    bool valid = names != NULL;
    for (size_t k = 0; valid && k < names->n_strings; k++)
      valid =
          wni_found_add_label(found, (const char *)names->strings[k].data, names->strings[k].len);
    wni_found_end_labels(found, valid, "ZipMap");
  }
}
