/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product on instructions that add a dot product of four bytes or of two
 * bfloat16 to each 32-bit lane.  Compiled once for each of them; for bfloat16 the build gives
 * WNI_DOT_BF16.  Four bytes of a pixel are broadcast straight from x; the
 * weights lie as the instruction wants them.  A tile of 12 x 32 in 32 registers: 24 sums, 2
 * weights, a broadcast.
 */
#include "kernels/check.h"
#include "kernels/dot.h"
#include "kernels/tiles.h"

#if defined WNI_DOT_BF16
#define KERNEL igemm_bf16
enum { BYTES = 2 };
static inline Sum load_sum(const void *bias) {
  return load_floats(bias);
}
DEFINE_STORE_TILE(store_tile, store_floats, store_no_fours, Floats)
#else
#define KERNEL igemm_u8
enum { BYTES = 1 };
static inline Sum load_sum(const void *bias) {
  return load_ints(bias);
}
DEFINE_STORE_TILE(store_tile, store_ints, store_fours, Ints)
#endif

enum {
  TILE_M = WNI_TILE_M(KERNEL),
  TILE_N = WNI_TILE_N(KERNEL),
  VECTORS = TILE_N / LANES,
  GROUP = BYTES * WNI_TILE_K(KERNEL) /* bytes */
};

WniFn_igemm WNI_NAME(KERNEL);

/* The bytes of x behind `done` whole groups, zeros behind them; nothing beyond `bytes` is read. */
static inline int32_t last_group(const char *x, size_t done, size_t bytes) {
  uint32_t group = 0;
  if (bytes >= GROUP) {
    memcpy(&group, x + bytes - GROUP, GROUP);
    return (int32_t)(group >> 8 * (done + GROUP - bytes));
  }
  for (size_t b = 0; b < bytes; b++) group |= (uint32_t)(uint8_t)x[b] << 8 * b;
  return (int32_t)group;
}

/* sum[i] += groups of x[i] times groups of weights.  m and `vectors` are constants, which keeps the
 * sums in registers. */
static inline __attribute__((always_inline)) void multiply(const char *const *x, size_t groups,
                                                           const char *w, Sum *sum, int m,
                                                           int vectors, WniLookahead *ahead) {
  for (size_t g = 0; g < groups; g++, w += GROUP * TILE_N) {
    wni_step_ahead(ahead);
    Ints weights[VECTORS];
    for (int v = 0; v < vectors; v++) weights[v] = load_ints(w + v * LANES * GROUP);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++) {
      int32_t group;
      memcpy(&group, x[i] + g * GROUP, sizeof group);
      Ints all = broadcast_int(group);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++)
        sum[i * vectors + v] = dot(sum[i * vectors + v], all, weights[v]);
    }
  }
}

/* One panel of columns, from `column` on. */
static inline __attribute__((always_inline)) void panel(const WniIgemmArgs *args, const char *w,
                                                        int column, int m, int vectors,
                                                        WniLookahead *ahead) {
  Sum sum[TILE_M * VECTORS];
  size_t bytes = args->n_channels * BYTES, groups = bytes / GROUP;
#pragma GCC unroll 16
  for (int i = 0; i < m; i++)
    for (int v = 0; v < vectors; v++)
      sum[i * vectors + v] = load_sum((const int32_t *)args->bias + column + v * LANES);

  for (size_t t = 0; t < args->n_taps; t++) {
    const char *x[TILE_M];
    int32_t last[TILE_M];
    for (int i = 0; i < m; i++) x[i] = (const char *)args->x[i] + args->tap[t];
    multiply(x, groups, w, sum, m, vectors, ahead);
    w += groups * GROUP * TILE_N;
    if (groups * GROUP == bytes) continue;
    for (int i = 0; i < m; i++) {
      last[i] = last_group(x[i], groups * GROUP, bytes);
      x[i] = (const char *)&last[i];
    }
    multiply(x, 1, w, sum, m, vectors, ahead);
    w += GROUP * TILE_N;
  }
  store_tile(args, column, sum, m, vectors);
}

WNI_DEFINE_FEW_COLUMNS

static inline __attribute__((always_inline)) void tile(const WniIgemmArgs *args, int m,
                                                       WniLookahead *ahead) {
  const char *w = args->w;
  size_t groups = (args->n_channels * BYTES + GROUP - 1) / GROUP;
  for (int column = 0; column < args->n; column += TILE_N) {
    if (WNI_IS_LARGE(m) && args->n - column <= TILE_N / 2)
      run_few_columns[m - 1](args, w, column);
    else
      panel(args, w, column, m, VECTORS, ahead);
    w += args->n_taps * groups * GROUP * TILE_N;
  }
}

static inline size_t steps(const WniIgemmArgs *args) {
  size_t groups = (args->n_channels * BYTES + GROUP - 1) / GROUP;
  return args->n_taps * groups * (((size_t)args->n + TILE_N - 1) / TILE_N);
}

WNI_DEFINE_RUN_TILE_AHEAD

void WNI_NAME(KERNEL)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  run_tile(args);
}
