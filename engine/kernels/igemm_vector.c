/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product on vectors, compiled once per instruction set.  The
 * build gives the tile: WNI_TILE_M pixels by WNI_TILE_N columns, and WNI_LANES floats a
 * vector.  All sums of a tile stay in registers: per channel, WNI_TILE_N / WNI_LANES
 * loads of weights serve WNI_TILE_M broadcast inputs.
 */
#include "kernels/isa.h"
#include "kernels/vector.h"

enum {
  VECTORS = WNI_TILE_N / WNI_LANES,
  AHEAD = 32 * WNI_TILE_N, /* weights are asked for so early: those of deep layers come from afar */
  LINE = 16                /* floats in a line of cache */
};

#define TILED_(m, n) igemm_f32_##m##x##n
#define TILED(m, n) TILED_(m, n)
#define JOIN_NAME_(kernel) WNI_NAME(kernel)
#define KERNEL JOIN_NAME_(TILED(WNI_TILE_M, WNI_TILE_N))

WniFn_igemm KERNEL;

/* `vectors` of a row. */
static inline void store_row(const WniVector *sum, const float *residual, WniVector low,
                             WniVector high, int vectors, float *y) {
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++) {
    WniVector row = sum[v];
    if (residual) row += wni_load(residual + v * WNI_LANES);
    wni_store(y + v * WNI_LANES, wni_clamp(row, low, high));
  }
}

/* A row whose last vector is not whole. */
static __attribute__((noinline)) void store_part(const WniIgemmArgs *args, const float *sum,
                                                 const float *residual, float *y) {
  for (int j = 0; j < args->n; j++)
    y[j] = wni_clampf(residual ? sum[j] + residual[j] : sum[j], args->low, args->high);
}

/* m and `vectors` are constants: a tile of fewer pixels or columns than the largest costs only
 * what they need. */
static inline __attribute__((always_inline)) void run(const WniIgemmArgs *args, int m,
                                                      int vectors) {
  WniVector sum[WNI_TILE_M][VECTORS];
#pragma GCC unroll 16
  for (int i = 0; i < m; i++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
      sum[i][v] = wni_load((const float *)args->bias + v * WNI_LANES);

  const float *w = args->w;
  for (size_t t = 0; t < args->n_taps; t++) {
    const float *x[WNI_TILE_M];
    for (int i = 0; i < m; i++)
      x[i] = (const float *)(const void *)((const char *)args->x[i] + args->tap[t]);
    for (size_t c = 0; c < args->n_channels; c++, w += WNI_TILE_N) {
      WniVector weights[VECTORS];
      for (int at = 0; at < WNI_TILE_N; at += LINE) __builtin_prefetch(w + AHEAD + at);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) weights[v] = wni_load(w + v * WNI_LANES);
#pragma GCC unroll 16
      for (int i = 0; i < m; i++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sum[i][v] += weights[v] * x[i][c];
    }
  }

  WniVector low = (WniVector){0} + args->low, high = (WniVector){0} + args->high;
  const float *const *residual = (const float *const *)args->residual;
  float *const *y = (float *const *)args->y;
  if (args->n == vectors * WNI_LANES) {
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
      store_row(sum[i], residual ? residual[i] : NULL, low, high, vectors, y[i]);
    return;
  }
  for (int i = 0; i < m; i++) {
    float row[WNI_TILE_N];
    memcpy(row, sum[i], (size_t)vectors * sizeof *sum[i]);
    store_part(args, row, residual ? residual[i] : NULL, y[i]);
  }
}

/* One copy of run() per number of pixels, and one for panels of few columns. */
void KERNEL(const WniIgemmArgs *args) {
  if (args->n <= WNI_TILE_N / 2 && args->m == WNI_TILE_M) {
    run(args, WNI_TILE_M, VECTORS / 2);
    return;
  }
  switch (args->m) {
#define CASE(m)                                                                                    \
  case m:                                                                                          \
    if (m < WNI_TILE_M) {                                                                          \
      run(args, m, VECTORS);                                                                       \
      return;                                                                                      \
    }                                                                                              \
    break;
    CASE(1)
    CASE(2)
    CASE(3)
    CASE(4)
    CASE(5)
    CASE(6)
    CASE(7)
    CASE(8)
    CASE(9)
#undef CASE
  default:
    break;
  }
  run(args, WNI_TILE_M, VECTORS);
}
