/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of Attention: a product with the keys, to which the mask is added, a softmax, and a
 * product with the values.  The heads are views: [batch][kv heads][heads of each][rows][size].
 */
#include "plan/lower.h"

#include "graph/attention.h"

#include <math.h>

/* A tensor of one of both forms with its heads in `groups` (of the keys' heads) of their own. */
static WniTensor by_heads(const WniTensor *tensor, int64_t heads, int64_t groups) {
  bool inside = tensor->shape.rank == 3;
  const int64_t *dim = tensor->shape.dim;
  const ptrdiff_t *stride = tensor->stride;
  int64_t size = inside ? dim[2] / heads : dim[3];
  ptrdiff_t head = inside ? stride[2] * (ptrdiff_t)size : stride[1];
  WniTensor out = *tensor;
  out.shape = (WniShape){5, {dim[0], groups, heads / groups, inside ? dim[1] : dim[2], size}};
  out.stride[0] = stride[0];
  out.stride[1] = head * (ptrdiff_t)(heads / groups);
  out.stride[2] = head;
  out.stride[3] = inside ? stride[1] : stride[2];
  out.stride[4] = inside ? stride[2] : stride[3];
  for (int d = 0; d < 5; d++) out.halo_begin[d] = out.halo_end[d] = 0;
  return out;
}

static WniTensor turned(const WniTensor *tensor) {
  WniTensor out = *tensor;
  for (int i = 0; i < 2; i++) {
    out.shape.dim[3 + i] = tensor->shape.dim[4 - i];
    out.stride[3 + i] = tensor->stride[4 - i];
  }
  return out;
}

/* -inf where a key comes behind the query, added to nothing or to `mask`. */
static WnStatus hide_future(WniLowering *lowering, const WniAttention *a, bool masked,
                            WniTensor *mask) {
  size_t n = (size_t)a->queries, keys = (size_t)a->keys;
  float *hidden = wni_plan_alloc(lowering->plan, n * keys, sizeof *hidden);
  WniTensor future = {.buffer = -1, .data = hidden, .shape = {2, {a->queries, a->keys}}}, sum;
  if (!hidden) return wni_lower_no_memory(lowering);
  for (size_t i = 0; i < n * keys; i++) hidden[i] = i % keys > i / keys ? -INFINITY : 0;
  wni_tensor_lay_out(&future, NULL);
  if (!masked) {
    *mask = future;
    return WN_OK;
  }
  int rank = mask->shape.rank;
  sum = (WniTensor){.shape = {rank < 2 ? 2 : rank, {0}}};
  for (int d = 0; d < sum.shape.rank - 2; d++) sum.shape.dim[d] = mask->shape.dim[d];
  sum.shape.dim[sum.shape.rank - 2] = a->queries;
  sum.shape.dim[sum.shape.rank - 1] = a->keys;
  WnStatus status = wni_lower_buffer(lowering, NULL, true, &sum);
  const WniTensor *all[3] = {&sum, mask, &future};
  if (status == WN_OK) status = wni_lower_elementwise(lowering, WNI_VEC_ADD, NULL, all, 2);
  *mask = sum;
  return status;
}

/* What is added where the mask says what may be seen: 0, or else -inf. */
static WnStatus mask_of_booleans(WniLowering *lowering, WniTensor *mask) {
  static const float values[2] = {0, -INFINITY};
  WniTensor seen = {.buffer = -1, .data = &values[0]}, hidden = {.buffer = -1, .data = &values[1]};
  WniTensor out = {.shape = mask->shape};
  WnStatus status = wni_lower_buffer(lowering, NULL, true, &out);
  const WniTensor *all[4] = {&out, mask, &seen, &hidden};
  if (status == WN_OK) status = wni_lower_elementwise(lowering, WNI_VEC_WHERE, NULL, all, 3);
  *mask = out;
  return status;
}

/* The mask as what is added to the scores, a row of all keys for each query. */
static WnStatus read_mask(WniLowering *lowering, const WniAttention *a, WniTensor *mask,
                          bool *masked) {
  const WniValue *value = wni_node_input(lowering->graph, lowering->node, 3);
  WnStatus status = WN_OK;
  *masked = value || a->causal;
  if (value) status = wni_lower_rows(lowering, lowering->node->in[3], WNI_F32, mask);
  if (status == WN_OK && value && wni_value_is_int(value))
    status = mask_of_booleans(lowering, mask);
  if (status == WN_OK && a->causal) status = hide_future(lowering, a, value, mask);
  if (status == WN_OK && *masked) status = wni_lower_fill_rows(lowering, a->keys, mask);
  if (status != WN_OK || !*masked || mask->shape.rank < 3) return status;
  /* [heads] as [kv heads][heads of each] */
  int at = mask->shape.rank - 3, rank = ++mask->shape.rank;
  bool all = mask->shape.dim[at] == 1;
  int64_t each = all ? 1 : a->heads / a->kv_heads;
  for (int d = rank - 1; d > at; d--) {
    mask->shape.dim[d] = mask->shape.dim[d - 1];
    mask->stride[d] = mask->stride[d - 1];
  }
  mask->shape.dim[at] /= each;
  mask->shape.dim[at + 1] = each;
  mask->stride[at] = mask->stride[at + 1] * (ptrdiff_t)each;
  return WN_OK;
}

WnStatus wni_lower_attention(WniLowering *lowering) {
  WniAttention a;
  WniTensor q, k, v, y, mask, scores = {.shape = {0}};
  bool masked = false;
  WniNode *node = lowering->node;
  WnStatus status = wni_attention_read(lowering->graph, node, &a, lowering->error);
  if (status == WN_OK) status = wni_lower_rows(lowering, node->in[0], WNI_F32, &q);
  if (status == WN_OK) status = wni_lower_float(lowering, 1, &k);
  if (status == WN_OK) status = wni_lower_float(lowering, 2, &v);
  if (status == WN_OK) status = read_mask(lowering, &a, &mask, &masked);
  if (status == WN_OK) status = wni_lower_rows_output(lowering, &y);
  scores.shape = (WniShape){
      5, {a.batch, a.kv_heads, a.kv_heads ? a.heads / a.kv_heads : 0, a.queries, a.keys}};
  if (status == WN_OK) status = wni_lower_buffer(lowering, NULL, true, &scores);
  if (status != WN_OK) return status;
  q = by_heads(&q, a.heads, a.kv_heads);
  k = by_heads(&k, a.kv_heads, a.kv_heads);
  v = by_heads(&v, a.kv_heads, a.kv_heads);
  y = by_heads(&y, a.heads, a.kv_heads);
  k = turned(&k);
  const WniProduct with_keys = {.alpha = a.scale, .add = masked ? &mask : NULL};
  const WniProduct with_values = {.alpha = 1};
  status = wni_lower_push_product(lowering, &with_keys, &q, &k, &scores);
  if (status == WN_OK) status = wni_lower_push_softmax(lowering, &scores, &scores, 4, false);
  return status == WN_OK ? wni_lower_push_product(lowering, &with_values, &scores, &v, &y) : status;
}
