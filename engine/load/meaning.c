/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See meaning.h.  One row an aspect, which the file's keys and the user's options share.
 */
#include "load/meaning.h"

#include "base/error.h"
#include "base/list.h"
#include "load/metadata.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const resize_names[] = {"crop", "letterbox", "stretch"};
static const char *const rounding_names[WNI_N_ROUNDINGS] = {"exact", "even", "down", "first"};
static const char *const interpolation_names[WNI_N_INTERPOLATIONS] = {
    "area", "linear", "nearest", "bilinear", "bicubic", "lanczos"};
static const char *const order_names[] = {"rgb", "bgr"};

const char *wni_resize_name(WniResize resize) {
  return resize_names[resize];
}

const char *wni_rounding_name(WniRounding rounding) {
  return rounding_names[rounding];
}

const char *wni_interpolation_name(WniInterpolation interpolation) {
  return interpolation_names[interpolation];
}

const char *wni_order_name(bool bgr) {
  return order_names[bgr];
}

/* ---- aspects ---- */

typedef WnStatus Parse(const char *text, const char *what, WniInputMeaning *out, WnError *error);

/* One number serves all channels; three are red, green, blue. */
static WnStatus parse_channels(const char *text, const char *what, double out[3], int *count,
                               WnError *error) {
  *count = strchr(text, ',') ? 3 : 1;
  return wni_list_numbers(text, strlen(text), out, *count, what, error);
}

static WnStatus parse_mean(const char *text, const char *what, WniInputMeaning *out,
                           WnError *error) {
  return parse_channels(text, what, out->mean, &out->n_mean, error);
}

static WnStatus parse_std(const char *text, const char *what, WniInputMeaning *out,
                          WnError *error) {
  WnStatus status = parse_channels(text, what, out->std, &out->n_std, error);
  for (int c = 0; status == WN_OK && c < out->n_std; c++)
    if (!(out->std[c] > 0))
      status = wni_fail(error, WN_ERROR_ARGUMENT, "%s: %g is not above 0", what, out->std[c]);
  return status;
}

static int find_word(const char *text, const char *const *words, int n_words) {
  for (int i = 0; i < n_words; i++)
    if (strcmp(text, words[i]) == 0) return i;
  return -1;
}

static WnStatus parse_order(const char *text, const char *what, WniInputMeaning *out,
                            WnError *error) {
  int word = find_word(text, order_names, 2);
  if (word < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "%s: '%.60s' is not rgb or bgr", what, text);
  out->bgr = word == 1;
  return WN_OK;
}

static WnStatus parse_resize(const char *text, const char *what, WniInputMeaning *out,
                             WnError *error) {
  int word = find_word(text, resize_names, 3);
  if (word < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "%s: '%.60s' is not crop, letterbox or stretch", what,
                    text);
  out->resize = (WniResize)word;
  return WN_OK;
}

static WnStatus parse_rounding(const char *text, const char *what, WniInputMeaning *out,
                               WnError *error) {
  int word = find_word(text, rounding_names, WNI_N_ROUNDINGS);
  if (word < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "%s: '%.60s' is not exact, even, down or first", what,
                    text);
  out->rounding = (WniRounding)word;
  return WN_OK;
}

static WnStatus parse_interpolation(const char *text, const char *what, WniInputMeaning *out,
                                    WnError *error) {
  int word = find_word(text, interpolation_names, WNI_N_INTERPOLATIONS);
  if (word < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "%s: '%.60s' is not area, linear, nearest, bilinear, bicubic or lanczos", what,
                    text);
  out->interpolation = (WniInterpolation)word;
  return WN_OK;
}

static WnStatus parse_crop(const char *text, const char *what, WniInputMeaning *out,
                           WnError *error) {
  WnStatus status = wni_list_numbers(text, strlen(text), &out->crop, 1, what, error);
  if (status == WN_OK && !(out->crop > 0 && out->crop <= 1))
    status = wni_fail(error, WN_ERROR_ARGUMENT, "%s: %g is not a share above 0 and at most 1", what,
                      out->crop);
  return status;
}

static WnStatus parse_size(const char *text, const char *what, WniInputMeaning *out,
                           WnError *error) {
  char end;
  if (sscanf(text, "%5dx%5d%c", &out->width, &out->height, &end) == 2 && out->width > 0 &&
      out->height > 0 && out->width <= WN_FRAME_MAX_SIDE && out->height <= WN_FRAME_MAX_SIDE)
    return WN_OK;
  return wni_fail(error, WN_ERROR_ARGUMENT, "%s: '%.60s' is not WIDTHxHEIGHT in pixels", what,
                  text);
}

typedef void Print(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]);

static void print_numbers(const double *numbers, int count, char text[WNI_ASPECT_BYTES]) {
  *text = 0;
  for (int c = 0; c < count; c++) {
    char number[WNI_NUMBER_BYTES];
    wni_number_text(numbers[c], number);
    if (c) strcat(text, ",");
    strcat(text, number);
  }
}

