/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of bytes with rows of weights (kernels.h), compiled for AVX2 and AVX-512: pairs of
 * 16-bit products, which lose nothing.
 */
#include "kernels/check.h"
#include "kernels/fc_fetch.h"
#include "kernels/x86.h"

enum { STEP = 2 * LANES };

_Static_assert(WNI_TILE_M(fc_u8) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(fc_u8);

void WNI_NAME(fc_u8)(const void *x_at, const void *const *w_at, size_t k, int n, void *y) {
  wni_check_fc(w_at, n);
  const uint8_t *x = x_at;
  const int8_t *const w[WNI_FC_ROWS] = {w_at[0], w_at[1], w_at[2], w_at[3]};
  Ints sum[WNI_FC_ROWS];
  int32_t total[WNI_FC_ROWS];
  size_t i = 0;
  for (int r = 0; r < WNI_FC_ROWS; r++) sum[r] = broadcast_int(0);
  for (; i + STEP <= k; i += STEP) {
    Ints few = widen_unsigned(x + i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) {
      wni_fc_fetch(w[r] + i, STEP);
      sum[r] = add_pairs(sum[r], few, widen_signed(w[r] + i));
    }
  }
  for (int r = 0; r < WNI_FC_ROWS; r++) {
    total[r] = add_up(sum[r]);
    for (size_t j = i; j < k; j++) total[r] += x[j] * w[r][j];
  }
  memcpy(y, total, (size_t)n * sizeof *total);
}
