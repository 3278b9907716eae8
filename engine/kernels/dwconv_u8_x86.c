/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of bytes (kernels.h), compiled for AVX2 and AVX-512.  Two taps of a
 * channel lie side by side as 16-bit numbers, and one instruction adds their products: nothing is
 * lost.  A pair of weights serves PIXELS pixels.
 */
#include "kernels/check.h"
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

/* Whether the taps are 3x3 neighbours, and pixels follow one another as taps do. */
static bool is_square(const WniDwconvArgs *args) {
  return args->n_taps == 9 && args->columns == 3 && args->tap[1] - args->tap[0] == args->x_step;
}

/* LANES channels of a row of 3x3 windows: each column of inputs is widened once for the three
 * windows that it is in. */
static void square_row(const WniDwconvArgs *args, size_t c) {
  static const int8_t none[LANES];
  const Ints bias = load_ints((const int32_t *)args->bias + c);
  const int8_t *w = (const int8_t *)args->w + c;
  size_t n = args->w_step;
  Ints upper[3], lower[3], sum[3] = {bias, bias, bias};
  for (size_t k = 0; k < 3; k++) {
    upper[k] = pairs_of_signed(w + k * n, w + (3 + k) * n);
    lower[k] = pairs_of_signed(w + (6 + k) * n, none);
  }
  const uint8_t *x = (const uint8_t *)args->x + c;
  char *y = args->y;
  for (size_t i = 0; i < args->n_pixels + 2; i++, x += args->x_step) {
    Ints first = pairs_of_unsigned(x + args->tap[0], x + args->tap[3]);
    Ints second = pairs_with_zero(x + args->tap[6]);
#pragma GCC unroll 3
    for (int k = 0; k < 3; k++) { /* window i - k */
      sum[k] = add_pairs(sum[k], first, upper[k]);
      sum[k] = add_pairs(sum[k], second, lower[k]);
    }
    if (i >= 2) {
      store(args, y, c, sum[2]);
      y += args->y_step;
    }
    sum[2] = sum[1];
    sum[1] = sum[0];
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

static inline __attribute__((always_inline)) void run_pixels(const WniDwconvArgs *args,
                                                             const char *x, char *y, int pixels) {
  size_t n = args->n_channels, c = 0;
  for (; c + LANES <= n; c += LANES) block(args, x, y, c, pixels);
  if (c < n && n >= LANES) { /* the last vector overlaps the one before */
    block(args, x, y, n - LANES, pixels);
    return;
  }
  for (int i = 0; i < pixels; i++)
    for (size_t j = c; j < n; j++) single(args, x + i * args->x_step, y + i * args->y_step, j);
}

void WNI_NAME(dwconv_u8)(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_U8);
  const WniDwconvArgs copy = *args; /* which no store to y can change */
  const char *x = args->x;
  char *y = args->y;
  size_t left = args->n_pixels, n = args->n_channels;
  if (n >= LANES && is_square(args)) {
    for (size_t c = 0; c < n; c += LANES) square_row(&copy, c + LANES <= n ? c : n - LANES);
    return;
  }
  for (; left >= PIXELS; left -= PIXELS) {
    run_pixels(&copy, x, y, PIXELS);
    x += PIXELS * args->x_step;
    y += PIXELS * args->y_step;
  }
  for (; left > 0; left--) {
    run_pixels(&copy, x, y, 1);
    x += args->x_step;
    y += args->y_step;
  }
}
