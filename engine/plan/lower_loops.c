/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of operators that visit elements: arithmetic with broadcasting,
 * activations on their own, and Softmax.
 */
#include "plan/lower.h"

#include "graph/elementwise.h"
#include "graph/fuse.h"

#include <string.h>

/* An operand whose dimensions are aligned somewhere else than at the end gets
 * dimensions of 1 behind (opset 6). */
static void align_operand(const WniLowering *lowering, int rank, WniTensor *operand) {
  int offset = wni_broadcast_offset(lowering->graph, lowering->node, rank, operand->shape.rank);
  while (operand->shape.rank + offset < rank) {
    operand->stride[operand->shape.rank] = 1;
    operand->shape.dim[operand->shape.rank++] = 1;
  }
}

/* The operand with the most elements: y is written in its order. */
static WnStatus find_largest(WniLowering *lowering, WniTensor *out) {
  const WniNode *node = lowering->node;
  int rank = lowering->graph->values[node->out[0]].shape.rank;
  WnStatus status = WN_OK;
  for (int i = 0; i < node->n_in && status == WN_OK; i++) {
    WniTensor operand;
    status = wni_lower_input(lowering, i, &operand);
    if (status == WN_OK) align_operand(lowering, rank, &operand);
    if (status == WN_OK) *out = i ? *wni_lower_largest(out, &operand) : operand;
  }
  return status;
}

/* One step for each operand behind the first, or for all three of Where. */
WnStatus wni_lower_arithmetic(WniLowering *lowering) {
  static const WniActivation cut = {.kind = WNI_ACT_TRUNC};
  const WniNode *node = lowering->node;
  WniVecOp op = wni_node_vec_op(node);
  const WniActivation *end = node->whole && op == WNI_VEC_DIV ? &cut : &node->activation;
  int at_once = op == WNI_VEC_WHERE ? 3 : 2;
  WniTensor y, partial, largest, operand[3];
  WnStatus status = wni_lower_input(lowering, 0, &operand[0]);
  if (status == WN_OK) status = find_largest(lowering, &largest);
  if (status == WN_OK) status = wni_lower_output_like(lowering, true, &largest, &y);
  if (status == WN_OK) align_operand(lowering, y.shape.rank, &operand[0]);
  /* Sum goes on from its partial result, which is never rounded */
  partial = (WniTensor){.shape = y.shape};
  if (status == WN_OK && node->n_in > at_once)
    status = wni_lower_buffer(lowering, NULL, false, &partial);
  for (int i = 1; i < node->n_in && status == WN_OK; i += at_once - 1) {
    for (int k = 1; k < at_once && status == WN_OK; k++) {
      status = wni_lower_input(lowering, i + k - 1, &operand[k]);
      if (status == WN_OK) align_operand(lowering, y.shape.rank, &operand[k]);
    }
    if (status != WN_OK) return status;
    bool last = i + at_once - 1 == node->n_in;
    const WniTensor *all[4] = {last ? &y : &partial, &operand[0], &operand[1], &operand[2]};
    status = wni_lower_elementwise(lowering, op, last ? end : NULL, all, at_once);
    operand[0] = partial;
  }
  return status;
}

WnStatus wni_lower_batch_normalization(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor x, y, scale = {.buffer = -1}, shift = {.buffer = -1};
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status == WN_OK) status = wni_lower_output_like(lowering, true, &x, &y);
  if (status != WN_OK) return status;
  int axis = x.shape.rank > 1 ? 1 : 0;
  size_t channels = wni_node_input(lowering->graph, node, 1)->constant.count;
  float *factors = wni_plan_alloc(lowering->plan, 2 * channels, sizeof *factors);
  if (!factors) return wni_lower_no_memory(lowering);
  for (size_t c = 0; c < channels; c++)
    wni_batch_normalization(lowering->graph, node, c, &factors[c], &factors[channels + c]);
  scale.shape.rank = x.shape.rank;
  for (int d = 0; d < x.shape.rank; d++) scale.shape.dim[d] = d == axis ? (int64_t)channels : 1;
  wni_tensor_lay_out(&scale, NULL);
  shift = scale;
  scale.data = factors;
  shift.data = factors + channels;
  const WniTensor *all[4] = {&y, &x, &scale, &shift};
  return wni_lower_elementwise(lowering, WNI_VEC_MULADD, &node->activation, all, 3);
}

WnStatus wni_lower_activation(WniLowering *lowering) {
  WniActivation activation;
  bool is_activation;
  WniTensor x, y;
  WnStatus status = wni_activation_read(lowering->graph, lowering->node, &activation,
                                        &is_activation, lowering->error);
  if (status == WN_OK) status = wni_lower_input(lowering, 0, &x);
  if (status == WN_OK) status = wni_lower_output_like(lowering, true, &x, &y);
  if (status != WN_OK) return status;
  const WniTensor *all[2] = {&y, &x};
  return wni_lower_elementwise(lowering, WNI_VEC_COPY, &activation, all, 1);
}
