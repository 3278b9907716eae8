/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of constant folding share: one node whose inputs are all known.  fold.c has the
 * table and what moves elements, fold_elementwise.c what computes with them.
 */
#ifndef WNI_GRAPH_FOLD_H
#define WNI_GRAPH_FOLD_H

#include "graph/graph.h"

typedef struct WniFold {
  WniGraph *graph;
  WniNode *node;
  WniConstant *out; /* empty; its shape is `shape` */
  const WniShape *shape;
  WnError *error;
  bool left; /* nothing was computed */
} WniFold;

typedef WnStatus WniFoldFunction(WniFold *fold);

/* One for each rule of ops.inc. */
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  extern WniFoldFunction wni_fold_##fold;
#include "load/ops.inc"
#undef WNI_OPERATOR

/* Input i; NULL when it is missing. */
const WniConstant *wni_fold_input(const WniFold *fold, int i);

/* Element i of a constant of either type. */
double wni_fold_number(const WniConstant *constant, size_t i);

/* The room for the elements of the output, int64 or float32.  A short file can ask for many large
 * constants: all folded ones share one budget. */
WnStatus wni_fold_allocate(WniFold *fold, bool is_int, void **data);

/* The same for elements of `x` that are moved as they are. */
WnStatus wni_fold_allocate_like(WniFold *fold, const WniConstant *x, void **data);

/* Counts elements that the node goes through beside its inputs and its output: a short file can ask
 * for much work.  Errors: UNSUPPORTED (too much). */
WnStatus wni_fold_work(WniFold *fold, int64_t elements);

/* Whether `n` elements that take `each` products may be computed now; all folded ones share what
 * may be done. */
bool wni_fold_afford(WniFold *fold, size_t n, size_t each);

/* The element of a constant, aligned at the last dimension, that is broadcast to element `flat` of
 * `shape`. */
size_t wni_fold_broadcast(const WniConstant *x, const WniShape *shape, size_t flat);

/* Strides of a constant's elements, row by row. */
void wni_fold_row_major(const WniConstant *x, int64_t *stride);

#endif
