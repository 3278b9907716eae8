/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The softmax of a run of neighbours (kernels.h); compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/elementary.h"

WniFn_softmax WNI_NAME(softmax_f32);

enum { LANES = 32 }; /* elements side by side */

static float largest_of(const float *x, size_t n) {
  float lane[LANES];
  size_t i = 0;
  for (size_t k = 0; k < LANES; k++) lane[k] = -INFINITY;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++)
      lane[k] = x[i + k] > lane[k] || x[i + k] != x[i + k] ? x[i + k] : lane[k];
  for (size_t k = 0; k < n - i; k++)
    lane[k] = x[i + k] > lane[k] || x[i + k] != x[i + k] ? x[i + k] : lane[k];
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t k = 0; k < half; k++)
      lane[k] =
          lane[k + half] > lane[k] || lane[k + half] != lane[k + half] ? lane[k + half] : lane[k];
  return lane[0];
}

/* Products of subnormal numbers take a hundred times as long, and masks make many. */
static inline float weight(float x) {
  return x < WNI_SOFTMAX_LOWEST ? 0.0f : wni_exp(x);
}

void WNI_NAME(softmax_f32)(const float *x, size_t n, float *y) {
  wni_check_softmax(n);
  float lane[LANES] = {0}, largest = largest_of(x, n);
  for (size_t i = 0; i < n; i++) y[i] = weight(x[i] - largest);
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] += y[i + k];
  for (size_t k = 0; k < n - i; k++) lane[k] += y[i + k];
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t k = 0; k < half; k++) lane[k] += lane[k + half];
  float factor = 1 / lane[0];
  for (size_t k = 0; k < n; k++) y[k] *= factor;
}
