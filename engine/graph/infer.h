/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of shape inference share: one node under inspection.
 * shape.c has the table, shape_layers.c what multiplies, shape_moves.c what only moves.
 */
#ifndef WNI_GRAPH_INFER_H
#define WNI_GRAPH_INFER_H

#include "graph/graph.h"

typedef struct WniInference {
  WniGraph *graph;
  WniNode *node;
  const WniShape *in; /* of the first input, if there is one */
  WniShape out;       /* of the first output; Split fills in the others itself */
  WnError *error;
} WniInference;

typedef WnStatus WniInferFunction(WniInference *inference);

/* One for each shape rule of ops.inc. */
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  extern WniInferFunction wni_infer_##shape;
#include "load/ops.inc"
#undef WNI_OPERATOR

/* The shape of input i; NULL when it is missing. */
const WniShape *wni_infer_input(const WniInference *inference, int i);

int64_t wni_infer_attr(const WniInference *inference, const char *name, int64_t fallback);

/* out = broadcast(out, b) */
WnStatus wni_broadcast_with(WniInference *inference, const WniShape *b);

#define WNI_INFER_FAIL(inference, ...)                                                             \
  wni_node_fail((inference)->graph, (inference)->node, WN_ERROR_MODEL, (inference)->error,         \
                __VA_ARGS__)

#endif
