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

/* The output channels of a node with weights, and the dimension they are in; false: it has none
 * that can be scaled. */
bool wni_weighted_channels(const WniGraph *graph, const WniNode *node, int *axis, size_t *n);

/* Merges per-channel arithmetic with constants into the layers before (affine.c); readers are
 * counted. */
WnStatus wni_merge_affine(WniGraph *graph, WniNode *node, WnError *error);

/* Makes one convolution of two layers of the same image that an Add joins (sums.c); readers are
 * counted. */
WnStatus wni_merge_sum(WniGraph *graph, WniNode *node, WnError *error);

/* The living node that makes `value` for one reader alone; NULL otherwise, and where the value
 * is rounded to integers. */
WniNode *wni_private_producer(WniGraph *graph, int value);

/* The layer that makes `value`, through nothing but Transposes, for one reader alone: what follows
 * it element by element may as well stand before them.  Dimension d of what it makes is dimension
 * where[d] of `value`. */
WniNode *wni_private_layer(WniGraph *graph, int value, int *where);

/* Layers side by side: all that a Concat joins, or the node `made` itself.  Layer i, NULL where it
 * makes its part for others too. */
int wni_layers_count(const WniNode *made);
WniNode *wni_layers_at(WniGraph *graph, WniNode *made, int i);

/* `node` ends here and `into` makes its output. */
void wni_merge(WniGraph *graph, WniNode *node, WniNode *into);

/* `node` ends where the value that it reads as input i is made, in the layer or behind it. */
void wni_merge_behind(WniGraph *graph, WniNode *node, int i);

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
