/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every kernel variant that this processor can run against the C reference of its
 * kind, over sizes with tails, with guards around every array.  With --bench [FILTER]
 * nothing is tested: the variants whose name contains FILTER are timed (bench.h).
 */
#include "base/cpu.h"
#include "bench.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static WniType type_of(WniKernelKind kind) {
  return kind == WNI_KERNEL_rows ? WNI_U8 : WNI_F32;
}

static const WniKernel *reference(WniKernelKind kind) {
  size_t count;
  const WniKernel *table = wni_kernel_table(&count), *last = NULL;
  for (size_t i = 0; i < count; i++)
    if (table[i].kind == kind && table[i].type == type_of(kind)) last = &table[i];
  ck_assert_msg(last && strstr(last->name, "__c"), "kind %d has no reference at its end", kind);
  return last;
}

/* The next variant of `kind` behind `at` that can run here; NULL: no more. */
static const WniKernel *next_variant(WniKernelKind kind, const WniKernel *at) {
  size_t count;
  const WniKernel *table = wni_kernel_table(&count);
  for (const WniKernel *k = at ? at + 1 : table; k < table + count; k++)
    if (k->kind == kind && k->type == type_of(kind) && !(k->isa & ~wni_cpu_flags())) return k;
  return NULL;
}

#define EACH_VARIANT(k, kind) (const WniKernel *k = NULL; (k = next_variant(kind, k));)

/* Sums in another order differ by rounding of the largest terms. */
static void expect_close(const WniKernel *kernel, const float *got, const float *want, size_t n,
                         double scale) {
  for (size_t i = 0; i < n; i++) {
    double a = (double)got[i], b = (double)want[i];
    bool same = (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 2e-6 * (scale + fabs(b));
    ck_assert_msg(same, "%s: element %zu is %g, must be %g", kernel->name, i, a, b);
  }
}

typedef struct Igemm {
  Guarded x, w, bias, residual, y;
  const void *x_at[WNI_MAX_TILE_M], *residual_at[WNI_MAX_TILE_M];
  void *y_at[WNI_MAX_TILE_M];
} Igemm;

/* Pixel i reads x at i * step; y rows are `pitch` apart. */
static void run_igemm(const WniKernel *kernel, WniIgemmArgs args, Igemm *data, size_t step,
                      size_t pitch, bool residual) {
  for (int i = 0; i < kernel->tile_m; i++) {
    size_t row = (size_t)(i < args.m ? i : args.m - 1);
    data->x_at[i] = data->x.data + row * step;
    data->y_at[i] = data->y.data + row * pitch;
    data->residual_at[i] = data->residual.data + row * pitch;
  }
  args.x = data->x_at;
  args.y = data->y_at;
  args.residual = residual ? data->residual_at : NULL;
  args.w = data->w.data;
  args.bias = data->bias.data;
  kernel->run.igemm(&args);
}

/* Weights [k][n] in order, packed for a tile of `tile_n` columns with zeros behind. */
static Guarded pack(const float *w, size_t k, size_t n, size_t tile_n) {
  Guarded packed = guarded_empty(k * tile_n);
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < tile_n; j++) packed.data[i * tile_n + j] = j < n ? w[i * n + j] : 0;
  return packed;
}

