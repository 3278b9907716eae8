/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an operator computes element by element, in the words of the kernels: an activation of one
 * operand, or arithmetic on several.  Folding, fusion and lowering ask here.
 */
#ifndef WNI_GRAPH_ELEMENTWISE_H
#define WNI_GRAPH_ELEMENTWISE_H

#include "graph/graph.h"

/* The activation that `node` is, if it is one.  Errors: UNSUPPORTED (Clip with computed bounds). */
WnStatus wni_activation_read(const WniGraph *graph, const WniNode *node, WniActivation *out,
                             bool *is_activation, WnError *error);

/* The arithmetic that `node` does with its operands, each broadcast to the result; COPY: none.
 * Those of two operands go on with the next one where there are more. */
WniVecOp wni_node_vec_op(const WniNode *node);

#endif
