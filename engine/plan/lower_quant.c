/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of QuantizeLinear that no node before it could take over, and of DequantizeLinear that
 * does something.
 */
#include "plan/lower.h"

#include "graph/quantize.h"

/* Numbers along dimension `axis` of `like`, to be filled in; NULL: no memory. */
static float *along_axis(WniLowering *lowering, const WniShape *like, int axis, size_t n,
                         WniTensor *out) {
  float *data = wni_plan_alloc(lowering->plan, n, sizeof *data);
  *out = (WniTensor){.buffer = -1, .data = data, .shape = {.rank = like->rank}};
  for (int d = 0; d < like->rank; d++) out->shape.dim[d] = d == axis ? (int64_t)n : 1;
  wni_tensor_lay_out(out, NULL);
  return data;
}

/* y = (min(max(round(x / scale) + zero, low), high) - zero) scale in float32, a scale for each
 * index of an axis. */
static WnStatus round_to_grid(WniLowering *lowering, const WniTensor *x) {
  static const WniActivation round = {.kind = WNI_ACT_ROUND};
  const WniGraph *graph = lowering->graph;
  const WniGrid *grid = &graph->values[lowering->node->out[0]].grid;
  const WniActivation clamp = {
      .kind = WNI_ACT_CLAMP, .a = (float)grid->low, .b = (float)grid->high};
  WniTensor y, t = {.shape = x->shape}, scale, zero;
  float *scales = along_axis(lowering, &x->shape, grid->axis, grid->n, &scale);
  float *zeros = along_axis(lowering, &x->shape, grid->axis, grid->n, &zero);
  if (!scales || !zeros) return wni_lower_no_memory(lowering);
  for (size_t i = 0; i < grid->n; i++) {
    scales[i] = wni_grid_scale(graph, grid, i);
    zeros[i] = (float)wni_grid_zero(graph, grid, i);
  }
  const WniTensor *divide[3] = {&t, x, &scale}, *add[3] = {&t, &t, &zero};
  const WniTensor *subtract[3] = {&t, &t, &zero}, *multiply[3] = {&y, &t, &scale};
  WnStatus status = wni_lower_buffer(lowering, NULL, false, &t);
  if (status == WN_OK) status = wni_lower_elementwise(lowering, WNI_VEC_DIV, &round, divide, 2);
  if (status == WN_OK) status = wni_lower_elementwise(lowering, WNI_VEC_ADD, &clamp, add, 2);
  if (status == WN_OK) status = wni_lower_elementwise(lowering, WNI_VEC_SUB, NULL, subtract, 2);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  return status == WN_OK ? wni_lower_elementwise(lowering, WNI_VEC_MUL, NULL, multiply, 2) : status;
}

bool wni_lower_quantize_is_view(const WniLowering *lowering, const WniNode *node,
                                const WniTensor *x) {
  const WniValue *value = &lowering->graph->values[node->out[0]];
  return value->quantized && x->type == WNI_U8 && x->quant.scale == value->quant.scale &&
         x->quant.zero == value->quant.zero;
}

WnStatus wni_lower_quantize(WniLowering *lowering) {
  const WniValue *value = &lowering->graph->values[lowering->node->out[0]];
  WniActivation grid;
  WniTensor x, y;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  if (wni_grid_activation(lowering->graph, lowering->node, &grid)) {
    const WniTensor *all[2] = {&y, &x};
    status = wni_lower_typed_output(lowering, &y);
    return status == WN_OK ? wni_lower_elementwise(lowering, WNI_VEC_COPY, &grid, all, 1) : status;
  }
  if (!value->quantized) return round_to_grid(lowering, &x);
  if (wni_lower_quantize_is_view(lowering, lowering->node, &x)) {
    wni_lower_place(lowering, 0, &x);
    return WN_OK;
  }
  status = wni_lower_output_like(lowering, true, &x, &y);
  return status == WN_OK ? wni_lower_copy(lowering, &x, &y) : status;
}

/* Of constants nothing: weights are read from in front of it (weights.c), and who needs the numbers
 * gets them from wni_lower_value(). */
WnStatus wni_lower_dequantize(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor x, y, scale, shift;
  int axis = 0;
  if (wni_is_quantized_constant(lowering->graph, node->out[0])) return WN_OK;
  size_t n = wni_dequantize_affine(lowering->graph, node, &axis, NULL, NULL);
  if (n == 0)
    return wni_node_fail(lowering->graph, node, WN_ERROR_UNSUPPORTED, lowering->error,
                         "its scales lie along another axis than those of its QuantizeLinear");
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status == WN_OK) status = wni_lower_typed_output(lowering, &y);
  if (status != WN_OK) return status;
  float *scales = along_axis(lowering, &x.shape, axis, n, &scale);
  float *shifts = along_axis(lowering, &x.shape, axis, n, &shift);
  if (!scales || !shifts) return wni_lower_no_memory(lowering);
  wni_dequantize_affine(lowering->graph, node, &axis, scales, shifts);
  const WniTensor *all[4] = {&y, &x, &scale, &shift};
  return wni_lower_elementwise(lowering, WNI_VEC_MULADD, &node->activation, all, 3);
}
