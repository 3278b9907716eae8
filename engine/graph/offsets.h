/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Operators that find each of their elements by an index of its own: GatherElements, GatherND,
 * ScatterElements, ScatterND.  Their indices are constant; one list of places describes them all,
 * for folding (fold_index.c) and for steps (plan/lower_moves.c).
 */
#ifndef WNI_GRAPH_OFFSETS_H
#define WNI_GRAPH_OFFSETS_H

#include "graph/graph.h"
#include "kernels/layers.h"

/* Place i of the other tensor, `run` elements there, is data[at[i]..at[i] + run), both row by row.
 */
typedef struct WniOffsets {
  int32_t *at; /* [n] */
  size_t n, run;
  WniScatterMode mode; /* of scattering */
} WniOffsets;

/* Reads the places of `node`; its shapes are known.  Errors: MODEL (an index out of range),
 * UNSUPPORTED (indices that are not constant), MEMORY.  On failure `out` is empty. */
WnStatus wni_offsets_read(const WniGraph *graph, const WniNode *node, WniOffsets *out,
                          WnError *error);
void wni_offsets_clear(WniOffsets *offsets);

#endif
