/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The matrix product of int16 behind Winograd's filtering of integers (kernels.h): vpmaddwd adds a
 * pair of channels, 6 pixels by 16 columns of sums stay in registers.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/panels.h"
#include "kernels/tiles.h"

#include <immintrin.h>

enum { TILE_M = WNI_TILE_M(igemm_i16), TILE_N = WNI_TILE_N(igemm_i16) };

WniFn_igemm WNI_NAME(igemm_i16);

static inline __m256i load(const void *at) {
  return _mm256_loadu_si256(at);
}

/* m is a constant. */
static inline __attribute__((always_inline)) void tile(const WniIgemmArgs *args, int m) {
  __m256i sum[TILE_M][2];
  const int16_t *w = args->w;
#pragma GCC unroll 6
  for (int i = 0; i < m; i++) sum[i][0] = sum[i][1] = _mm256_setzero_si256();
  for (size_t t = 0; t < args->n_taps; t++) {
    const int16_t *x[TILE_M];
#pragma GCC unroll 6
    for (int i = 0; i < m; i++)
      x[i] = (const int16_t *)(const void *)((const char *)args->x[i] + args->tap[t]);
    for (size_t c = 0; c < args->n_channels; c += 2, w += 2 * TILE_N) {
      __m256i w0 = load(w), w1 = load(w + TILE_N);
#pragma GCC unroll 6
      for (int i = 0; i < m; i++) {
        int32_t pair;
        memcpy(&pair, x[i] + c, sizeof pair);
        __m256i both = _mm256_set1_epi32(pair);
        sum[i][0] = _mm256_add_epi32(sum[i][0], _mm256_madd_epi16(both, w0));
        sum[i][1] = _mm256_add_epi32(sum[i][1], _mm256_madd_epi16(both, w1));
      }
    }
  }
  size_t bytes = (size_t)args->n * sizeof(int32_t);
#pragma GCC unroll 6
  for (int i = 0; i < m; i++) {
    if (args->n == TILE_N) {
      _mm256_storeu_si256(args->y[i], sum[i][0]);
      _mm256_storeu_si256((void *)((int32_t *)args->y[i] + 8), sum[i][1]);
    } else {
      memcpy(args->y[i], sum[i], bytes);
    }
  }
}

WNI_DEFINE_RUN_TILE

static void panel(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  run_tile(args);
}

void WNI_NAME(igemm_i16)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(igemm_i16, args, sizeof(int16_t), sizeof(int32_t), panel);
}
