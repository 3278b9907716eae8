/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of what takes elements by an index: repeating, gathering, scattering, resampling; and of
 * what makes tensors of numbers that are known.
 */
#include "graph/infer.h"

#include "base/memory.h"
#include "graph/resize.h"

#include <math.h>

WnStatus wni_infer_gather(WniInference *inference) {
  const WniShape *x = inference->in, *index = wni_infer_input(inference, 1);
  WniShape *out = &inference->out;
  int axis;
  if (!wni_axis(wni_infer_attr(inference, "axis", 0), x->rank, &axis) ||
      x->rank - 1 + index->rank > WNI_MAX_RANK)
    return WNI_INFER_FAIL(inference, "its axis is out of range");
  for (int d = 0; d < axis; d++) out->dim[out->rank++] = x->dim[d];
  for (int d = 0; d < index->rank; d++) out->dim[out->rank++] = index->dim[d];
  for (int d = axis + 1; d < x->rank; d++) out->dim[out->rank++] = x->dim[d];
  return WN_OK;
}

/* The indices and the data agree but for `axis`; what is gathered has the shape of the indices. */
WnStatus wni_infer_gather_elements(WniInference *inference) {
  const WniShape *x = inference->in, *index = wni_infer_input(inference, 1);
  int axis;
  if (!wni_axis(wni_infer_attr(inference, "axis", 0), x->rank, &axis) || index->rank != x->rank)
    return WNI_INFER_FAIL(inference, "its axis or the rank of its indices is out of range");
  for (int d = 0; d < x->rank; d++)
    if (d != axis && index->dim[d] > x->dim[d])
      return WNI_INFER_FAIL(inference, "its indices are larger than the data");
  inference->out = *index;
  return WN_OK;
}

WnStatus wni_infer_gather_nd(WniInference *inference) {
  const WniShape *x = inference->in, *index = wni_infer_input(inference, 1);
  WniShape *out = &inference->out;
  int64_t batch = wni_infer_attr(inference, "batch_dims", 0), last = index->dim[index->rank - 1];
  if (batch < 0 || batch >= index->rank || batch >= x->rank || last < 1 || last > x->rank - batch ||
      index->rank - 1 + x->rank - batch - last > WNI_MAX_RANK)
    return WNI_INFER_FAIL(inference, "its indices do not fit the data");
  for (int d = 0; d < batch; d++)
    if (x->dim[d] != index->dim[d])
      return WNI_INFER_FAIL(inference, "its indices do not fit the data");
  for (int d = 0; d < index->rank - 1; d++) out->dim[out->rank++] = index->dim[d];
  for (int d = (int)(batch + last); d < x->rank; d++) out->dim[out->rank++] = x->dim[d];
  return WN_OK;
}

/* The data with some elements replaced; the updates are what GatherElements or GatherND would find.
 */
WnStatus wni_infer_scatter(WniInference *inference) {
  const WniShape *x = inference->in, *updates = wni_infer_input(inference, 2);
  WnStatus status = inference->node->op == WNI_OP_SCATTER_ND ? wni_infer_gather_nd(inference)
                                                             : wni_infer_gather_elements(inference);
  if (status != WN_OK) return status;
  if (wni_shape_count(updates) != wni_shape_count(&inference->out))
    return WNI_INFER_FAIL(inference, "its updates do not fit its indices");
  inference->out = *x;
  return WN_OK;
}

WnStatus wni_infer_expand(WniInference *inference) {
  const int64_t *dim;
  int n;
  WniShape shape = {0};
  WnStatus status =
      wni_node_ints(inference->graph, inference->node, "shape", 1, &dim, &n, inference->error);
  if (status != WN_OK) return status;
  if (n > WNI_MAX_RANK) return WNI_INFER_FAIL(inference, "more than %d dimensions", WNI_MAX_RANK);
  shape.rank = n;
  for (int d = 0; d < n; d++) shape.dim[d] = dim[d];
  inference->out = *inference->in;
  return wni_broadcast_with(inference, &shape);
}

WnStatus wni_infer_tile(WniInference *inference) {
  const WniShape *x = inference->in;
  const int64_t *repeats;
  int n;
  WnStatus status = wni_node_ints(inference->graph, inference->node, "repeats", 1, &repeats, &n,
                                  inference->error);
  if (status != WN_OK) return status;
  if (n != x->rank) return WNI_INFER_FAIL(inference, "%d repeats for %d dimensions", n, x->rank);
  inference->out = *x;
  for (int d = 0; d < n; d++)
    if (repeats[d] < 0 ||
        !wni_mul_limited(x->dim[d], repeats[d], WNI_MAX_ELEMENTS, &inference->out.dim[d]))
      return WNI_INFER_FAIL(inference, "it repeats dimension %d %lld times", d,
                            (long long)repeats[d]);
  return WN_OK;
}

/* An image whose channels hold squares of `block` pixels, or the other way round. */
static WnStatus blocks(WniInference *inference, bool to_space) {
  const WniShape *x = inference->in;
  int64_t block = wni_infer_attr(inference, "blocksize", 0), area;
  if (block < 1 || !wni_mul_limited(block, block, WNI_MAX_ELEMENTS, &area) ||
      (to_space ? x->dim[1] % area : x->dim[2] % block || x->dim[3] % block))
    return WNI_INFER_FAIL(inference, "blocks of %lld do not fit an image of %lld x %lld x %lld",
                          (long long)block, (long long)x->dim[1], (long long)x->dim[2],
                          (long long)x->dim[3]);
  inference->out =
      to_space ? (WniShape){4, {x->dim[0], x->dim[1] / area, x->dim[2] * block, x->dim[3] * block}}
               : (WniShape){4, {x->dim[0], x->dim[1] * area, x->dim[2] / block, x->dim[3] / block}};
  return WN_OK;
}

WnStatus wni_infer_depth_to_space(WniInference *inference) {
  return blocks(inference, true);
}

WnStatus wni_infer_space_to_depth(WniInference *inference) {
  return blocks(inference, false);
}

WnStatus wni_infer_resize(WniInference *inference) {
  WniResizing resize;
  WnStatus status = wni_resize_read(inference->graph, inference->node, &resize, inference->error);
  inference->out = resize.out;
  return status;
}

WnStatus wni_infer_range(WniInference *inference) {
  double number[3];
  for (int i = 0; i < 3; i++) {
    const WniValue *value = wni_node_input(inference->graph, inference->node, i);
    if (!value->known)
      return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED,
                           inference->error, "its bounds are computed");
    if (value->constant.count != 1) return WNI_INFER_FAIL(inference, "a bound is not one number");
    number[i] = value->constant.is_int ? (double)wni_constant_integer(&value->constant, 0)
                                       : (double)value->constant.f[0];
  }
  double count = ceil((number[1] - number[0]) / number[2]);
  if (!(count <= WNI_MAX_ELEMENTS)) /* NaN too */
    return WNI_INFER_FAIL(inference, "it would have more than %d elements", WNI_MAX_ELEMENTS);
  inference->out = (WniShape){1, {count > 0 ? (int64_t)count : 0}};
  return WN_OK;
}

WnStatus wni_infer_size_of(WniInference *inference) {
  inference->out = (WniShape){0};
  return WN_OK;
}
