/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of float32 and bfloat16 with what every 64-bit Arm has.
 *
 * Four channels of a row of x make one vector, whose lanes FMLA multiplies without
 * broadcasts.  6 x 16 sums take 24 of the 32 registers, x takes 6; two are left for the weights.
 * Per 4 channels 96 FMLA stand against 6 + 16 loads, two of which are one instruction.  A tile is
 * a few such panels below each other, which find the weights in cache.  bfloat16 is the upper half
 * of a float32: a shift per loaded vector is all it needs.
 */
#include "kernels/arm.h"
#include "kernels/check.h"
#include "kernels/panels.h"

enum {
  TILE_M = WNI_TILE_M(igemm_f32),
  TILE_N = WNI_TILE_N(igemm_f32),
  ROWS = 6,
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

typedef float32x4_t Sums[ROWS][VECTORS];

/* `rows` and `vectors` are constants at each call, here and below, and so is `type`. */
static inline __attribute__((always_inline)) void add_tap(Sums sum, const WniIgemmArgs *args,
                                                          WniType type, const char *const *x,
                                                          size_t at, int rows, int vectors) {
  size_t c = 0;
  for (; c + STEP <= args->n_channels; c += STEP, at += STEP * TILE_N) {
    float32x4_t four[ROWS];
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) four[i] = load(type, x[i], c);
#pragma GCC unroll 4
    for (int lane = 0; lane < STEP; lane++)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v += 2) {
        float32x4_t w0 = load(type, args->w, at + (size_t)(lane * TILE_N + 4 * v));
        float32x4_t w1 = load(type, args->w, at + (size_t)(lane * TILE_N + 4 * v + 4));
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
          sum[i][v] += w0 * four[i][lane];
          sum[i][v + 1] += w1 * four[i][lane];
        }
      }
  }
  for (; c < args->n_channels; c++, at += TILE_N)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      float32x4_t w = load(type, args->w, at + (size_t)(4 * v));
#pragma GCC unroll 6
      for (int i = 0; i < rows; i++) sum[i][v] += w * wni_read_f32(type, x[i], c);
    }
}

/* Whole rows of float32 straight from the registers. */
static inline __attribute__((always_inline)) void store(const WniIgemmArgs *args, Sums sum, int row,
                                                        int rows, int vectors) {
  const float low = args->output.low, high = args->output.high;
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++) {
    const float *residual = args->residual ? args->residual[row + i] : NULL;
    float *y = args->y[row + i];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      float32x4_t x = residual ? sum[i][v] + vld1q_f32(residual + 4 * v) : sum[i][v];
      vst1q_f32(y + 4 * v, wni_arm_clamp(x, low, high));
    }
  }
}

/* `rows` rows from `row` on; where `sums` is not NULL, as far as there. */
static inline __attribute__((always_inline)) void
panel(const WniIgemmArgs *args, WniType type, float *sums, int row, int rows, int vectors) {
  Sums sum;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++)
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) sum[i][v] = vld1q_f32((const float *)args->bias + 4 * v);
  for (size_t t = 0; t < args->n_taps; t++) {
    const char *x[ROWS];
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) x[i] = (const char *)args->x[row + i] + args->tap[t];
    add_tap(sum, args, type, x, t * args->n_channels * TILE_N, rows, vectors);
  }
  if (!sums) {
    store(args, sum, row, rows, vectors);
    return;
  }
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) vst1q_f32(sums + (row + i) * TILE_N + 4 * v, sum[i][v]);
}

/* One copy for every number of rows, of all columns and of half of them. */
#define PANELS(ROW, type)                                                                          \
  ROW(type, 1) ROW(type, 2) ROW(type, 3) ROW(type, 4) ROW(type, 5) ROW(type, 6)
#define PANEL_FUNCTIONS(type, rows)                                                                \
  static void wide_##type##_##rows(const WniIgemmArgs *args, float *sums, int row, int end) {      \
    for (; row < end; row += rows) panel(args, type, sums, row, rows, VECTORS);                    \
  }                                                                                                \
  static void narrow_##type##_##rows(const WniIgemmArgs *args, float *sums, int row, int end) {    \
    for (; row < end; row += rows) panel(args, type, sums, row, rows, VECTORS / 2);                \
  }
#define PANEL_NAMES(type, rows) {wide_##type##_##rows, narrow_##type##_##rows},
typedef void RunRows(const WniIgemmArgs *args, float *sums, int row, int end);
PANELS(PANEL_FUNCTIONS, WNI_F32)
PANELS(PANEL_FUNCTIONS, WNI_BF16)
static RunRows *const panels_f32[ROWS][2] = {PANELS(PANEL_NAMES, WNI_F32)};
static RunRows *const panels_bf16[ROWS][2] = {PANELS(PANEL_NAMES, WNI_BF16)};

static void run(const WniIgemmArgs *args, RunRows *const panels[ROWS][2], float *sums) {
  int m = args->m, whole = m / ROWS * ROWS;
  bool narrow = args->n <= TILE_N / 2;
  if (whole > 0) panels[ROWS - 1][narrow](args, sums, 0, whole);
  if (whole < m) panels[m - whole - 1][narrow](args, sums, whole, m);
  if (sums) wni_arm_store_f32(args, sums, TILE_N);
}

static void panel_f32(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  float sums[TILE_M * TILE_N];
  run(args, panels_f32, args->n == TILE_N || args->n == TILE_N / 2 ? NULL : sums);
}

void WNI_NAME(igemm_f32)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(igemm_f32, args, sizeof(float), wni_type_bytes(args->output.type), panel_f32);
}

static void panel_bf16(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  float sums[TILE_M * TILE_N];
  run(args, panels_bf16, sums);
}

void WNI_NAME(igemm_bf16)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(igemm_bf16, args, sizeof(uint16_t), wni_type_bytes(args->output.type), panel_bf16);
}
