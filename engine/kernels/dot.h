/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The instruction that adds a dot product of four bytes, or with WNI_DOT_BF16 of two bfloat16, to
 * each 32-bit lane of a sum.
 */
#ifndef WNI_KERNELS_DOT_H
#define WNI_KERNELS_DOT_H

#include "kernels/x86.h"

#if defined WNI_DOT_BF16
typedef Floats Sum;
static inline Sum dot(Sum sum, Ints x, Ints w) {
  return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)w);
}
#else
typedef Ints Sum;
static inline Sum dot(Sum sum, Ints x, Ints w) {
#ifdef __AVX512VNNI__
  return _mm512_dpbusd_epi32(sum, x, w);
#else
  return _mm256_dpbusd_avx_epi32(sum, x, w);
#endif
}
#endif

#endif
