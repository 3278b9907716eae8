/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of bytes with rows of weights (kernels.h), compiled for AVX2 and AVX-512: pairs of
 * 16-bit products, which lose nothing.  One row after the other: rows lie one behind the other, and
 * what limits this is the memory that they come from, which is read fastest in one stream.
 */
#include "kernels/check.h"
#include "kernels/x86.h"

enum { STEP = 2 * LANES, PARTS = 2 };

_Static_assert(WNI_TILE_M(fc_u8) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(fc_u8);

static int32_t one_row(const uint8_t *x, const int8_t *w, size_t k) {
  Ints part[PARTS];
  int32_t sum = 0;
  size_t i = 0;
  for (int p = 0; p < PARTS; p++) part[p] = broadcast_int(0);
  for (; i + PARTS * STEP <= k; i += PARTS * STEP)
#pragma GCC unroll 2
    for (size_t p = 0; p < PARTS; p++)
      part[p] =
          add_pairs(part[p], widen_unsigned(x + i + p * STEP), widen_signed(w + i + p * STEP));
  for (; i + STEP <= k; i += STEP)
    part[0] = add_pairs(part[0], widen_unsigned(x + i), widen_signed(w + i));
  for (int p = 0; p < PARTS; p++) sum += add_up(part[p]);
  for (; i < k; i++) sum += x[i] * w[i];
  return sum;
}

void WNI_NAME(fc_u8)(const void *x, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  for (int r = 0; r < n; r++) ((int32_t *)sums)[r] = one_row(x, w[r], k);
}
