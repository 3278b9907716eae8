/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of bytes (kernels.h) with the instruction that adds four products of bytes
 * to each 32-bit lane, on 64 channels.  The taps of a column of the window go into it, four rows at
 * a time, put side by side within quarters of the vectors:
 *
 *   rows        channels 0 .. 15    16 .. 31      32 .. 47      48 .. 63
 *   quads[0]    0 1 2 3             16 17 18 19   32 33 34 35   48 49 50 51     four rows of each
 *   quads[1]    4 5 6 7             20 21 22 23   ...
 *
 * Weights, biases and scales are turned likewise, and the instructions that narrow what is stored
 * turn it back.
 */
#include "kernels/check.h"
#include "kernels/windows.h"
#include "kernels/x86.h"

enum {
  VECTORS = 4,
  CHANNELS = VECTORS * LANES,
  FEWEST = LANES + 1, /* channels for which a block is worth it */
  MOST = 5            /* columns; the sums of more do not fit the registers */
};

WniFn_dwconv WNI_NAME(dwconv_u8);
WniFn_dwconv wni_dwconv_u8__avx512; /* for windows and channels that do not fit */

/* The channels of a block, all of a vector but for images of fewer. */
typedef struct Block {
  size_t channel;
  __mmask64 some;
} Block;

static inline Ints load_row(const void *x, __mmask64 some) {
  return _mm512_maskz_loadu_epi8(some, x);
}

/* Four rows of 64 bytes as quads. */
static inline void put_beside(const Ints *row, Ints *quads) {
  Ints low[2], high[2];
  for (int i = 0; i < 2; i++) {
    low[i] = _mm512_unpacklo_epi8(row[2 * i], row[2 * i + 1]);
    high[i] = _mm512_unpackhi_epi8(row[2 * i], row[2 * i + 1]);
  }
  quads[0] = _mm512_unpacklo_epi16(low[0], low[1]);
  quads[1] = _mm512_unpackhi_epi16(low[0], low[1]);
  quads[2] = _mm512_unpacklo_epi16(high[0], high[1]);
  quads[3] = _mm512_unpackhi_epi16(high[0], high[1]);
}

/* Quarters of four vectors as a matrix, turned. */
static inline void turn(Ints *v) {
  Ints a = _mm512_shuffle_i32x4(v[0], v[1], 0x44), b = _mm512_shuffle_i32x4(v[2], v[3], 0x44);
  Ints c = _mm512_shuffle_i32x4(v[0], v[1], 0xEE), d = _mm512_shuffle_i32x4(v[2], v[3], 0xEE);
  v[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  v[1] = _mm512_shuffle_i32x4(a, b, 0xDD);
  v[2] = _mm512_shuffle_i32x4(c, d, 0x88);
  v[3] = _mm512_shuffle_i32x4(c, d, 0xDD);
}

static inline __mmask16 some_of(const Block *block, int vector) {
  return (__mmask16)(block->some >> vector * LANES);
}

/* 64 numbers of 32 bits in the order of the quads. */
static inline void load_turned(const void *from, const Block *block, Ints *to) {
  for (int v = 0; v < VECTORS; v++)
    to[v] = _mm512_maskz_loadu_epi32(some_of(block, v),
                                     (const int32_t *)from + block->channel + v * LANES);
  turn(to);
}

static inline void store(const WniDwconvArgs *args, const Block *block, char *y, const Ints *sum,
                         const Ints *scale) {
  Ints v[VECTORS];
#pragma GCC unroll 4
  for (int i = 0; i < VECTORS; i++) {
    Floats x = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[i]), _mm512_castsi512_ps(scale[i]));
    x = clamp(x, args->output.low, args->output.high);
    v[i] = args->output.type == WNI_U8
               ? _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(args->output.zero))
               : _mm512_castps_si512(x);
  }
  if (args->output.type == WNI_U8) {
    Ints bytes =
        _mm512_packus_epi16(_mm512_packus_epi32(v[0], v[1]), _mm512_packus_epi32(v[2], v[3]));
    _mm512_mask_storeu_epi8(y + block->channel, block->some, bytes);
    return;
  }
  turn(v);
  for (int i = 0; i < VECTORS; i++)
    _mm512_mask_storeu_epi32((float *)(void *)y + block->channel + i * LANES, some_of(block, i),
                             v[i]);
}

