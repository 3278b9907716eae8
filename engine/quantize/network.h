/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A network as its file has it, node by node, with what the plan knows about its
 * values: shapes and constants.  (The plan's own nodes are merged with each other.)
 */
#ifndef WNI_QUANTIZE_NETWORK_H
#define WNI_QUANTIZE_NETWORK_H

#include "load/onnx_write.h"
#include "graph/graph.h"

typedef struct WniNetwork {
  WniOnnx onnx; /* borrowed; only proto and opset are set */
  WniGraph graph;
  int *n_readers; /* [n_values] times that nodes read it, once more for every graph output */
  int *reader;    /* [n_values] the last node that does; -1: none */
} WniNetwork;

/* `proto` must outlive the network.  Errors: as wni_graph_build(). */
WnStatus wni_network_init(WniNetwork *network, Onnx__ModelProto *proto, int64_t opset,
                          WniImageSizes sizes, WnError *error);
void wni_network_clear(WniNetwork *network);

/* The values that node `node` reads and makes; -1: there is none. */
int wni_network_input(const WniNetwork *network, int node, size_t i);
int wni_network_output(const WniNetwork *network, int node, size_t i);

/* The value behind wni_network_input() when it is constant and of type float; else NULL. */
const WniValue *wni_network_weights(const WniNetwork *network, int node, size_t i);

/* The one node that reads the first output of `node`; -1: several, none, or it is a graph output.
 */
int wni_network_next(const WniNetwork *network, int node);

/* ---- steps of the quantizer ---- */

/* Writes the network into `out` as the same computation that is easy to quantize: opset 13 or
 * newer, BatchNormalization inside convolutions, MatMul as Gemm, nothing that does nothing
 * (prepare.c).  Errors: UNSUPPORTED, MEMORY. */
WnStatus wni_prepare(const WniNetwork *network, WniWriter *out, int64_t *opset, WnError *error);

/* Which values become uint8, and whose scale they have: own[v] is v, another value, or -1
 * (layout.c). `own` has [n_values].  False: no memory. */
bool wni_layout(const WniNetwork *network, int *own);

/* Whether layout takes node `node` for a layer with int8 weights. */
bool wni_is_weighted(const WniNetwork *network, int node);

#endif
