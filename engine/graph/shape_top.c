/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of what is chosen along one axis: ArgMax, ArgMin, TopK (graph.h).
 */
#include "graph/infer.h"

/* A row of `length` is read once for each of the `k` that are chosen. */
enum { MAX_K = 1024 };

WnStatus wni_infer_arg(WniInference *inference) {
  const WniShape *x = inference->in;
  bool keep = wni_infer_attr(inference, "keepdims", 1) != 0;
  int axis;
  if (!wni_axis(wni_infer_attr(inference, "axis", 0), x->rank, &axis))
    return WNI_INFER_FAIL(inference, "its axis is out of range");
  for (int d = 0; d < x->rank; d++)
    if (keep || d != axis) inference->out.dim[inference->out.rank++] = d == axis ? 1 : x->dim[d];
  return WN_OK;
}

/* Before opset 10 k is an attribute. */
static WnStatus read_k(const WniInference *inference, int64_t *k) {
  const WniValue *value = wni_node_input(inference->graph, inference->node, 1);
  *k = wni_infer_attr(inference, "k", 0);
  if (!value) return WN_OK;
  if (!value->known || value->constant.count != 1)
    return WNI_INFER_FAIL(inference, "K is not one constant number");
  *k = wni_constant_integer(&value->constant, 0);
  return WN_OK;
}

WnStatus wni_infer_top_k(WniInference *inference) {
  WniNode *node = inference->node;
  int64_t k;
  int axis;
  if (!wni_axis(wni_infer_attr(inference, "axis", -1), inference->in->rank, &axis))
    return WNI_INFER_FAIL(inference, "its axis is out of range");
  WnStatus status = read_k(inference, &k);
  if (status != WN_OK) return status;
  if (k < 1 || k > inference->in->dim[axis] || k > MAX_K)
    return WNI_INFER_FAIL(inference, "K is %lld, of %lld elements; 1 to %d are supported",
                          (long long)k, (long long)inference->in->dim[axis], MAX_K);
  inference->out = *inference->in;
  inference->out.dim[axis] = k;
  for (int i = 0; i < node->n_out; i++) {
    WniValue *out = &inference->graph->values[node->out[i]];
    out->shape = inference->out;
    out->shaped = true;
  }
  return WN_OK;
}
