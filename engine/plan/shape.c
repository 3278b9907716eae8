/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shape inference: one function per kind of operator, in a table.  Every shape is
 * known here, because the input's is; what only computes shapes is folded away.
 */
#include "plan/graph.h"

#include "base/memory.h"
#include "plan/window.h"

#include <string.h>

typedef struct Inference {
  WniGraph *graph;
  WniNode *node;
  const WniShape *in; /* of the first input, if there is one */
  WniShape out;       /* of the first output; Split fills in the others itself */
  WnError *error;
} Inference;

typedef WnStatus InferFunction(Inference *inference);

#define FAIL(inference, ...)                                                                       \
  wni_node_fail((inference)->graph, (inference)->node, WN_ERROR_MODEL, (inference)->error,         \
                __VA_ARGS__)

static const WniShape *input_shape(const Inference *inference, int i) {
  const WniValue *value = wni_node_input(inference->graph, inference->node, i);
  return value ? &value->shape : NULL;
}

static int64_t attr(const Inference *inference, const char *name, int64_t fallback) {
  return wni_attr_int(inference->node->proto, name, fallback);
}

static WnStatus infer_same(Inference *inference) {
  inference->out = *inference->in;
  return WN_OK;
}

/* out = broadcast(out, b) */
static WnStatus broadcast_with(Inference *inference, const WniShape *b) {
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
      return FAIL(inference, "dimensions %lld and %lld cannot be broadcast", (long long)have,
                  (long long)other);
    wide.dim[d + offset] = have == 1 ? other : have;
  }
  *out = wide;
  return WN_OK;
}

static WnStatus infer_broadcast(Inference *inference) {
  inference->out = *inference->in;
  for (int i = 1; i < inference->node->n_in; i++) {
    WnStatus status = broadcast_with(inference, input_shape(inference, i));
    if (status != WN_OK) return status;
  }
  return WN_OK;
}

static WnStatus infer_prelu(Inference *inference) {
  WnStatus status = infer_broadcast(inference);
  if (status == WN_OK && wni_shape_count(&inference->out) != wni_shape_count(inference->in))
    return FAIL(inference, "the slope is larger than the input");
  return status;
}

static WnStatus need_image(Inference *inference) {
  if (inference->in->rank == 4) return WN_OK;
  return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                       "the input has %d dimensions; images of 4 are supported",
                       inference->in->rank);
}

static WnStatus infer_conv(Inference *inference) {
  const WniShape *x = inference->in, *w = input_shape(inference, 1), *b = input_shape(inference, 2);
  int64_t groups = attr(inference, "group", 1);
  WniWindow window;
  WnStatus status = need_image(inference);
  if (status != WN_OK) return status;
  if (w->rank != 4) return FAIL(inference, "the weights have %d dimensions", w->rank);
  if (groups < 1 || w->dim[0] % groups || groups > x->dim[1] || x->dim[1] % groups ||
      x->dim[1] / groups != w->dim[1])
    return FAIL(inference,
                "weights of %lld x %lld channels in %lld groups do not fit an input of %lld",
                (long long)w->dim[0], (long long)w->dim[1], (long long)groups,
                (long long)x->dim[1]);
  if (b && wni_shape_count(b) != w->dim[0])
    return FAIL(inference, "the bias has %lld elements for %lld channels",
                (long long)wni_shape_count(b), (long long)w->dim[0]);
  status = wni_window_read(inference->graph, inference->node, x->dim + 2, w->dim + 2, &window,
                           inference->error);
  inference->out = (WniShape){4, {x->dim[0], w->dim[0], window.out[0], window.out[1]}};
  return status;
}

static WnStatus infer_pool(Inference *inference) {
  const WniShape *x = inference->in;
  WniWindow window;
  WnStatus status = need_image(inference);
  if (status != WN_OK) return status;
  status = wni_window_read(inference->graph, inference->node, x->dim + 2, NULL, &window,
                           inference->error);
  inference->out = (WniShape){4, {x->dim[0], x->dim[1], window.out[0], window.out[1]}};
  return status;
}

static WnStatus infer_global_pool(Inference *inference) {
  inference->out = (WniShape){4, {inference->in->dim[0], inference->in->dim[1], 1, 1}};
  return need_image(inference);
}

static WnStatus infer_batch_normalization(Inference *inference) {
  const WniShape *x = inference->in;
  int64_t channels = x->rank > 1 ? x->dim[1] : 1;
  if (attr(inference, "training_mode", 0))
    return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                         "it is in training mode; export the model for inference");
  if (!attr(inference, "spatial", 1))
    return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                         "spatial = 0 is not supported");
  for (int i = 1; i < 5; i++) {
    const WniValue *value = wni_node_input(inference->graph, inference->node, i);
    if (!value->known || value->constant.is_int || value->constant.count != (size_t)channels)
      return FAIL(inference, "input %d is not a constant of %lld elements", i, (long long)channels);
  }
  return infer_same(inference);
}

