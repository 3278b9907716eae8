/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files that are compiled once per instruction set: the build gives
 * WNI_ISA, the suffix of every function in them.
 */
#ifndef WNI_KERNELS_ISA_H
#define WNI_KERNELS_ISA_H

#include "kernels/kernels.h"

#define WNI_JOIN_(a, b) a##__##b
#define WNI_JOIN(a, b) WNI_JOIN_(a, b)
/* WNI_NAME(fc_f32) is wni_fc_f32__avx2 where WNI_ISA is avx2. */
#define WNI_NAME(kernel) WNI_JOIN(wni_##kernel, WNI_ISA)

/* A NaN stays a NaN, so that it reaches the scores and is reported there. */
static inline float wni_clampf(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

#endif
