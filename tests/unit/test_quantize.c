/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * quantize/ranges.c, quantize/weights.c: scales against exhaustive search and direct counts.
 */
#include "quantize/ranges.h"
#include "quantize/weights.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 20000 };

/* Roughly normal, reproducible. */
static void fill(float *x, size_t n, float size, unsigned seed) {
  for (size_t i = 0; i < n; i++) {
    float sum = -6;
    for (int k = 0; k < 12; k++) sum += (float)rand_r(&seed) / (float)RAND_MAX;
    x[i] = size * sum;
  }
}

static double error_of(const float *x, size_t n, WniScale s) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    float q = fminf(fmaxf(rintf(x[i] / s.scale) + s.zero_point, 0), 255);
    sum += pow((double)(x[i] - s.scale * (q - s.zero_point)), 2);
  }
  return sum;
}

START_TEST(a_histogram_grows_and_loses_nothing) {
  WniHistogram *h = calloc(1, sizeof *h);
  const float values[] = {0, -0.0f, 1e-6f, 3, -5, 1e6f, -2e6f, 1e-38f};
  wni_histogram_add(h, values, 8, 1);
  uint64_t below = 0, above = 0;
  for (int i = 0; i < 2 * WNI_HISTOGRAM_HALF; i++)
    *(i < WNI_HISTOGRAM_HALF ? &below : &above) += h->bins[i];
  ck_assert_uint_eq(h->total, 8);
  ck_assert_uint_eq(h->zeros, 3); /* what is too small for a scale counts as zero */
  ck_assert_uint_eq(below, 2);
  ck_assert_uint_eq(above, 3);
  ck_assert(h->min == -2e6f && h->max == 1e6f);
  ck_assert(h->width * WNI_HISTOGRAM_HALF > 2e6f);
  free(h);
}
END_TEST

START_TEST(strides_are_followed) {
  WniHistogram *h = calloc(1, sizeof *h);
  const float values[] = {1, 100, 2, 100, 3, 100};
  wni_histogram_add(h, values, 3, 2);
  ck_assert_uint_eq(h->total, 3);
  ck_assert(h->max == 3);
  free(h);
}
END_TEST

START_TEST(scales_hold_zero_exactly) {
  WniScale s = wni_scale_of(0, 2);
  ck_assert_uint_eq(s.zero_point, 0);
  ck_assert(s.scale * 255 <= 2 && s.scale * 255 > 1.9999f);
  s = wni_scale_of(-1, 3);
  ck_assert_uint_eq(s.zero_point, 64);
  s = wni_scale_of(-3, 0);
  ck_assert_uint_eq(s.zero_point, 255);
  s = wni_scale_of(1, 2); /* zero has to be in it: borders are padded with zeros */
  ck_assert_uint_eq(s.zero_point, 0);
  s = wni_scale_of(0, 0);
  ck_assert(s.scale == 1 && s.zero_point == 0);
  for (float hi = 0.1f; hi < 100; hi *= 1.01f) ck_assert(wni_scale_of(0, hi).scale * 255 <= hi);
}
END_TEST

/* What overflows is no scale: a runtime would refuse the file. */
START_TEST(huge_values_have_a_scale) {
  const float values[] = {-FLT_MAX, -1e38f, 1, FLT_MAX};
  for (int from = 0; from < 2; from++) {
    WniHistogram *h = calloc(1, sizeof *h);
    wni_histogram_add(h, values + from, 4 - (size_t)from, 1);
    const WniScale scales[] = {wni_scale_of(h->min, h->max), wni_scale_mse(h),
                               wni_scale_percentile(h, 100), wni_scale_percentile(h, 60)};
    for (int i = 0; i < 4; i++) ck_assert(isnormal(scales[i].scale) && scales[i].scale > 0);
    free(h);
  }
}
END_TEST

/* The search knows the values only by their bins, and only ranges that end at whole hundredths. */
START_TEST(mse_finds_the_best_range) {
  static float x[N];
  for (int rectified = 0; rectified < 2; rectified++) {
    WniHistogram *h = calloc(1, sizeof *h);
    fill(x, N, 1, 7);
    for (int i = 0; rectified && i < N; i++) x[i] = fmaxf(x[i], 0);
    x[0] = 40; /* an outlier that a good range leaves out */
    wni_histogram_add(h, x, N, 1);
    double least = INFINITY;
    for (int lo = rectified ? 100 : 1; lo <= 100; lo++)
      for (int hi = 1; hi <= 100; hi++)
        least =
            fmin(least,
                 error_of(x, N, wni_scale_of(h->min * (float)lo / 100, h->max * (float)hi / 100)));
    WniScale found = wni_scale_mse(h);
    ck_assert_double_le(error_of(x, N, found), least * 1.01);
    ck_assert_double_le(error_of(x, N, found), error_of(x, N, wni_scale_of(h->min, h->max)));
    if (rectified) ck_assert_uint_eq(found.zero_point, 0);
    free(h);
  }
}
END_TEST

