/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Arithmetic and activations on runs of floats: every variant against the C reference and the
 * formulas in double.
 */
#include "cases.h"
#include "variants.h"

#include <math.h>
#include <string.h>

START_TEST(vec) {
  unsigned seed = 5;
  for
    EACH_VARIANT(k, WNI_KERNEL_vec, WNI_F32)
  for (int op = 0; op < WNI_VEC_OP_COUNT; op++)
    for (size_t n = 1; n < 70; n++) {
      Fenced a = random_floats(n, SPECIAL, &seed), b = random_floats(n, SMALL, &seed);
      Fenced c = random_floats(n, SMALL, &seed);
      Fenced want = fenced_new(n * sizeof(float)), got = fenced_new(n * sizeof(float));
      reference(WNI_KERNEL_vec, WNI_F32)
          ->run.vec((WniVecOp)op, a.data, b.data, c.data, n, want.data);
      k->run.vec((WniVecOp)op, a.data, b.data, c.data, n, got.data);
      for (size_t i = 0; i < n; i++) {
        double x = element(WNI_F32, false, want.data, i);
        double size = fabs(element(WNI_F32, false, a.data, i) * element(WNI_F32, false, b.data, i));
        expect_near(k, element(WNI_F32, false, got.data, i), x, ldexp(fabs(x) + size, -23), "vec",
                    i);
      }
      Fenced *all[] = {&a, &b, &c, &want, &got};
      for (size_t i = 0; i < 5; i++) fenced_free(all[i], k->name);
    }
}
END_TEST

/* Against the formulas of kernels.h in double. */
static double activate(const WniActivation *a, double x) {
  switch (a->kind) {
  case WNI_ACT_NONE:
    return x;
  case WNI_ACT_CLAMP:
    return fmin(fmax(x, (double)a->a), (double)a->b);
  case WNI_ACT_LEAKY_RELU:
    return x < 0 ? (double)a->a * x : x;
  case WNI_ACT_ELU:
    return x < 0 ? (double)a->a * (exp(x) - 1) : x;
  case WNI_ACT_HARD_SIGMOID:
    return fmin(fmax((double)a->a * x + (double)a->b, 0), 1);
  case WNI_ACT_HARD_SWISH:
    return x * fmin(fmax(x / 6 + 0.5, 0), 1);
  case WNI_ACT_SIGMOID:
    return 1 / (1 + exp(-x));
  case WNI_ACT_TANH:
    return tanh(x);
  case WNI_ACT_TRUNC:
    return trunc(x);
  case WNI_ACT_NONZERO:
    return x == 0 ? 0 : 1;
  case WNI_ACT_ROUND:
    return rint(x);
  case WNI_ACT_COUNT:
    break;
  }
  return NAN;
}

START_TEST(act) {
  unsigned seed = 6;
  for
    EACH_VARIANT(k, WNI_KERNEL_act, WNI_F32)
  for (int kind = WNI_ACT_NONE; kind < WNI_ACT_COUNT; kind++)
    for (size_t n = 1; n < 70; n++) {
      WniActivation activation = {(WniActivationKind)kind, 0.2f, 0.5f};
      Fenced y = random_floats(n, n & 1 ? SPECIAL : SMALL, &seed), x = fenced_new(y.bytes);
      memcpy(x.data, y.data, y.bytes);
      k->run.act(&activation, n, y.data);
      for (size_t i = 0; i < n; i++) {
        double want = activate(&activation, element(WNI_F32, false, x.data, i));
        expect_near(k, element(WNI_F32, false, y.data, i), want, 1e-6 * (1 + fabs(want)), "act", i);
      }
      fenced_free(&x, k->name);
      fenced_free(&y, k->name);
    }
}
END_TEST

TCase *case_floats(void) {
  const TTest *const tests[] = {vec, act};
  return case_of("floats", tests, 2, 1);
}
