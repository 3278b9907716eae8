/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of operators that move nothing, or only copy: the output is another
 * view of the input wherever strides can say it.
 */
#include "plan/lower.h"

static void clear_halo(WniTensor *tensor) {
  for (int d = 0; d < WNI_MAX_RANK; d++) tensor->halo_begin[d] = tensor->halo_end[d] = 0;
}

WnStatus wni_lower_transpose(WniLowering *lowering) {
  size_t n;
  const int64_t *perm = wni_attr_ints(lowering->node->proto, "perm", &n);
  WniTensor x, y;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  y = x;
  for (int d = 0; d < x.shape.rank; d++) {
    int64_t from = perm ? perm[d] : x.shape.rank - 1 - d;
    y.shape.dim[d] = x.shape.dim[from];
    y.stride[d] = x.stride[from];
    y.halo_begin[d] = x.halo_begin[from];
    y.halo_end[d] = x.halo_end[from];
  }
  wni_lower_place(lowering, 0, &y);
  return WN_OK;
}

/* Reshape, Flatten, Squeeze, Unsqueeze: shape inference has done the work. */
WnStatus wni_lower_reshape(WniLowering *lowering) {
  const WniShape *shape = &lowering->graph->values[lowering->node->out[0]].shape;
  WniTensor x, y;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  if (!wni_tensor_reshape(&x, shape, &y)) {
    status = wni_lower_contiguous(lowering, 0, x.type, &x);
    if (status != WN_OK) return status;
    wni_tensor_reshape(&x, shape, &y);
  }
  wni_lower_place(lowering, 0, &y);
  return WN_OK;
}

WnStatus wni_lower_split(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor x;
  int axis = 0;
  ptrdiff_t at = 0;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  wni_axis(wni_attr_int(node->proto, "axis", 0), x.shape.rank, &axis);
  for (int i = 0; i < node->n_out; i++) {
    WniTensor y = x;
    y.shape = lowering->graph->values[node->out[i]].shape;
    y.offset += at * x.stride[axis];
    clear_halo(&y);
    wni_lower_place(lowering, i, &y);
    at += (ptrdiff_t)y.shape.dim[axis];
  }
  return WN_OK;
}

WnStatus wni_lower_slice(WniLowering *lowering) {
  WniSlice slice;
  WniTensor y;
  WnStatus status = wni_slice_read(lowering->graph, lowering->node, &slice, lowering->error);
  if (status == WN_OK) status = wni_lower_input(lowering, 0, &y);
  if (status != WN_OK) return status;
  for (int d = 0; d < y.shape.rank; d++) {
    y.offset += (ptrdiff_t)slice.begin[d] * y.stride[d];
    y.stride[d] *= (ptrdiff_t)slice.step[d];
    y.shape.dim[d] = slice.count[d];
  }
  clear_halo(&y);
  wni_lower_place(lowering, 0, &y);
  return WN_OK;
}

WnStatus wni_lower_concat(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor y;
  int axis = 0;
  ptrdiff_t at = 0;
  WnStatus status = wni_lower_typed_output(lowering, &y);
  if (status != WN_OK) return status;
  wni_axis(wni_attr_int(node->proto, "axis", 0), y.shape.rank, &axis);
  for (int i = 0; i < node->n_in && status == WN_OK; i++) {
    WniTensor x, part = y;
    status = wni_lower_input(lowering, i, &x);
    if (status != WN_OK) break;
    part.shape = x.shape;
    part.offset += at * y.stride[axis];
    status = wni_lower_copy(lowering, &x, &part);
    at += (ptrdiff_t)x.shape.dim[axis];
  }
  return status;
}