static WnStatus infer_gemm(Inference *inference) {
  const WniShape *a = inference->in, *b = input_shape(inference, 1), *c = input_shape(inference, 2);
  if (a->rank != 2 || b->rank != 2) return FAIL(inference, "its operands are not matrices");
  int ta = attr(inference, "transA", 0) != 0, tb = attr(inference, "transB", 0) != 0;
  if (a->dim[!ta] != b->dim[tb])
    return FAIL(inference, "inner dimensions %lld and %lld differ", (long long)a->dim[!ta],
                (long long)b->dim[tb]);
  inference->out = (WniShape){2, {a->dim[ta], b->dim[!tb]}};
  if (!c) return WN_OK;
  int64_t count = wni_shape_count(&inference->out);
  WniShape product = inference->out;
  WnStatus status = broadcast_with(inference, c);
  if (status == WN_OK && wni_shape_count(&inference->out) != count)
    return FAIL(inference, "C is larger than the product");
  inference->out = product;
  return status;
}

static WnStatus infer_matmul(Inference *inference) {
  WniShape a = *inference->in, b = *input_shape(inference, 1);
  bool row = a.rank == 1, column = b.rank == 1;
  if (a.rank < 1 || b.rank < 1) return FAIL(inference, "an operand is a scalar");
  if (row) a = (WniShape){2, {1, a.dim[0]}};
  if (column) b = (WniShape){2, {b.dim[0], 1}};
  if (a.dim[a.rank - 1] != b.dim[b.rank - 2])
    return FAIL(inference, "inner dimensions %lld and %lld differ", (long long)a.dim[a.rank - 1],
                (long long)b.dim[b.rank - 2]);
  int64_t m = a.dim[a.rank - 2], n = b.dim[b.rank - 1];
  WniShape batch_b = b;
  a.rank -= 2;
  batch_b.rank -= 2;
  inference->out = a;
  WnStatus status = broadcast_with(inference, &batch_b);
  WniShape *out = &inference->out;
  if (out->rank + 2 > WNI_MAX_RANK) return FAIL(inference, "too many dimensions");
  if (!row) out->dim[out->rank++] = m;
  if (!column) out->dim[out->rank++] = n;
  return status;
}

static WnStatus infer_flatten(Inference *inference) {
  const WniShape *x = inference->in;
  int64_t axis = attr(inference, "axis", 1);
  if (axis < 0) axis += x->rank;
  if (axis < 0 || axis > x->rank) return FAIL(inference, "axis %lld is out of range", (long long)axis);
  inference->out = (WniShape){2, {1, 1}};
  for (int d = 0; d < x->rank; d++) inference->out.dim[d >= axis] *= x->dim[d];
  return WN_OK;
}

static WnStatus infer_reshape(Inference *inference) {
  const WniShape *x = inference->in;
  WniShape *out = &inference->out;
  const int64_t *target;
  int n, free_dim = -1;
  int64_t count = 1, total = wni_shape_count(x);
  bool zero_is_zero = attr(inference, "allowzero", 0) != 0;
  WnStatus status = wni_node_ints(inference->graph, inference->node, "shape", 1, &target, &n,
                                  inference->error);
  if (status != WN_OK) return status;
  if (n > WNI_MAX_RANK) return FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
  out->rank = n;
  for (int d = 0; d < n; d++) {
    int64_t dim = target[d];
    if (dim == 0 && !zero_is_zero) {
      if (d >= x->rank) return FAIL(inference, "dimension %d has nothing to copy from", d);
      dim = x->dim[d];
    }
    if (dim == -1 && free_dim < 0) {
      free_dim = d;
      dim = 1;
    }
    if (dim < 0 || !wni_mul_limited(count, dim, WNI_MAX_ELEMENTS, &count))
      return FAIL(inference, "dimension %d is %lld", d, (long long)target[d]);
    out->dim[d] = dim;
  }
  if (free_dim >= 0 && count > 0 && total % count == 0) {
    out->dim[free_dim] = total / count;
    count = total;
  }
  if (count != total)
    return FAIL(inference, "%lld elements do not fit the new shape", (long long)total);
  return WN_OK;
}

