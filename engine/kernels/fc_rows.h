/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of dot products of one vector of floats with up to four rows of weights
 * (kernels.h), which give KERNEL, Weight, load() of WNI_LANES weights and load_some() of the first
 * few.
 */
#ifndef WNI_KERNELS_FC_ROWS_H
#define WNI_KERNELS_FC_ROWS_H

#include "kernels/fc_fetch.h"

#include <string.h>

_Static_assert(WNI_TILE_M(KERNEL) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(KERNEL);

/* Two partial sums a row keep the adders busy. */
void WNI_NAME(KERNEL)(const void *x_at, const void *const *w_at, size_t k, int n, void *y) {
  wni_check_fc(w_at, n);
  const float *x = x_at;
  const Weight *const w[WNI_FC_ROWS] = {w_at[0], w_at[1], w_at[2], w_at[3]};
  WniVector even[WNI_FC_ROWS] = {{0}}, odd[WNI_FC_ROWS] = {{0}};
  float sum[WNI_FC_ROWS];
  size_t i = 0;
  for (; i + 2 * WNI_LANES <= k; i += 2 * WNI_LANES) {
    WniVector x0 = wni_load(x + i), x1 = wni_load(x + i + WNI_LANES);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) {
      wni_fc_fetch(w[r] + i, 2 * WNI_LANES * sizeof(Weight));
      even[r] += x0 * load(w[r] + i);
      odd[r] += x1 * load(w[r] + i + WNI_LANES);
    }
  }
  for (; i < k; i += WNI_LANES) {
    int left = k - i < WNI_LANES ? (int)(k - i) : WNI_LANES;
    WniVector few = wni_load_some(x + i, left);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) even[r] += few * load_some(w[r] + i, left);
  }
#pragma GCC unroll 4
  for (int r = 0; r < WNI_FC_ROWS; r++) even[r] += odd[r];
  wni_add_up_four(even, sum);
  memcpy(y, sum, (size_t)n * sizeof *sum);
}

#endif
