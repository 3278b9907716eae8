/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of bfloat16 for processors that multiply float32 only.  The
 * pixels' channels are widened into a buffer once for all 16 columns.  Weights lie in pairs of
 * channels, so that one shift widens the even channel of 8 columns and one mask the odd one: two
 * instructions to twelve multiply-adds.
 */
#include "kernels/x86.h"

enum { TILE_M = 6, TILE_N = 16, BUFFER = 256 /* channels, even */ };

WniFn_igemm wni_igemm_bf16_6x16x2__avx2;

typedef uint16_t Narrow;
typedef uint16_t Weight;
typedef float Wide;
typedef Floats Sum;

static inline __m256 widened(const uint16_t *x) {
  return load_some(WNI_BF16, x, LANES);
}

/* Widens n numbers.  What is left of a whole vector is done by one that overlaps it. */
static inline void widen(const uint16_t *x, size_t n, float *to) {
  size_t c = 0;
  for (; c + LANES <= n; c += LANES) _mm256_storeu_ps(to + c, widened(x + c));
  if (c < n && n >= LANES)
    _mm256_storeu_ps(to + n - LANES, widened(x + n - LANES));
  else
    for (; c < n; c++) to[c] = wni_bf16_to_f32(x[c]);
  if (n & 1) to[n] = 0;
}

/* sum[i] += channel c of x[i] times its weights. */
static inline __attribute__((always_inline)) void
multiply_channel(Wide (*x)[BUFFER], size_t c, __m256 w0, __m256 w1, Sum (*sum)[2], int m) {
#pragma GCC unroll 6
  for (int i = 0; i < m; i++) {
    __m256 all = _mm256_broadcast_ss(&x[i][c]);
    sum[i][0] = _mm256_fmadd_ps(all, w0, sum[i][0]);
    sum[i][1] = _mm256_fmadd_ps(all, w1, sum[i][1]);
  }
}

/* m is a constant. */
static inline __attribute__((always_inline)) void multiply(Wide (*x)[BUFFER], size_t pairs,
                                                           const Weight *w, Sum (*sum)[2], int m) {
  const __m256i upper = _mm256_set1_epi32((int)0xFFFF0000);
  for (size_t p = 0; p < pairs; p++, w += 2 * TILE_N) {
    __m256i w0 = load_ints(w), w1 = load_ints(w + TILE_N);
    multiply_channel(x, 2 * p, _mm256_castsi256_ps(_mm256_slli_epi32(w0, 16)),
                     _mm256_castsi256_ps(_mm256_slli_epi32(w1, 16)), sum, m);
    multiply_channel(x, 2 * p + 1, _mm256_castsi256_ps(_mm256_and_si256(w0, upper)),
                     _mm256_castsi256_ps(_mm256_and_si256(w1, upper)), sum, m);
  }
}

static inline Sum load_sum(const void *bias) {
  return load_floats(bias);
}
#define store_sum store_floats
#include "kernels/igemm_widened.h"

void wni_igemm_bf16_6x16x2__avx2(const WniIgemmArgs *args) {
  run_widened(args);
}
