/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sizes of an Attention (ONNX Attention-23), from its operands: what its shape and its lowering
 * share.
 */
#ifndef WNI_GRAPH_ATTENTION_H
#define WNI_GRAPH_ATTENTION_H

#include "graph/graph.h"

/* Q [batch][heads][queries][size], K [batch][kv_heads][keys][size],
 * V [batch][kv_heads][keys][value_size], or with the heads inside the last dimension. */
typedef struct WniAttention {
  int64_t batch, heads, kv_heads, queries, keys, size, value_size;
  bool causal;
  float scale;
} WniAttention;

/* Errors: MODEL (they do not fit), UNSUPPORTED (what only text generators have). */
WnStatus wni_attention_read(const WniGraph *graph, const WniNode *node, WniAttention *out,
                            WnError *error);

#endif
