/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product on vectors, compiled once per instruction set.  The
 * build gives the tile: WNI_TILE_M pixels by WNI_TILE_N columns, and WNI_LANES floats a
 * vector.  All sums of a tile stay in registers: per channel, WNI_TILE_N / WNI_LANES
 * loads of weights serve WNI_TILE_M broadcast inputs.
 */
#include "kernels/isa.h"

enum { VECTORS = WNI_TILE_N / WNI_LANES };

typedef float Vector __attribute__((vector_size(WNI_LANES * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(WNI_LANES * sizeof(float)), aligned(4)));

#define TILED_(m, n) igemm_f32_##m##x##n
#define TILED(m, n) TILED_(m, n)
#define JOIN_NAME_(kernel) WNI_NAME(kernel)
#define KERNEL JOIN_NAME_(TILED(WNI_TILE_M, WNI_TILE_N))

WniFn_igemm KERNEL;

static inline Vector load(const float *at) {
  return *(const Unaligned *)(const void *)at;
}

/* `n` is the constant WNI_TILE_N for whole rows, which makes the loops vectors again. */
static inline void store_row(const WniIgemmArgs *args, int i, const Vector *sum, int n) {
  float row[WNI_TILE_N] __attribute__((aligned(64)));
  for (int v = 0; v < VECTORS; v++) *(Vector *)(void *)(row + v * WNI_LANES) = sum[v];
  if (args->residual)
    for (int j = 0; j < n; j++) row[j] += ((const float *)args->residual[i])[j];
  float *y = args->y[i];
  for (int j = 0; j < n; j++) y[j] = wni_clampf(row[j], args->low, args->high);
}

void KERNEL(const WniIgemmArgs *args) {
  Vector sum[WNI_TILE_M][VECTORS];
  for (int i = 0; i < WNI_TILE_M; i++)
    for (int v = 0; v < VECTORS; v++) sum[i][v] = load((const float *)args->bias + v * WNI_LANES);

  const float *w = args->w;
  for (size_t t = 0; t < args->n_taps; t++) {
    const float *x[WNI_TILE_M];
    for (int i = 0; i < WNI_TILE_M; i++)
      x[i] = (const float *)(const void *)((const char *)args->x[i] + args->tap[t]);
    for (size_t c = 0; c < args->n_channels; c++, w += WNI_TILE_N) {
      Vector weights[VECTORS];
      for (int v = 0; v < VECTORS; v++) weights[v] = load(w + v * WNI_LANES);
#pragma GCC unroll 16
      for (int i = 0; i < WNI_TILE_M; i++)
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) sum[i][v] += weights[v] * x[i][c];
    }
  }
  if (args->n == WNI_TILE_N)
    for (int i = 0; i < WNI_TILE_M && i < args->m; i++) store_row(args, i, sum[i], WNI_TILE_N);
  else
    for (int i = 0; i < WNI_TILE_M && i < args->m; i++) store_row(args, i, sum[i], args->n);
}
