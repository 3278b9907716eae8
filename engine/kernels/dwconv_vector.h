/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of a row of pixels (kernels.h) on vectors of float32, for the files that
 * define KERNEL, its TYPE and Element, load() and store(): the sums of several pixels stay in
 * registers.  Windows of 3, 5 and 7 columns overlap, and each input is loaded once for all of the
 * pixels that it belongs to.
 */
#include "kernels/windows.h"

#include <string.h>

enum { PIXELS = WNI_TILE_M(KERNEL) };

WniFn_dwconv WNI_NAME(KERNEL);

static inline const Element *at(const void *base, ptrdiff_t bytes) {
  return (const Element *)(const void *)((const char *)base + bytes);
}

static inline void store_pixels(const WniDwconvArgs *args, char *y, size_t c, const WniVector *sum,
                                int pixels) {
  WniVector low = (WniVector){0} + args->output.low, high = (WniVector){0} + args->output.high;
#pragma GCC unroll 8
  for (int i = 0; i < pixels; i++)
    store(args->output.type, y + i * args->y_step, c, wni_clamp(sum[i], low, high));
}

/* A vector of channels of `pixels` windows of `columns` columns that are `stride` columns apart;
 * all three are constants. */
static inline __attribute__((always_inline)) void windows(const WniDwconvArgs *args, const char *x,
                                                          char *y, size_t c, int pixels,
                                                          int columns, int stride) {
  WniVector sum[PIXELS], bias = wni_load((const float *)args->bias + c);
  const ptrdiff_t step = args->tap[1] - args->tap[0];
  const Element *w = (const Element *)args->w + c;
#pragma GCC unroll 8
  for (int i = 0; i < pixels; i++) sum[i] = bias;
  for (size_t t = 0; t < args->n_taps; t += (size_t)columns) {
    const char *from = x + args->tap[t] + c * sizeof(Element);
    WniVector weights[7];
#pragma GCC unroll 7
    for (int k = 0; k < columns; k++, w += args->w_step) weights[k] = load(w);
#pragma GCC unroll 24
    for (int j = 0; j < (pixels - 1) * stride + columns; j++) {
      WniVector column = load(at(from, j * step));
#pragma GCC unroll 8
      for (int i = 0; i < pixels; i++)
        if (j >= i * stride && j - i * stride < columns) sum[i] += weights[j - i * stride] * column;
    }
  }
  store_pixels(args, y, c, sum, pixels);
}

/* The same of taps that lie anywhere. */
static inline __attribute__((always_inline)) void places(const WniDwconvArgs *args, const char *x,
                                                         char *y, size_t c, int pixels) {
  WniVector sum[PIXELS], bias = wni_load((const float *)args->bias + c);
  const Element *w = (const Element *)args->w + c;
#pragma GCC unroll 8
  for (int i = 0; i < pixels; i++) sum[i] = bias;
  for (size_t t = 0; t < args->n_taps; t++, w += args->w_step) {
    const char *from = x + args->tap[t] + c * sizeof(Element);
    WniVector weights = load(w);
#pragma GCC unroll 8
    for (int i = 0; i < pixels; i++) sum[i] += weights * load(at(from, i * args->x_step));
  }
  store_pixels(args, y, c, sum, pixels);
}

/* One channel of one pixel, where there is no whole vector of them. */
static void single(const WniDwconvArgs *args, const char *x, char *y, size_t c) {
  float sum = ((const float *)args->bias)[c];
  for (size_t t = 0; t < args->n_taps; t++)
    sum +=
        wni_read_f32(TYPE, x + args->tap[t], c) * wni_read_f32(TYPE, args->w, t * args->w_step + c);
  wni_write_f32(args->output.type, y, c, wni_clampf(sum, args->output.low, args->output.high));
}

/* All channels of `pixels` pixels; the last vector overlaps the one before.  columns 0: anywhere.
 */
static inline __attribute__((always_inline)) void
run_pixels(const WniDwconvArgs *args, const char *x, char *y, int pixels, int columns, int stride) {
  size_t n = args->n_channels;
  for (size_t c = 0; c < n; c += WNI_LANES) {
    size_t first = c + WNI_LANES <= n ? c : n - WNI_LANES;
    if (columns)
      windows(args, x, y, first, pixels, columns, stride);
    else
      places(args, x, y, first, pixels);
  }
}

