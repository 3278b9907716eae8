/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every variant of the pooling windows.
 */
#include "cases.h"
#include "variants.h"

#include <math.h>

/* The maximum that kernels.h asks for; a NaN anywhere is one. */
static double larger(double a, double b) {
  return isnan(a) || isnan(b) ? (double)NAN : fmax(a, b);
}

static void try_pool(const WniKernel *kernel, size_t rows, size_t columns, size_t n, int nan_at,
                     unsigned *seed) {
  bool average = kernel->kind == WNI_KERNEL_avgpool;
  WniType type = kernel->type, y_type = average ? WNI_F32 : type;
  size_t bytes = wni_type_bytes(type), pitch = n + 1, row_pitch = columns * pitch + 2;
  Fenced x =
      random_activations(type, (rows - 1) * row_pitch + (columns - 1) * pitch + n, SMALL, seed);
  Fenced got = fenced_new(n * wni_type_bytes(y_type));
  if (nan_at >= 0 && type == WNI_F32)
    ((float *)x.data)[((size_t)nan_at + 1) * n % (x.bytes / 4)] = NAN;
  if (nan_at >= 0 && type == WNI_BF16)
    ((uint16_t *)x.data)[((size_t)nan_at + 1) * n % (x.bytes / 2)] = 0x7FC1;
  WniPoolArgs args = {.x = x.data,
                      .n_rows = rows,
                      .n_columns = columns,
                      .n_channels = n,
                      .row_stride = (ptrdiff_t)(row_pitch * bytes),
                      .column_stride = (ptrdiff_t)(pitch * bytes),
                      .scale = average ? 0.25f : 1,
                      .zero = average && type == WNI_U8 ? (int)(n * 37 % 256) : 0,
                      .y = got.data};
  if (average)
    kernel->run.avgpool(&args);
  else
    kernel->run.maxpool(&args);
  for (size_t c = 0; c < n; c++) {
    double best = -INFINITY, sum = 0, size = 0;
    for (size_t r = 0; r < rows; r++)
      for (size_t k = 0; k < columns; k++) {
        double value = element(type, false, x.data, r * row_pitch + k * pitch + c) - args.zero;
        best = larger(best, value);
        sum += value;
        size += fabs(value);
      }
    expect_near(kernel, element(y_type, false, got.data, c), average ? sum / 4 : best,
                average ? ldexp(size, -22) : 0, "window", c);
  }
  fenced_free(&x, kernel->name);
  fenced_free(&got, kernel->name);
}

START_TEST(windows) {
  static const WniKernelKind kinds[] = {WNI_KERNEL_maxpool, WNI_KERNEL_avgpool};
  WniType type = (WniType)_i;
  unsigned seed = 4;
  for (size_t i = 0; i < 2; i++)
    for
      EACH_VARIANT(k, kinds[i], type)
  for (size_t n = 1; n <= 140; n++) try_pool(k, 1 + n % 4, 1 + n % 3, n, (int)(n % 5) - 1, &seed);
}
END_TEST

TCase *case_pools(void) {
  const TTest *const tests[] = {windows};
  return case_of("pools", tests, 1, WNI_TYPE_COUNT);
}
