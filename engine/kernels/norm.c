/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of neighbours normalised (kernels.h); compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

WniFn_norm WNI_NAME(norm_f32);

enum { LANES = 32 }; /* sums side by side */

static inline void halve(float *lane, size_t half) {
  for (size_t k = 0; k < half; k++) lane[k] += lane[k + half];
}

static inline float total(float *lane) {
  halve(lane, LANES / 2);
  halve(lane, LANES / 4);
  halve(lane, LANES / 8);
  halve(lane, LANES / 16);
  return lane[0] + lane[1];
}

static float sum(const float *x, size_t n) {
  float lane[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] += x[i + k];
  for (size_t k = 0; k < n - i; k++) lane[k] += x[i + k];
  return total(lane);
}

static float sum_of_squares(const float *x, float mean, size_t n) {
  float lane[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] += (x[i + k] - mean) * (x[i + k] - mean);
  for (size_t k = 0; k < n - i; k++) lane[k] += (x[i + k] - mean) * (x[i + k] - mean);
  return total(lane);
}

static void apply(const WniNormArgs *args, const float *x, float mean, float factor, float *y) {
  const float *scale = args->scale, *shift = args->shift;
  if (scale && shift)
    for (size_t i = 0; i < args->n; i++) y[i] = (x[i] - mean) * factor * scale[i] + shift[i];
  else if (scale)
    for (size_t i = 0; i < args->n; i++) y[i] = (x[i] - mean) * factor * scale[i];
  else
    for (size_t i = 0; i < args->n; i++) y[i] = (x[i] - mean) * factor;
}

void WNI_NAME(norm_f32)(const WniNormArgs *args) {
  wni_check_norm(args);
  const float *x = args->x;
  float *y = args->y, n = (float)args->n;
  for (size_t row = 0; row < args->n_rows; row++, x += args->x_stride, y += args->y_stride) {
    float mean = args->centred ? sum(x, args->n) / n : 0;
    float factor = 1 / sqrtf(sum_of_squares(x, mean, args->n) / n + args->epsilon);
    apply(args, x, mean, factor, y);
  }
}
