/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every variant of the depthwise convolution: integers against the C reference bit by bit, floats
 * against the formula in double.
 */
#include "cases.h"
#include "variants.h"

#include <float.h>
#include <math.h>

enum { MOST_TAPS = 49 };

typedef struct Problem {
  WniDwconvArgs args;
  size_t tap_at[MOST_TAPS]; /* elements */
  WniType type;
  ptrdiff_t tap[MOST_TAPS];
  Fenced x, w, bias, scale, y;
} Problem;

/* `taps` places of no order, or where `side` is not 0 a window of side x side whose neighbours are
 * `stride` columns away. */
typedef struct Window {
  size_t taps, side, stride;
  bool dense; /* without gaps between pixels */
} Window;

/* Pixels, most often with a gap between what they read, between their weights and between what they
 * write. */
static Problem problem_new(WniType type, WniType y_type, size_t pixels, size_t n, Window window,
                           Contents x, Contents w, unsigned *seed) {
  static const int zeros[] = {0, 128, 255};
  size_t bytes = wni_type_bytes(type), y_bytes = wni_type_bytes(y_type),
         column = window.dense ? n : n + 3;
  size_t y_step = window.dense ? n : n + 1;
  size_t side = window.side, taps = side ? side * side : window.taps;
  size_t x_step = side ? window.stride * column : column;
  size_t row = ((pixels - 1) * window.stride + side) * column;
  Problem p = {.type = type,
               .args = {.n_pixels = pixels,
                        .n_channels = n,
                        .n_taps = taps,
                        .w_step = n + n % 3,
                        .columns = (int)side,
                        .x_step = (ptrdiff_t)(x_step * bytes),
                        .y_step = (ptrdiff_t)(y_step * y_bytes),
                        .output = output_of(y_type, zeros[n % 3], n & 1)}};
  for (size_t t = 0; t < taps; t++) {
    p.tap_at[t] = side ? t / side * row + t % side * column : t * (n + 2);
    p.tap[t] = (ptrdiff_t)(p.tap_at[t] * bytes);
  }
  p.x = random_activations(type, (pixels - 1) * x_step + p.tap_at[taps - 1] + n, x, seed);
  p.w = random_weights(type, (taps - 1) * p.args.w_step + n, w, seed);
  p.bias = random_bias(type, n, seed);
  p.scale = random_scales(n, seed);
  p.y = fenced_new(((pixels - 1) * y_step + n) * y_bytes);
  return p;
}

static void problem_free(Problem *p, const char *who) {
  Fenced *all[] = {&p->x, &p->w, &p->bias, &p->scale, &p->y};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) fenced_free(all[i], who);
}

static void run(const WniKernel *kernel, Problem *p, void *y) {
  p->args.tap = p->tap;
  p->args.x = p->x.data;
  p->args.w = p->w.data;
  p->args.bias = p->bias.data;
  p->args.scale = p->type == WNI_U8 ? p->scale.data : NULL;
  p->args.y = y;
  kernel->run.dwconv(&p->args);
}

static void expect_sums(const WniKernel *kernel, const Problem *p) {
  size_t n = p->args.n_channels, taps = p->args.n_taps;
  size_t x_step = (size_t)p->args.x_step / wni_type_bytes(p->type);
  size_t y_step = (size_t)p->args.y_step / wni_type_bytes(p->args.output.type);
  for (size_t i = 0; i < p->args.n_pixels; i++)
    for (size_t c = 0; c < n; c++) {
      double sum = element(WNI_F32, false, p->bias.data, c), size = fabs(sum);
      for (size_t t = 0; t < taps; t++) {
        double product = element(p->type, false, p->x.data, i * x_step + p->tap_at[t] + c) *
                         element(p->type, true, p->w.data, t * p->args.w_step + c);
        sum += product;
        size += fabs(product);
      }
      sum = sum < (double)p->args.output.low ? (double)p->args.output.low
                                             : sum; /* not fmin(): a NaN stays */
      sum = sum > (double)p->args.output.high ? (double)p->args.output.high : sum;
      double bound =
          (double)(taps + 1) * ldexp(size, -24) + storage_error(p->args.output.type, sum);
      expect_near(kernel, element(p->args.output.type, false, p->y.data, i * y_step + c), sum,
                  bound + (double)FLT_MIN, "dwconv", i * n + c);
    }
}

