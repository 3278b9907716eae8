/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shape inference: one function per kind of operator, as ops.inc says.  Every shape is known here,
 * because the input's is; what only computes shapes is folded away.  Types and ranks of the inputs
 * are checked before (inputs.c).
 */
#include "graph/infer.h"
#include "graph/quantize.h"

#include "base/error.h"
#include "base/memory.h"

const WniShape *wni_infer_input(const WniInference *inference, int i) {
  const WniValue *value = wni_node_input(inference->graph, inference->node, i);
  return value ? &value->shape : NULL;
}

int64_t wni_infer_attr(const WniInference *inference, const char *name, int64_t fallback) {
  return wni_attr_int(inference->node->proto, name, fallback);
}

WnStatus wni_infer_same(WniInference *inference) {
  inference->out = *inference->in;
  return WN_OK;
}

WnStatus wni_broadcast_with(WniInference *inference, const WniShape *b) {
  WniShape a = inference->out, *out = &inference->out;
  if (b->rank > a.rank) {
    a = *b;
    b = &inference->out;
  }
  int offset = wni_broadcast_offset(inference->graph, inference->node, a.rank, b->rank);
  WniShape wide = a;
  for (int d = 0; d < b->rank; d++) {
    int64_t have = a.dim[d + offset], other = b->dim[d];
    if (have != other && have != 1 && other != 1)
      return WNI_INFER_FAIL(inference, "dimensions %lld and %lld cannot be broadcast",
                            (long long)have, (long long)other);
    wide.dim[d + offset] = have == 1 ? other : have;
  }
  *out = wide;
  return WN_OK;
}

WnStatus wni_infer_broadcast(WniInference *inference) {
  inference->out = *inference->in;
  for (int i = 1; i < inference->node->n_in; i++) {
    WnStatus status = wni_broadcast_with(inference, wni_infer_input(inference, i));
    if (status != WN_OK) return status;
  }
  return WN_OK;
}

WnStatus wni_infer_prelu(WniInference *inference) {
  WnStatus status = wni_infer_broadcast(inference);
  if (status == WN_OK && wni_shape_count(&inference->out) != wni_shape_count(inference->in))
    return WNI_INFER_FAIL(inference, "the slope is larger than the input");
  return status;
}

WnStatus wni_infer_shape_of(WniInference *inference) {
  int64_t rank = inference->in->rank;
  int64_t start = wni_infer_attr(inference, "start", 0),
          end = wni_infer_attr(inference, "end", rank);
  if (start < 0) start = start + rank < 0 ? 0 : start + rank;
  if (end < 0) end += rank;
  if (end > rank) end = rank;
  inference->out = (WniShape){1, {end > start ? end - start : 0}};
  return WN_OK;
}

/* Numbers and booleans; what becomes of text, complex numbers or 8-bit floats nobody knows. */
WnStatus wni_infer_cast(WniInference *inference) {
  static const bool known[] = {
      [WNI_TENSOR_FLOAT] = true,  [WNI_TENSOR_UINT8] = true,    [WNI_TENSOR_INT8] = true,
      [WNI_TENSOR_UINT16] = true, [WNI_TENSOR_INT16] = true,    [WNI_TENSOR_INT32] = true,
      [WNI_TENSOR_INT64] = true,  [WNI_TENSOR_BOOL] = true,     [WNI_TENSOR_FLOAT16] = true,
      [WNI_TENSOR_DOUBLE] = true, [WNI_TENSOR_UINT32] = true,   [WNI_TENSOR_UINT64] = true,
      [WNI_TENSOR_INT4] = true,   [WNI_TENSOR_BFLOAT16] = true, [WNI_TENSOR_UINT4] = true};
  int64_t to = wni_infer_attr(inference, "to", 0);
  if (to < 0 || to >= (int64_t)sizeof known || !known[to])
    return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                         "element type %lld is not supported", (long long)to);
  return wni_infer_same(inference);
}

/* A condition that is known has chosen before (branch.c). */
WnStatus wni_infer_branch(WniInference *inference) {
  return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                       "its condition depends on the image; only conditions that are constant are "
                       "supported");
}

WnStatus wni_infer_constant(WniInference *inference) {
  const Onnx__NodeProto *proto = inference->node->proto;
  const Onnx__AttributeProto *attribute = proto->n_attribute ? proto->attribute[0] : NULL;
  if (!attribute) return WNI_INFER_FAIL(inference, "it has no value");
  if (attribute->t) {
    if (attribute->t->n_dims > WNI_MAX_RANK)
      return WNI_INFER_FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
    inference->out.rank = (int)attribute->t->n_dims;
    for (int d = 0; d < inference->out.rank; d++) inference->out.dim[d] = attribute->t->dims[d];
  } else if (attribute->n_ints || attribute->n_floats) {
    inference->out = (WniShape){1, {(int64_t)(attribute->n_ints + attribute->n_floats)}};
  }
  return WN_OK;
}

