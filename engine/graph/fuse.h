/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What fusion knows about nodes and lowering needs as well.
 */
#ifndef WNI_GRAPH_FUSE_H
#define WNI_GRAPH_FUSE_H

#include "graph/graph.h"

/* Sets scale and shift [n] of a Conv, Gemm or MatMul to its own alpha and bias
 * unless fusion has set them.  Without a constant row as its bias, shift is 0. */
WnStatus wni_affine_start(const WniGraph *graph, WniNode *node, size_t n, WnError *error);

/* Whether `node` is a MatMul that does not have a constant matrix as its second operand; all of
 * these are lowered by wni_lower_product(). */
bool wni_is_product(const WniGraph *graph, const WniNode *node);

/* Whether the bias of a Conv, Gemm or MatMul is missing or a constant row. */
bool wni_bias_is_row(const WniGraph *graph, const WniNode *node);

/* BatchNormalization as y = scale x + shift for channel c. */
void wni_batch_normalization(const WniGraph *graph, const WniNode *node, size_t c, float *scale,
                             float *shift);

/* Makes Reshape, InstanceNormalization and Reshape one GroupNormalization (groups.c); readers are
 * counted. */
void wni_find_groups(WniGraph *graph);

/* Merges every Pad with zeros into the window that reads it (pads.c); readers are counted. */
void wni_fold_pads(WniGraph *graph);

/* One input and one output channel a group. */
bool wni_conv_is_depthwise(const WniGraph *graph, const WniNode *node);

#endif
