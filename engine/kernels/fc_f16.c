/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of floats with rows of float16 (kernels.h), for instruction sets that widen a vector
 * of them at once: half the bytes that come from memory, which is what limits them.
 */
#include "base/half.h"
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

enum { PARTS = 4 };

_Static_assert(WNI_TILE_M(fc_f16) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(fc_f16);

static inline WniVector load_halves(const uint16_t *at) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniVector)_mm512_cvtph_ps(_mm256_loadu_si256((const void *)at));
#elif defined __x86_64__
  return (WniVector)_mm256_cvtph_ps(_mm_loadu_si128((const void *)at));
#else
  return (WniVector)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(at)));
#endif
}

static float one_row(const float *x, const uint16_t *w, size_t k) {
  WniVector sum[PARTS] = {{0}};
  size_t i = 0;
  for (; i + PARTS * WNI_LANES <= k; i += PARTS * WNI_LANES)
#pragma GCC unroll 4
    for (size_t p = 0; p < PARTS; p++)
      sum[p] += wni_load(x + i + p * WNI_LANES) * load_halves(w + i + p * WNI_LANES);
  for (; i + WNI_LANES <= k; i += WNI_LANES) sum[0] += wni_load(x + i) * load_halves(w + i);
  float total = wni_add_up((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < k; i++) total += x[i] * wni_half_to_f32(w[i]);
  return total;
}

void WNI_NAME(fc_f16)(const void *x, const void *const *w, size_t k, int n, void *sum) {
  wni_check_fc(w, n);
  for (int r = 0; r < n; r++) ((float *)sum)[r] = one_row(x, w[r], k);
}
