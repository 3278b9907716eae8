/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What becomes steps: golden models, and how many steps of a kind each may take.  That they compute
 * the right thing is shown by the golden suite; here, that they do it without detours.
 */
#include "session/model.h"
#include "suite.h"

#include <winnow/winnow.h>

#include <stdio.h>
#include <string.h>

typedef struct Expected {
  const char *golden, *op; /* NULL: any */
  int count;
} Expected;

static const Expected expected[] = {
    {"zeros_before_windows", "Pad", 3}, /* what the pools must not count, and channels */
    {"zeros_before_windows", NULL, 14},
    {"layers_between_transposes", "Conv+Relu", 1}, /* and factors and bias */
    {"layers_between_transposes", "Mul", 1},
    {"softmax_axes_13", "Softmax", 19}, /* 15, and 4 copies to runs of what lies side by side */
    {"group_norm_chain", NULL, 4},      /* a convolution, and each normalisation */
    {"sums_of_layers", NULL, 11},       /* each of them */
    {"sums_that_stay", NULL, 22},
    {"parts_of_concat", "BatchNormalization+Relu", 3}, /* with an input, a reader, other axes */
    {"parts_of_concat", "Mul", 0},
    {"images_in_concat", "Concat", 6}, /* an input, a part that is there twice, other axes */
    {"shuffled_channels", "Reshape", 7},
    {"shuffled_channels", NULL, 25},     /* no copy for a window */
    {"numbers_behind_clamps", NULL, 21}, /* 13 layers, and what stays behind 6 of them */
    {"mobile_blocks", "Conv+Clip, Conv+Clip, Conv+Add", 1},
    {"mobile_blocks", "Conv+HardSwish, Conv+HardSwish, Conv", 1},
    {"mobile_blocks", "Conv+Relu, Conv+Sigmoid, Conv", 1},
    {"mobile_blocks", "Conv+Clip, Conv+Clip, Conv", 1},
    {"mobile_blocks", "Conv+Clip, Conv+Clip, Conv+Relu", 1},
    {"mobile_blocks", "Conv+Clip, Conv+Clip", 1}, /* by channels */
    {"mobile_blocks", "Conv+Clip, Conv", 1},      /* what is expanded is read elsewhere too */
};

static int count_steps(const WnModel *model, const char *op) {
  int count = 0;
  for (size_t s = 0; s < model->plan.n_steps; s++)
    count += !op || strcmp(model->plan.steps[s].op, op) == 0;
  return count;
}

START_TEST(as_few_as_expected) {
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const Expected *e = &expected[i];
    char path[512];
    WnModel *model;
    WnError error;
    WnModelOptions options = {.any_graph = true, .precision = WN_PRECISION_FP32};
    snprintf(path, sizeof path, GOLDEN_DIR "/%s/model.onnx", e->golden);
    ck_assert_msg(wn_model_open(path, &options, &model, &error) == WN_OK, "%s", error.message);
    int count = count_steps(model, e->op);
    ck_assert_msg(count == e->count, "%s: %d steps%s%s, expected %d", e->golden, count,
                  e->op ? " of " : "", e->op ? e->op : "", e->count);
    wn_model_unref(model);
  }
}
END_TEST

enum { MOST_ELEMENTS = 40 * 36 * 4 };

/* Outputs of a golden model on a ramp, one behind the other; their number. */
static size_t run_ramp(WnModel *model, int threads, float *out) {
  const WnModelInfo *info = wn_model_info(model);
  WnSessionOptions options = {.threads = threads};
  WnSession *session;
  WnError error;
  float x[MOST_ELEMENTS];
  size_t n = 0;
  ck_assert(info->inputs[0].n_elements <= MOST_ELEMENTS);
  for (size_t i = 0; i < info->inputs[0].n_elements; i++) x[i] = (float)(i % 97) / 48 - 1;
  ck_assert_msg(wn_session_new(model, &options, &session, &error) == WN_OK, "%s", error.message);
  ck_assert(wn_session_set_input(session, 0, x, info->inputs[0].n_elements, &error) == WN_OK);
  wn_session_run(session, true, NULL);
  for (int32_t i = 0; i < wn_model_n_outputs(model); i++) {
    size_t own = wn_model_output(model, i)->n_elements;
    ck_assert(wn_session_output(session, i, out + n, own, &error) == WN_OK);
    n += own;
  }
  wn_session_free(session);
  return n;
}

/* Bands of rows, or panels of channels, are cut between threads wherever it falls. */
static void expect_same_on_all_threads(const char *golden, WnPrecision precision) {
  static float want[8 * MOST_ELEMENTS], got[8 * MOST_ELEMENTS];
  char path[512];
  WnModel *model;
  WnError error;
  WnModelOptions options = {.any_graph = true, .precision = precision};
  snprintf(path, sizeof path, GOLDEN_DIR "/%s/model.onnx", golden);
  ck_assert_msg(wn_model_open(path, &options, &model, &error) == WN_OK, "%s", error.message);
  size_t n = run_ramp(model, 1, want);
  for (int threads = 2; threads <= 7; threads++) {
    ck_assert_uint_eq(run_ramp(model, threads, got), n);
    ck_assert_msg(memcmp(got, want, n * sizeof *got) == 0, "%s, %d threads", golden, threads);
  }
  wn_model_unref(model);
}

START_TEST(threads_do_not_show) {
  expect_same_on_all_threads("mobile_blocks", WN_PRECISION_FP32);
  expect_same_on_all_threads("mobile_blocks", WN_PRECISION_BF16);
  expect_same_on_all_threads("gated_blocks", WN_PRECISION_FP32);
  expect_same_on_all_threads("gated_blocks", WN_PRECISION_BF16);
  expect_same_on_all_threads("quantized_blocks", WN_PRECISION_INT8);
}
END_TEST

SUITE_MAIN("steps", as_few_as_expected, threads_do_not_show)