static void try_igemm(const WniKernel *kernel, int m, int n, size_t taps, size_t channels,
                      bool residual, bool clamp, unsigned *seed) {
  const WniKernel *plain = reference(WNI_KERNEL_igemm);
  size_t k = taps * channels, step = channels + 3, pitch = (size_t)n + 5, rows = (size_t)m;
  ptrdiff_t tap[9];
  for (size_t t = 0; t < taps; t++) tap[t] = (ptrdiff_t)(t * (channels + 1) * sizeof(float));
  Guarded w = guarded_random(k * (size_t)n, seed, false);
  Guarded x = guarded_random(rows * step + taps * (channels + 1), seed, false);
  Guarded bias = guarded_random((size_t)n, seed, false);
  Guarded residual_data = guarded_random(rows * pitch, seed, false);
  Guarded want = guarded_empty(rows * pitch), got = guarded_empty(rows * pitch);
  WniIgemmArgs args = {.m = m,
                       .n_taps = taps,
                       .n_channels = channels,
                       .tap = tap,
                       .low = clamp ? 0 : -INFINITY,
                       .high = clamp ? 6 : INFINITY};

  /* the reference takes one pixel and up to its own tile n columns at a time */
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j += plain->tile_n) {
      int columns = n - j < plain->tile_n ? n - j : plain->tile_n;
      Guarded slice = guarded_empty(k * (size_t)columns);
      for (size_t r = 0; r < k; r++)
        memcpy(slice.data + r * (size_t)columns, w.data + r * (size_t)n + (size_t)j,
               (size_t)columns * sizeof(float));
      Igemm one = {.x = x,
                   .bias = bias,
                   .residual = residual_data,
                   .y = want,
                   .w = pack(slice.data, k, (size_t)columns, (size_t)plain->tile_n)};
      one.x.data += (size_t)i * step;
      one.y.data += (size_t)i * pitch + (size_t)j;
      one.residual.data += (size_t)i * pitch + (size_t)j;
      one.bias.data += j;
      WniIgemmArgs a = args;
      a.m = 1;
      a.n = columns;
      run_igemm(plain, a, &one, step, pitch, residual);
      guarded_free(&one.w);
      guarded_free(&slice);
    }
  Guarded padded_bias = pack(bias.data, 1, (size_t)n, (size_t)kernel->tile_n);
  Igemm data = {.x = x,
                .bias = padded_bias,
                .residual = residual_data,
                .y = got,
                .w = pack(w.data, k, (size_t)n, (size_t)kernel->tile_n)};
  args.n = n;
  run_igemm(kernel, args, &data, step, pitch, residual);
  for (int i = 0; i < m; i++) {
    expect_close(kernel, got.data + (size_t)i * pitch, want.data + (size_t)i * pitch, (size_t)n,
                 (double)k);
    for (size_t j = (size_t)n; j < pitch; j++) /* columns behind n stay untouched */
      ck_assert(isnan(got.data[(size_t)i * pitch + j]));
  }
  ck_assert_msg(guarded_intact(&got), "%s writes outside", kernel->name);
  guarded_free(&data.w);
  guarded_free(&padded_bias);
  Guarded *all[] = {&w, &x, &bias, &residual_data, &want, &got};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) guarded_free(all[i]);
}

START_TEST(igemm) {
  unsigned seed = 1;
  for
    EACH_VARIANT(k, WNI_KERNEL_igemm)
  for (int m = 1; m <= k->tile_m; m++)
    for (int n = 1; n <= k->tile_n; n++) {
      try_igemm(k, m, n, 1, 1 + (size_t)(rand_r(&seed) % 40), n & 1, m & 1, &seed);
      try_igemm(k, m, n, 9, 1 + (size_t)(rand_r(&seed) % 9), m & 1, n & 1, &seed);
    }
}
END_TEST

START_TEST(igemm_keeps_nan) {
  for
    EACH_VARIANT(k, WNI_KERNEL_igemm) {
      float x[1] = {NAN}, w[64] = {1}, bias[64] = {0}, y[WNI_MAX_TILE_M][64];
      const void *x_at[WNI_MAX_TILE_M];
      void *y_at[WNI_MAX_TILE_M];
      ptrdiff_t tap = 0;
      for (int i = 0; i < WNI_MAX_TILE_M; i++) {
        x_at[i] = x;
        y_at[i] = y[i];
      }
      for (int n = 1; n <= k->tile_n; n += k->tile_n - 1 ? k->tile_n - 1 : 1) {
        WniIgemmArgs args = {.m = 1,
                             .n = n,
                             .n_taps = 1,
                             .n_channels = 1,
                             .tap = &tap,
                             .x = x_at,
                             .w = w,
                             .bias = bias,
                             .y = y_at,
                             .low = 0,
                             .high = INFINITY};
        y[0][0] = 0;
        k->run.igemm(&args);
        ck_assert_msg(isnan(y[0][0]), "%s loses a NaN at n = %d", k->name, n);
      }
    }
}
END_TEST

/* Pixels beside each other, with a gap between what they read and between what they write. */
static void try_dwconv(const WniKernel *k, size_t pixels, size_t n, unsigned *seed) {
  ptrdiff_t tap[9];
  size_t step = n + 3, pitch = n + 1;
  for (size_t t = 0; t < 9; t++) tap[t] = (ptrdiff_t)(t * (n + 2) * sizeof(float));
  Guarded x = guarded_random(pixels * step + 9 * (n + 2), seed, false);
  Guarded w = guarded_random(9 * n, seed, false), bias = guarded_random(n, seed, false);
  Guarded want = guarded_empty(pixels * pitch), got = guarded_empty(pixels * pitch);
  WniDwconvArgs args = {.n_pixels = pixels,
                        .n_channels = n,
                        .n_taps = 1 + n % 9,
                        .x_step = (ptrdiff_t)(step * sizeof(float)),
                        .y_step = (ptrdiff_t)(pitch * sizeof(float)),
                        .tap = tap,
                        .x = x.data,
                        .w = w.data,
                        .bias = bias.data,
                        .y = want.data,
                        .low = n & 1 ? 0 : -INFINITY,
                        .high = n & 1 ? 6 : INFINITY};
  reference(WNI_KERNEL_dwconv)->run.dwconv(&args);
  args.y = got.data;
  k->run.dwconv(&args);
  expect_close(k, got.data, want.data, pixels * pitch, 9);
  ck_assert(guarded_intact(&got));
  Guarded *all[] = {&x, &w, &bias, &want, &got};
  for (size_t i = 0; i < 5; i++) guarded_free(all[i]);
}

