/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Arithmetic and activations on runs of floats: every variant against the C reference and the
 * formulas in double.
 */
#include "cases.h"
#include "variants.h"

#include <math.h>
#include <stdio.h>
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
        double first = fabs(element(WNI_F32, false, a.data, i));
        double size = first * (1 + fabs(element(WNI_F32, false, b.data, i)));
        expect_near(k, element(WNI_F32, false, got.data, i), x, ldexp(fabs(x) + size, -23), "vec",
                    i);
      }
      Fenced *all[] = {&a, &b, &c, &want, &got};
      for (size_t i = 0; i < 5; i++) fenced_free(all[i], k->name);
    }
}
END_TEST

/* ---- activations: against the formulas of kernels.h in double ---- */

static double sigmoid(double x) {
  return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double softplus(double x) {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double activate(const WniActivation *activation, double x) {
  double a = (double)activation->a, b = (double)activation->b;
  switch (activation->kind) {
  case WNI_ACT_NONE:
    return x;
  case WNI_ACT_CLAMP:
    return fmin(fmax(x, a), b);
  case WNI_ACT_LEAKY_RELU:
    return x < 0 ? a * x : x;
  case WNI_ACT_THRESHOLDED_RELU:
    return x > a ? x : 0;
  case WNI_ACT_ELU:
    return x < 0 ? a * expm1(x) : x;
  case WNI_ACT_SELU:
    return b * (x < 0 ? a * expm1(x) : x);
  case WNI_ACT_CELU:
    return x < 0 ? a * expm1(x / a) : x;
  case WNI_ACT_HARD_SIGMOID:
    return fmin(fmax(a * x + b, 0), 1);
  case WNI_ACT_HARD_SWISH:
    return x * fmin(fmax(x / 6 + 0.5, 0), 1);
  case WNI_ACT_SIGMOID:
    return sigmoid(x);
  case WNI_ACT_SWISH:
    return x * sigmoid(a * x);
  case WNI_ACT_TANH:
    return tanh(x);
  case WNI_ACT_SOFTSIGN:
    return x / (1 + fabs(x));
  case WNI_ACT_SOFTPLUS:
    return softplus(x);
  case WNI_ACT_MISH:
    return x * tanh(softplus(x));
  case WNI_ACT_GELU:
    return x * erfc(-x * M_SQRT1_2) / 2;
  case WNI_ACT_GELU_TANH:
    return x * sigmoid(sqrt(8 / M_PI) * (x + 0.044715 * x * x * x));
  case WNI_ACT_EXP:
    return exp(x);
  case WNI_ACT_LOG:
    return log(x);
  case WNI_ACT_SQRT:
    return sqrt(x);
  case WNI_ACT_RECIPROCAL:
    return 1 / x;
  case WNI_ACT_ERF:
    return erf(x);
  case WNI_ACT_SIN:
    return sin(x);
  case WNI_ACT_COS:
    return cos(x);
  case WNI_ACT_NEG:
    return -x;
  case WNI_ACT_ABS:
    return fabs(x);
  case WNI_ACT_SIGN:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case WNI_ACT_CEIL:
    return ceil(x);
  case WNI_ACT_FLOOR:
    return floor(x);
  case WNI_ACT_ROUND:
    return rint(x);
  case WNI_ACT_TRUNC:
    return trunc(x);
  case WNI_ACT_NONZERO:
    return x == 0 ? 0 : 1;
  case WNI_ACT_NOT:
    return x == 0 ? 1 : 0;
  case WNI_ACT_IS_NAN:
    return isnan(x) ? 1 : 0;
  case WNI_ACT_GRID_16:
    return fmin(fmax(rint((double)((float)x / activation->a)), b), b + 65535) * a; /* ties */
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
        want = (double)(float)want; /* infinite where float32 is */
        expect_near(k, element(WNI_F32, false, y.data, i), want, 1e-6 * (1 + fabs(want)), "act", i);
      }
      fenced_free(&x, k->name);
      fenced_free(&y, k->name);
    }
}
END_TEST

/* The errors that elementary.h states. */
typedef struct Accuracy {
  WniActivation activation;
  double ulp;  /* of the result */
  double of_x; /* of |x| beside that */
} Accuracy;

static const Accuracy accuracies[] = {
    {{WNI_ACT_EXP, 0, 0}, 1.1, 0},        {{WNI_ACT_LOG, 0, 0}, 1, 0},
    {{WNI_ACT_SIGMOID, 0, 0}, 2.5, 0},    {{WNI_ACT_TANH, 0, 0}, 2.6, 0},
    {{WNI_ACT_ERF, 0, 0}, 2, 0},          {{WNI_ACT_SOFTPLUS, 0, 0}, 3, 0},
    {{WNI_ACT_ELU, 1, 0}, 1.1, 0},        {{WNI_ACT_GELU, 0, 0}, 0, 2e-7},
    {{WNI_ACT_GELU_TANH, 0, 0}, 0, 2e-7}, {{WNI_ACT_MISH, 0, 0}, 0, 2e-7},
    {{WNI_ACT_SWISH, 1, 0}, 4, 0x1p-127}, {{WNI_ACT_SWISH, -2, 0}, 4, 0x1p-126},
};

enum { VALUES = 4096, STEP = 49999 };

/* Floats of all sizes, or a stretch of those between -20 and 20. */
static void spread(unsigned block, unsigned n_blocks, float *x) {
  static const float special[] = {0.0f,      -0.0f,     INFINITY,   -INFINITY, NAN,
                                  0x1p-149f, 0x1p-126f, -0x1p-149f, 88.7f,     -103.9f};
  enum { N_SPECIAL = sizeof special / sizeof *special };
  unsigned half = n_blocks / 2, count = half * VALUES;
  for (unsigned i = 0; i < VALUES; i++) {
    uint32_t bits = (block * VALUES + i) * (uint32_t)STEP;
    if (block < half)
      memcpy(&x[i], &bits, sizeof bits);
    else
      x[i] = ((float)((block - half) * VALUES + i) / (float)count - 0.5f) * 40;
  }
  for (unsigned i = 0; i < N_SPECIAL; i++) x[i] = special[i];
}

/* The unit in the last place of the float32 nearest to x. */
static double unit_of(double x) {
  return isfinite(x) && fabs(x) >= 0x1p-126 ? ldexp(1, ilogb(x) - 23) : 0x1p-149;
}

START_TEST(accuracy) {
  enum { N_BLOCKS = 40 };
  for
    EACH_VARIANT(k, WNI_KERNEL_act, WNI_F32)
  for (size_t f = 0; f < sizeof accuracies / sizeof *accuracies; f++)
    for (unsigned block = 0; block < N_BLOCKS; block++) {
      const Accuracy *may = &accuracies[f];
      float x[VALUES], y[VALUES];
      spread(block, N_BLOCKS, x);
      memcpy(y, x, sizeof y);
      k->run.act(&may->activation, VALUES, y);
      for (size_t i = 0; i < VALUES; i++) {
        double want = activate(&may->activation, (double)x[i]);
        double bound = may->ulp * unit_of(want) + may->of_x * fabs((double)x[i]) + 0x1p-150;
        if (fabs(want) > 0x1.fffffep127) want = want > 0 ? (double)INFINITY : -(double)INFINITY;
        char where[64];
        snprintf(where, sizeof where, "activation %d of %.9g", may->activation.kind, (double)x[i]);
        expect_near(k, (double)y[i], want, bound, where, i);
      }
    }
}
END_TEST

/* ---- reductions ---- */

static double more(WniReduceOp op, double y, double x) {
  switch (op) {
  case WNI_REDUCE_SUM:
    return y + x;
  case WNI_REDUCE_L1:
    return y + fabs(x);
  case WNI_REDUCE_SQUARES:
    return y + x * x;
  case WNI_REDUCE_PROD:
    return y * x;
  case WNI_REDUCE_MAX:
    return fmax(y, x);
  case WNI_REDUCE_MIN:
    return fmin(y, x);
  case WNI_REDUCE_OP_COUNT:
    break;
  }
  return NAN;
}

START_TEST(reduce) {
  unsigned seed = 7;
  for
    EACH_VARIANT(k, WNI_KERNEL_reduce, WNI_F32)
  for (int op = 0; op < WNI_REDUCE_OP_COUNT; op++)
    for (size_t n = 1; n < 40; n++)
      for (size_t rows = 1; rows < 100; rows += n == 1 ? 1 : 13) {
        size_t stride = rows & 1 ? n : n + 3;
        Fenced x = random_floats(rows * stride, SMALL, &seed), y = random_floats(n, SMALL, &seed);
        Fenced before = fenced_new(y.bytes);
        memcpy(before.data, y.data, y.bytes);
        k->run.reduce((WniReduceOp)op, x.data, rows, (ptrdiff_t)stride, n, y.data);
        for (size_t i = 0; i < n; i++) {
          double want = element(WNI_F32, false, before.data, i), size = fabs(want);
          for (size_t r = 0; r < rows; r++) {
            double value = element(WNI_F32, false, x.data, r * stride + i);
            want = more((WniReduceOp)op, want, value);
            size += fabs(value) + value * value;
          }
          if (op == WNI_REDUCE_PROD) size = fabs(want) * (double)rows;
          expect_near(k, element(WNI_F32, false, y.data, i), want, ldexp(size, -20), "reduce", i);
        }
        Fenced *all[] = {&x, &y, &before};
        for (size_t i = 0; i < 3; i++) fenced_free(all[i], k->name);
      }
}
END_TEST

/* A NaN comes through wherever it lies. */
START_TEST(reduce_nan) {
  for
    EACH_VARIANT(k, WNI_KERNEL_reduce, WNI_F32)
  for (int op = 0; op < WNI_REDUCE_OP_COUNT; op++)
    for (size_t at = 0; at < 70; at++) {
      float x[70], y = 0;
      for (size_t i = 0; i < 70; i++) x[i] = i == at ? NAN : 1.0f;
      k->run.reduce((WniReduceOp)op, x, 70, 1, 1, &y);
      expect_near(k, (double)y, (double)NAN, 0, "NaN in a run", at);
    }
}
END_TEST

/* Rows of all lengths to beyond the lanes, in place or apart, with and without factors. */
START_TEST(norm) {
  unsigned seed = 11;
  for
    EACH_VARIANT(k, WNI_KERNEL_norm, WNI_F32)
  for (size_t n = 1; n < 300; n += n < 70 ? 1 : 61)
    for (int factors = 0; factors < 3; factors++) {
      enum { ROWS = 3 };
      size_t stride = n + 5;
      bool centred = n % 2;
      Fenced x = random_floats(ROWS * stride - 5, SMALL, &seed), y = fenced_new(x.bytes);
      Fenced scale = random_floats(n, SMALL, &seed), shift = random_floats(n, SMALL, &seed);
      WniNormArgs args = {x.data,
                          (ptrdiff_t)stride,
                          (ptrdiff_t)stride,
                          ROWS,
                          n,
                          centred,
                          1e-3f,
                          factors > 0 ? scale.data : NULL,
                          factors > 1 ? shift.data : NULL,
                          y.data};
      k->run.norm(&args);
      for (size_t r = 0; r < ROWS; r++) {
        double mean = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
          mean += element(WNI_F32, false, x.data, r * stride + i) / (double)n * centred;
        for (size_t i = 0; i < n; i++)
          squares += pow(element(WNI_F32, false, x.data, r * stride + i) - mean, 2) / (double)n;
        for (size_t i = 0; i < n; i++) {
          double want =
              (element(WNI_F32, false, x.data, r * stride + i) - mean) / sqrt(squares + 1e-3);
          if (factors > 0) want *= element(WNI_F32, false, scale.data, i);
          double size = fabs(want) + 1;
          if (factors > 1) want += element(WNI_F32, false, shift.data, i);
          expect_near(k, element(WNI_F32, false, y.data, r * stride + i), want, ldexp(size, -20),
                      "norm", i);
        }
      }
      Fenced *all[] = {&x, &y, &scale, &shift};
      for (size_t i = 0; i < 4; i++) fenced_free(all[i], k->name);
    }
}
END_TEST

/* Runs of all lengths to beyond the lanes; one element is masked, which leaves exactly nothing. */
START_TEST(softmax) {
  unsigned seed = 13;
  for
    EACH_VARIANT(k, WNI_KERNEL_softmax, WNI_F32)
  for (size_t n = 1; n < 300; n += n < 70 ? 1 : 61)
    for (int masked = 0; masked < 2; masked++) {
      Fenced x = random_floats(n, SMALL, &seed), y = fenced_new(x.bytes);
      if (masked) ((float *)x.data)[n / 2] = n > 1 ? -100.0f : 0.0f;
      double largest = -INFINITY, sum = 0;
      for (size_t i = 0; i < n; i++) largest = fmax(largest, element(WNI_F32, false, x.data, i));
      for (size_t i = 0; i < n; i++) sum += exp(element(WNI_F32, false, x.data, i) - largest);
      k->run.softmax(x.data, n, y.data);
      for (size_t i = 0; i < n; i++) {
        double want = exp(element(WNI_F32, false, x.data, i) - largest) / sum;
        bool none = masked && n > 1 && i == n / 2;
        expect_near(k, element(WNI_F32, false, y.data, i), none ? 0 : want,
                    none ? 0 : ldexp(want, -20), "softmax", i);
      }
      Fenced *all[] = {&x, &y};
      for (size_t i = 0; i < 2; i++) fenced_free(all[i], k->name);
    }
}
END_TEST

/* A NaN comes through wherever it lies. */
START_TEST(softmax_nan) {
  for
    EACH_VARIANT(k, WNI_KERNEL_softmax, WNI_F32)
  for (size_t at = 0; at < 70; at++) {
    float x[70];
    for (size_t i = 0; i < 70; i++) x[i] = i == at ? NAN : 1.0f;
    k->run.softmax(x, 70, x);
    expect_near(k, (double)x[0], (double)NAN, 0, "NaN in a run", at);
  }
}
END_TEST

TCase *case_floats(void) {
  const TTest *const tests[] = {vec, act, accuracy, reduce, reduce_nan, norm, softmax, softmax_nan};
  return case_of("floats", tests, sizeof tests / sizeof *tests, 1);
}
