/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of one vector with up to four rows of weights (kernels.h) on vectors,
 * compiled once per instruction set.  Two partial sums a row keep the adders busy; what limits it
 * is the memory that the weights come from.
 */
#include "kernels/isa.h"
#include "kernels/vector.h"

WniFn_fc WNI_NAME(fc_f32_4);

static inline float add_up(WniVector v) {
  float sum[WNI_LANES];
  memcpy(sum, &v, sizeof sum);
  for (int half = WNI_LANES / 2; half > 0; half /= 2)
    for (int j = 0; j < half; j++) sum[j] += sum[j + half];
  return sum[0];
}

/* n is a constant. */
static inline void run(const float *x, const float *const *w, size_t k, int n, float *y) {
  WniVector even[WNI_FC_ROWS] = {{0}}, odd[WNI_FC_ROWS] = {{0}};
  size_t i = 0;
  for (; i + 2 * WNI_LANES <= k; i += 2 * WNI_LANES) {
    WniVector x0 = wni_load(x + i), x1 = wni_load(x + i + WNI_LANES);
#pragma GCC unroll 4
    for (int r = 0; r < n; r++) {
      even[r] += x0 * wni_load(w[r] + i);
      odd[r] += x1 * wni_load(w[r] + i + WNI_LANES);
    }
  }
  for (int r = 0; r < n; r++) {
    y[r] = add_up(even[r] + odd[r]);
    for (size_t j = i; j < k; j++) y[r] += x[j] * w[r][j];
  }
}

void WNI_NAME(fc_f32_4)(const void *x, const void *const *w, size_t k, int n, void *sum) {
  const float *row[WNI_FC_ROWS];
  for (int r = 0; r < WNI_FC_ROWS; r++) row[r] = w[r];
  if (n == WNI_FC_ROWS)
    run(x, row, k, WNI_FC_ROWS, sum);
  else
    for (int r = 0; r < n; r++) run(x, row + r, k, 1, (float *)sum + r);
}
