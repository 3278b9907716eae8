/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The weights of one axis (preprocess.h has the formula).
 */
#include "preprocess/preprocess.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static int clamp_index(double k, int n) {
  return k < 0 ? 0 : k > n - 1 ? n - 1 : (int)k;
}

/* Adds `weight` to sample k of output i; beyond the edges it goes to the edge. */
static void add_weight(WniAxis *axis, int i, int n_in, double k, double weight) {
  int tap = clamp_index(k, n_in) - axis->first[i];
  axis->weights[(size_t)i * (size_t)axis->max_taps + (size_t)tap] += (float)weight;
  if (tap >= axis->n_taps[i]) axis->n_taps[i] = tap + 1;
}

static void mean_taps(WniAxis *axis, int i, int n_in, double begin, double step) {
  double from = begin + i * step, to = from + step;
  axis->first[i] = clamp_index(floor(from), n_in);
  for (double k = floor(from); k < to; k++) {
    double overlap = fmin(k + 1, to) - fmax(k, from);
    if (overlap > 0) add_weight(axis, i, n_in, k, overlap / step);
  }
}

/* ---- the filters of Pillow ---- */

static double triangle(double x) {
  return 1 - x;
}

/* Keys' with a = -1/2. */
static double cubic(double x) {
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

static double sinc(double x) {
  return x > 0 ? sin(M_PI * x) / (M_PI * x) : 1;
}

static double lanczos(double x) {
  return sinc(x) * sinc(x / 3);
}

/* Of a distance of at most `reach` samples. */
static const struct {
  double reach;
  double (*weight)(double);
} filters[WNI_N_INTERPOLATIONS] = {
    [WNI_BILINEAR] = {1, triangle}, [WNI_BICUBIC] = {2, cubic}, [WNI_LANCZOS] = {3, lanczos}};

/* Inside the plane there is always one within reach of it. */
static void filter_taps(WniAxis *axis, int i, int n_in, double begin, double step, int how) {
  double scale = fmax(step, 1), reach = filters[how].reach * scale, sum = 0;
  double centre = fmin(fmax(begin + (i + 0.5) * step, 0.5), n_in - 0.5);
  int from = clamp_index(floor(centre - reach + 0.5), n_in);
  int to = clamp_index(floor(centre + reach + 0.5) - 1, n_in);
  float *weights = axis->weights + (size_t)i * (size_t)axis->max_taps;
  axis->first[i] = from;
  axis->n_taps[i] = to - from + 1;
  for (int k = from; k <= to; k++)
    sum += filters[how].weight(fmin(fabs(k + 0.5 - centre) / scale, filters[how].reach));
  for (int k = from; k <= to; k++)
    weights[k - from] =
        (float)(filters[how].weight(fmin(fabs(k + 0.5 - centre) / scale, filters[how].reach)) /
                sum);
}

/* ---- all of them ---- */

/* The pixel whose centre is nearest; of two as near the latter. */
static void nearest_tap(WniAxis *axis, int i, int n_in, double begin, double step) {
  double at = floor(begin + (i + 0.5) * step + 1e-9);
  axis->first[i] = clamp_index(at, n_in);
  add_weight(axis, i, n_in, at, 1);
}

static void linear_taps(WniAxis *axis, int i, int n_in, double begin, double step) {
  double at = begin + (i + 0.5) * step - 0.5, k = floor(at);
  axis->first[i] = clamp_index(k, n_in);
  add_weight(axis, i, n_in, k, 1 - (at - k));
  if (at > k) add_weight(axis, i, n_in, k + 1, at - k);
}

static void make_taps(WniAxis *axis, int i, int n_in, double begin, double step,
                      WniInterpolation how) {
  if (filters[how].weight)
    filter_taps(axis, i, n_in, begin, step, how);
  else if (how == WNI_NEAREST)
    nearest_tap(axis, i, n_in, begin, step);
  else if (how == WNI_AREA && step > 1)
    mean_taps(axis, i, n_in, begin, step);
  else
    linear_taps(axis, i, n_in, begin, step);
}

static size_t most_taps(double step, WniInterpolation how) {
  if (filters[how].weight) return 2 * (size_t)ceil(filters[how].reach * fmax(step, 1)) + 1;
  return how == WNI_AREA && step > 1 ? (size_t)ceil(step) + 1 : 2;
}

bool wni_axis_make(WniAxis *axis, int n_in, double window_begin, double window, int n_out,
                   WniInterpolation how) {
  double step = window / n_out;
  wni_axis_clear(axis);
  axis->n_out = n_out;
  axis->even = !filters[how].weight;
  axis->max_taps = (int)wni_round_up(most_taps(step, how), WNI_COLUMNS_TAPS);
  axis->first = calloc((size_t)n_out, sizeof *axis->first);
  axis->n_taps = calloc((size_t)n_out, sizeof *axis->n_taps);
  axis->weights = calloc((size_t)n_out * (size_t)axis->max_taps, sizeof *axis->weights);
  if (!axis->first || !axis->n_taps || !axis->weights) return false;
  axis->low = n_in - 1;
  axis->high = 0;
  for (int i = 0; i < n_out; i++) {
    make_taps(axis, i, n_in, window_begin, step, how);
    int last = axis->first[i] + axis->n_taps[i] - 1;
    if (axis->first[i] < axis->low) axis->low = axis->first[i];
    if (last > axis->high) axis->high = last;
  }
  return true;
}

void wni_axis_clear(WniAxis *axis) {
  free(axis->first);
  free(axis->n_taps);
  free(axis->weights);
  *axis = (WniAxis){0};
}
