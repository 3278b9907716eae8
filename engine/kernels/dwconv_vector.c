/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of a row of pixels (kernels.h) on vectors, compiled once per
 * instruction set: the sums of PIXELS pixels by two vectors of channels stay in registers, so that
 * a load of weights serves all of the pixels.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

enum { PIXELS = WNI_TILE_M(dwconv_f32) };

WniFn_dwconv WNI_NAME(dwconv_f32);

static inline const float *at(const void *base, ptrdiff_t bytes) {
  return (const float *)(const void *)((const char *)base + bytes);
}

/* `pixels` and `vectors` are constants: everything unrolls. */
static inline __attribute__((always_inline)) void
block(const WniDwconvArgs *args, const char *x, char *y, size_t c, int pixels, int vectors) {
  WniVector sum[PIXELS][2];
  WniVector low = (WniVector){0} + args->output.low, high = (WniVector){0} + args->output.high;
  const float *bias = (const float *)args->bias + c, *w = (const float *)args->w + c;
#pragma GCC unroll 4
  for (int i = 0; i < pixels; i++)
    for (int v = 0; v < vectors; v++) sum[i][v] = wni_load(bias + v * WNI_LANES);
  for (size_t t = 0; t < args->n_taps; t++, w += args->n_channels) {
    const char *from = x + args->tap[t] + c * sizeof(float);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) {
      WniVector weights = wni_load(w + v * WNI_LANES);
#pragma GCC unroll 4
      for (int i = 0; i < pixels; i++)
        sum[i][v] += weights * wni_load(at(from, i * args->x_step) + v * WNI_LANES);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < pixels; i++) {
    float *to = (float *)(void *)(y + i * args->y_step) + c;
    for (int v = 0; v < vectors; v++)
      wni_store(to + v * WNI_LANES, wni_clamp(sum[i][v], low, high));
  }
}

/* One channel of one pixel, where there is no whole vector of them. */
static void single(const WniDwconvArgs *args, const char *x, char *y, size_t c) {
  float sum = ((const float *)args->bias)[c];
  for (size_t t = 0; t < args->n_taps; t++)
    sum += at(x, args->tap[t])[c] * ((const float *)args->w)[t * args->n_channels + c];
  ((float *)(void *)y)[c] = wni_clampf(sum, args->output.low, args->output.high);
}

static inline __attribute__((always_inline)) void run_pixels(const WniDwconvArgs *args,
                                                             const char *x, char *y, int pixels) {
  size_t c = 0;
  for (; c + 2 * WNI_LANES <= args->n_channels; c += 2 * WNI_LANES) block(args, x, y, c, pixels, 2);
  for (; c + WNI_LANES <= args->n_channels; c += WNI_LANES) block(args, x, y, c, pixels, 1);
  if (c < args->n_channels && c > 0) { /* some of the channels before once more */
    block(args, x, y, args->n_channels - WNI_LANES, pixels, 1);
    return;
  }
  for (int i = 0; i < pixels; i++)
    for (size_t j = c; j < args->n_channels; j++)
      single(args, x + i * args->x_step, y + i * args->y_step, j);
}

void WNI_NAME(dwconv_f32)(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_F32);
  const char *x = args->x;
  char *y = args->y;
  size_t left = args->n_pixels;
  for (; left >= PIXELS; left -= PIXELS) {
    run_pixels(args, x, y, PIXELS);
    x += PIXELS * args->x_step;
    y += PIXELS * args->y_step;
  }
  if (left == 3)
    run_pixels(args, x, y, 3);
  else if (left == 2)
    run_pixels(args, x, y, 2);
  else if (left == 1)
    run_pixels(args, x, y, 1);
}