/* Marks the listed axes of a shape of `rank` dimensions. */
static WnStatus mark_axes(Inference *inference, const int64_t *axes, int n, int rank, bool *marked) {
  memset(marked, 0, WNI_MAX_RANK * sizeof *marked);
  for (int i = 0; i < n; i++) {
    int axis;
    if (!wni_axis(axes[i], rank, &axis) || marked[axis])
      return FAIL(inference, "axis %lld is out of range or given twice", (long long)axes[i]);
    marked[axis] = true;
  }
  return WN_OK;
}

static WnStatus infer_squeeze(Inference *inference) {
  const WniShape *x = inference->in;
  const int64_t *axes;
  int n;
  bool marked[WNI_MAX_RANK];
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "axes", 1, &axes, &n, inference->error);
  if (status == WN_OK) status = mark_axes(inference, axes, n, x->rank, marked);
  if (status != WN_OK) return status;
  for (int d = 0; d < x->rank; d++) {
    if (n < 0 ? x->dim[d] == 1 : marked[d]) {
      if (x->dim[d] != 1)
        return FAIL(inference, "dimension %d is %lld, not 1", d, (long long)x->dim[d]);
      continue;
    }
    inference->out.dim[inference->out.rank++] = x->dim[d];
  }
  return WN_OK;
}

static WnStatus infer_unsqueeze(Inference *inference) {
  const WniShape *x = inference->in;
  const int64_t *axes;
  int n, from = 0;
  bool marked[WNI_MAX_RANK];
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "axes", 1, &axes, &n, inference->error);
  if (status != WN_OK) return status;
  if (n < 0 || x->rank + n > WNI_MAX_RANK)
    return FAIL(inference, "its axes are missing or too many");
  status = mark_axes(inference, axes, n, x->rank + n, marked);
  inference->out.rank = x->rank + n;
  for (int d = 0; status == WN_OK && d < inference->out.rank; d++)
    inference->out.dim[d] = marked[d] ? 1 : x->dim[from++];
  return status;
}

static WnStatus infer_transpose(Inference *inference) {
  const WniShape *x = inference->in;
  size_t n;
  const int64_t *perm = wni_attr_ints(inference->node->proto, "perm", &n);
  bool marked[WNI_MAX_RANK];
  if (perm && n != (size_t)x->rank)
    return FAIL(inference, "perm has %zu entries for %d dimensions", n, x->rank);
  if (perm) {
    WnStatus status = mark_axes(inference, perm, x->rank, x->rank, marked);
    if (status != WN_OK) return status;
  }
  inference->out.rank = x->rank;
  for (int d = 0; d < x->rank; d++) {
    int64_t from = perm ? perm[d] : x->rank - 1 - d;
    if (from < 0) return FAIL(inference, "perm has a negative entry");
    inference->out.dim[d] = x->dim[from];
  }
  return WN_OK;
}

static WnStatus infer_concat(Inference *inference) {
  int axis;
  int64_t fallback = inference->graph->onnx->opset < 4 ? 1 : WNI_MAX_RANK;
  if (!wni_axis(attr(inference, "axis", fallback), inference->in->rank, &axis))
    return FAIL(inference, "its axis is missing or out of range");
  inference->out = *inference->in;
  for (int i = 1; i < inference->node->n_in; i++) {
    const WniShape *x = input_shape(inference, i);
    if (!x || x->rank != inference->out.rank)
      return FAIL(inference, "inputs have different numbers of dimensions");
    for (int d = 0; d < x->rank; d++)
      if (d != axis && x->dim[d] != inference->out.dim[d])
        return FAIL(inference, "dimension %d of input %d is %lld, not %lld", d, i,
                    (long long)x->dim[d], (long long)inference->out.dim[d]);
    inference->out.dim[axis] += x->dim[axis];
  }
  return WN_OK;
}

static WnStatus infer_split(Inference *inference) {
  const WniShape *x = inference->in;
  WniNode *node = inference->node;
  const int64_t *sizes;
  int n, axis;
  int64_t left, chunk;
  WnStatus status =
      wni_node_ints(inference->graph, node, "split", 1, &sizes, &n, inference->error);
  if (status != WN_OK) return status;
  if (!wni_axis(attr(inference, "axis", 0), x->rank, &axis))
    return FAIL(inference, "its axis is out of range");
  if (n >= 0 && n != node->n_out)
    return FAIL(inference, "%d sizes for %d outputs", n, node->n_out);
  left = x->dim[axis];
  chunk = (left + node->n_out - 1) / node->n_out;
  for (int i = 0; i < node->n_out; i++) {
    int64_t size = n >= 0 ? sizes[i] : left < chunk ? left : chunk;
    if (size < 0 || size > left) return FAIL(inference, "the parts are larger than the whole");
    WniValue *out = &inference->graph->values[node->out[i]];
    out->shape = *x;
    out->shape.dim[axis] = size;
    out->shaped = true;
    left -= size;
  }
  inference->out = inference->graph->values[node->out[0]].shape;
  return left ? FAIL(inference, "the parts are smaller than the whole") : WN_OK;
}

