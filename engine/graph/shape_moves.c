/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of what only moves elements or removes dimensions.
 */
#include "graph/infer.h"

#include "base/memory.h"

#include <string.h>

WnStatus wni_infer_flatten(WniInference *inference) {
  const WniShape *x = inference->in;
  int64_t axis = wni_infer_attr(inference, "axis", 1);
  if (axis < 0) axis += x->rank;
  if (axis < 0 || axis > x->rank)
    return WNI_INFER_FAIL(inference, "axis %lld is out of range", (long long)axis);
  inference->out = (WniShape){2, {1, 1}};
  for (int d = 0; d < x->rank; d++) inference->out.dim[d >= axis] *= x->dim[d];
  return WN_OK;
}

WnStatus wni_infer_reshape(WniInference *inference) {
  const WniShape *x = inference->in;
  WniShape *out = &inference->out;
  const int64_t *target;
  int n, free_dim = -1;
  int64_t count = 1, total = wni_shape_count(x);
  bool zero_is_zero = wni_infer_attr(inference, "allowzero", 0) != 0;
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "shape", 1, &target, &n, inference->error);
  if (status != WN_OK) return status;
  if (n < 0) return WNI_INFER_FAIL(inference, "it has no shape");
  if (n > WNI_MAX_RANK) return WNI_INFER_FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
  out->rank = n;
  for (int d = 0; d < n; d++) {
    int64_t dim = target[d];
    if (dim == 0 && !zero_is_zero) {
      if (d >= x->rank)
        return WNI_INFER_FAIL(inference, "dimension %d has nothing to copy from", d);
      dim = x->dim[d];
    }
    if (dim == -1 && free_dim < 0) {
      free_dim = d;
      dim = 1;
    }
    if (dim < 0 || !wni_mul_limited(count, dim, WNI_MAX_ELEMENTS, &count))
      return WNI_INFER_FAIL(inference, "dimension %d is %lld", d, (long long)target[d]);
    out->dim[d] = dim;
  }
  if (free_dim >= 0 && count > 0 && total % count == 0) {
    out->dim[free_dim] = total / count;
    count = total;
  }
  if (count != total)
    return WNI_INFER_FAIL(inference, "%lld elements do not fit the new shape", (long long)total);
  return WN_OK;
}

/* Marks the listed axes of a shape of `rank` dimensions. */
static WnStatus mark_axes(WniInference *inference, const int64_t *axes, int n, int rank,
                          bool *marked) {
  memset(marked, 0, WNI_MAX_RANK * sizeof *marked);
  for (int i = 0; i < n; i++) {
    int axis;
    if (!wni_axis(axes[i], rank, &axis) || marked[axis])
      return WNI_INFER_FAIL(inference, "axis %lld is out of range or given twice",
                            (long long)axes[i]);
    marked[axis] = true;
  }
  return WN_OK;
}

WnStatus wni_infer_squeeze(WniInference *inference) {
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
        return WNI_INFER_FAIL(inference, "dimension %d is %lld, not 1", d, (long long)x->dim[d]);
      continue;
    }
    inference->out.dim[inference->out.rank++] = x->dim[d];
  }
  return WN_OK;
}

WnStatus wni_infer_unsqueeze(WniInference *inference) {
  const WniShape *x = inference->in;
  const int64_t *axes;
  int n, from = 0;
  bool marked[WNI_MAX_RANK];
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "axes", 1, &axes, &n, inference->error);
  if (status != WN_OK) return status;
  if (n < 0 || x->rank + n > WNI_MAX_RANK)
    return WNI_INFER_FAIL(inference, "its axes are missing or too many");
  status = mark_axes(inference, axes, n, x->rank + n, marked);
  inference->out.rank = x->rank + n;
  for (int d = 0; status == WN_OK && d < inference->out.rank; d++)
    inference->out.dim[d] = marked[d] ? 1 : x->dim[from++];
  return status;
}

