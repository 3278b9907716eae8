/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * float16 constants (graph.h).  Weights are most of a file: they stay as they lie there until they
 * are packed (plan/weights.c), also behind Cast.  Everywhere else constants are float32.
 */
#include "graph/graph.h"

#include "base/error.h"

/* Whether the numbers of a constant that is input `i` are read when it is packed, and only then. */
static bool stays(const WniGraph *graph, const WniNode *node, int i) {
  switch (node->op) {
  case WNI_OP_CAST:
    return wni_attr_int(node->proto, "to", 0) == WNI_TENSOR_FLOAT &&
           !wni_node_input(graph, node, 0)->constant.lent;
  case WNI_OP_CONV:
  case WNI_OP_GEMM:
  case WNI_OP_MATMUL:
    return i == 1 && graph->use == WNI_GRAPH_TO_RUN && !wni_node_input(graph, node, 0)->known;
  default:
    return false;
  }
}

WnStatus wni_settle_halves(WniGraph *graph, WniNode *node, WnError *error) {
  for (int i = 0; i < node->n_in; i++) {
    WniValue *value = wni_node_input(graph, node, i);
    if (!value || !value->known || !value->constant.halves || stays(graph, node, i)) continue;
    if (!wni_constant_widen(&value->constant)) return wni_fail_memory(error, value->name);
  }
  return WN_OK;
}
