/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many bytes the packed weights of a network will have (lower.h), found before any is packed:
 * what a byte has to cost so that Winograd's filtering does not make them many more, and room for
 * all of them in one piece.
 */
#include "plan/lower.h"

#include "base/memory.h"
#include "graph/quantize.h"

#include <math.h>

/* What a byte of weights costs in multiply-accumulates: the time to fetch it.  Those of large
 * networks come from memory for every frame. */
enum { CACHED_BYTE_COST = 4, MEMORY_BYTE_COST = 6, CACHED_PARAMETERS = 8 << 20 };

/* Weights may grow to so many bytes, or by a quarter: small boards have little memory, and what
 * does not fit the cache is read from there for every frame. */
enum { SMALL_BYTES = 48 << 19 };
#define MAX_GROWTH 1.25
/* From a byte cost to the next one that is tried. */
#define DEARER 1.25

WnStatus wni_lower_conv_window(const WniLowering *lowering, const WniNode *node,
                               WniWindow *window) {
  const WniGraph *graph = lowering->graph;
  return wni_window_read(graph, node, &wni_node_input(graph, node, 0)->shape,
                         &wni_node_input(graph, node, 1)->shape, window, lowering->error);
}

WniType wni_lower_expected_type(const WniLowering *lowering, const WniNode *node) {
  const WniValue *value = wni_node_input(lowering->graph, node, 0);
  WniWeights weights;
  WniTensor x = {.type = value->quantized ? WNI_U8 : lowering->type};
  if (wni_weights_read(lowering->graph, node, &weights, NULL) != WN_OK) return x.type;
  return wni_lower_compute_type(lowering, &x, &weights);
}

/* Of one living node; 0: it has none. */
static WnStatus node_bytes(const WniLowering *lowering, const WniNode *node, double *bytes) {
  const WniGraph *graph = lowering->graph;
  bool conv = node->op == WNI_OP_CONV;
  *bytes = 0;
  if (!conv && node->op != WNI_OP_GEMM && node->op != WNI_OP_MATMUL) return WN_OK;
  const WniValue *w = wni_node_input(graph, node, 1);
  if (!(w->known && !w->constant.is_int) && !wni_is_quantized_constant(graph, node->in[1]))
    return WN_OK;
  WniType type = wni_lower_expected_type(lowering, node);
  WniWeights weights;
  if (!conv && wni_weights_read(graph, node, &weights, NULL) == WN_OK &&
      wni_shape_count(&wni_node_input(graph, node, 0)->shape) == (int64_t)weights.inputs &&
      wni_lower_keeps_halves(node, &weights, type))
    type = WNI_F16;
  *bytes = (double)wni_shape_count(&w->shape) * (double)wni_type_bytes(type);
  if (!conv || wni_attr_int(node->proto, "group", 1) != 1) return WN_OK;
  int64_t tile_n = wni_kernel_find(WNI_KERNEL_igemm, type)->tile_n, outputs = w->shape.dim[0];
  int64_t padded = (outputs + tile_n - 1) / tile_n * tile_n;
  *bytes *= (double)padded / (double)outputs;
  if (w->shape.rank != 4) return WN_OK;
  WniWindow window;
  WnStatus status = wni_lower_conv_window(lowering, node, &window);
  if (status == WN_OK) *bytes *= wni_winograd_growth(lowering, node, &window, type);
  return status;
}

static WnStatus all_bytes(const WniLowering *lowering, double *bytes) {
  const WniGraph *graph = lowering->graph;
  WnStatus status = WN_OK;
  *bytes = 0;
  for (int i = 0; i < graph->n_nodes && status == WN_OK; i++) {
    double more = 0;
    if (!graph->nodes[i].dead) status = node_bytes(lowering, &graph->nodes[i], &more);
    *bytes += ceil(more / WNI_ALIGNMENT) * WNI_ALIGNMENT;
  }
  return status;
}

WnStatus wni_lower_sizes(WniLowering *lowering) {
  double direct, bytes;
  bool cached = lowering->graph->parameters <= CACHED_PARAMETERS;
  lowering->byte_cost = INFINITY;
  WnStatus status = all_bytes(lowering, &direct);
  double limit = fmax(SMALL_BYTES, MAX_GROWTH * direct);
  lowering->byte_cost = cached ? CACHED_BYTE_COST : MEMORY_BYTE_COST;
  for (; status == WN_OK; lowering->byte_cost *= DEARER) {
    status = all_bytes(lowering, &bytes);
    if (bytes <= limit) break;
  }
  if (status == WN_OK) wni_plan_reserve(lowering->plan, bytes);
  return status;
}
