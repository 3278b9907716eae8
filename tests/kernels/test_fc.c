/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every variant of the dot products: integers exactly, floats against the formula in double.
 */
#include "cases.h"
#include "variants.h"

#include <float.h>
#include <math.h>

/* Threads take rows together in other ways: a row gives the same to the bit in every place. */
static void expect_same_anywhere(const WniKernel *kernel, const void *x, const void *const *w,
                                 size_t k) {
  int32_t sum[WNI_FC_ROWS], turned[WNI_FC_ROWS];
  const void *other[WNI_FC_ROWS];
  kernel->run.fc(x, w, k, WNI_FC_ROWS, sum);
  for (int by = 1; by < WNI_FC_ROWS; by++) {
    for (int r = 0; r < WNI_FC_ROWS; r++) other[r] = w[(r + by) % WNI_FC_ROWS];
    kernel->run.fc(x, other, k, WNI_FC_ROWS, turned);
    for (int r = 0; r < WNI_FC_ROWS; r++)
      ck_assert_msg(turned[r] == sum[(r + by) % WNI_FC_ROWS], "%s: %zu numbers, row %d as row %d",
                    kernel->name, k, (r + by) % WNI_FC_ROWS, r);
  }
}

static void try_fc(const WniKernel *kernel, size_t k, int n, Contents x_contents,
                   Contents w_contents, unsigned *seed) {
  WniType type = kernel->type;
  Fenced x = random_activations(type, k, x_contents, seed), rows[WNI_FC_ROWS];
  Fenced got = fenced_new((size_t)n * sizeof(float));
  const void *w[WNI_FC_ROWS];
  for (int r = 0; r < WNI_FC_ROWS; r++) {
    rows[r] = random_weights(type, k, w_contents, seed);
    w[r] = rows[r < n ? r : n - 1].data;
  }
  kernel->run.fc(x.data, w, k, n, got.data);
  for (int r = 0; r < n; r++) {
    double sum = 0, size = 0;
    for (size_t i = 0; i < k; i++) {
      double product = element(type, false, x.data, i) * element(type, true, w[r], i);
      sum += product;
      size += fabs(product);
    }
    double y = type == WNI_U8 ? ((int32_t *)got.data)[r] : (double)((float *)got.data)[r];
    double bound = (double)(k + 1) * ldexp(size, -24) + (double)FLT_MIN;
    expect_near(kernel, y, sum, type == WNI_U8 ? 0 : bound, "fc", (size_t)r);
  }
  if (n == WNI_FC_ROWS) expect_same_anywhere(kernel, x.data, w, k);
  fenced_free(&x, kernel->name);
  fenced_free(&got, kernel->name);
  for (int r = 0; r < WNI_FC_ROWS; r++) fenced_free(&rows[r], kernel->name);
}

START_TEST(sizes) {
  unsigned seed = 3;
  for
    EACH_VARIANT(kernel, WNI_KERNEL_fc, (WniType)_i)
  for (size_t k = 1; k < 1200; k += k < 140 ? 1 : k / 9)
    for (int n = 1; n <= WNI_FC_ROWS; n++) try_fc(kernel, k, n, SMALL, SMALL, &seed);
}
END_TEST

START_TEST(extreme_integers) {
  unsigned seed = 4;
  for
    EACH_VARIANT(kernel, WNI_KERNEL_fc, WNI_U8)
  for (int x = SMALL; x < CONTENTS_COUNT; x++)
    for (int w = SMALL; w < CONTENTS_COUNT; w++)
      for (size_t k = 100; k < 5000; k += 1111)
        try_fc(kernel, k, WNI_FC_ROWS, (Contents)x, (Contents)w, &seed);
}
END_TEST

TCase *case_fc(void) {
  const TTest *const tests[] = {sizes};
  TCase *tcase = case_of("fc", tests, 1, WNI_TYPE_COUNT);
  tcase_add_test(tcase, extreme_integers);
  return tcase;
}
