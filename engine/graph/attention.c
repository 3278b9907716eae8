/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See attention.h.
 */
#include "graph/attention.h"

#include <math.h>

/* [batch][heads][rows][size] of a tensor of three dimensions with `heads` inside the last, or of
 * four; false: it is neither. */
static bool sizes_of(const WniShape *shape, int64_t heads, int64_t out[4]) {
  if (shape->rank == 4) {
    for (int d = 0; d < 4; d++) out[d] = shape->dim[d];
    return true;
  }
  if (shape->rank != 3 || heads < 1 || shape->dim[2] % heads) return false;
  out[0] = shape->dim[0];
  out[1] = heads;
  out[2] = shape->dim[1];
  out[3] = shape->dim[2] / heads;
  return true;
}

/* Whether the mask is broadcast to [batch][heads][queries][keys]. */
static bool mask_fits(const WniShape *mask, const WniAttention *a) {
  const int64_t full[4] = {a->batch, a->heads, a->queries, a->keys};
  for (int d = 0; d < mask->rank; d++)
    if (mask->dim[d] != 1 && mask->dim[d] != full[4 - mask->rank + d]) return false;
  return mask->rank <= 4;
}

/* What only text generators have. */
static const char *unsupported(const WniGraph *graph, const WniNode *node) {
  for (int i = 4; i < node->n_in; i++)
    if (wni_node_input(graph, node, i)) return "keys and values of the past are not supported";
  if (wni_attr_float(node->proto, "softcap", 0) != 0) return "softcap is not supported";
  return NULL;
}

WnStatus wni_attention_read(const WniGraph *graph, const WniNode *node, WniAttention *out,
                            WnError *error) {
  const Onnx__NodeProto *proto = node->proto;
  const WniValue *mask = wni_node_input(graph, node, 3);
  const char *problem = unsupported(graph, node);
  int64_t heads = wni_attr_int(proto, "q_num_heads", 0), q[4], k[4], v[4];
  int64_t kv_heads = wni_attr_int(proto, "kv_num_heads", 0);
  *out = (WniAttention){0};
  if (problem) return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "%s", problem);
  bool fits = sizes_of(&wni_node_input(graph, node, 0)->shape, heads, q) &&
              sizes_of(&wni_node_input(graph, node, 1)->shape, kv_heads, k) &&
              sizes_of(&wni_node_input(graph, node, 2)->shape, kv_heads, v) && q[0] == k[0] &&
              q[0] == v[0] && k[1] == v[1] && k[2] == v[2] && q[3] == k[3] && k[1] > 0 &&
              q[1] % k[1] == 0;
  if (!fits)
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "its queries, keys and values do not fit each other");
  *out = (WniAttention){.batch = q[0],
                        .heads = q[1],
                        .kv_heads = k[1],
                        .queries = q[2],
                        .keys = k[2],
                        .size = q[3],
                        .value_size = v[3],
                        .causal = wni_attr_int(proto, "is_causal", 0) != 0};
  out->scale = wni_attr_float(proto, "scale", 0);
  if (!wni_attr(proto, "scale")) out->scale = 1 / sqrtf((float)out->size);
  if (mask && !mask_fits(&mask->shape, out))
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "its mask does not fit");
  return WN_OK;
}
