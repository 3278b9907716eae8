/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the Reduce operators compute, in the words of the kernels.
 */
#ifndef WNI_GRAPH_REDUCTION_H
#define WNI_GRAPH_REDUCTION_H

#include "graph/graph.h"

/* finish(mean ? r / n : r), r the reduction of n elements x, or of exp(x). */
typedef struct WniReduction {
  bool known; /* the operator is one */
  WniReduceOp op;
  bool mean, of_exp;
  WniActivationKind finish;
} WniReduction;

const WniReduction *wni_reduction_of(WniOp op);

#endif
