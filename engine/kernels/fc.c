/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of one vector with up to four rows of weights (kernels.h),
 * compiled once per instruction set.  Several partial sums a row, because a sum in order
 * cannot be vectorised.
 */
#include "kernels/isa.h"

enum { LANES = 8 };

WniFn_fc_f32 WNI_NAME(fc_f32);

static float add_up(const float *sum) {
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

void WNI_NAME(fc_f32)(const float *x, const float *const *w, size_t k, int n, float *y) {
  const float *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];
  float s0[LANES] = {0}, s1[LANES] = {0}, s2[LANES] = {0}, s3[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= k; i += LANES)
    for (int j = 0; j < LANES; j++) {
      s0[j] += x[i + (size_t)j] * w0[i + (size_t)j];
      s1[j] += x[i + (size_t)j] * w1[i + (size_t)j];
      s2[j] += x[i + (size_t)j] * w2[i + (size_t)j];
      s3[j] += x[i + (size_t)j] * w3[i + (size_t)j];
    }
  float sum[WNI_FC_ROWS] = {add_up(s0), add_up(s1), add_up(s2), add_up(s3)};
  for (; i < k; i++) {
    sum[0] += x[i] * w0[i];
    sum[1] += x[i] * w1[i];
    sum[2] += x[i] * w2[i];
    sum[3] += x[i] * w3[i];
  }
  for (int r = 0; r < n; r++) y[r] = sum[r];
}
