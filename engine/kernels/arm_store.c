/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a tile of sums becomes y (arm.h), four columns at a time.  A row with less than tile n
 * columns goes through a room of its own, so that nothing is read or written behind it.
 */
#include "kernels/arm.h"

#include <stdbool.h>

enum { ROW_BYTES = WNI_MAX_TILE_N * sizeof(float) };

/* FMAX and FMIN keep a NaN. */
static inline float32x4_t clamp(const WniIgemmArgs *args, float32x4_t x) {
  return vminq_f32(vmaxq_f32(x, vdupq_n_f32(args->low)), vdupq_n_f32(args->high));
}

/* wni_f32_to_bf16() of four. */
static inline uint16x4_t to_bf16(float32x4_t x) {
  uint32x4_t bits = vreinterpretq_u32_f32(x);
  uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  uint16x4_t rounded = vaddhn_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7FFF)));
  uint16x4_t nan = vorr_u16(vshrn_n_u32(bits, 16), vdup_n_u16(0x40));
  return vbsl_u16(vmovn_u32(vceqq_f32(x, x)), rounded, nan);
}

static void row_f32(const WniIgemmArgs *args, const float *sums, const float *residual, float *y,
                    int n) {
  for (int j = 0; j < n; j += 4) {
    float32x4_t x = vld1q_f32(sums + j);
    if (residual) x = vaddq_f32(x, vld1q_f32(residual + j));
    vst1q_f32(y + j, clamp(args, x));
  }
}

static void row_bf16(const WniIgemmArgs *args, const float *sums, const uint16_t *residual,
                     uint16_t *y, int n) {
  for (int j = 0; j < n; j += 4) {
    float32x4_t x = vld1q_f32(sums + j);
    if (residual) x = vaddq_f32(x, wni_arm_load_bf16(residual + j));
    vst1_u16(y + j, to_bf16(clamp(args, x)));
  }
}

void wni_arm_store_f32(const WniIgemmArgs *args, const float *sums, int tile_n) {
  size_t bytes = (size_t)args->n * wni_type_bytes(args->y_type);
  bool whole = args->n == tile_n;
  _Alignas(16) char y_room[ROW_BYTES], residual_room[ROW_BYTES] = {0};
  for (int i = 0; i < args->m; i++, sums += tile_n) {
    const void *residual = args->residual ? args->residual[i] : NULL;
    void *y = whole ? args->y[i] : y_room;
    if (residual && !whole) residual = memcpy(residual_room, residual, bytes);
    if (args->y_type == WNI_BF16)
      row_bf16(args, sums, residual, y, tile_n);
    else
      row_f32(args, sums, residual, y, tile_n);
    if (!whole) memcpy(args->y[i], y_room, bytes);
  }
}

static void row_scaled(const WniIgemmArgs *args, const int32_t *sums, void *y, int n) {
  for (int j = 0; j < n; j += 4) {
    float32x4_t x = vmulq_f32(vcvtq_f32_s32(vld1q_s32(sums + j)), vld1q_f32(args->scale + j));
    x = clamp(args, x);
    if (args->y_type == WNI_F32) {
      vst1q_f32((float *)y + j, x);
    } else {
      int16x4_t rounded = vmovn_s32(vaddq_s32(vcvtnq_s32_f32(x), vdupq_n_s32(args->y_zero)));
      int8x8_t narrow = vmovn_s16(vcombine_s16(rounded, rounded));
      memcpy((char *)y + j, &narrow, 4);
    }
  }
}

void wni_arm_store_i32(const WniIgemmArgs *args, const int32_t *sums, int tile_n) {
  _Alignas(16) char room[ROW_BYTES];
  for (int i = 0; i < args->m; i++, sums += tile_n) {
    bool whole = args->n == tile_n;
    row_scaled(args, sums, whole ? args->y[i] : room, tile_n);
    if (!whole) memcpy(args->y[i], room, (size_t)args->n * wni_type_bytes(args->y_type));
  }
}
