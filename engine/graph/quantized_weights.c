/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What becomes of DequantizeLinear of weights (graph.h): nothing in front of a layer that
 * multiplies with the integers; behind what moves them, if it can be moved itself; numbers
 * everywhere else.
 */
#include "graph/quantize.h"

#include "base/error.h"

#include <stdlib.h>

/* Whether `node` moves all elements of its input 0, and where the axis of its scales goes. */
static bool moves_axis(const WniNode *node, const WniNode *maker, int64_t *axis, bool one_scale) {
  size_t n;
  switch (node->op) {
  case WNI_OP_IDENTITY:
    return true;
  case WNI_OP_FLATTEN:
  case WNI_OP_RESHAPE:
  case WNI_OP_SQUEEZE:
  case WNI_OP_UNSQUEEZE:
    return one_scale;
  case WNI_OP_TRANSPOSE: {
    const int64_t *perm = wni_attr_ints(node->proto, "perm", &n);
    int64_t rank = (int64_t)n, from = maker->scale_axis;
    if (!perm) return one_scale;
    if (from < 0) from += rank;
    for (size_t d = 0; d < n; d++)
      if (perm[d] == from) *axis = (int64_t)d;
    return true;
  }
  default:
    return false;
  }
}

/* X(DequantizeLinear(q)) as DequantizeLinear(X(q)): `node` becomes the latter, X(q) a constant. */
static WnStatus move_behind(WniGraph *graph, WniNode *node, const WniNode *maker, int64_t axis,
                            WnError *error) {
  int scale = maker->in[1], zero = maker->n_in > 2 ? maker->in[2] : -1, out = node->out[0];
  int *in = malloc(3 * sizeof *in);
  int moved = wni_value_add(graph, NULL, -1);
  if (!in || moved < 0) {
    free(in);
    return wni_fail_memory(error, "the graph");
  }
  node->in[0] = maker->in[0];
  node->out[0] = moved;
  WnStatus status = wni_shape_infer(graph, node, error);
  in[0] = moved;
  in[1] = scale;
  in[2] = zero;
  free(node->in);
  node->in = in;
  node->n_in = 3;
  node->out[0] = out;
  node->op = WNI_OP_DEQUANTIZE_LINEAR;
  node->scale_axis = axis;
  node->dead = false;
  return status;
}

static WnStatus settle_input(WniGraph *graph, WniNode *node, int i, WnError *error) {
  WniNode *maker = &graph->nodes[graph->values[node->in[i]].producer];
  int64_t axis = maker->scale_axis;
  bool one_scale = wni_node_input(graph, maker, 1)->constant.count == 1;
  if (wni_weights_stay_integers(graph, node, i)) return WN_OK;
  if (i == 0 && moves_axis(node, maker, &axis, one_scale))
    return move_behind(graph, node, maker, axis, error);
  return wni_fold_weights(graph, maker, error);
}

WnStatus wni_settle_weights(WniGraph *graph, WniNode *node, WnError *error) {
  WnStatus status = WN_OK;
  for (int i = 0; i < node->n_in && status == WN_OK; i++)
    if (node->in[i] >= 0 && wni_is_quantized_constant(graph, node->in[i]))
      status = settle_input(graph, node, i, error);
  return status;
}
