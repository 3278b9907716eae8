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

WniInferFunction wni_infer_conv, wni_infer_pool, wni_infer_global_pool,
    wni_infer_batch_normalization, wni_infer_gemm, wni_infer_matmul;
WniInferFunction wni_infer_flatten, wni_infer_reshape, wni_infer_squeeze, wni_infer_unsqueeze,
    wni_infer_transpose, wni_infer_concat, wni_infer_split, wni_infer_slice, wni_infer_gather,
    wni_infer_pad, wni_infer_reduce;

/* The shape of input i; NULL when it is missing. */
const WniShape *wni_infer_input(const WniInference *inference, int i);

int64_t wni_infer_attr(const WniInference *inference, const char *name, int64_t fallback);

/* out = broadcast(out, b) */
WnStatus wni_infer_broadcast(WniInference *inference, const WniShape *b);

#define WNI_INFER_FAIL(inference, ...)                                                             \
  wni_node_fail((inference)->graph, (inference)->node, WN_ERROR_MODEL, (inference)->error,         \
                __VA_ARGS__)

#endif