/* A row, PIXELS at a time; the last ones overlap those before.  Networks of 224 pixels come to 56,
 * 28, 14 and 7, which are sevens. */
static inline __attribute__((always_inline)) void run_row(const WniDwconvArgs *args, int columns,
                                                          int stride) {
  enum { FEW = PIXELS / 2, SEVEN = PIXELS == 8 ? 7 : PIXELS };
  const char *x = args->x;
  char *y = args->y;
  size_t n = args->n_pixels, i = 0;
  for (; n % SEVEN == 0 && i < n; i += SEVEN)
    run_pixels(args, x + (ptrdiff_t)i * args->x_step, y + (ptrdiff_t)i * args->y_step, SEVEN,
               columns, stride);
  for (; i + PIXELS <= n; i += PIXELS)
    run_pixels(args, x + (ptrdiff_t)i * args->x_step, y + (ptrdiff_t)i * args->y_step, PIXELS,
               columns, stride);
  for (; i < n && n >= FEW; i += FEW) {
    ptrdiff_t first = (ptrdiff_t)(i + FEW <= n ? i : n - FEW);
    run_pixels(args, x + first * args->x_step, y + first * args->y_step, FEW, columns, stride);
  }
  for (; i < n; i++)
    run_pixels(args, x + (ptrdiff_t)i * args->x_step, y + (ptrdiff_t)i * args->y_step, 1, 0, 0);
}

WNI_DEFINE_WINDOW_ROWS

static void run_singles(const WniDwconvArgs *args) {
  for (size_t i = 0; i < args->n_pixels; i++)
    for (size_t c = 0; c < args->n_channels; c++)
      single(args, (const char *)args->x + (ptrdiff_t)i * args->x_step,
             (char *)args->y + (ptrdiff_t)i * args->y_step, c);
}

/* Fewer channels than a vector has: so many neighbouring pixels that they fill vectors are channels
 * of one.  False: they do not lie side by side, or there are too few of them. */
static bool run_few_channels(const WniDwconvArgs *args) {
  enum { ROOM = 1024 };
  Element w[ROOM];
  float bias[WNI_LANES * WNI_LANES];
  size_t c = args->n_channels, together = 1;
  ptrdiff_t x_pixel = (ptrdiff_t)(c * sizeof(Element));
  ptrdiff_t y_pixel = (ptrdiff_t)(c * wni_type_bytes(args->output.type));
  while (together * c % WNI_LANES) together++;
  size_t n = together * c, groups = args->n_pixels / together;
  if (args->x_step != x_pixel || args->y_step != y_pixel || groups == 0 || args->n_taps * n > ROOM)
    return false;
  for (size_t i = 0; i < together; i++) {
    memcpy(bias + i * c, args->bias, c * sizeof(float));
    for (size_t t = 0; t < args->n_taps; t++)
      memcpy(w + t * n + i * c, (const Element *)args->w + t * args->w_step, c * sizeof *w);
  }
  WniDwconvArgs wide = *args;
  wide.w = w;
  wide.bias = bias;
  wide.n_channels = wide.w_step = n;
  wide.x_step = (ptrdiff_t)together * x_pixel;
  wide.y_step = (ptrdiff_t)together * y_pixel;
  wide.n_pixels = groups;
  run_row(&wide, 0, 0);
  ptrdiff_t last = (ptrdiff_t)(args->n_pixels - together);
  wide.x = (const char *)args->x + last * x_pixel;
  wide.y = (char *)args->y + last * y_pixel;
  wide.n_pixels = 1;
  if (args->n_pixels % together) run_row(&wide, 0, 0);
  return true;
}

void WNI_NAME(KERNEL)(const WniDwconvArgs *args) {
  wni_check_dwconv(args, TYPE);
  const WniDwconvArgs copy = *args; /* which no store to y can change */
  if (args->n_channels >= WNI_LANES)
    run_window_rows(&copy);
  else if (!run_few_channels(&copy))
    run_singles(&copy);
}
