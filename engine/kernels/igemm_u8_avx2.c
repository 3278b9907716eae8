/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of uint8 and int8 for processors without a dot product of bytes.
 * The one instruction that multiplies bytes (vpmaddubsw) saturates, so the products are made from
 * 16-bit numbers: vpmaddwd adds a pair of channels without any loss.  The pixels' channels are
 * widened into a buffer once for all 16 columns; from there a pair of them is broadcast by a plain
 * load.  A pair of channels costs 2 widened loads of weights, 6 broadcasts, 12 products and 12
 * sums, all in registers: 12 sums, 2 weights, a broadcast and a product.
 */
#include "kernels/isa.h"

#include <immintrin.h>

enum { TILE_M = 6, TILE_N = 16, BUFFER = 512 /* channels, even */ };

WniFn_igemm wni_igemm_u8_6x16x2__avx2;

typedef int16_t Wide[TILE_M][BUFFER];

/* Widens n bytes.  What is left of a whole vector is done by one that overlaps it. */
static inline void widen(const uint8_t *x, size_t n, int16_t *to) {
  size_t c = 0;
  for (; c + 16 <= n; c += 16)
    _mm256_storeu_si256((void *)(to + c),
                        _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(x + c))));
  if (c < n && n >= 16) {
    _mm256_storeu_si256((void *)(to + n - 16),
                        _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(x + n - 16))));
  } else if (n >= 8 && c < n) {
    _mm_storeu_si128((void *)to, _mm_cvtepu8_epi16(_mm_loadl_epi64((const void *)x)));
    _mm_storeu_si128((void *)(to + n - 8),
                     _mm_cvtepu8_epi16(_mm_loadl_epi64((const void *)(x + n - 8))));
  } else {
    for (; c < n; c++) to[c] = x[c];
  }
  if (n & 1) to[n] = 0;
}

/* sum[i] += pairs of x[i] times pairs of weights.  m is a constant. */
static inline __attribute__((always_inline)) void
multiply(const Wide x, size_t pairs, const int8_t *w, __m256i (*sum)[2], int m) {
  for (size_t p = 0; p < pairs; p++, w += 2 * TILE_N) {
    __m256i w0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)w));
    __m256i w1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(w + 16)));
#pragma GCC unroll 6
    for (int i = 0; i < m; i++) {
      int32_t pair;
      memcpy(&pair, &x[i][2 * p], sizeof pair);
      __m256i both = _mm256_set1_epi32(pair);
      sum[i][0] = _mm256_add_epi32(sum[i][0], _mm256_madd_epi16(both, w0));
      sum[i][1] = _mm256_add_epi32(sum[i][1], _mm256_madd_epi16(both, w1));
    }
  }
}

/* The clamp of isa.h, which keeps its first operand where the comparison is false. */
static inline __m256 scaled(const WniIgemmArgs *args, __m256i sum, int column) {
  __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(args->scale + column));
  return _mm256_min_ps(_mm256_set1_ps(args->high), _mm256_max_ps(_mm256_set1_ps(args->low), x));
}

static inline __m128i rounded(const WniIgemmArgs *args, __m256 x0, __m256 x1) {
  __m256i zero = _mm256_set1_epi32(args->y_zero);
  __m256i i0 = _mm256_add_epi32(_mm256_cvtps_epi32(x0), zero);
  __m256i i1 = _mm256_add_epi32(_mm256_cvtps_epi32(x1), zero);
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(i0, i1), 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

static inline void store_row(const WniIgemmArgs *args, int i, const __m256i *sum) {
  __m256 x0 = scaled(args, sum[0], 0), x1 = scaled(args, sum[1], 8);
  size_t n = (size_t)args->n;
  if (args->y_type == WNI_U8) {
    __m128i bytes = rounded(args, x0, x1);
    if (n == TILE_N)
      _mm_storeu_si128(args->y[i], bytes);
    else
      memcpy(args->y[i], &bytes, n);
  } else {
    float row[TILE_N] __attribute__((aligned(32)));
    float *y = n == TILE_N ? args->y[i] : row;
    _mm256_storeu_ps(y, x0);
    _mm256_storeu_ps(y + 8, x1);
    if (y == row) memcpy(args->y[i], row, n * sizeof *row);
  }
}

/* The taps are one run of pairs to the product: the buffer takes as many as fit. */
static inline __attribute__((always_inline)) void tile(const WniIgemmArgs *args, int m) {
  Wide x;
  __m256i sum[TILE_M][2];
  const int8_t *w = args->w;
  size_t filled = 0;
#pragma GCC unroll 6
  for (int i = 0; i < m; i++)
    for (int v = 0; v < 2; v++)
      sum[i][v] = _mm256_loadu_si256((const void *)((const int32_t *)args->bias + 8 * v));

  for (size_t t = 0; t < args->n_taps; t++)
    for (size_t c = 0; c < args->n_channels;) {
      size_t left = args->n_channels - c, n = left < BUFFER - filled ? left : BUFFER - filled;
      for (int i = 0; i < m; i++)
        widen((const uint8_t *)args->x[i] + args->tap[t] + c, n, x[i] + filled);
      c += n;
      filled += (n + 1) & ~(size_t)1;
      if (filled < BUFFER && (c < args->n_channels || t + 1 < args->n_taps)) continue;
      multiply(x, filled / 2, w, sum, m);
      w += filled * TILE_N;
      filled = 0;
    }
#pragma GCC unroll 6
  for (int i = 0; i < m; i++) store_row(args, i, sum[i]);
}

#define DEFINE_TILE(m)                                                                             \
  static void tile_##m(const WniIgemmArgs *args) {                                                 \
    tile(args, m);                                                                                 \
  }
DEFINE_TILE(1)
DEFINE_TILE(2)
DEFINE_TILE(3)
DEFINE_TILE(4)
DEFINE_TILE(5)
DEFINE_TILE(6)

void wni_igemm_u8_6x16x2__avx2(const WniIgemmArgs *args) {
  static void (*const tiles[TILE_M])(const WniIgemmArgs *) = {tile_1, tile_2, tile_3,
                                                              tile_4, tile_5, tile_6};
  tiles[args->m - 1](args);
}