START_TEST(percentiles_leave_out_their_share) {
  static float x[N];
  WniHistogram *h = calloc(1, sizeof *h);
  fill(x, N, 2, 3);
  wni_histogram_add(h, x, N, 1);
  WniScale s = wni_scale_percentile(h, 99);
  float lo = -s.scale * s.zero_point, hi = s.scale * (float)(255 - s.zero_point);
  int below = 0, above = 0;
  for (int i = 0; i < N; i++) {
    below += x[i] < lo;
    above += x[i] > hi;
  }
  ck_assert_int_ge(below, N / 100 - N / 400);
  ck_assert_int_le(below, N / 100 + N / 400);
  ck_assert_int_ge(above, N / 100 - N / 400);
  ck_assert_int_le(above, N / 100 + N / 400);
  WniScale all = wni_scale_percentile(h, 100), extremes = wni_scale_of(h->min, h->max);
  ck_assert(fabsf(all.scale - extremes.scale) <= extremes.scale * 1e-6f);
  free(h);
}
END_TEST

START_TEST(weights_are_rounded_with_the_best_scale) {
  enum { K = 300 };
  float row[K];
  int8_t q[K];
  for (unsigned seed = 1; seed < 20; seed++) {
    fill(row, K, 0.01f * (float)seed, seed);
    if (seed % 2) row[5] *= 6;
    float largest = 0, scale = wni_row_round(row, K, 0, q);
    double sum = 0, widest = 0;
    for (int i = 0; i < K; i++) largest = fmaxf(largest, fabsf(row[i]));
    for (int i = 0; i < K; i++) {
      ck_assert_int_ge(q[i], -127);
      if (abs(q[i]) < 127) ck_assert_float_le(fabsf(row[i] - scale * q[i]), scale * 0.50001f);
      sum += pow((double)(row[i] - scale * q[i]), 2);
      widest += pow((double)(row[i] - largest / 127 * rintf(row[i] / (largest / 127))), 2);
    }
    ck_assert_double_le(sum, widest * 1.0001);
    ck_assert_float_ge(wni_row_round(row, K, largest, q), largest); /* the least scale holds */
  }
}
END_TEST

START_TEST(rows_of_zeros_and_of_tiny_weights) {
  const float zeros[4] = {0}, tiny[4] = {FLT_MIN / 8, 0, -FLT_MIN, 1e-45f};
  int8_t q[4] = {9, 9, 9, 9};
  ck_assert(wni_row_round(zeros, 4, 0, q) >= FLT_MIN);
  for (int i = 0; i < 4; i++) ck_assert_int_eq(q[i], 0);
  ck_assert(wni_row_round(tiny, 4, 0, q) >= FLT_MIN);
}
END_TEST

/* On average, over inputs with the given means, the corrected row gives what the row gives. */
START_TEST(the_shift_is_the_mean_error) {
  const float row[6] = {0.3f, -0.21f, 0.07f, 0.9f, -0.4f, 0.55f};
  const double mean[2] = {2, -3}; /* of two channels with three taps each */
  int8_t q[6];
  float scale = wni_row_round(row, 6, 0.1f, q);
  double real = 0, rounded = 0;
  for (int i = 0; i < 6; i++) {
    real += (double)row[i] * mean[i / 3];
    rounded += (double)scale * q[i] * mean[i / 3];
  }
  ck_assert_double_eq_tol(wni_row_shift(row, q, scale, 6, mean, 3), rounded - real, 1e-12);
}
END_TEST

START_TEST(biases_fit_into_int32) {
  for (double bias = 1e-3; bias < 1e12; bias *= 10)
    for (float input = 1e-20f; input < 1e3f; input *= 1000) {
      float scale = wni_bias_min_scale(bias, input);
      double back = wni_bias_round(bias, input, scale) * ((double)input * (double)scale);
      ck_assert_double_eq_tol(back, bias, bias * 1e-6);
    }
  ck_assert_int_eq(wni_bias_round(1e30, 1, 1), INT32_MAX);
  ck_assert_int_eq(wni_bias_round(-1e30, 1, 1), INT32_MIN);
  ck_assert(wni_bias_min_scale(0, 1e-30f) * 1e-30f >= FLT_MIN);
  float scale;
  ck_assert(wni_bias_scale(0.5f, 0.25f, &scale));
  ck_assert_float_eq(scale, 0.125f);
  ck_assert(!wni_bias_scale(1e30f, 1e20f, &scale));
}
END_TEST

SUITE_MAIN("quantize", a_histogram_grows_and_loses_nothing, strides_are_followed,
           scales_hold_zero_exactly, huge_values_have_a_scale, mse_finds_the_best_range,
           percentiles_leave_out_their_share, weights_are_rounded_with_the_best_scale,
           rows_of_zeros_and_of_tiny_weights, the_shift_is_the_mean_error, biases_fit_into_int32)
