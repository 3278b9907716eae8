/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of bytes with four rows of weights (kernels.h), compiled for AVX2 and AVX-512: pairs
 * of 16-bit products, which lose nothing, and x widened once for the four rows.
 */
#include "kernels/check.h"
#include "kernels/x86.h"

enum { STEP = 2 * LANES };

_Static_assert(WNI_TILE_M(fc_u8) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(fc_u8);

void WNI_NAME(fc_u8)(const void *x_at, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  const uint8_t *x = x_at;
  const int8_t *row[WNI_FC_ROWS];
  Ints part[WNI_FC_ROWS];
  int32_t sum[WNI_FC_ROWS];
  size_t i = 0;
  for (int r = 0; r < WNI_FC_ROWS; r++) {
    row[r] = w[r];
    part[r] = broadcast_int(0);
  }
  for (; i + STEP <= k; i += STEP) {
    Ints wide = widen_unsigned(x + i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++)
      part[r] = add_pairs(part[r], wide, widen_signed(row[r] + i));
  }
  for (int r = 0; r < WNI_FC_ROWS; r++) sum[r] = add_up(part[r]);
  for (; i < k; i++)
    for (int r = 0; r < WNI_FC_ROWS; r++) sum[r] += x[i] * row[r][i];
  memcpy(sums, sum, (size_t)n * sizeof *sum);
}