static void print_mean(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  print_numbers(from->mean, from->n_mean, text);
}

static void print_std(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  print_numbers(from->std, from->n_std, text);
}

static void print_order(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  strcpy(text, wni_order_name(from->bgr));
}

static void print_resize(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  strcpy(text, wni_resize_name(from->resize));
}

static void print_rounding(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  strcpy(text, wni_rounding_name(from->rounding));
}

static void print_interpolation(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  strcpy(text, wni_interpolation_name(from->interpolation));
}

static void print_crop(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  const double all = 1;
  print_numbers(from->crop > 0 ? &from->crop : &all, 1, text);
}

static void print_size(const WniInputMeaning *from, char text[WNI_ASPECT_BYTES]) {
  snprintf(text, WNI_ASPECT_BYTES, "%dx%d", from->width, from->height);
}

_Static_assert(3 * WNI_NUMBER_BYTES + 2 <= WNI_ASPECT_BYTES, "three numbers fit");

static const struct {
  Parse *parse;
  Print *print;
} aspects[WNI_N_ASPECTS] = {
    [WNI_MEAN] = {parse_mean, print_mean},
    [WNI_STD] = {parse_std, print_std},
    [WNI_CHANNELS] = {parse_order, print_order},
    [WNI_RESIZE] = {parse_resize, print_resize},
    [WNI_CROP] = {parse_crop, print_crop},
    [WNI_ROUNDING] = {parse_rounding, print_rounding},
    [WNI_INTERPOLATION] = {parse_interpolation, print_interpolation},
    [WNI_SIZE] = {parse_size, print_size},
};

const char *wni_aspect_name(WniAspect aspect) {
#define ROW(aspect, name) name,
  static const char *const names[WNI_N_ASPECTS] = {WNI_ASPECTS(ROW)};
#undef ROW
  return names[aspect];
}

bool wni_meaning_print(const WniInputMeaning *meaning, WniAspect aspect,
                       char text[WNI_ASPECT_BYTES]) {
  if (meaning->source[aspect]) aspects[aspect].print(meaning, text);
  return meaning->source[aspect] != NULL;
}

WnStatus wni_meaning_set(WniInputMeaning *meaning, WniAspect aspect, const char *text,
                         const char *what, const char *source, WnError *error) {
  meaning->source[aspect] = source;
  return aspects[aspect].parse(text, what, meaning, error);
}

void wni_meaning_set_range(WniInputMeaning *meaning, double black, double white,
                           const char *source) {
  meaning->source[WNI_MEAN] = meaning->source[WNI_STD] = source;
  meaning->n_mean = meaning->n_std = 1;
  meaning->mean[0] = (0 - black) / (white - black); /* not -0 */
  meaning->std[0] = 1 / (white - black);
}

static void copy_channels(const double from[3], int n_from, double to[3], int *n_to) {
  *n_to = n_from;
  memcpy(to, from, 3 * sizeof *to);
}

void wni_meaning_take(WniInputMeaning *to, const WniInputMeaning *from) {
  bool new[WNI_N_ASPECTS];
  for (int a = 0; a < WNI_N_ASPECTS; a++) {
    new[a] = !to->source[a] && from->source[a];
    if (new[a]) to->source[a] = from->source[a];
  }
  if (new[WNI_MEAN]) copy_channels(from->mean, from->n_mean, to->mean, &to->n_mean);
  if (new[WNI_STD]) copy_channels(from->std, from->n_std, to->std, &to->n_std);
  if (new[WNI_CHANNELS]) to->bgr = from->bgr;
  if (new[WNI_RESIZE]) to->resize = from->resize;
  if (new[WNI_CROP]) to->crop = from->crop;
  if (new[WNI_ROUNDING]) to->rounding = from->rounding;
  if (new[WNI_INTERPOLATION]) to->interpolation = from->interpolation;
  if (new[WNI_SIZE]) {
    to->height = from->height;
    to->width = from->width;
  }
}

/* ---- the file's keys ---- */

void wni_input_key(const WniInputMeaning *input, const char *key, char name[WNI_INPUT_KEY_BYTES]) {
  snprintf(name, WNI_INPUT_KEY_BYTES, "winnow.input.%s%s%s", input->name ? input->name : "",
           input->name ? "." : "", key);
}

WnStatus wni_meaning_read_keys(const WniOnnx *onnx, WniInputMeaning *out, WnError *error) {
#define ROW(aspect, name) "winnow.input." name,
  static const char *const source[WNI_N_ASPECTS] = {WNI_ASPECTS(ROW)};
#undef ROW
  WnStatus status = WN_OK;
  for (int a = 0; a < WNI_N_ASPECTS && status == WN_OK; a++) {
    char key[WNI_INPUT_KEY_BYTES];
    wni_input_key(out, wni_aspect_name((WniAspect)a), key);
    const char *text = wni_onnx_metadata(onnx, key);
    if (text && *text) status = wni_meaning_set(out, (WniAspect)a, text, key, source[a], error);
  }
  return wni_model_error(status, error);
}
