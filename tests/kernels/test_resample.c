/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two halves of the preprocess's resampling against the formulas in double.
 */
#include "cases.h"
#include "variants.h"

#include <math.h>
#include <stdlib.h>

static double rows_reference(const WniRowsArgs *args, size_t i) {
  double inner = 0;
  for (size_t t = 1; t + 1 < args->n_rows; t++)
    inner += args->x[(ptrdiff_t)t * args->stride + (ptrdiff_t)i];
  double sum = (double)args->first_weight * args->x[i] + (double)args->weight * inner;
  if (args->n_rows > 1)
    sum += (double)args->last_weight *
           args->x[(ptrdiff_t)(args->n_rows - 1) * args->stride + (ptrdiff_t)i];
  return sum;
}

/* Boxes of up to three 16-bit sums; the bytes end with the last row. */
START_TEST(rows) {
  static const size_t heights[] = {1, 2, 3, 4, 7, 36, 258, 259, 260, 600};
  unsigned seed = 7;
  for
    EACH_VARIANT(k, WNI_KERNEL_rows, WNI_U8)
  for (size_t h = 0; h < sizeof heights / sizeof *heights; h++)
    for (size_t n = 1; n < 200; n += 1 + n / 12) {
      size_t stride = n + rand_r(&seed) % 9, size = (heights[h] - 1) * stride + n;
      Fenced x = random_activations(WNI_U8, size, n % 2 ? HIGHEST : SMALL, &seed);
      Fenced y = fenced_new(n * sizeof(float));
      WniRowsArgs args = {x.data, (ptrdiff_t)stride, heights[h], n, 0.3f, 0.7f, 0.1f, y.data};
      k->run.rows(&args);
      for (size_t i = 0; i < n; i++) {
        double want = rows_reference(&args, i);
        expect_near(k, element(WNI_F32, false, y.data, i), want, 1e-6 * (1 + want), "rows", i);
      }
      fenced_free(&x, k->name);
      fenced_free(&y, k->name);
    }
}
END_TEST

static void check_columns(const WniKernel *kernel, size_t step, size_t n_taps, size_t n_out,
                          unsigned *seed) {
  const size_t y_stride = n_out + 3;
  int32_t first[24];
  size_t last = 0;
  for (size_t i = 0; i < n_out; i++) {
    first[i] = (int32_t)(rand_r(seed) % 30);
    if ((size_t)first[i] > last) last = (size_t)first[i];
  }
  Fenced x = random_floats((last + n_taps) * step + 1, SMALL, seed);
  Fenced w = random_floats(n_out * n_taps, SMALL, seed);
  Fenced y = fenced_new(((step - 1) * y_stride + n_out) * sizeof(float));
  const float *samples = x.data, *weights = w.data;
  kernel->run.columns(
      &(WniColumnsArgs){x.data, w.data, first, step, n_taps, n_out, y_stride, y.data});
  for (size_t i = 0; i < n_out; i++)
    for (size_t c = 0; c < step; c++) {
      double want = 0, scale = 0;
      for (size_t t = 0; t < n_taps; t++) {
        double term =
            (double)weights[i * n_taps + t] * (double)samples[((size_t)first[i] + t) * step + c];
        want += term;
        scale += fabs(term);
      }
      expect_near(kernel, element(WNI_F32, false, y.data, c * y_stride + i), want,
                  2e-6 * (1 + scale), "columns", i);
    }
  for (size_t c = 0; c + 1 < step; c++) /* between the rows of samples */
    for (size_t b = n_out * 4; b < y_stride * 4; b++)
      if (((uint8_t *)y.data)[c * y_stride * 4 + b] != FENCED_FILL)
        ck_abort_msg("%s writes behind a row", kernel->name);
  fenced_free(&x, kernel->name);
  fenced_free(&w, kernel->name);
  fenced_free(&y, kernel->name);
}

START_TEST(columns) {
  unsigned seed = 8;
  for
    EACH_VARIANT(k, WNI_KERNEL_columns, WNI_F32)
  for (size_t step = 1; step <= 4; step++)
    for (size_t n_taps = WNI_COLUMNS_TAPS; n_taps <= 40; n_taps += WNI_COLUMNS_TAPS)
      for (size_t n_out = 1; n_out < 24; n_out++) check_columns(k, step, n_taps, n_out, &seed);
}
END_TEST

TCase *case_resample(void) {
  const TTest *const tests[] = {rows, columns};
  return case_of("resample", tests, 2, 1);
}
