/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the kernels for 64-bit Arm share: reading the last bytes of a row of x, and storing
 * sums.
 */
#ifndef WNI_KERNELS_ARM_H
#define WNI_KERNELS_ARM_H

#include "kernels/isa.h"

#include <arm_neon.h>
#include <stdbool.h>

static inline uint64_t wni_arm_read(const uint8_t *x, size_t bytes) {
  uint64_t value = 0;
  memcpy(&value, x, bytes);
  return value;
}

/* The `n` bytes at x, 1..15, and zeros behind them; nothing beyond is read.  Two reads that
 * overlap in the middle cover any length without a loop. */
static inline uint8x16_t wni_arm_load_part(const uint8_t *x, size_t n) {
  uint64_t low, high = 0;
  if (n >= 8) {
    low = wni_arm_read(x, 8);
    high = wni_arm_read(x + n - 8, 8) >> 8 * (15 - n) >> 8; /* a shift by 64 is undefined */
  } else if (n >= 4) {
    low = wni_arm_read(x, 4) | wni_arm_read(x + n - 4, 4) << 8 * (n - 4);
  } else {
    low = x[0] | (uint64_t)x[n / 2] << 8 * (n / 2) | (uint64_t)x[n - 1] << 8 * (n - 1);
  }
  return vcombine_u8(vcreate_u8(low), vcreate_u8(high));
}

/* Four bfloat16 as float32. */
static inline float32x4_t wni_arm_load_bf16(const uint16_t *x) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(x), 16));
}

/* wni_f32_to_bf16() of four. */
static inline uint16x4_t wni_arm_to_bf16(float32x4_t x) {
  uint32x4_t bits = vreinterpretq_u32_f32(x);
  uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  uint16x4_t rounded = vaddhn_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7FFF)));
  uint16x4_t nan = vorr_u16(vshrn_n_u32(bits, 16), vdup_n_u16(0x40));
  return vbsl_u16(vmovn_u32(vceqq_f32(x, x)), rounded, nan);
}

/* FMAX and FMIN keep a NaN. */
static inline float32x4_t wni_arm_clamp(float32x4_t x, float low, float high) {
  return vminq_f32(vmaxq_f32(x, vdupq_n_f32(low)), vdupq_n_f32(high));
}

/* wni_write_f32() and wni_write_scaled() of elements i .. i + 3. */
static inline void wni_arm_put_f32(WniType type, void *row, size_t i, float32x4_t x) {
  if (type == WNI_BF16)
    vst1_u16((uint16_t *)row + i, wni_arm_to_bf16(x));
  else
    vst1q_f32((float *)row + i, x);
}
static inline void wni_arm_put_scaled(WniType type, void *row, size_t i, float32x4_t x, int zero) {
  if (type == WNI_U8) {
    int16x4_t rounded = vmovn_s32(vaddq_s32(vcvtnq_s32_f32(x), vdupq_n_s32(zero)));
    int8x8_t narrow = vmovn_s16(vcombine_s16(rounded, rounded));
    memcpy((char *)row + i, &narrow, 4);
  } else {
    vst1q_f32((float *)row + i, x);
  }
}

/* How sums of integers become bytes: as rounding keeps the order, the clamp of the rounded numbers
 * is the rounded clamp, which bytes do sixteen at a time. */
typedef struct WniArmBytes {
  int16x8_t zero;
  uint8x16_t low, high;
  bool plain; /* zero is 0 and no clamp but that of bytes */
} WniArmBytes;

static inline WniArmBytes wni_arm_bytes(const WniOutput *output) {
  uint32_t low = (uint32_t)vcvtns_s32_f32(output->low), zero = (uint32_t)output->zero;
  uint32_t high = (uint32_t)vcvtns_s32_f32(output->high);
  return (WniArmBytes){.zero = vdupq_n_s16((int16_t)zero),
                       .low = vdupq_n_u8((uint8_t)(low + zero)),
                       .high = vdupq_n_u8((uint8_t)(high + zero)),
                       .plain = zero == 0 && low == 0 && high == 255};
}

static inline int32x4_t wni_arm_rounded(int32x4_t sum, float32x4_t scale) {
  return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum), scale));
}

/* wni_write_scaled() of sixteen; each step of narrowing saturates.  `plain` is a constant. */
static inline __attribute__((always_inline)) uint8x16_t
wni_arm_to_bytes(const int32x4_t *sum, const float32x4_t *scale, WniArmBytes to, bool plain) {
  int16x8_t half[2];
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    half[i] = vqmovn_high_s32(vqmovn_s32(wni_arm_rounded(sum[2 * i], scale[2 * i])),
                              wni_arm_rounded(sum[2 * i + 1], scale[2 * i + 1]));
    if (!plain) half[i] = vqaddq_s16(half[i], to.zero);
  }
  uint8x16_t y = vqmovun_high_s16(vqmovun_s16(half[0]), half[1]);
  return plain ? y : vminq_u8(vmaxq_u8(y, to.low), to.high);
}

/* What kernels.h says behind the sums [args->m][tile_n] of types F32 and BF16, and behind the sums
 * [args->m][pitch] of U8, which are those of columns [first, end), at most WNI_MAX_TILE_N. */
void wni_arm_store_f32(const WniIgemmArgs *args, const float *sums, int tile_n);
void wni_arm_store_i32(const WniIgemmArgs *args, const int32_t *sums, int pitch, int first,
                       int end);

#endif
