/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which function lowers which operator (lower.h).
 */
#include "plan/lower.h"

static WnStatus lower_nothing(WniLowering *lowering) {
  return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_UNSUPPORTED, lowering->error,
                       "it is supported on constants only");
}

static WniLowerFunction *const table[WNI_OP_COUNT] = {
    [WNI_OP_ADD] = wni_lower_arithmetic,
    [WNI_OP_AVERAGE_POOL] = wni_lower_pool,
    [WNI_OP_BATCH_NORMALIZATION] = wni_lower_batch_normalization,
    [WNI_OP_CLIP] = wni_lower_activation,
    [WNI_OP_CONCAT] = wni_lower_concat,
    [WNI_OP_CONV] = wni_lower_conv,
    [WNI_OP_DEQUANTIZE_LINEAR] = wni_lower_dequantize,
    [WNI_OP_DIV] = wni_lower_arithmetic,
    [WNI_OP_ELU] = wni_lower_activation,
    [WNI_OP_FLATTEN] = wni_lower_reshape,
    [WNI_OP_GEMM] = wni_lower_gemm,
    [WNI_OP_GLOBAL_AVERAGE_POOL] = wni_lower_pool,
    [WNI_OP_GLOBAL_MAX_POOL] = wni_lower_pool,
    [WNI_OP_HARD_SIGMOID] = wni_lower_activation,
    [WNI_OP_HARD_SWISH] = wni_lower_activation,
    [WNI_OP_LEAKY_RELU] = wni_lower_activation,
    [WNI_OP_LRN] = wni_lower_lrn,
    [WNI_OP_MATMUL] = wni_lower_matmul,
    [WNI_OP_MAX_POOL] = wni_lower_pool,
    [WNI_OP_MUL] = wni_lower_arithmetic,
    [WNI_OP_PAD] = wni_lower_pad,
    [WNI_OP_PRELU] = wni_lower_arithmetic,
    [WNI_OP_QUANTIZE_LINEAR] = wni_lower_quantize,
    [WNI_OP_REDUCE_MEAN] = wni_lower_reduce_mean,
    [WNI_OP_RELU] = wni_lower_activation,
    [WNI_OP_RESHAPE] = wni_lower_reshape,
    [WNI_OP_SIGMOID] = wni_lower_activation,
    [WNI_OP_SLICE] = wni_lower_slice,
    [WNI_OP_SOFTMAX] = wni_lower_softmax,
    [WNI_OP_SPLIT] = wni_lower_split,
    [WNI_OP_SQUEEZE] = wni_lower_reshape,
    [WNI_OP_SUB] = wni_lower_arithmetic,
    [WNI_OP_SUM] = wni_lower_arithmetic,
    [WNI_OP_TANH] = wni_lower_activation,
    [WNI_OP_TRANSPOSE] = wni_lower_transpose,
    [WNI_OP_UNSQUEEZE] = wni_lower_reshape,
};

WnStatus wni_lower_node(WniLowering *lowering, WniNode *node) {
  lowering->node = node;
  return (table[node->op] ? table[node->op] : lower_nothing)(lowering);
}
