/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Operators that take elements dimension by dimension: Expand, Tile, Gather by constant indices,
 * Pad, Resize to the nearest.  One description of them all, by which constants are folded
 * (fold_moves.c) and steps are made (plan/lower_take.c).
 */
#ifndef WNI_GRAPH_INDEXING_H
#define WNI_GRAPH_INDEXING_H

#include "graph/graph.h"

/* The output at an index is the input at source[d][index[d]] in every dimension, or `fill` where
 * one of them is negative. */
typedef struct WniIndexing {
  WniShape from; /* the input, with dimensions of 1 in front where the output has more */
  WniShape to;   /* the output; that of Gather has all its indices in one dimension here */
  int32_t *source[WNI_MAX_RANK]; /* [to.dim[d]] */
  int32_t *owned;                /* what the sources point into */
  double fill;
} WniIndexing;

/* Reads what `node` takes; its shapes are known.  Errors: MODEL (an index out of range),
 * UNSUPPORTED (indices that are not constant), MEMORY.  On failure `out` is empty. */
WnStatus wni_indexing_read(const WniGraph *graph, const WniNode *node, WniIndexing *out,
                           WnError *error);
void wni_indexing_clear(WniIndexing *indexing);

/* Makes room for the sources of `from` and `to`, which are set: every dimension is repeated until
 * that of `to` is full.  Errors: MEMORY, in the name of `node`. */
WnStatus wni_indexing_start(const WniGraph *graph, const WniNode *node, WniIndexing *out,
                            WnError *error);

/* Whether dimension d is walked in equal steps (0: one element again and again), so that strides
 * can say it: from *first on, *step from each to the next. */
bool wni_indexing_is_regular(const WniIndexing *indexing, int d, int32_t *first, int32_t *step);

#endif