static WnStatus infer_slice(Inference *inference) {
  const WniShape *x = inference->in;
  WniSlice slice;
  WnStatus status = wni_slice_read(inference->graph, inference->node, &slice, inference->error);
  inference->out.rank = x->rank;
  for (int d = 0; d < x->rank; d++) inference->out.dim[d] = slice.count[d];
  return status;
}

static WnStatus infer_gather(Inference *inference) {
  const WniShape *x = inference->in, *index = input_shape(inference, 1);
  WniShape *out = &inference->out;
  int axis;
  if (!wni_axis(attr(inference, "axis", 0), x->rank, &axis) ||
      x->rank - 1 + index->rank > WNI_MAX_RANK)
    return FAIL(inference, "its axis is out of range");
  for (int d = 0; d < axis; d++) out->dim[out->rank++] = x->dim[d];
  for (int d = 0; d < index->rank; d++) out->dim[out->rank++] = index->dim[d];
  for (int d = axis + 1; d < x->rank; d++) out->dim[out->rank++] = x->dim[d];
  return WN_OK;
}

static WnStatus infer_pad(Inference *inference) {
  int64_t begin[WNI_MAX_RANK], end[WNI_MAX_RANK];
  WnStatus status =
      wni_pad_read(inference->graph, inference->node, begin, end, inference->error);
  inference->out = *inference->in;
  for (int d = 0; status == WN_OK && d < inference->in->rank; d++)
    inference->out.dim[d] += begin[d] + end[d];
  return status;
}

static WnStatus infer_reduce(Inference *inference) {
  bool reduced[WNI_MAX_RANK];
  bool keep = attr(inference, "keepdims", 1) != 0;
  WnStatus status =
      wni_reduce_read(inference->graph, inference->node, reduced, inference->error);
  for (int d = 0; status == WN_OK && d < inference->in->rank; d++)
    if (keep || !reduced[d])
      inference->out.dim[inference->out.rank++] = reduced[d] ? 1 : inference->in->dim[d];
  return status;
}

static WnStatus infer_shape_of(Inference *inference) {
  int64_t rank = inference->in->rank;
  int64_t start = attr(inference, "start", 0), end = attr(inference, "end", rank);
  if (start < 0) start = start + rank < 0 ? 0 : start + rank;
  if (end < 0) end += rank;
  if (end > rank) end = rank;
  inference->out = (WniShape){1, {end > start ? end - start : 0}};
  return WN_OK;
}

static WnStatus infer_constant(Inference *inference) {
  const Onnx__NodeProto *proto = inference->node->proto;
  const Onnx__AttributeProto *attribute = proto->n_attribute ? proto->attribute[0] : NULL;
  if (!attribute) return FAIL(inference, "it has no value");
  if (attribute->t) {
    if (attribute->t->n_dims > WNI_MAX_RANK) return FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
    inference->out.rank = (int)attribute->t->n_dims;
    for (int d = 0; d < inference->out.rank; d++) inference->out.dim[d] = attribute->t->dims[d];
  } else if (attribute->n_ints || attribute->n_floats) {
    inference->out = (WniShape){1, {(int64_t)(attribute->n_ints + attribute->n_floats)}};
  }
  return WN_OK;
}

static WnStatus infer_constant_of_shape(Inference *inference) {
  const int64_t *dim;
  int n;
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "shape", 0, &dim, &n, inference->error);
  if (status != WN_OK) return status;
  if (n > WNI_MAX_RANK) return FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
  inference->out.rank = n;
  for (int d = 0; d < n; d++) inference->out.dim[d] = dim[d];
  return WN_OK;
}

