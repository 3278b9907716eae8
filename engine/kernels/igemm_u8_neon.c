/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of bytes with what every 64-bit Arm has: no instruction
 * multiplies an unsigned by a signed byte, and none adds four products at once.
 *
 * Of a group of 16 channels the first 8 are taken as x - 128 and the last 8 as 127 - x, which
 * both fit int8 and are one exclusive-or of x.  Then
 *   SMULL, SMLSL2   p = (x[c] - 128) w[c] - (127 - x[c + 8]) w[c + 8]     8 sums, int16
 *   SADALP          sum += p[2 i] + p[2 i + 1]                            4 sums, int32
 * are 16 products in 3 instructions.  Each product lies in -16256..16384, so p in
 * -32640..32640: a sum of both with one sign could be 32768, the difference never overflows.
 * What p lacks is 128 w[c] + 127 w[c + 8], which depends on the weights alone: their
 * sums cost one more SADALP per column and group, for all 4 rows of the tile.
 *
 * Registers: 16 sums of 4 x 4, 4 of weights, 4 of x, and room for products in flight.
 */
#include "kernels/arm.h"
#include "kernels/check.h"
#include "kernels/panels.h"

enum {
  TILE_M = WNI_TILE_M(igemm_u8),
  TILE_N = WNI_TILE_N(igemm_u8),
  STEP = WNI_TILE_K(igemm_u8), /* channels in a group */
  MAX_RUN = 128 * STEP /* channels after which sums of weights, |pair| <= 256, leave int16 */
};

WniFn_igemm WNI_NAME(igemm_u8);

typedef struct Sums {
  int32x4_t of_x[TILE_M][TILE_N]; /* four partial sums each */
  int32x4_t of_w[TILE_N];
} Sums;

static inline int8x16_t flip(uint8x16_t x) {
  uint8x16_t signs = vcombine_u8(vdup_n_u8(0x80), vdup_n_u8(0x7F));
  return vreinterpretq_s8_u8(veorq_u8(x, signs));
}

/* One group of channels. */
static inline __attribute__((always_inline)) void add_group(Sums *sums, int16x8_t *w_pairs,
                                                            const int8x16_t *x, const int8_t *w) {
#pragma GCC unroll 4
  for (int j = 0; j < TILE_N; j++) {
    int8x16_t column = vld1q_s8(w + j * STEP);
    w_pairs[j] = vpadalq_s8(w_pairs[j], column);
    int16x8_t p[TILE_M]; /* side by side, as each waits for the one before in its row */
#pragma GCC unroll 4
    for (int i = 0; i < TILE_M; i++) p[i] = vmull_s8(vget_low_s8(x[i]), vget_low_s8(column));
#pragma GCC unroll 4
    for (int i = 0; i < TILE_M; i++) p[i] = vmlsl_high_s8(p[i], x[i], column);
#pragma GCC unroll 4
    for (int i = 0; i < TILE_M; i++) sums->of_x[i][j] = vpadalq_s16(sums->of_x[i][j], p[i]);
  }
}

/* n <= MAX_RUN channels of one tap. */
static inline __attribute__((always_inline)) void add_run(Sums *sums, const uint8_t *const *x,
                                                          size_t n, const int8_t *w) {
  int16x8_t w_pairs[TILE_N] = {0};
  int8x16_t group[TILE_M];
  size_t c = 0;
  for (; c + STEP <= n; c += STEP) {
#pragma GCC unroll 4
    for (int i = 0; i < TILE_M; i++) group[i] = flip(vld1q_u8(x[i] + c));
    add_group(sums, w_pairs, group, w + c * TILE_N);
  }
  if (c < n) {
#pragma GCC unroll 4
    for (int i = 0; i < TILE_M; i++) group[i] = flip(wni_arm_load_part(x[i] + c, n - c));
    add_group(sums, w_pairs, group, w + c * TILE_N);
  }
#pragma GCC unroll 4
  for (int j = 0; j < TILE_N; j++) {
    sums->of_w[j] = vmlal_n_s16(sums->of_w[j], vget_low_s16(w_pairs[j]), 128);
    sums->of_w[j] = vmlal_high_n_s16(sums->of_w[j], w_pairs[j], 127);
  }
}

/* Four partial sums of four columns to one sum each. */
static inline int32x4_t add_up(const int32x4_t *column) {
  return vpaddq_s32(vpaddq_s32(column[0], column[1]), vpaddq_s32(column[2], column[3]));
}

/* A whole tile of bytes, its rows side by side. */
static void store(const WniIgemmArgs *args, const int32x4_t *row) {
  float32x4_t scale = vld1q_f32(args->scale), scales[TILE_M] = {scale, scale, scale, scale};
  uint8_t bytes[TILE_M * TILE_N];
  vst1q_u8(bytes, wni_arm_to_bytes(row, scales, wni_arm_bytes(&args->output), false));
#pragma GCC unroll 4
  for (int i = 0; i < TILE_M; i++) memcpy(args->y[i], bytes + i * TILE_N, TILE_N);
}

static void panel(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  Sums sums = {0};
  const int8_t *w = args->w;
  for (size_t t = 0; t < args->n_taps; t++)
    for (size_t c = 0; c < args->n_channels; c += MAX_RUN) {
      const uint8_t *x[TILE_M];
      size_t n = args->n_channels - c < MAX_RUN ? args->n_channels - c : MAX_RUN;
      for (int i = 0; i < TILE_M; i++) x[i] = (const uint8_t *)args->x[i] + args->tap[t] + c;
      add_run(&sums, x, n, w);
      w += (n + STEP - 1) / STEP * STEP * TILE_N;
    }
  int32x4_t constant = vaddq_s32(vld1q_s32(args->bias), add_up(sums.of_w)), row[TILE_M];
#pragma GCC unroll 4
  for (int i = 0; i < TILE_M; i++) row[i] = vaddq_s32(constant, add_up(sums.of_x[i]));
  if (args->output.type == WNI_U8 && args->m == TILE_M && args->n == TILE_N) {
    store(args, row);
    return;
  }
  int32_t out[TILE_M * TILE_N];
#pragma GCC unroll 4
  for (int i = 0; i < TILE_M; i++) vst1q_s32(out + i * TILE_N, row[i]);
  wni_arm_store_i32(args, out, TILE_N, 0, args->n);
}

void WNI_NAME(igemm_u8)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(igemm_u8, args, 1, wni_type_bytes(args->output.type), panel);
}
