/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver of LSTM (layers.h) on the kernels of convolution: what the inputs contribute is there
 * for all times, so that a step in time is a product with the state of the step before.  Rows do
 * not depend on each other: each thread takes some of them through all times, without barriers.
 *
 *   sums = x[t] + h[t - 1] R      i, o, f = sigmoid, g = tanh of its quarters
 *   c[t] = f c[t - 1] + i g       h[t] = o tanh(c[t])
 */
#include "kernels/layers.h"

#include "kernels/check.h"

#include <math.h>
#include <string.h>

enum { GATES = 4 };

/* sums [end - begin] of rows with the state before them, which lies `row` floats apart. */
static void add_state(const WniLstm *lstm, const float *x, const float *state, ptrdiff_t row,
                      size_t begin, size_t end, float *sums) {
  static const float no_bias[WNI_MAX_TILE_N];
  static const ptrdiff_t no_tap[1];
  size_t tile_m = (size_t)lstm->kernel->tile_m, tile_n = (size_t)lstm->kernel->tile_n;
  size_t width = GATES * lstm->hidden;
  const void *in[WNI_MAX_TILE_M], *residual[WNI_MAX_TILE_M];
  void *out[WNI_MAX_TILE_M];
  WniIgemmArgs args = {.m = (int)(end - begin),
                       .n_taps = 1,
                       .n_channels = lstm->hidden,
                       .tap = no_tap,
                       .x = in,
                       .bias = no_bias,
                       .residual = residual,
                       .y = out,
                       .output = {.type = WNI_F32, .low = -INFINITY, .high = INFINITY}};
  for (size_t first = 0; first < width; first += tile_n) {
    args.n = (int)(width - first < tile_n ? width - first : tile_n);
    args.w = (const char *)lstm->weights + first / tile_n * lstm->panel_bytes;
    for (size_t i = 0; i < tile_m; i++) {
      size_t r = begin + i < end ? begin + i : end - 1;
      in[i] = state + (ptrdiff_t)r * row;
      residual[i] = x + (ptrdiff_t)r * lstm->x_row + first;
      out[i] = sums + r * width + first;
    }
    wni_check_igemm(&args, WNI_F32, lstm->kernel->tile_m);
    lstm->kernel->run.igemm(&args);
  }
}

/* The new state of one row: its cells c, and y. */
static void turn_gates(const WniLstm *lstm, float *sums, float *c, float *y) {
  static const WniActivation sigmoid = {.kind = WNI_ACT_SIGMOID}, tangent = {.kind = WNI_ACT_TANH};
  size_t n = lstm->hidden;
  float *in = sums, *out = sums + n, *forget = sums + 2 * n, *cell = sums + 3 * n;
  lstm->act->run.act(&sigmoid, 3 * n, sums);
  lstm->act->run.act(&tangent, n, cell);
  lstm->vec->run.vec(WNI_VEC_MUL, c, forget, NULL, n, c);
  lstm->vec->run.vec(WNI_VEC_MULADD, in, cell, c, n, c);
  lstm->vec->run.vec(WNI_VEC_COPY, c, NULL, NULL, n, y);
  lstm->act->run.act(&tangent, n, y);
  lstm->vec->run.vec(WNI_VEC_MUL, out, y, NULL, n, y);
}

/* Rows [begin, end), at most a tile, through all times. */
static void run_rows(const WniLstm *lstm, const float *x, float *y, float *c, float *sums,
                     size_t begin, size_t end) {
  size_t n = lstm->hidden, width = GATES * n;
  if (lstm->c)
    memcpy(c + begin * n, lstm->c + begin * n, (end - begin) * n * sizeof *c);
  else
    memset(c + begin * n, 0, (end - begin) * n * sizeof *c);
  const float *state = lstm->h;
  ptrdiff_t row = (ptrdiff_t)n;
  for (size_t step = 0; step < lstm->steps; step++) {
    ptrdiff_t t = (ptrdiff_t)(lstm->backward ? lstm->steps - 1 - step : step);
    const float *at = x + t * lstm->x_step;
    float *made = y + t * lstm->y_step;
    if (state)
      add_state(lstm, at, state, row, begin, end, sums);
    else
      for (size_t r = begin; r < end; r++)
        memcpy(sums + r * width, at + (ptrdiff_t)r * lstm->x_row, width * sizeof *sums);
    for (size_t r = begin; r < end; r++)
      turn_gates(lstm, sums + r * width, c + r * n, made + (ptrdiff_t)r * lstm->y_row);
    state = made;
    row = lstm->y_row;
  }
}

void wni_lstm_run(const WniLstm *lstm, const float *x, float *work, float *y, WniThread thread) {
  size_t tile_m = (size_t)lstm->kernel->tile_m, begin, end;
  wni_parallel_range(thread, lstm->rows, tile_m, &begin, &end);
  for (size_t first = begin; first < end; first += tile_m)
    run_rows(lstm, x, y, work, work + lstm->rows * lstm->hidden, first,
             end - first < tile_m ? end : first + tile_m);
}
