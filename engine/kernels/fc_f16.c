/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of floats with rows of float16 (fc_rows.h), for instruction sets that widen a vector
 * of them at once: half the bytes that come from memory, which is what limits them.
 */
#include "base/half.h"
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

#define KERNEL fc_f16
typedef uint16_t Weight;

static inline WniVector load(const Weight *at) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniVector)_mm512_cvtph_ps(_mm256_loadu_si256((const void *)at));
#elif defined __x86_64__
  return (WniVector)_mm256_cvtph_ps(_mm_loadu_si128((const void *)at));
#else
  return (WniVector)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(at)));
#endif
}
static inline WniVector load_some(const Weight *at, int n) {
  Weight room[WNI_LANES] = {0};
  memcpy(room, at, (size_t)n * sizeof *room);
  return load(room);
}

#include "kernels/fc_rows.h"
