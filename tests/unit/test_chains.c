/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chains of nodes that stand for one operator: that they are found, and become the end of the
 * convolution before them.  What they compute is a matter of the golden tests.
 */
#include "graph/graph.h"
#include "suite.h"

#include <stdio.h>

static int living(const char *path, WniGraphUse use, WniOp op) {
  WniOnnx onnx;
  WniGraph graph;
  WnError error = {0};
  int n = 0;
  ck_assert_msg(wni_onnx_load(path, &onnx, &error) == WN_OK, "%s", error.message);
  ck_assert_msg(wni_graph_build(&onnx, (WniImageSizes){0}, use, &graph, &error) == WN_OK, "%s",
                error.message);
  for (int i = 0; i < graph.n_nodes; i++)
    n += !graph.nodes[i].dead && (op == WNI_OP_COUNT || graph.nodes[i].op == op);
  wni_graph_clear(&graph);
  wni_onnx_clear(&onnx);
  return n;
}

/* Every output of these models is one chain behind one convolution. */
START_TEST(chains_end_convolutions) {
  static const char *const models[] = {GOLDEN_DIR "/chains_of_gates/model.onnx",
                                       GOLDEN_DIR "/chains_of_gelu/model.onnx"};
  for (int i = 0; i < 2; i++) {
    int convolutions = living(models[i], WNI_GRAPH_TO_RUN, WNI_OP_CONV);
    ck_assert_int_ge(convolutions, 11);
    ck_assert_int_eq(living(models[i], WNI_GRAPH_TO_RUN, WNI_OP_COUNT), convolutions);
    ck_assert_int_gt(living(models[i], WNI_GRAPH_OF_FILE, WNI_OP_COUNT), 2 * convolutions);
  }
}
END_TEST

/* Who else reads what lies inside keeps it. */
START_TEST(readers_keep_what_is_inside) {
  const char *model = GOLDEN_DIR "/chains_with_readers/model.onnx";
  ck_assert_int_eq(living(model, WNI_GRAPH_TO_RUN, WNI_OP_SWISH), 2);
  ck_assert_int_ge(living(model, WNI_GRAPH_TO_RUN, WNI_OP_SIGMOID), 2);
}
END_TEST

/* How many of an operator are left of a golden model. */
typedef struct Left {
  const char *model;
  WniOp op;
  int n;
} Left;

static const Left left[] = {
    {"norm_chains_13", WNI_OP_LAYER_NORMALIZATION, 7},
    {"norm_chains_13", WNI_OP_COUNT, 9}, /* and two convolutions */
    {"norm_chains_18", WNI_OP_COUNT, 9},
    {"norm_chains_inverse_13", WNI_OP_LAYER_NORMALIZATION, 9},
    {"norm_chains_inverse_13", WNI_OP_COUNT, 9},
    {"norm_chains_inverse_18", WNI_OP_COUNT, 9},
    {"rms_chains_13", WNI_OP_RMS_NORMALIZATION, 4},
    {"rms_chains_13", WNI_OP_COUNT, 4},
    {"rms_chains_18", WNI_OP_COUNT, 4},
    /* what a computed factor follows, and what others read the insides of; divided by the root mean
     * square of the same over other axes, twice, and of a mean */
    {"norm_chains_near", WNI_OP_LAYER_NORMALIZATION, 2},
    {"norm_chains_near", WNI_OP_RMS_NORMALIZATION, 3},
    {"softmax_chains_18", WNI_OP_SOFTMAX, 7},
    {"softmax_chains_18", WNI_OP_LOG_SOFTMAX, 5},
    {"softmax_chains_12", WNI_OP_SOFTMAX, 4}, /* along the last dimension only */
    {"softmax_chains_12", WNI_OP_LOG_SOFTMAX, 3},
    /* two of operands, one of a product that others read, and one that adds a dimension */
    {"product_factors", WNI_OP_MUL, 4},
    {"product_factors", WNI_OP_DIV, 1}, /* it divides */
    {"product_factors", WNI_OP_ADD, 3}, /* made later, larger, behind an activation */
    /* nothing but the sums */
    {"folded_products", WNI_OP_COUNT, 10},
    {"folded_convolutions", WNI_OP_COUNT, 7},
    {"folded_norms_17", WNI_OP_COUNT, 6},
    {"folded_norms_21", WNI_OP_COUNT, 7},
    {"folded_softmax", WNI_OP_COUNT, 2},
};

START_TEST(so_many_are_left) {
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s/model.onnx", GOLDEN_DIR, left[i].model);
    ck_assert_msg(living(path, WNI_GRAPH_TO_RUN, left[i].op) == left[i].n, "row %zu: %d", i,
                  living(path, WNI_GRAPH_TO_RUN, left[i].op));
  }
}
END_TEST

SUITE_MAIN("chains", chains_end_convolutions, readers_keep_what_is_inside, so_many_are_left)
