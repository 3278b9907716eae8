/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See weights.h.
 */
#include "quantize/weights.h"

#include <float.h>
#include <math.h>

/* Scales tried: from the one that holds the largest weight down to half of it. */
enum { CANDIDATES = 50 };

#define BIAS_LIMIT 1073741824.0 /* 2^30: leaves as much again for the correction and the sums */

/* To the nearest in -127..127, halves away from zero. */
static int round_clamped(float x) {
  x += x < 0 ? -0.5f : 0.5f;
  x = x < -127.0f ? -127.0f : x;
  return (int)(x > 127.0f ? 127.0f : x);
}

static double squared_error(const float *row, size_t n, float scale) {
  double sum = 0;
  float inverse = 1 / scale;
  for (size_t i = 0; i < n; i++) {
    float error = row[i] - scale * (float)round_clamped(row[i] * inverse);
    sum += (double)(error * error);
  }
  return sum;
}

float wni_row_round(const float *row, size_t n, float min_scale, int8_t *q) {
  float largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmaxf(largest, fabsf(row[i]));
  float widest = fmaxf(fmaxf(largest / 127, min_scale), FLT_MIN), best = widest;
  double least = squared_error(row, n, widest);
  for (int c = 1; c <= CANDIDATES; c++) {
    float scale = widest * (1 - 0.5f * (float)c / CANDIDATES);
    if (scale < fmaxf(min_scale, FLT_MIN)) break;
    double error = squared_error(row, n, scale);
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  for (size_t i = 0; i < n; i++) q[i] = (int8_t)round_clamped(row[i] * (1 / best));
  return best;
}

double wni_row_shift(const float *row, const int8_t *q, float scale, size_t n, const double *mean,
                     size_t taps) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += ((double)scale * q[i] - (double)row[i]) * mean[i / taps];
  return sum;
}

float wni_bias_min_scale(double bias, float input_scale) {
  return (float)(fmax(fabs(bias) / BIAS_LIMIT, 2 * (double)FLT_MIN) / (double)input_scale);
}

bool wni_bias_scale(float input_scale, float row_scale, float *scale) {
  *scale = input_scale * row_scale;
  return isfinite(*scale);
}

int32_t wni_bias_round(double bias, float input_scale, float row_scale) {
  double units = rint(bias / ((double)input_scale * (double)row_scale));
  return (int32_t)fmin(fmax(units, INT32_MIN), INT32_MAX);
}