WnStatus wni_infer_constant_of_shape(WniInference *inference) {
  const int64_t *dim;
  int n;
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "shape", 0, &dim, &n, inference->error);
  if (status != WN_OK) return status;
  if (n > WNI_MAX_RANK) return WNI_INFER_FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
  inference->out.rank = n;
  for (int d = 0; d < n; d++) inference->out.dim[d] = dim[d];
  return WN_OK;
}

static WniInferFunction *const infer[WNI_OP_COUNT] = {
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  [WNI_OP_##id] = wni_infer_##shape,
#include "load/ops.inc"
#undef WNI_OPERATOR
};

/* What has to be computed per frame is a tensor of bounded size. */
static WnStatus check_runtime(WniInference *inference, const WniValue *out) {
  int64_t count = 1;
  for (int d = 0; d < out->shape.rank; d++)
    if (out->shape.dim[d] < 1 ||
        !wni_mul_limited(count, out->shape.dim[d], WNI_MAX_ELEMENTS, &count))
      return WNI_INFER_FAIL(inference, "its output is empty or larger than %d elements",
                            WNI_MAX_ELEMENTS);
  return WN_OK;
}

/* Whether the first input of type T holds integers or booleans. */
static bool reads_int(const WniGraph *graph, const WniNode *node) {
  for (int k = 0; k < node->n_in; k++) {
    const WniValue *in = wni_node_input(graph, node, k);
    if (in && wni_op_input(node->op, k)->elements == WNI_ELEMENTS_T) return wni_value_is_int(in);
  }
  return false;
}

/* Whether output i holds integers or booleans, as ops.inc says it. */
static bool makes_int(const WniGraph *graph, const WniNode *node, size_t i) {
  int64_t type = wni_attr_int(node->proto, "to", wni_attr_int(node->proto, "dtype", 0));
  switch (wni_op_output(node->op, i)) {
  case 'I':
    return true;
  case 'C':
    return type ? wni_cast_is_int(type) : reads_int(graph, node);
  case 'T':
    return reads_int(graph, node);
  default:
    return false;
  }
}

static bool is_empty(const WniShape *shape) {
  for (int d = 0; d < shape->rank; d++)
    if (shape->dim[d] == 0) return true;
  return false;
}

/* What has no elements is known, whatever makes it: slices of no tokens, for one. */
static WnStatus settle_empty(WniGraph *graph, WniNode *node, WnError *error) {
  for (int i = 0; i < node->n_out; i++) {
    WniValue *out = &graph->values[node->out[i]];
    void *data;
    if (!out->shaped || out->known || !is_empty(&out->shape)) continue;
    size_t count;
    if (!wni_constant_shape(out->shape.rank, out->shape.dim, WNI_MAX_ELEMENTS, &count))
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "its shape is out of range");
    if (!wni_constant_new(&out->constant, out->is_int, out->shape.rank, out->shape.dim, &data))
      return wni_fail_memory(error, "the graph");
    out->known = true;
  }
  return WN_OK;
}

WnStatus wni_shape_infer(WniGraph *graph, WniNode *node, WnError *error) {
  WnStatus status = wni_settle_weights(graph, node, error);
  if (status == WN_OK) status = wni_settle_halves(graph, node, error);
  if (status != WN_OK) return status;
  WniInference inference = {.graph = graph, .node = node, .error = error};
  const WniValue *first = wni_node_input(graph, node, 0);
  inference.in = first ? &first->shape : NULL;
  status = infer[node->op](&inference);
  if (status != WN_OK) return status;
  WniValue *out = &graph->values[node->out[0]];
  out->shape = inference.out;
  out->shaped = true;
  for (int i = 0; i < node->n_out; i++)
    graph->values[node->out[i]].is_int = makes_int(graph, node, (size_t)i);
  node->whole = graph->values[node->out[0]].is_int;
  bool folded = false;
  status = wni_fold(graph, node, &folded, error);
  if (status == WN_OK && !folded) status = settle_empty(graph, node, error);
  if (status != WN_OK) return status;
  if (folded || (out->known && node->n_out == 1)) {
    node->dead = true;
    return WN_OK;
  }
  for (int i = 0; i < node->n_out && status == WN_OK; i++)
    if (graph->values[node->out[i]].shaped && !graph->values[node->out[i]].known)
      status = check_runtime(&inference, &graph->values[node->out[i]]);
  if (status == WN_OK) status = wni_quantize_infer(graph, node, error);
  return status;
}
