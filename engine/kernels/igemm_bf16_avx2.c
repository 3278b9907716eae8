/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of bfloat16 for processors that multiply float32 only.  The
 * pixels' channels are widened into a buffer once for all columns, the weights of a channel on
 * the way to its twelve multiply-adds.
 */
#include "kernels/check.h"
#include "kernels/x86.h"

enum {
  TILE_M = WNI_TILE_M(igemm_bf16),
  TILE_N = WNI_TILE_N(igemm_bf16),
  TILE_K = WNI_TILE_K(igemm_bf16),
  BUFFER = 256 /* channels */
};

WniFn_igemm WNI_NAME(igemm_bf16);

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
}

/* sum[i] += x[i] times weights.  m is a constant. */
static inline __attribute__((always_inline)) void multiply(Wide (*x)[BUFFER], size_t channels,
                                                           const Weight *w, Sum (*sum)[2], int m) {
  for (size_t c = 0; c < channels; c++, w += TILE_N) {
    __m256 w0 = widened(w), w1 = widened(w + LANES);
#pragma GCC unroll 6
    for (int i = 0; i < m; i++) {
      __m256 all = _mm256_broadcast_ss(&x[i][c]);
      sum[i][0] = _mm256_fmadd_ps(all, w0, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(all, w1, sum[i][1]);
    }
  }
}

static inline Sum load_sum(const void *bias) {
  return load_floats(bias);
}
DEFINE_STORE_TILE(store_tile, store_floats, store_no_fours, Floats)

#include "kernels/igemm_widened.h"

void WNI_NAME(igemm_bf16)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  run_tile(args);
}
