/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the matrix products for 64-bit Arm share: reading the last bytes of a row of x, and
 * storing a tile of sums.
 */
#ifndef WNI_KERNELS_ARM_H
#define WNI_KERNELS_ARM_H

#include "kernels/isa.h"

#include <arm_neon.h>

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

/* What kernels.h says behind the sums [args->m][tile_n] of types F32 and BF16, and of U8. */
void wni_arm_store_f32(const WniIgemmArgs *args, const float *sums, int tile_n);
void wni_arm_store_i32(const WniIgemmArgs *args, const int32_t *sums, int tile_n);

#endif
