/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver of products with constant weights for one or few rows (layers.h).
 */
#include "kernels/layers.h"

#include <string.h>

/* Bias and scale of the sums of rows [n]. */
static void finish_sums(const WniFullyConnected *fc, const size_t *row, int n, float *sum) {
  const float *bias = fc->bias;
  const int32_t *integer_bias = fc->bias;
  for (int r = 0; r < n; r++) {
    if (fc->kernel->type == WNI_U8) {
      int32_t integer;
      memcpy(&integer, &sum[r], sizeof integer);
      sum[r] = (float)(integer + integer_bias[row[r]]) * fc->scale[row[r]];
    } else {
      sum[r] += bias[row[r]];
    }
  }
}

/* In bytes: float16 weights are multiplied with floats. */
static size_t input_bytes(const WniFullyConnected *fc) {
  return fc->k * (fc->kernel->type == WNI_F16 ? sizeof(float) : wni_type_bytes(fc->kernel->type));
}

/* Computes y[row[0..n)] of one input, but for the activation; n <= WNI_FC_ROWS; all of `row` is
 * valid. */
static void run_rows(const WniFullyConnected *fc, const void *x, float *y, const size_t *row,
                     int n) {
  const void *w[WNI_FC_ROWS];
  float sum[WNI_FC_ROWS];
  size_t row_bytes = fc->k * wni_type_bytes(fc->kernel->type);
  for (int r = 0; r < WNI_FC_ROWS; r++) w[r] = (const char *)fc->weights + row[r] * row_bytes;
  fc->kernel->run.fc(x, w, fc->k, n, sum);
  finish_sums(fc, row, n, sum);
  for (int r = 0; r < n; r++) y[row[r]] = sum[r];
}

/* y[rows[begin..end)] of one input, or y[begin..end) where rows is NULL. */
static void activate(const WniFullyConnected *fc, const int32_t *rows, size_t begin, size_t end,
                     float *y) {
  if (!rows) {
    fc->act->run.act(&fc->activation, end - begin, y + begin);
    return;
  }
  for (size_t r = begin; r < end; r++) fc->act->run.act(&fc->activation, 1, y + rows[r]);
}

/* Four rows at a time, each from a part of its own: fc_fetch.h. */
void wni_fully_connected_run(const WniFullyConnected *fc, const void *x, float *y,
                             const int32_t *rows, size_t n_rows, WniThread thread) {
  size_t begin, end;
  wni_parallel_range(thread, rows ? n_rows : fc->n, 1, &begin, &end);
  size_t part = (end - begin + WNI_FC_ROWS - 1) / WNI_FC_ROWS;
  for (size_t r = begin; r < begin + part; r++) {
    size_t row[WNI_FC_ROWS];
    int n = 0;
    for (size_t i = 0; i < WNI_FC_ROWS; i++) {
      bool is_there = r + i * part < end;
      size_t at = is_there ? r + i * part : r;
      row[i] = rows ? (size_t)rows[at] : at;
      n += is_there;
    }
    for (size_t m = 0; m < fc->m; m++)
      run_rows(fc, (const char *)x + m * input_bytes(fc), y + m * fc->n, row, n);
  }
  for (size_t m = 0; m < fc->m; m++) activate(fc, rows, begin, end, y + m * fc->n);
}
