/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of bytes with SDOT, four products of int8 per sum.
 *
 * x is taken as x - 128, which fits int8 and is one exclusive-or of x.  What the sums lack then,
 * 128 times the weights' sum, is one more row of the tile, whose x is -128 everywhere and which
 * is subtracted at the end; all modulo 2^32, hence exact.
 * Sixteen channels of a row make one vector, whose lanes SDOT multiplies without broadcasts.
 * Registers: 8 x 8 sums take 16, the row of weights 2, x takes 8, its constant 1; five are left
 * for the weights.  Per 16 channels, 1024 products, 64 + 8 SDOT stand against 8 exclusive-ors and
 * 8 + 8 loads.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum {
  TILE_M = WNI_TILE_M(igemm_u8),
  TILE_N = WNI_TILE_N(igemm_u8),
  TILE_K = WNI_TILE_K(igemm_u8),
  VECTORS = TILE_N / 4,
  STEP = 16
};

WniFn_igemm WNI_NAME(igemm_u8);

typedef struct Sums {
  int32x4_t of_x[TILE_M][VECTORS], of_w[VECTORS];
} Sums;

/* The instruction has the lane inside. */
static inline int32x4_t dot(int32x4_t sum, int8x16_t w, int8x16_t x, int lane) {
  switch (lane) {
  case 0:
    return vdotq_laneq_s32(sum, w, x, 0);
  case 1:
    return vdotq_laneq_s32(sum, w, x, 1);
  case 2:
    return vdotq_laneq_s32(sum, w, x, 2);
  default:
    return vdotq_laneq_s32(sum, w, x, 3);
  }
}

static inline int8x16_t less_128(uint8x16_t x) {
  return vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(0x80)));
}

/* The first n channels of x [rows], in groups of TILE_K. */
static inline __attribute__((always_inline)) void add_groups(Sums *sums, const int8x16_t *x,
                                                             size_t n, const int8_t *w, int rows) {
#pragma GCC unroll 4
  for (int lane = 0; lane < STEP / TILE_K; lane++) {
    if ((size_t)(lane * TILE_K) >= n) return;
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) {
      int8x16_t four = vld1q_s8(w + (lane * VECTORS + v) * 4 * TILE_K); /* columns */
      sums->of_w[v] = vdotq_s32(sums->of_w[v], four, vdupq_n_s8(-128));
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++) sums->of_x[i][v] = dot(sums->of_x[i][v], four, x[i], lane);
    }
  }
}

/* n channels of one tap; returns where the weights of the next begin. */
static inline __attribute__((always_inline)) const int8_t *
add_tap(Sums *sums, const uint8_t *const *x, size_t n, const int8_t *w, int rows) {
  int8x16_t group[TILE_M];
  size_t c = 0;
  for (; c + STEP <= n; c += STEP, w += STEP * TILE_N) {
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) group[i] = less_128(vld1q_u8(x[i] + c));
    add_groups(sums, group, STEP, w, rows);
  }
  if (c == n) return w;
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) group[i] = less_128(wni_arm_load_part(x[i] + c, n - c));
  add_groups(sums, group, n - c, w, rows);
  return w + (n - c + TILE_K - 1) / TILE_K * TILE_K * TILE_N;
}

/* `rows` is a constant at each call. */
static inline __attribute__((always_inline)) void run(const WniIgemmArgs *args, int rows) {
  Sums sums = {0};
  const int8_t *w = args->w;
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < VECTORS; v++)
      sums.of_x[i][v] = vld1q_s32((const int32_t *)args->bias + 4 * v);
  for (size_t t = 0; t < args->n_taps; t++) {
    const uint8_t *x[TILE_M];
    for (int i = 0; i < rows; i++) x[i] = (const uint8_t *)args->x[i] + args->tap[t];
    w = add_tap(&sums, x, args->n_channels, w, rows);
  }
  int32_t out[TILE_M * TILE_N];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < VECTORS; v++)
      vst1q_s32(out + i * TILE_N + 4 * v, vsubq_s32(sums.of_x[i][v], sums.of_w[v]));
  wni_arm_store_i32(args, out, TILE_N);
}

/* A few pixels that are left over do not cost a whole tile. */
void WNI_NAME(igemm_u8)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M, TILE_N);
  if (args->m <= TILE_M / 2)
    run(args, TILE_M / 2);
  else
    run(args, TILE_M);
}
