/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of uint8 and int8 for processors without a dot product of bytes.
 * The one instruction that multiplies bytes (vpmaddubsw) saturates, so the products are made from
 * 16-bit numbers: vpmaddwd adds a pair of channels without any loss.  The pixels' channels are
 * widened into a buffer once for all columns; from there a pair of them is broadcast by a plain
 * load.  A pair of channels costs 2 widened loads of weights, 6 broadcasts, 12 products and 12
 * sums, all in registers: 12 sums, 2 weights, a broadcast and a product.
 * That is one instruction for 8 products, as many as float32 takes, but on all vector units instead
 * of half of them: twice as fast at best, 1.5 times where products and sums compete (Zen 4).
 */
#include "kernels/check.h"
#include "kernels/x86.h"

enum {
  TILE_M = WNI_TILE_M(igemm_u8),
  TILE_N = WNI_TILE_N(igemm_u8),
  TILE_K = WNI_TILE_K(igemm_u8),
  BUFFER = 512 /* channels, even */
};

WniFn_igemm WNI_NAME(igemm_u8);

typedef uint8_t Narrow;
typedef int8_t Weight;
typedef int16_t Wide;
typedef Ints Sum;

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
static inline __attribute__((always_inline)) void multiply(Wide (*x)[BUFFER], size_t pairs,
                                                           const Weight *w, Sum (*sum)[2], int m) {
  for (size_t p = 0; p < pairs; p++, w += 2 * TILE_N) {
    Ints w0 = widen_signed(w), w1 = widen_signed(w + TILE_N);
#pragma GCC unroll 6
    for (int i = 0; i < m; i++) {
      int32_t pair;
      memcpy(&pair, &x[i][2 * p], sizeof pair);
      Ints both = broadcast_int(pair);
      sum[i][0] = add_pairs(sum[i][0], both, w0);
      sum[i][1] = add_pairs(sum[i][1], both, w1);
    }
  }
}

static inline Sum load_sum(const void *bias) {
  return load_ints(bias);
}
DEFINE_STORE_TILE(store_tile, store_ints, store_fours, Ints)

#include "kernels/igemm_widened.h"

void WNI_NAME(igemm_u8)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  run_tile(args);
}
