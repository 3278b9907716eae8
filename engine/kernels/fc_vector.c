/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of one vector with up to four rows of weights (kernels.h) on vectors,
 * compiled once per instruction set.  What limits them is the memory that the weights come
 * from, so what matters is the order in which it is asked.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

/* Rows of some pages are read side by side: processors fetch ahead in each page, and several
 * pages at a time keep the memory busier than one.  Shorter rows are one stream after the other:
 * what is fetched beyond a row's end is the next row. */
enum { LONG_ROW = 4096, PARTS = 4 };

_Static_assert(WNI_TILE_M(fc_f32) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(fc_f32);

/* Two partial sums a row keep the adders busy. */
static void four_rows(const float *x, const float *const *w, size_t k, float *y) {
  WniVector even[WNI_FC_ROWS] = {{0}}, odd[WNI_FC_ROWS] = {{0}};
  size_t i = 0;
  for (; i + 2 * WNI_LANES <= k; i += 2 * WNI_LANES) {
    WniVector x0 = wni_load(x + i), x1 = wni_load(x + i + WNI_LANES);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) {
      even[r] += x0 * wni_load(w[r] + i);
      odd[r] += x1 * wni_load(w[r] + i + WNI_LANES);
    }
  }
  for (int r = 0; r < WNI_FC_ROWS; r++) {
    y[r] = wni_add_up(even[r] + odd[r]);
    for (size_t j = i; j < k; j++) y[r] += x[j] * w[r][j];
  }
}

static float one_row(const float *x, const float *w, size_t k) {
  WniVector sum[PARTS] = {{0}};
  size_t i = 0;
  for (; i + PARTS * WNI_LANES <= k; i += PARTS * WNI_LANES)
#pragma GCC unroll 4
    for (size_t p = 0; p < PARTS; p++)
      sum[p] += wni_load(x + i + p * WNI_LANES) * wni_load(w + i + p * WNI_LANES);
  for (; i + WNI_LANES <= k; i += WNI_LANES) sum[0] += wni_load(x + i) * wni_load(w + i);
  float total = wni_add_up((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < k; i++) total += x[i] * w[i];
  return total;
}

void WNI_NAME(fc_f32)(const void *x, const void *const *w, size_t k, int n, void *sum) {
  wni_check_fc(w, n);
  if (k >= LONG_ROW && n == WNI_FC_ROWS) {
    const float *row[WNI_FC_ROWS] = {w[0], w[1], w[2], w[3]};
    four_rows(x, row, k, sum);
    return;
  }
  for (int r = 0; r < n; r++) ((float *)sum)[r] = one_row(x, w[r], k);
}