/* A row of windows of `columns` x `columns` taps, `stride` columns apart; both are constants.  The
 * inputs go by column after column, and sum[m] is that of the window which began m windows ago. */
static inline __attribute__((always_inline)) void
run_block(const WniDwconvArgs *args, const Block *block, int columns, int stride) {
  const int quads = (columns + 3) / 4, windows = (columns + stride - 1) / stride;
  const ptrdiff_t step = args->tap[1] - args->tap[0];
  const int8_t *w = (const int8_t *)args->w + block->channel;
  const uint8_t *x[MOST];
  Ints weights[2][MOST][VECTORS], bias[VECTORS], scale[VECTORS], sum[MOST][VECTORS];
  Ints row[2 * VECTORS] = {0}, both[VECTORS];
  load_turned(args->bias, block, bias);
  load_turned(args->scale, block, scale);
  for (int k = 0; k < columns; k++) {
    for (int r = 0; r < columns; r++)
      row[r] = load_row(w + (size_t)(r * columns + k) * args->w_step, block->some);
    for (int q = 0; q < quads; q++) put_beside(row + q * VECTORS, weights[q][k]);
  }
  for (int r = 0; r < columns; r++)
    x[r] = (const uint8_t *)args->x + args->tap[r * columns] + block->channel;
  for (int m = 0; m < windows; m++) memcpy(sum[m], bias, sizeof bias);
  char *y = args->y;
  size_t left = (args->n_pixels - 1) * (size_t)stride + (size_t)columns; /* columns */
  for (size_t i = 0; i < args->n_pixels + (size_t)windows - 1; i++) {
#pragma GCC unroll 2
    for (int s = 0; s < stride && left > 0; s++, left--) {
#pragma GCC unroll 5
      for (int r = 0; r < columns; r++, x[r - 1] += step) row[r] = load_row(x[r], block->some);
#pragma GCC unroll 2
      for (int q = 0; q < quads; q++) {
        put_beside(row + q * VECTORS, both);
#pragma GCC unroll 5
        for (int m = 0; m < windows; m++) {
          if (m * stride + s >= columns) break;
#pragma GCC unroll 4
          for (int v = 0; v < VECTORS; v++)
            sum[m][v] = _mm512_dpbusd_epi32(sum[m][v], both[v], weights[q][m * stride + s][v]);
        }
      }
    }
    if (i + 1 >= (size_t)windows) {
      store(args, block, y, sum[windows - 1], scale);
      y += args->y_step;
    }
#pragma GCC unroll 5
    for (int m = windows - 1; m > 0; m--)
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) sum[m][v] = sum[m - 1][v];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) sum[0][v] = bias[v];
  }
}

/* Channels [c, c + n) by the other instructions. */
static void run_rest(const WniDwconvArgs *args, size_t c, size_t n) {
  WniDwconvArgs rest = *args;
  rest.n_channels = n;
  rest.x = (const uint8_t *)args->x + c;
  rest.w = (const int8_t *)args->w + c;
  rest.bias = (const int32_t *)args->bias + c;
  rest.scale = args->scale + c;
  rest.y = (char *)args->y + c * wni_type_bytes(args->output.type);
  wni_dwconv_u8__avx512(&rest);
}

/* The last block overlaps the one before, unless a few channels are left. */
static inline __attribute__((always_inline)) void run_row(const WniDwconvArgs *args, int columns,
                                                          int stride) {
  size_t n = args->n_channels, c = 0;
  if (columns == 0 || columns > MOST || args->n_taps != (size_t)columns * (size_t)columns) {
    wni_dwconv_u8__avx512(args);
    return;
  }
  for (; n - c >= FEWEST; c = c + CHANNELS < n ? c + CHANNELS : n) {
    Block block = {.channel = c + CHANNELS <= n || n < CHANNELS ? c : n - CHANNELS,
                   .some = n < CHANNELS ? ((__mmask64)1 << n) - 1 : ~(__mmask64)0};
    run_block(args, &block, columns, stride);
  }
  if (c == n) return;
  size_t rest = n - c < LANES && n >= LANES ? LANES : n - c;
  run_rest(args, n - rest, rest);
}

WNI_DEFINE_WINDOW_ROWS

void WNI_NAME(dwconv_u8)(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_U8);
  const WniDwconvArgs copy = *args; /* which no store to y can change */
  run_window_rows(&copy);
}
