/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of the kernels, most of which are compiled once per instruction set: the build
 * gives WNI_ISA, the suffix of every function in them, and WNI_REFERENCE where that is c.
 */
#ifndef WNI_KERNELS_ISA_H
#define WNI_KERNELS_ISA_H

#include "kernels/kernels.h"

#include <math.h>

#define WNI_NAME_(kernel, isa) wni_##kernel##__##isa
#define WNI_NAME_OF(kernel, isa) WNI_NAME_(kernel, isa)
/* WNI_NAME(fc_f32) is wni_fc_f32__avx2 where WNI_ISA is avx2. */
#define WNI_NAME(kernel) WNI_NAME_OF(kernel, WNI_ISA)

/* The tiles of variants.inc.  WNI_TILE_M(igemm_u8) is that of wni_igemm_u8__avx2 where WNI_ISA is
 * avx2. */
enum {
#define WNI_KERNEL(kind, type, tile, set, m, n, k, offset)                                         \
  WNI_TILE_##kind##_##type##__##set##_M = m, WNI_TILE_##kind##_##type##__##set##_N = n,            \
  WNI_TILE_##kind##_##type##__##set##_K = k,
#include "kernels/variants.inc"
};
#define WNI_SIDE_(kernel, isa, side) WNI_TILE_##kernel##__##isa##_##side
#define WNI_SIDE(kernel, isa, side) WNI_SIDE_(kernel, isa, side)
#define WNI_TILE_M(kernel) ((int)WNI_SIDE(kernel, WNI_ISA, M))
#define WNI_TILE_N(kernel) ((int)WNI_SIDE(kernel, WNI_ISA, N))
#define WNI_TILE_K(kernel) ((int)WNI_SIDE(kernel, WNI_ISA, K))

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