START_TEST(dwconv) {
  unsigned seed = 2;
  for
    EACH_VARIANT(k, WNI_KERNEL_dwconv)
  for (size_t n = 1; n < 70; n++)
    for (size_t pixels = 1; pixels < 7; pixels++) try_dwconv(k, pixels, n, &seed);
}
END_TEST

START_TEST(fc) {
  unsigned seed = 3;
  for
    EACH_VARIANT(kernel, WNI_KERNEL_fc)
  for (size_t k = 1; k < 300; k += 1 + k / 9)
    for (int n = 1; n <= WNI_FC_ROWS; n++) {
      Guarded x = guarded_random(k, &seed, false), rows[WNI_FC_ROWS];
      const void *w[WNI_FC_ROWS];
      Guarded got = guarded_empty((size_t)n);
      for (int r = 0; r < WNI_FC_ROWS; r++) {
        rows[r] = guarded_random(k, &seed, false);
        w[r] = rows[r < n ? r : n - 1].data;
      }
      kernel->run.fc(x.data, w, k, n, got.data);
      for (int r = 0; r < n; r++) {
        double sum = 0;
        for (size_t i = 0; i < k; i++) sum += (double)x.data[i] * (double)((const float *)w[r])[i];
        ck_assert_double_eq_tol((double)got.data[r], sum, 1e-5 * (double)k);
      }
      ck_assert(guarded_intact(&got));
      guarded_free(&x);
      guarded_free(&got);
      for (int r = 0; r < WNI_FC_ROWS; r++) guarded_free(&rows[r]);
    }
}
END_TEST

static void try_pool(const WniKernel *kernel, size_t rows, size_t columns, size_t n,
                     unsigned *seed) {
  bool average = kernel->kind == WNI_KERNEL_avgpool;
  size_t pitch = n + 1, row_pitch = columns * pitch + 2;
  Guarded x = guarded_random(rows * row_pitch, seed, false), got = guarded_empty(n);
  WniPoolArgs args = {.x = x.data,
                      .n_rows = rows,
                      .n_columns = columns,
                      .n_channels = n,
                      .row_stride = (ptrdiff_t)(row_pitch * sizeof(float)),
                      .column_stride = (ptrdiff_t)(pitch * sizeof(float)),
                      .scale = 0.25f,
                      .y = got.data};
  if (average)
    kernel->run.avgpool(&args);
  else
    kernel->run.maxpool(&args);
  for (size_t c = 0; c < n; c++) {
    double best = -INFINITY, sum = 0;
    for (size_t r = 0; r < rows; r++)
      for (size_t k = 0; k < columns; k++) {
        double value = (double)x.data[r * row_pitch + k * pitch + c];
        best = fmax(best, value);
        sum += value / 4;
      }
    ck_assert_double_eq_tol((double)got.data[c], average ? sum : best, 1e-4);
  }
  ck_assert(guarded_intact(&got));
  guarded_free(&x);
  guarded_free(&got);
}

START_TEST(pools) {
  unsigned seed = 4;
  for (size_t n = 1; n < 50; n++) {
    for
      EACH_VARIANT(k, WNI_KERNEL_maxpool) try_pool(k, 1 + n % 4, 1 + n % 3, n, &seed);
    for
      EACH_VARIANT(k, WNI_KERNEL_avgpool) try_pool(k, 1 + n % 4, 1 + n % 3, n, &seed);
  }
}
END_TEST

START_TEST(vec) {
  unsigned seed = 5;
  for
    EACH_VARIANT(k, WNI_KERNEL_vec)
  for (int op = 0; op < WNI_VEC_OP_COUNT; op++)
    for (size_t n = 1; n < 67; n += 3) {
      Guarded a = guarded_random(n, &seed, true), b = guarded_random(n, &seed, false);
      Guarded c = guarded_random(n, &seed, false), want = guarded_empty(n), got = guarded_empty(n);
      reference(WNI_KERNEL_vec)->run.vec((WniVecOp)op, a.data, b.data, c.data, n, want.data);
      k->run.vec((WniVecOp)op, a.data, b.data, c.data, n, got.data);
      expect_close(k, got.data, want.data, n, 1);
      ck_assert(guarded_intact(&got));
      Guarded *all[] = {&a, &b, &c, &want, &got};
      for (size_t i = 0; i < 5; i++) guarded_free(all[i]);
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
  }
  return NAN;
}

