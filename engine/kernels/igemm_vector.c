/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product on vectors, compiled once per instruction set.  All sums of a
 * tile stay in registers: per channel, VECTORS loads of weights serve TILE_M broadcast inputs.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/tiles.h"
#include "kernels/vector.h"

enum {
  TILE_M = WNI_TILE_M(igemm_f32),
  TILE_N = WNI_TILE_N(igemm_f32),
  VECTORS = TILE_N / WNI_LANES,
  AHEAD = 32 * TILE_N, /* weights are asked for so early: those of deep layers come from afar */
  LINE = 16            /* floats in a line of cache */
};

WniFn_igemm WNI_NAME(igemm_f32);

/* Columns [column, end) of m rows, at most what `vectors` have; m and `vectors` are constants. */
static inline __attribute__((always_inline)) void store_rows(const WniIgemmArgs *args, int column,
                                                             int end, WniVector (*sum)[VECTORS],
                                                             int m, int vectors) {
  WniVector low = (WniVector){0} + args->output.low, high = (WniVector){0} + args->output.high;
  const float *const *residual = (const float *const *)args->residual;
  float *const *y = (float *const *)args->y;
#pragma GCC unroll 16
  for (int i = 0; i < m; i++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
      int at = column + v * WNI_LANES, n = end - at < WNI_LANES ? end - at : WNI_LANES;
      if (n <= 0) break;
      WniVector row = sum[i][v];
      if (residual) row += wni_load_some(residual[i] + at, n);
      wni_store_some(y[i] + at, wni_clamp(row, low, high), n);
    }
}

/* Columns [column, ...) of one panel, whose weights begin at w.  m and `vectors` are constants: a
 * tile of fewer pixels or columns than the largest costs only what they need.  `ahead` may be NULL,
 * a constant too. */
static inline __attribute__((always_inline)) void panel(const WniIgemmArgs *args, const float *w,
                                                        int column, int m, int vectors,
                                                        WniLookahead *ahead) {
  WniVector sum[TILE_M][VECTORS];
  const float *bias = (const float *)args->bias + column;
  const float *const *residual = (const float *const *)args->residual;
#pragma GCC unroll 16
  for (int i = 0; i < m; i++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sum[i][v] = wni_load(bias + v * WNI_LANES);
#pragma GCC unroll 16
  for (int i = 0; i < m && residual; i++) /* from afar as well, mostly */
    for (int v = 0; v < vectors * WNI_LANES; v += LINE)
      __builtin_prefetch(residual[i] + column + v);

  for (size_t t = 0; t < args->n_taps; t++) {
    const float *x[TILE_M];
    for (int i = 0; i < m; i++)
      x[i] = (const float *)(const void *)((const char *)args->x[i] + args->tap[t]);
    for (size_t c = 0; c < args->n_channels; c++, w += TILE_N) {
      WniVector weights[VECTORS];
      for (int at = 0; at < TILE_N; at += LINE) __builtin_prefetch(w + AHEAD + at);
      wni_step_ahead(ahead);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) weights[v] = wni_load(w + v * WNI_LANES);
#pragma GCC unroll 16
      for (int i = 0; i < m; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[i][v] += weights[v] * x[i][c];
    }
  }

  int end = column + vectors * WNI_LANES;
  if (args->n >= end)
    store_rows(args, column, end, sum, m, vectors);
  else
    store_rows(args, column, args->n, sum, m, vectors);
}

WNI_DEFINE_FEW_COLUMNS

static inline __attribute__((always_inline)) void tile(const WniIgemmArgs *args, int m,
                                                       WniLookahead *ahead) {
  const float *w = args->w;
  size_t step = args->n_taps * args->n_channels * TILE_N;
  for (int column = 0; column < args->n; column += TILE_N, w += step) {
    if (WNI_IS_LARGE(m) && args->n - column <= TILE_N / 2)
      run_few_columns[m - 1](args, w, column);
    else
      panel(args, w, column, m, VECTORS, ahead);
  }
}

static inline size_t steps(const WniIgemmArgs *args) {
  return args->n_taps * args->n_channels * (((size_t)args->n + TILE_N - 1) / TILE_N);
}

WNI_DEFINE_RUN_TILE_AHEAD

void WNI_NAME(igemm_f32)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  run_tile(args);
}
