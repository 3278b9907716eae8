/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of one vector with up to four rows of weights (kernels.h),
 * compiled once per instruction set.  Several partial sums a row, because a sum of floats
 * in order cannot be vectorised.
 */
#include "base/half.h"
#include "kernels/check.h"
#include "kernels/isa.h"

enum { LANES = 8 };

WniFn_fc WNI_NAME(fc_f32), WNI_NAME(fc_bf16), WNI_NAME(fc_f16), WNI_NAME(fc_u8);

static float add_up(const float *sum) {
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* Several vectors a step, so that the sums of one row do not wait for each other. */
static float dot_bf16(const uint16_t *x, const uint16_t *w, size_t k) {
  enum { STEP = 4 * LANES };
  float part[STEP] = {0}, sum = 0;
  size_t i = 0;
  for (; i + STEP <= k; i += STEP)
    for (size_t j = 0; j < STEP; j++)
      part[j] += wni_bf16_to_f32(x[i + j]) * wni_bf16_to_f32(w[i + j]);
  for (size_t j = 0; j < STEP; j += LANES) sum += add_up(part + j);
  for (; i < k; i++) sum += wni_bf16_to_f32(x[i]) * wni_bf16_to_f32(w[i]);
  return sum;
}

void WNI_NAME(fc_bf16)(const void *x, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  for (int r = 0; r < n; r++) ((float *)sums)[r] = dot_bf16(x, w[r], k);
}

#ifdef WNI_REFERENCE

void WNI_NAME(fc_f32)(const void *x_at, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  const float *x = x_at, *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];
  float s0[LANES] = {0}, s1[LANES] = {0}, s2[LANES] = {0}, s3[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= k; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      s0[j] += x[i + j] * w0[i + j];
      s1[j] += x[i + j] * w1[i + j];
      s2[j] += x[i + j] * w2[i + j];
      s3[j] += x[i + j] * w3[i + j];
    }
  float sum[WNI_FC_ROWS] = {add_up(s0), add_up(s1), add_up(s2), add_up(s3)};
  for (; i < k; i++) {
    sum[0] += x[i] * w0[i];
    sum[1] += x[i] * w1[i];
    sum[2] += x[i] * w2[i];
    sum[3] += x[i] * w3[i];
  }
  memcpy(sums, sum, (size_t)n * sizeof *sum);
}

void WNI_NAME(fc_f16)(const void *x_at, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  const float *x = x_at;
  for (int r = 0; r < n; r++) {
    const uint16_t *row = w[r];
    float sum = 0;
    for (size_t i = 0; i < k; i++) sum += x[i] * wni_half_to_f32(row[i]);
    ((float *)sums)[r] = sum;
  }
}

/* All four rows at once: x is widened for them together. */
void WNI_NAME(fc_u8)(const void *x_at, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  const uint8_t *x = x_at;
  const int8_t *w0 = w[0], *w1 = w[1], *w2 = w[2], *w3 = w[3];
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (size_t i = 0; i < k; i++) {
    int16_t wide = x[i];
    s0 += wide * (int16_t)w0[i];
    s1 += wide * (int16_t)w1[i];
    s2 += wide * (int16_t)w2[i];
    s3 += wide * (int16_t)w3[i];
  }
  int32_t sum[WNI_FC_ROWS] = {s0, s1, s2, s3};
  memcpy(sums, sum, (size_t)n * sizeof *sum);
}

#endif
