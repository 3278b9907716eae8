/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames as programs describe them, and how they become an input: any format, size, stride, region,
 * pixel aspect, area to ignore, resizing and normalisation.  Each plane has exactly the bytes that
 * a frame like that has, so that AddressSanitizer sees reads beyond.
 *
 * An input is 32 bytes of description, pixels behind.  `./test.sh --fuzz` gives it to libFuzzer,
 * which makes its inputs.  Else: fuzz_frame FOLDER [INPUTS [SEED]] makes its inputs itself.  Models
 * are those of classifiers/, with other meanings.
 */
#include <winnow/look.h>
#include <winnow/winnow.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION = 32, MAX_SIDE = 80, N_MODELS = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static WnSession *sessions[N_MODELS];
static size_t n_elements;

static void open_models(void) {
  static const char *const resizes[] = {"crop", "letterbox", "stretch"};
  static const char *const kinds[] = {"area",     "linear",  "nearest",
                                      "bilinear", "bicubic", "lanczos"};
  static const char *const roundings[] = {"exact", "even", "down", "first"};
  for (int i = 0; i < N_MODELS; i++) {
    WnMeaning meaning = {.resize = resizes[i % 3],
                         .interpolation = kinds[i % 6],
                         .rounding = roundings[i % 4],
                         .crop = i % 2 ? "0.875" : "1",
                         .channels = i % 5 ? "rgb" : "bgr"};
    WnModelOptions options = {.meaning = &meaning};
    WnSessionOptions session = {.threads = 1, .policy = {.ignore = i % 3 ? NULL : "1,1,3,3"}};
    WnModel *model;
    WnError error;
    if (wn_model_open(FUZZ_CLASSIFIERS "/nothing.onnx", &options, &model, &error) != WN_OK ||
        wn_session_new(model, &session, &sessions[i], &error) != WN_OK) {
      fprintf(stderr, "%s\n", error.message);
      abort();
    }
    n_elements = wn_model_info(model)->inputs[0].n_elements;
    wn_model_unref(model);
  }
}

/* What a plane has to have; NULL: no frame has that. */
static uint8_t *make_plane(const WnFrame *frame, int p, const uint8_t *data, size_t size,
                           uint8_t **block) {
  int32_t rows = wn_pixel_format_rows(frame->format, p, frame->height);
  size_t row = wn_pixel_format_row_bytes(frame->format, p, frame->width);
  size_t step = (size_t)labs((long)frame->stride_bytes[p]);
  size_t bytes = rows > 0 ? (size_t)(rows - 1) * step + row : 0;
  *block = malloc(bytes); /* NOLINT(clang-analyzer-optin.portability.UnixAPI): of 0 bytes, too */
  if (!*block) return NULL;
  for (size_t i = 0; i < bytes; i++) (*block)[i] = size ? data[i % size] : 0;
  return frame->stride_bytes[p] < 0 && rows > 0 ? *block + (size_t)(rows - 1) * step : *block;
}

static int16_t two(const uint8_t *at) {
  return (int16_t)(at[0] | at[1] << 8);
}

/* The part that is seen, as pixels: as many as it says. */
static void look_at(const WnFrame *frame, const WnRect *region, int wider) {
  WnRect part;
  WnError error = {0};
  if (wn_frame_clip(frame, region, &part, &error) != WN_OK) {
    if (!*error.message || strchr(error.message, '\n')) abort();
    return;
  }
  size_t stride = 3 * (size_t)part.width + (size_t)wider;
  uint8_t *rgb = malloc((size_t)(part.height - 1) * stride + 3 * (size_t)part.width);
  if (!rgb || wn_frame_to_rgb(frame, region, rgb, (ptrdiff_t)stride, &error) != WN_OK ||
      wn_frame_to_rgb(frame, region, rgb, 3 * (ptrdiff_t)part.width - 1, &error) == WN_OK)
    abort();
  free(rgb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *blocks[3] = {NULL, NULL, NULL};
  WnError error = {0};
  if (!sessions[0]) open_models();
  if (size < DESCRIPTION) return 0;
  WnFrame frame = {.format = (WnPixelFormat)(data[0] % (WN_PIXEL_FORMAT_COUNT + 1)),
                   .width = data[1] % (MAX_SIDE + 1),
                   .height = data[2] % (MAX_SIDE + 1),
                   .matrix = (WnColorMatrix)(data[3] % 2),
                   .range = (WnColorRange)(data[3] / 2 % 2),
                   .chroma_site = (WnChromaSite)(data[3] / 4 % 4),
                   .pixel_width = data[4] % 4 ? 0 : data[5],
                   .pixel_height = data[4] % 4 ? 0 : data[6]};
  if (data[4] / 4 % 8 == 0) frame.width = two(data + 7) * 1024; /* too large, or negative */
  bool laid_out = data[4] / 32 % 4 && wn_frame_lay_out(&frame, 1 + data[9] % 64, NULL) > 0;
  for (int p = 0; p < 3; p++) {
    if (!laid_out) frame.stride_bytes[p] = two(data + 10 + 2 * p) % 400;
    if (data[16] & 1) frame.stride_bytes[p] = -frame.stride_bytes[p];
    if (frame.width <= MAX_SIDE && !(data[16] & 2 && p == data[16] / 4 % 3))
      frame.plane[p] = make_plane(&frame, p, data + DESCRIPTION, size - DESCRIPTION, &blocks[p]);
  }
  WnRect region = {two(data + 18) % 90, two(data + 20) % 90, two(data + 22) % 90,
                   two(data + 24) % 90};
  if (data[26] % 4 == 0) look_at(&frame, data[17] & 128 ? &region : NULL, data[27] % 3);
  float *tensor = calloc(n_elements, sizeof *tensor);
  if (!tensor) abort();
  if (wn_session_preprocess(sessions[data[17] % N_MODELS], &frame, data[17] & 128 ? &region : NULL,
                            0, tensor, n_elements, &error) == WN_OK) {
    for (size_t i = 0; i < n_elements; i++)
      if (!isfinite(tensor[i])) abort();
  } else if (!*error.message || strchr(error.message, '\n')) {
    abort();
  }
  free(tensor);
  for (int p = 0; p < 3; p++) free(blocks[p]);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

static size_t make(char *to, size_t room) {
  size_t n = DESCRIPTION + draw(64);
  (void)room;
  for (size_t i = 0; i < n; i++) to[i] = (char)draw(256);
  return n;
}

int main(int argc, char **argv) {
  char *few[] = {"", "20000", "1"};
  return argc > 1 ? draw_inputs(argc, argv, make, LLVMFuzzerTestOneInput)
                  : draw_inputs(3, few, make, LLVMFuzzerTestOneInput);
}

#endif
