/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectors of WNI_LANES floats in the compiler's own notation, for the files that are
 * compiled once per instruction set; the build gives WNI_LANES.
 */
#ifndef WNI_KERNELS_VECTOR_H
#define WNI_KERNELS_VECTOR_H

#include <stdint.h>

typedef float WniVector __attribute__((vector_size(WNI_LANES * sizeof(float))));
typedef int32_t WniMask __attribute__((vector_size(WNI_LANES * sizeof(int32_t))));
typedef float WniVectorUnaligned
    __attribute__((vector_size(WNI_LANES * sizeof(float)), aligned(4)));

static inline WniVector wni_load(const float *at) {
  return *(const WniVectorUnaligned *)(const void *)at;
}

static inline void wni_store(float *at, WniVector v) {
  *(WniVectorUnaligned *)(void *)at = v;
}

/* where ? a : b, lane by lane */
static inline WniVector wni_select(WniMask where, WniVector a, WniVector b) {
  return (WniVector)(((WniMask)a & where) | ((WniMask)b & ~where));
}

/* wni_clampf() of every lane. */
static inline WniVector wni_clamp(WniVector x, WniVector low, WniVector high) {
  x = wni_select(x < low, low, x);
  return wni_select(x > high, high, x);
}

#endif
