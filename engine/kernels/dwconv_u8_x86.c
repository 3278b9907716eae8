/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of bytes (kernels.h), compiled for AVX2 and AVX-512.  Two taps of a
 * channel lie side by side as 16-bit numbers, and one instruction adds their products: nothing is
 * lost.  A pair of weights serves PIXELS pixels, and a pair of inputs all windows that it is in.
 */
#include "kernels/check.h"
#include "kernels/windows.h"
#include "kernels/x86.h"

enum { PIXELS = WNI_TILE_M(dwconv_u8) };

WniFn_dwconv WNI_NAME(dwconv_u8);

static inline void store(const WniDwconvArgs *args, char *y, size_t c, Ints sum) {
  Floats x = clamp(scaled(sum, args->scale + c), args->output.low, args->output.high);
  if (args->output.type == WNI_U8)
    store_rounded((uint8_t *)y + c, LANES, x, args->output.zero);
  else
    store_some(WNI_F32, y + c * sizeof(float), LANES, x);
}

/* LANES channels from c on.  `pixels` is a constant.  The last tap of an odd number is paired with
 * itself, with weights of 0. */
static inline __attribute__((always_inline)) void block(const WniDwconvArgs *args, const char *x,
                                                        char *y, size_t c, int pixels) {
  static const int8_t none[LANES];
  Ints sum[PIXELS];
  const int8_t *w = (const int8_t *)args->w + c;
  for (int i = 0; i < pixels; i++) sum[i] = load_ints((const int32_t *)args->bias + c);
  for (size_t t = 0; t < args->n_taps; t += 2, w += 2 * args->w_step) {
    bool pair = t + 1 < args->n_taps;
    Ints weights = pairs_of_signed(w, pair ? w + args->w_step : none);
    const uint8_t *first = (const uint8_t *)x + args->tap[t] + c;
    ptrdiff_t second = pair ? args->tap[t + 1] - args->tap[t] : 0;
#pragma GCC unroll 4
    for (int i = 0; i < pixels; i++) {
      const uint8_t *at = first + i * args->x_step;
      sum[i] = add_pairs(sum[i], pairs_of_unsigned(at, at + second), weights);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < pixels; i++) store(args, y + i * args->y_step, c, sum[i]);
}

/* Pairs of weights, of the first row of taps with the second, the third with the fourth, ... */
static inline __attribute__((always_inline)) void pair_weights(const WniDwconvArgs *args, size_t c,
                                                               int columns, Ints *pairs) {
  static const int8_t none[LANES];
  const int8_t *w = (const int8_t *)args->w + c;
  for (int r = 0; r < columns; r += 2)
    for (int k = 0; k < columns; k++) {
      const int8_t *first = w + (size_t)(r * columns + k) * args->w_step;
      const int8_t *second = first + (size_t)columns * args->w_step;
      pairs[r / 2 * columns + k] = pairs_of_signed(first, r + 1 < columns ? second : none);
    }
}

/* LANES channels from c on of a row of windows of `columns` x `columns` taps, `stride` columns
 * apart; both are constants.  The inputs go by column after column, each is widened once, two rows
 * at a time, and sum[m] is that of the window which began m windows ago. */
static inline __attribute__((always_inline)) void window_row(const WniDwconvArgs *args, size_t c,
                                                             int columns, int stride) {
  enum { MOST = 7 };
  const Ints bias = load_ints((const int32_t *)args->bias + c);
  const int windows = (columns + stride - 1) / stride; /* that a column is in */
  const ptrdiff_t step = args->tap[1] - args->tap[0];
  const uint8_t *x[MOST];
  Ints pairs[(MOST + 1) / 2 * MOST], sum[MOST];
  pair_weights(args, c, columns, pairs);
  for (int r = 0; r < columns; r++) x[r] = (const uint8_t *)args->x + args->tap[r * columns] + c;
  for (int m = 0; m < windows; m++) sum[m] = bias;
  char *y = args->y;
  size_t left = (args->n_pixels - 1) * (size_t)stride + (size_t)columns; /* columns */
  for (size_t i = 0; i < args->n_pixels + (size_t)windows - 1; i++) {
#pragma GCC unroll 2
    for (int s = 0; s < stride && left > 0; s++, left--)
#pragma GCC unroll 4
      for (int r = 0; r < columns; r += 2) {
        Ints both = r + 1 < columns ? pairs_of_unsigned(x[r], x[r + 1]) : pairs_with_zero(x[r]);
        x[r] += step;
        if (r + 1 < columns) x[r + 1] += step;
#pragma GCC unroll 7
        for (int m = 0; m < windows; m++)
          if (m * stride + s < columns)
            sum[m] = add_pairs(sum[m], both, pairs[r / 2 * columns + m * stride + s]);
      }
    if (i + 1 >= (size_t)windows) {
      store(args, y, c, sum[windows - 1]);
      y += args->y_step;
    }
#pragma GCC unroll 7
    for (int m = windows - 1; m > 0; m--) sum[m] = sum[m - 1];
    sum[0] = bias;
  }
}

/* One channel of one pixel, where there are fewer than a vector's. */
static void single(const WniDwconvArgs *args, const char *x, char *y, size_t c) {
  int32_t sum = ((const int32_t *)args->bias)[c];
  for (size_t t = 0; t < args->n_taps; t++)
    sum += ((const uint8_t *)x)[args->tap[t] + (ptrdiff_t)c] *
           ((const int8_t *)args->w)[t * args->w_step + c];
  wni_write_scaled(args->output.type, y, c,
                   wni_clampf((float)sum * args->scale[c], args->output.low, args->output.high),
                   args->output.zero);
}

/* All channels of `pixels` pixels; the last vector overlaps the one before. */
static inline __attribute__((always_inline)) void run_pixels(const WniDwconvArgs *args,
                                                             const char *x, char *y, int pixels) {
  size_t n = args->n_channels;
  for (size_t c = 0; c < n; c += LANES) block(args, x, y, c + LANES <= n ? c : n - LANES, pixels);
}

static inline __attribute__((always_inline)) void run_row(const WniDwconvArgs *args, int columns,
                                                          int stride) {
  const char *x = args->x;
  char *y = args->y;
  size_t left = args->n_pixels, n = args->n_channels;
  if (columns && args->n_taps == (size_t)columns * (size_t)columns) {
    for (size_t c = 0; c < n; c += LANES)
      window_row(args, c + LANES <= n ? c : n - LANES, columns, stride);
    return;
  }
  for (; left >= PIXELS; left -= PIXELS, x += PIXELS * args->x_step, y += PIXELS * args->y_step)
    run_pixels(args, x, y, PIXELS);
  for (; left > 0; left--, x += args->x_step, y += args->y_step) run_pixels(args, x, y, 1);
}

WNI_DEFINE_WINDOW_ROWS

static void run_singles(const WniDwconvArgs *args) {
  for (size_t i = 0; i < args->n_pixels; i++)
    for (size_t c = 0; c < args->n_channels; c++)
      single(args, (const char *)args->x + (ptrdiff_t)i * args->x_step,
             (char *)args->y + (ptrdiff_t)i * args->y_step, c);
}

void WNI_NAME(dwconv_u8)(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_U8);
  const WniDwconvArgs copy = *args; /* which no store to y can change */
  if (args->n_channels < LANES)
    run_singles(&copy);
  else
    run_window_rows(&copy);
}
