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
    {"sums_of_layers", NULL, 9},        /* each of them */
    {"sums_that_stay", NULL, 22},
    {"parts_of_concat", "BatchNormalization+Relu", 3}, /* with an input, a reader, other axes */
    {"parts_of_concat", "Mul", 0},
    {"numbers_behind_clamps", NULL, 21}, /* 13 layers, and what stays behind 6 of them */
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

SUITE_MAIN("steps", as_few_as_expected)
