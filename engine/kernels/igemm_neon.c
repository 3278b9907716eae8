/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of float32 and bfloat16 with what every 64-bit Arm has.
 *
 * Four channels of a row of x make one vector, whose lanes FMLA multiplies without
 * broadcasts.  8 x 8 sums take 16 of the 32 registers, x takes 8; the weights of three more
 * channels fit beside them.  Per 4 channels 64 FMLA stand against 8 + 8 loads, which is
 * balanced even where there is but one load for two FMLA a cycle; and 16 independent sums
 * keep four pipes of latency 4 busy.  bfloat16 is the upper half of a float32: a shift per
 * loaded vector is all it needs.
 */
#include "kernels/arm.h"
#include "kernels/check.h"
#include "kernels/panels.h"

enum {
  TILE_M = WNI_TILE_M(igemm_f32),
  TILE_N = WNI_TILE_N(igemm_f32),
  VECTORS = TILE_N / 4,
  STEP = 4
};
_Static_assert(TILE_M == WNI_TILE_M(igemm_bf16) && TILE_N == WNI_TILE_N(igemm_bf16),
               "one tile for both types");

WniFn_igemm WNI_NAME(igemm_f32), WNI_NAME(igemm_bf16);

/* Elements [at, at + 4) of a row. */
static inline float32x4_t load(WniType type, const void *row, size_t at) {
  return type == WNI_F32 ? vld1q_f32((const float *)row + at)
                         : wni_arm_load_bf16((const uint16_t *)row + at);
}

/* `type` and `rows` are constants at each call. */
static inline __attribute__((always_inline)) void run(const WniIgemmArgs *args, WniType type,
                                                      int rows) {
  float32x4_t sum[TILE_M][VECTORS];
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < VECTORS; v++) sum[i][v] = vld1q_f32((const float *)args->bias + 4 * v);

  size_t at = 0; /* in w */
  for (size_t t = 0; t < args->n_taps; t++) {
    const char *x[TILE_M];
    for (int i = 0; i < rows; i++) x[i] = (const char *)args->x[i] + args->tap[t];
    size_t c = 0;
    for (; c + STEP <= args->n_channels; c += STEP, at += STEP * TILE_N) {
      float32x4_t four[TILE_M];
      for (int i = 0; i < rows; i++) four[i] = load(type, x[i], c);
#pragma GCC unroll 4
      for (int lane = 0; lane < STEP; lane++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++) {
          float32x4_t w = load(type, args->w, at + (size_t)(lane * TILE_N + 4 * v));
#pragma GCC unroll 8
          for (int i = 0; i < rows; i++) sum[i][v] += w * four[i][lane];
        }
    }
    for (; c < args->n_channels; c++, at += TILE_N)
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++)
        for (int v = 0; v < VECTORS; v++)
          sum[i][v] += load(type, args->w, at + (size_t)(4 * v)) * wni_read_f32(type, x[i], c);
  }
  float sums[TILE_M * TILE_N]; /* `sum` itself stays in registers, as it has no address */
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < VECTORS; v++) vst1q_f32(sums + i * TILE_N + 4 * v, sum[i][v]);
  wni_arm_store_f32(args, sums, TILE_N);
}

/* A few pixels that are left over do not cost a whole tile. */
static inline __attribute__((always_inline)) void run_type(const WniIgemmArgs *args, WniType type) {
  if (args->m <= TILE_M / 2)
    run(args, type, TILE_M / 2);
  else
    run(args, type, TILE_M);
}

static void panel_f32(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M, TILE_N);
  run_type(args, WNI_F32);
}

void WNI_NAME(igemm_f32)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(igemm_f32, args, sizeof(float), wni_type_bytes(args->output.type), panel_f32);
}

static void panel_bf16(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M, TILE_N);
  run_type(args, WNI_BF16);
}

void WNI_NAME(igemm_bf16)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(igemm_bf16, args, sizeof(uint16_t), wni_type_bytes(args->output.type), panel_bf16);
}