static InferFunction *const infer[WNI_OP_COUNT] = {
    [WNI_OP_ADD] = infer_broadcast,
    [WNI_OP_AVERAGE_POOL] = infer_pool,
    [WNI_OP_BATCH_NORMALIZATION] = infer_batch_normalization,
    [WNI_OP_CAST] = infer_same,
    [WNI_OP_CLIP] = infer_same,
    [WNI_OP_CONCAT] = infer_concat,
    [WNI_OP_CONSTANT] = infer_constant,
    [WNI_OP_CONSTANT_OF_SHAPE] = infer_constant_of_shape,
    [WNI_OP_CONV] = infer_conv,
    [WNI_OP_DIV] = infer_broadcast,
    [WNI_OP_DROPOUT] = infer_same,
    [WNI_OP_ELU] = infer_same,
    [WNI_OP_FLATTEN] = infer_flatten,
    [WNI_OP_GATHER] = infer_gather,
    [WNI_OP_GEMM] = infer_gemm,
    [WNI_OP_GLOBAL_AVERAGE_POOL] = infer_global_pool,
    [WNI_OP_GLOBAL_MAX_POOL] = infer_global_pool,
    [WNI_OP_HARD_SIGMOID] = infer_same,
    [WNI_OP_HARD_SWISH] = infer_same,
    [WNI_OP_IDENTITY] = infer_same,
    [WNI_OP_LEAKY_RELU] = infer_same,
    [WNI_OP_LRN] = infer_same,
    [WNI_OP_MATMUL] = infer_matmul,
    [WNI_OP_MAX_POOL] = infer_pool,
    [WNI_OP_MUL] = infer_broadcast,
    [WNI_OP_PAD] = infer_pad,
    [WNI_OP_PRELU] = infer_prelu,
    [WNI_OP_REDUCE_MEAN] = infer_reduce,
    [WNI_OP_REDUCE_PROD] = infer_reduce,
    [WNI_OP_RELU] = infer_same,
    [WNI_OP_RESHAPE] = infer_reshape,
    [WNI_OP_SHAPE] = infer_shape_of,
    [WNI_OP_SIGMOID] = infer_same,
    [WNI_OP_SLICE] = infer_slice,
    [WNI_OP_SOFTMAX] = infer_same,
    [WNI_OP_SPLIT] = infer_split,
    [WNI_OP_SQUEEZE] = infer_squeeze,
    [WNI_OP_SUB] = infer_broadcast,
    [WNI_OP_SUM] = infer_broadcast,
    [WNI_OP_TANH] = infer_same,
    [WNI_OP_TRANSPOSE] = infer_transpose,
    [WNI_OP_UNSQUEEZE] = infer_unsqueeze,
};

/* Operators whose inputs behind the first are shapes, positions or switches. */
static bool takes_integers(WniOp op) {
  static const WniOp ops[] = {WNI_OP_DROPOUT, WNI_OP_GATHER,    WNI_OP_PAD,   WNI_OP_REDUCE_MEAN,
                              WNI_OP_RESHAPE, WNI_OP_SLICE,     WNI_OP_SPLIT, WNI_OP_SQUEEZE,
                              WNI_OP_UNSQUEEZE};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (ops[i] == op) return true;
  return false;
}

/* What has to be computed per frame is a float tensor of bounded size. */
static WnStatus check_runtime(Inference *inference, const WniValue *out) {
  const WniNode *node = inference->node;
  int64_t count = 1;
  for (int d = 0; d < out->shape.rank; d++)
    if (out->shape.dim[d] < 1 ||
        !wni_mul_limited(count, out->shape.dim[d], WNI_MAX_ELEMENTS, &count))
      return FAIL(inference, "its output is empty or larger than %d elements", WNI_MAX_ELEMENTS);
  for (int i = 0; i < node->n_in; i++) {
    const WniValue *in = wni_node_input(inference->graph, node, i);
    bool is_data = i == 0 || !takes_integers(node->op);
    if (in && is_data && in->known && in->constant.is_int)
      return wni_node_fail(inference->graph, node, WN_ERROR_UNSUPPORTED, inference->error,
                           "it computes with integers at run time");
  }
  return WN_OK;
}

WnStatus wni_shape_infer(WniGraph *graph, WniNode *node, WnError *error) {
  Inference inference = {.graph = graph, .node = node, .error = error};
  for (int i = 0; i < node->n_in; i++) {
    const WniValue *in = wni_node_input(graph, node, i);
    if (in && !in->shaped)
      return FAIL(&inference, "reads '%.100s', an output that is not supported", in->name);
  }
  const WniValue *first = wni_node_input(graph, node, 0);
  inference.in = first ? &first->shape : NULL;
  WnStatus status = infer[node->op](&inference);
  if (status != WN_OK) return status;
  WniValue *out = &graph->values[node->out[0]];
  out->shape = inference.out;
  out->shaped = true;
  bool folded = false;
  status = wni_fold(graph, node, &folded, error);
  if (status != WN_OK) return status;
  if (folded) {
    node->dead = true;
    return WN_OK;
  }
  for (int i = 0; i < node->n_out && status == WN_OK; i++)
    if (graph->values[node->out[i]].shaped)
      status = check_runtime(&inference, &graph->values[node->out[i]]);
  return status;
}
