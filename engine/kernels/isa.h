/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files that are compiled once per instruction set: the build gives
 * WNI_ISA, the suffix of every function in them, and WNI_REFERENCE where that is c.
 */
#ifndef WNI_KERNELS_ISA_H
#define WNI_KERNELS_ISA_H

#include "kernels/kernels.h"

#include <math.h>

#define WNI_JOIN_(a, b) a##__##b
#define WNI_JOIN(a, b) WNI_JOIN_(a, b)
/* WNI_NAME(fc_f32) is wni_fc_f32__avx2 where WNI_ISA is avx2. */
#define WNI_NAME(kernel) WNI_JOIN(wni_##kernel, WNI_ISA)

/* A NaN stays a NaN, so that it reaches the scores and is reported there. */
static inline float wni_clampf(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/* Element i of a row of F32 or BF16. */
static inline float wni_read_f32(WniType type, const void *row, size_t i) {
  return type == WNI_BF16 ? wni_bf16_to_f32(((const uint16_t *)row)[i]) : ((const float *)row)[i];
}
static inline void wni_write_f32(WniType type, void *row, size_t i, float x) {
  if (type == WNI_BF16)
    ((uint16_t *)row)[i] = wni_f32_to_bf16(x);
  else
    ((float *)row)[i] = x;
}

/* How scaled sums of integers are stored: as they are, or rounded to uint8. */
static inline void wni_write_scaled(WniType type, void *row, size_t i, float x, int zero) {
  if (type == WNI_U8)
    ((uint8_t *)row)[i] = (uint8_t)((int)rintf(x) + zero);
  else
    ((float *)row)[i] = x;
}

#endif