WnStatus wni_infer_transpose(WniInference *inference) {
  const WniShape *x = inference->in;
  size_t n;
  const int64_t *perm = wni_attr_ints(inference->node->proto, "perm", &n);
  bool marked[WNI_MAX_RANK];
  if (perm && n != (size_t)x->rank)
    return WNI_INFER_FAIL(inference, "perm has %zu entries for %d dimensions", n, x->rank);
  if (perm) {
    WnStatus status = mark_axes(inference, perm, x->rank, x->rank, marked);
    if (status != WN_OK) return status;
  }
  inference->out.rank = x->rank;
  for (int d = 0; d < x->rank; d++) {
    int64_t from = perm ? perm[d] : x->rank - 1 - d;
    if (from < 0) return WNI_INFER_FAIL(inference, "perm has a negative entry");
    inference->out.dim[d] = x->dim[from];
  }
  return WN_OK;
}

WnStatus wni_infer_concat(WniInference *inference) {
  int axis;
  int64_t fallback = inference->graph->onnx->opset < 4 ? 1 : WNI_MAX_RANK;
  if (!wni_axis(wni_infer_attr(inference, "axis", fallback), inference->in->rank, &axis))
    return WNI_INFER_FAIL(inference, "its axis is missing or out of range");
  inference->out = *inference->in;
  for (int i = 1; i < inference->node->n_in; i++) {
    const WniShape *x = wni_infer_input(inference, i);
    if (!x || x->rank != inference->out.rank)
      return WNI_INFER_FAIL(inference, "inputs have different numbers of dimensions");
    for (int d = 0; d < x->rank; d++)
      if (d != axis && x->dim[d] != inference->out.dim[d])
        return WNI_INFER_FAIL(inference, "dimension %d of input %d is %lld, not %lld", d, i,
                              (long long)x->dim[d], (long long)inference->out.dim[d]);
    inference->out.dim[axis] += x->dim[axis];
  }
  return WN_OK;
}

WnStatus wni_infer_split(WniInference *inference) {
  const WniShape *x = inference->in;
  WniNode *node = inference->node;
  const int64_t *sizes;
  int n, axis;
  int64_t left, chunk;
  WnStatus status = wni_node_ints(inference->graph, node, "split", 1, &sizes, &n, inference->error);
  if (status != WN_OK) return status;
  if (!wni_axis(wni_infer_attr(inference, "axis", 0), x->rank, &axis))
    return WNI_INFER_FAIL(inference, "its axis is out of range");
  if (n >= 0 && n != node->n_out)
    return WNI_INFER_FAIL(inference, "%d sizes for %d outputs", n, node->n_out);
  left = x->dim[axis];
  chunk = (left + node->n_out - 1) / node->n_out;
  for (int i = 0; i < node->n_out; i++) {
    int64_t size = n >= 0 ? sizes[i] : left < chunk ? left : chunk;
    if (size < 0 || size > left)
      return WNI_INFER_FAIL(inference, "the parts are larger than the whole");
    WniValue *out = &inference->graph->values[node->out[i]];
    out->shape = *x;
    out->shape.dim[axis] = size;
    out->shaped = true;
    left -= size;
  }
  inference->out = inference->graph->values[node->out[0]].shape;
  return left ? WNI_INFER_FAIL(inference, "the parts are smaller than the whole") : WN_OK;
}

WnStatus wni_infer_slice(WniInference *inference) {
  const WniShape *x = inference->in;
  WniSlice slice;
  WnStatus status = wni_slice_read(inference->graph, inference->node, &slice, inference->error);
  inference->out.rank = x->rank;
  for (int d = 0; d < x->rank; d++) inference->out.dim[d] = slice.count[d];
  return status;
}

WnStatus wni_infer_pad(WniInference *inference) {
  int64_t begin[WNI_MAX_RANK], end[WNI_MAX_RANK];
  WnStatus status = wni_pad_read(inference->graph, inference->node, begin, end, inference->error);
  inference->out = *inference->in;
  for (int d = 0; status == WN_OK && d < inference->in->rank; d++)
    inference->out.dim[d] += begin[d] + end[d];
  return status;
}

WnStatus wni_infer_reduce(WniInference *inference) {
  bool reduced[WNI_MAX_RANK];
  bool keep = wni_infer_attr(inference, "keepdims", 1) != 0;
  WnStatus status = wni_reduce_read(inference->graph, inference->node, reduced, inference->error);
  for (int d = 0; status == WN_OK && d < inference->in->rank; d++)
    if (keep || !reduced[d])
      inference->out.dim[inference->out.rank++] = reduced[d] ? 1 : inference->in->dim[d];
  return status;
}
