/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * QuantizeLinear and DequantizeLinear in the graph (graph.h).  A value that QuantizeLinear makes
 * stands for numbers: it is stored as U8 with a scale, and everybody reads the numbers, so that
 * DequantizeLinear behind it does nothing.  DequantizeLinear of constants stays: lowering takes
 * the integers from in front of it (weights.c), or places the numbers.
 */
#include "graph/graph.h"

#include <math.h>

/* Scales [n] and zero points of either operator, checked. */
static WnStatus check_scales(const WniGraph *graph, const WniNode *node, WnError *error) {
  const WniValue *scale = wni_node_input(graph, node, 1), *zero = wni_node_input(graph, node, 2);
  if (!scale->known || scale->constant.count < 1 ||
      (zero && (!zero->known || zero->constant.count != scale->constant.count)))
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its scale and zero point are not constants of one size");
  if (wni_attr_int(node->proto, "block_size", 0) != 0)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "scales for blocks are not supported");
  for (size_t i = 0; i < scale->constant.count; i++)
    if (!(scale->constant.f[i] > 0) || !isfinite(scale->constant.f[i]))
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "scale %zu is not above 0", i);
  return WN_OK;
}

/* The one scale of an activation.  int8 is uint8 with the zero point 128 higher. */
static WnStatus read_activation(const WniGraph *graph, const WniNode *node, WniQuant *out,
                                WnError *error) {
  const WniValue *zero = wni_node_input(graph, node, 2);
  WnStatus status = check_scales(graph, node, error);
  if (status != WN_OK) return status;
  bool bytes = !zero || zero->constant.bytes;
  int64_t type = wni_attr_int(node->proto, "output_dtype", 0);
  bool is_signed = zero ? zero->constant.is_signed : type == 3;
  if (wni_node_input(graph, node, 1)->constant.count != 1 || !bytes ||
      (type != 0 && type != 2 && type != 3))
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "activations have one scale and are uint8 or int8");
  out->scale = wni_node_input(graph, node, 1)->constant.f[0];
  out->zero = (zero ? (int)wni_constant_integer(&zero->constant, 0) : 0) + (is_signed ? 128 : 0);
  return WN_OK;
}

WnStatus wni_dequantize_check(const WniGraph *graph, const WniNode *node, WnError *error) {
  const WniValue *scale = wni_node_input(graph, node, 1), *zero = wni_node_input(graph, node, 2);
  const WniShape *shape = &wni_node_input(graph, node, 0)->shape;
  int axis;
  WnStatus status = check_scales(graph, node, error);
  if (status != WN_OK || scale->constant.count == 1) return status;
  if (!wni_axis(wni_attr_int(node->proto, "axis", 1), shape->rank, &axis) ||
      (size_t)shape->dim[axis] != scale->constant.count)
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "it has %zu scales, not one for each index of its axis",
                         scale->constant.count);
  for (size_t i = 1; zero && i < zero->constant.count; i++)
    if (wni_constant_integer(&zero->constant, i) != wni_constant_integer(&zero->constant, 0))
      return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "its zero points differ");
  return WN_OK;
}

void wni_dequantize(const WniGraph *graph, const WniNode *node, float *to) {
  const WniValue *q = wni_node_input(graph, node, 0), *zero = wni_node_input(graph, node, 2);
  const WniConstant *scale = &wni_node_input(graph, node, 1)->constant;
  size_t inner = 1;
  int axis = 0;
  if (scale->count > 1) wni_axis(wni_attr_int(node->proto, "axis", 1), q->shape.rank, &axis);
  for (int d = axis + 1; d < q->shape.rank; d++) inner *= (size_t)q->shape.dim[d];
  for (size_t i = 0; i < q->constant.count; i++) {
    size_t channel = scale->count > 1 ? i / inner % scale->count : 0;
    int64_t offset = zero ? wni_constant_integer(&zero->constant, channel) : 0;
    to[i] = (float)(wni_constant_integer(&q->constant, i) - offset) * scale->f[channel];
  }
}

static WnStatus dequantize(WniGraph *graph, WniNode *node, WnError *error) {
  const WniValue *from = wni_node_input(graph, node, 0);
  if (from->known) return wni_dequantize_check(graph, node, error);
  WniQuant quant;
  WnStatus status = read_activation(graph, node, &quant, error);
  if (status != WN_OK) return status;
  if (!from->quantized || from->quant.scale != quant.scale || from->quant.zero != quant.zero)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "it does not undo the QuantizeLinear before it");
  return WN_OK;
}

WnStatus wni_quantize(WniGraph *graph, WnError *error) {
  WnStatus status = WN_OK;
  for (int i = 0; i < graph->n_nodes && status == WN_OK; i++) {
    WniNode *node = &graph->nodes[i];
    if (node->dead) continue;
    if (node->op == WNI_OP_DEQUANTIZE_LINEAR) status = dequantize(graph, node, error);
    if (node->op != WNI_OP_QUANTIZE_LINEAR) continue;
    WniValue *value = &graph->values[node->out[0]];
    value->quantized = true;
    status = read_activation(graph, node, &value->quant, error);
  }
  return status;
}
