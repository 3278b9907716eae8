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

static void linear_taps(WniAxis *axis, int i, int n_in, double begin, double step) {
  double at = begin + (i + 0.5) * step - 0.5, k = floor(at);
  axis->first[i] = clamp_index(k, n_in);
  add_weight(axis, i, n_in, k, 1 - (at - k));
  if (at > k) add_weight(axis, i, n_in, k + 1, at - k);
}

bool wni_axis_make(WniAxis *axis, int n_in, double window_begin, double window, int n_out) {
  double step = window / n_out;
  bool shrink = window > n_out;
  wni_axis_clear(axis);
  axis->n_out = n_out;
  axis->max_taps = (int)wni_round_up(shrink ? (size_t)ceil(step) + 1 : 2, WNI_COLUMNS_TAPS);
  axis->first = calloc((size_t)n_out, sizeof *axis->first);
  axis->n_taps = calloc((size_t)n_out, sizeof *axis->n_taps);
  axis->weights = calloc((size_t)n_out * (size_t)axis->max_taps, sizeof *axis->weights);
  if (!axis->first || !axis->n_taps || !axis->weights) return false;
  axis->low = n_in - 1;
  axis->high = 0;
  for (int i = 0; i < n_out; i++) {
    (shrink ? mean_taps : linear_taps)(axis, i, n_in, window_begin, step);
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