static void try_dwconv(const WniKernel *kernel, Problem p) {
  run(kernel, &p, p.y.data);
  if (p.type == WNI_U8) { /* what lies between the pixels too: the reference leaves it alone */
    Fenced want = fenced_new(p.y.bytes);
    run(reference(WNI_KERNEL_dwconv, p.type), &p, want.data);
    expect_bits(kernel, p.y.data, want.data, want.bytes, "dwconv");
    fenced_free(&want, "the reference");
  } else {
    size_t n = p.args.n_channels, bytes = wni_type_bytes(p.args.output.type);
    expect_sums(kernel, &p);
    size_t y_bytes = (size_t)p.args.y_step;
    for (size_t i = 0; i + 1 < p.args.n_pixels; i++)
      for (size_t b = n * bytes; b < y_bytes; b++)
        if (((uint8_t *)p.y.data)[i * y_bytes + b] != FENCED_FILL)
          ck_abort_msg("%s writes behind its channels", kernel->name);
  }
  problem_free(&p, kernel->name);
}

START_TEST(sizes) {
  WniType type = (WniType)_i;
  unsigned seed = 2;
  for
    EACH_VARIANT(k, WNI_KERNEL_dwconv, type)
  for (size_t n = 1; n <= 70; n++)
    for (size_t pixels = 1; pixels < 7; pixels++) {
      WniType y_type = (n + pixels) % 3 ? type : WNI_F32;
      Window window = {.taps = 1 + (n + pixels) % 9};
      try_dwconv(k, problem_new(type, y_type, pixels, n, window, SMALL, SMALL, &seed));
    }
}
END_TEST

START_TEST(windows) {
  WniType type = (WniType)_i;
  unsigned seed = 5;
  for
    EACH_VARIANT(k, WNI_KERNEL_dwconv, type)
  for (size_t side = 2; side <= 7; side++)
    for (size_t stride = 1; stride <= 3; stride++)
      for (size_t pixels = 1; pixels < 20; pixels++) {
        size_t n = 1 + (pixels * 7 + side + 5 * stride) % 67;
        WniType y_type = (n + pixels) % 3 ? type : WNI_F32;
        Window window = {.side = side, .stride = stride};
        try_dwconv(k, problem_new(type, y_type, pixels, n, window, SMALL, SMALL, &seed));
      }
}
END_TEST

/* Pixels side by side, where those of few channels may be taken together. */
START_TEST(few_channels) {
  WniType type = (WniType)_i;
  unsigned seed = 7;
  for
    EACH_VARIANT(k, WNI_KERNEL_dwconv, type)
  for (size_t n = 1; n <= 17; n++)
    for (size_t pixels = 1; pixels < 36; pixels++) {
      Window window = {.taps = 4, .side = pixels % 3 * 2 + 1, .stride = 1, .dense = true};
      if (window.side == 1) window.side = 0;
      try_dwconv(k, problem_new(type, type, pixels, n, window, SMALL, SMALL, &seed));
    }
}
END_TEST

START_TEST(extreme_integers) {
  unsigned seed = 3;
  for
    EACH_VARIANT(k, WNI_KERNEL_dwconv, WNI_U8)
  for (int x = SMALL; x < CONTENTS_COUNT; x++)
    for (int w = SMALL; w < CONTENTS_COUNT; w++)
      for (size_t n = 30; n < 36; n++) {
        Window window = {.taps = 9, .side = n % 2 ? 3 : 0, .stride = 1};
        try_dwconv(k, problem_new(WNI_U8, WNI_U8, 5, n, window, (Contents)x, (Contents)w, &seed));
        try_dwconv(k, problem_new(WNI_U8, WNI_F32, 5, n, window, (Contents)x, (Contents)w, &seed));
      }
}
END_TEST

START_TEST(nan_passes) {
  WniType type = (WniType)_i;
  unsigned seed = 4;
  if (type >= WNI_U8) return; /* integers have none */
  for
    EACH_VARIANT(k, WNI_KERNEL_dwconv, type)
  for (size_t n = 1; n < 40; n++) {
    Window window = {.taps = 9, .side = n % 2 ? 3 : 0, .stride = 1};
    Problem p = problem_new(type, type, 2, n, window, SMALL, SMALL, &seed);
    if (type == WNI_BF16)
      ((uint16_t *)p.x.data)[n - 1] = 0x7FC1;
    else
      ((float *)p.x.data)[n - 1] = NAN;
    try_dwconv(k, p);
  }
}
END_TEST

TCase *case_dwconv(void) {
  const TTest *const tests[] = {sizes, windows, few_channels, nan_passes};
  TCase *tcase = case_of("dwconv", tests, 4, WNI_TYPE_COUNT);
  tcase_add_test(tcase, extreme_integers);
  return tcase;
}
