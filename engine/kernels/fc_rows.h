/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of dot products of one vector of floats with up to four rows of weights
 * (kernels.h), which give KERNEL, Weight, load() of WNI_LANES weights and number() of one.  What
 * limits them is the memory that the weights come from, so what matters is the order in which it is
 * asked.
 */
#ifndef WNI_KERNELS_FC_ROWS_H
#define WNI_KERNELS_FC_ROWS_H

/* Rows of some pages are read side by side: processors fetch ahead in each page, and several
 * pages at a time keep the memory busier than one.  Shorter rows are one stream after the other:
 * what is fetched beyond a row's end is the next row. */
enum { LONG_ROW = 4096, PARTS = 4 };

_Static_assert(WNI_TILE_M(KERNEL) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(KERNEL);

/* Two partial sums a row keep the adders busy. */
static void four_rows(const float *x, const Weight *const *w, size_t k, float *y) {
  WniVector even[WNI_FC_ROWS] = {{0}}, odd[WNI_FC_ROWS] = {{0}};
  size_t i = 0;
  for (; i + 2 * WNI_LANES <= k; i += 2 * WNI_LANES) {
    WniVector x0 = wni_load(x + i), x1 = wni_load(x + i + WNI_LANES);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) {
      even[r] += x0 * load(w[r] + i);
      odd[r] += x1 * load(w[r] + i + WNI_LANES);
    }
  }
  for (int r = 0; r < WNI_FC_ROWS; r++) {
    y[r] = wni_add_up(even[r] + odd[r]);
    for (size_t j = i; j < k; j++) y[r] += x[j] * number(w[r][j]);
  }
}

static float one_row(const float *x, const Weight *w, size_t k) {
  WniVector sum[PARTS] = {{0}};
  size_t i = 0;
  for (; i + PARTS * WNI_LANES <= k; i += PARTS * WNI_LANES)
#pragma GCC unroll 4
    for (size_t p = 0; p < PARTS; p++)
      sum[p] += wni_load(x + i + p * WNI_LANES) * load(w + i + p * WNI_LANES);
  for (; i + WNI_LANES <= k; i += WNI_LANES) sum[0] += wni_load(x + i) * load(w + i);
  float total = wni_add_up((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < k; i++) total += x[i] * number(w[i]);
  return total;
}

void WNI_NAME(KERNEL)(const void *x, const void *const *w, size_t k, int n, void *sum) {
  wni_check_fc(w, n);
  if (k >= LONG_ROW && n == WNI_FC_ROWS) {
    const Weight *row[WNI_FC_ROWS] = {w[0], w[1], w[2], w[3]};
    four_rows(x, row, k, sum);
    return;
  }
  for (int r = 0; r < n; r++) ((float *)sum)[r] = one_row(x, w[r], k);
}

#endif