START_TEST(act) {
  unsigned seed = 6;
  for
    EACH_VARIANT(k, WNI_KERNEL_act)
  for (int kind = WNI_ACT_NONE; kind <= WNI_ACT_TANH; kind++)
    for (size_t n = 1; n < 40; n++) {
      WniActivation activation = {(WniActivationKind)kind, 0.2f, 0.5f};
      Guarded y = guarded_random(n, &seed, n & 1), x = guarded_empty(n);
      memcpy(x.data, y.data, n * sizeof(float));
      k->run.act(&activation, n, y.data);
      for (size_t i = 0; i < n; i++) {
        double want = activate(&activation, (double)x.data[i]);
        ck_assert_double_eq_tol((double)y.data[i], want, 1e-6 * (1 + fabs(want)));
      }
      ck_assert(guarded_intact(&y));
      guarded_free(&x);
      guarded_free(&y);
    }
}
END_TEST

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
    EACH_VARIANT(k, WNI_KERNEL_rows)
  for (size_t h = 0; h < sizeof heights / sizeof *heights; h++)
    for (size_t n = 1; n < 200; n += 1 + n / 12) {
      size_t stride = n + rand_r(&seed) % 9, size = (heights[h] - 1) * stride + n;
      uint8_t *bytes = malloc(size);
      Guarded y = guarded_empty(n);
      ck_assert_ptr_nonnull(bytes);
      for (size_t i = 0; i < size; i++) bytes[i] = n % 2 ? 255 : (uint8_t)rand_r(&seed);
      WniRowsArgs args = {bytes, (ptrdiff_t)stride, heights[h], n, 0.3f, 0.7f, 0.1f, y.data};
      k->run.rows(&args);
      for (size_t i = 0; i < n; i++) {
        double want = rows_reference(&args, i);
        ck_assert_double_eq_tol((double)y.data[i], want, 1e-6 * (1 + want));
      }
      ck_assert(guarded_intact(&y));
      guarded_free(&y);
      free(bytes);
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
  Guarded x = guarded_random((last + n_taps) * step + 1, seed, false);
  Guarded w = guarded_random(n_out * n_taps, seed, false);
  Guarded y = guarded_empty((step - 1) * y_stride + n_out);
  kernel->run.columns(
      &(WniColumnsArgs){x.data, w.data, first, step, n_taps, n_out, y_stride, y.data});
  for (size_t i = 0; i < n_out; i++)
    for (size_t c = 0; c < step; c++) {
      double want = 0, scale = 0;
      for (size_t t = 0; t < n_taps; t++) {
        double term =
            (double)w.data[i * n_taps + t] * (double)x.data[((size_t)first[i] + t) * step + c];
        want += term;
        scale += fabs(term);
      }
      ck_assert_double_eq_tol((double)y.data[c * y_stride + i], want, 2e-6 * (1 + scale));
    }
  ck_assert(guarded_intact(&y));
  for (size_t c = 0; c + 1 < step; c++) /* between the rows of samples */
    for (size_t i = n_out; i < y_stride; i++) ck_assert(isnan(y.data[c * y_stride + i]));
  guarded_free(&x);
  guarded_free(&w);
  guarded_free(&y);
}

START_TEST(columns) {
  unsigned seed = 8;
  for
    EACH_VARIANT(k, WNI_KERNEL_columns)
  for (size_t step = 1; step <= 4; step++)
    for (size_t n_taps = WNI_COLUMNS_TAPS; n_taps <= 40; n_taps += WNI_COLUMNS_TAPS)
      for (size_t n_out = 1; n_out < 24; n_out++) check_columns(k, step, n_taps, n_out, &seed);
}
END_TEST

START_TEST(every_kind_can_be_found) {
  for (int kind = 0; kind < WNI_KERNEL_KIND_COUNT; kind++)
    for (int type = 0; type < WNI_TYPE_COUNT; type++) {
      const WniKernel *kernel = wni_kernel_find((WniKernelKind)kind, (WniType)type);
      if (!kernel) continue;
      ck_assert_int_eq(kernel->kind, kind);
      ck_assert_int_eq(kernel->type, type);
      ck_assert_int_le(kernel->tile_m, WNI_MAX_TILE_M);
      ck_assert_int_le(kernel->tile_n, WNI_MAX_TILE_N);
    }
}
END_TEST

int main(int argc, char **argv) {
  const TTest *const tests[] = {
      every_kind_can_be_found, igemm, igemm_keeps_nan, dwconv, fc, pools, vec, act, rows, columns};
  if (argc >= 2 && argc <= 3 && strcmp(argv[1], "--bench") == 0)
    return bench_run(argc > 2 ? argv[2] : NULL);
  if (argc == 1) return suite_run("kernels", tests, sizeof tests / sizeof *tests);
  fprintf(stderr, "usage: %s [--bench [FILTER]]\n", argv[0]);
  return 2;
}
