/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The equation of an Einsum of two operands (ONNX Einsum-12), as a product of matrices: what its
 * shape and its lowering share.
 */
#ifndef WNI_GRAPH_EINSUM_H
#define WNI_GRAPH_EINSUM_H

#include "graph/graph.h"

/* What becomes of a label: its elements are those of matrices side by side, of rows of the first
 * operand, are summed over, or are columns of the second operand. */
typedef enum WniEinsumPart {
  WNI_EINSUM_BATCH,
  WNI_EINSUM_ROWS,
  WNI_EINSUM_SUM,
  WNI_EINSUM_COLUMNS,
  WNI_EINSUM_PARTS
} WniEinsumPart;

typedef struct WniEinsumLabel {
  char letter;
  WniEinsumPart part;
  int64_t dim;
  int in[2], out; /* dimension of each operand and of the output; -1: it has none */
} WniEinsumLabel;

/* Labels in the order of their parts. */
typedef struct WniEinsum {
  int n_labels, n_out;
  WniEinsumLabel label[2 * WNI_MAX_RANK];
} WniEinsum;

/* Errors: MODEL (it does not fit the operands), UNSUPPORTED (what no product of two matrices is).
 */
WnStatus wni_einsum_read(const WniGraph *graph, const WniNode *node, WniEinsum *out,
                         WnError *error);

#endif
