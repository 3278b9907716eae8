/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See tensor.h.
 */
#include "plan/tensor.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

int64_t wni_tensor_lay_out(WniTensor *tensor, const int *order) {
  int64_t step = 1, offset = 0;
  for (int i = tensor->shape.rank; i-- > 0;) {
    int d = order ? order[i] : i;
    int64_t room = tensor->halo_begin[d] + tensor->shape.dim[d] + tensor->halo_end[d];
    tensor->stride[d] = (ptrdiff_t)step;
    offset += tensor->halo_begin[d] * step;
    if (!wni_mul_limited(step, room, WNI_MAX_ELEMENTS, &step)) return -1;
  }
  tensor->offset = (ptrdiff_t)offset;
  return step;
}

/* Of a dimension counted in a shape of `rank`; 0: any place will do. */
static ptrdiff_t step_of(const WniTensor *tensor, int rank, int d) {
  int own = d - (rank - tensor->shape.rank);
  return own < 0 || tensor->shape.dim[own] == 1 ? 0 : labs(tensor->stride[own]);
}

/* Whether dimensions in this order lie the outer ones further apart. */
static bool lies_in_order(const WniTensor *tensor, int rank, const int *order) {
  ptrdiff_t last = PTRDIFF_MAX;
  for (int i = 0; i < rank; i++) {
    ptrdiff_t step = step_of(tensor, rank, order[i]);
    if (step > last) return false;
    if (step) last = step;
  }
  return true;
}

void wni_tensor_order(const WniTensor *tensor, int rank, int *order) {
  static const int nhwc[4] = {0, 2, 3, 1};
  if (rank == 4 && lies_in_order(tensor, rank, nhwc)) {
    for (int i = 0; i < rank; i++) order[i] = nhwc[i];
    return;
  }
  for (int i = 0; i < rank; i++) order[i] = i;
  if (lies_in_order(tensor, rank, order)) return;
  for (int i = 0; i < rank; i++) { /* sorted */
    int at = i;
    ptrdiff_t step = step_of(tensor, rank, i);
    for (; at > 0 && step && step > step_of(tensor, rank, order[at - 1]); at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
}

bool wni_tensor_is_contiguous(const WniTensor *tensor) {
  int64_t step = 1;
  for (int d = tensor->shape.rank; d-- > 0; step *= tensor->shape.dim[d])
    if (tensor->shape.dim[d] != 1 && tensor->stride[d] != step) return false;
  return true;
}

bool wni_tensor_is_dense(const WniTensor *tensor, int axis) {
  return axis < 0 || tensor->shape.dim[axis] == 1 || tensor->stride[axis] == 1;
}

/* Old and new dimensions are matched in groups of equal size; a group can be
 * split anew only if its old dimensions follow each other without gaps. */
bool wni_tensor_reshape(const WniTensor *tensor, const WniShape *shape, WniTensor *out) {
  int64_t dim[WNI_MAX_RANK];
  ptrdiff_t stride[WNI_MAX_RANK];
  int rank = 0, from = 0, to = 0;
  *out = *tensor;
  out->shape = *shape;
  for (int d = 0; d < WNI_MAX_RANK; d++) out->halo_begin[d] = out->halo_end[d] = 0;
  for (int d = 0; d < tensor->shape.rank; d++)
    if (tensor->shape.dim[d] != 1) {
      dim[rank] = tensor->shape.dim[d];
      stride[rank++] = tensor->stride[d];
    }
  while (to < shape->rank) {
    if (shape->dim[to] == 1) {
      out->stride[to++] = 1;
      continue;
    }
    int first = from, first_to = to;
    int64_t old_count = dim[from++], new_count = shape->dim[to++];
    while (old_count != new_count) {
      if (old_count < new_count)
        old_count *= dim[from++];
      else
        new_count *= shape->dim[to++];
    }
    for (int d = first; d + 1 < from; d++)
      if (stride[d] != stride[d + 1] * (ptrdiff_t)dim[d + 1]) return false;
    ptrdiff_t step = stride[from - 1];
    for (int d = to; d-- > first_to; step *= (ptrdiff_t)shape->dim[d]) out->stride[d] = step;
  }
  return true;
}

WniImage wni_tensor_image(const WniTensor *tensor) {
  const int64_t *dim = tensor->shape.dim;
  return (WniImage){.n = (size_t)dim[0],
                    .h = (size_t)dim[2],
                    .w = (size_t)dim[3],
                    .c = (size_t)dim[1],
                    .n_stride = tensor->stride[0],
                    .h_stride = tensor->stride[2],
                    .w_stride = tensor->stride[3]};
}

WniHalo wni_tensor_halo(const WniTensor *tensor, int c, int h) {
  const int64_t *dim = tensor->shape.dim, *begin = tensor->halo_begin, *end = tensor->halo_end;
  int w = h + 1;
  return (WniHalo){.present = begin[h] || begin[w] || end[h] || end[w],
                   .n = (size_t)dim[0],
                   .h = (size_t)dim[h],
                   .w = (size_t)dim[w],
                   .pixel_bytes = (size_t)dim[c] * wni_type_bytes(tensor->type),
                   .zero = tensor->type == WNI_U8 ? tensor->quant.zero : 0,
                   .top = (size_t)begin[h],
                   .bottom = (size_t)end[h],
                   .left = (size_t)begin[w],
                   .right = (size_t)end[w]};
}

const void *wni_tensor_data(const WniTensor *tensor, const void *arena) {
  const char *base = tensor->data ? tensor->data : arena;
  return base + tensor->offset * (ptrdiff_t)wni_type_bytes(tensor->type);
}

static void swap_dimensions(WniLoop *loop, int a, int b) {
  size_t dim = loop->dim[a];
  loop->dim[a] = loop->dim[b];
  loop->dim[b] = dim;
  for (int k = 0; k < 4; k++) {
    ptrdiff_t stride = loop->stride[k][a];
    loop->stride[k][a] = loop->stride[k][b];
    loop->stride[k][b] = stride;
  }
}

/* Merges dimension d into d - 1 where every operand walks straight on. */
static bool merge_dimension(WniLoop *loop, int d, int n_tensors) {
  for (int k = 0; k < n_tensors; k++)
    if (loop->stride[k][d - 1] != loop->stride[k][d] * (ptrdiff_t)loop->dim[d]) return false;
  loop->dim[d - 1] *= loop->dim[d];
  for (int k = 0; k < n_tensors; k++) loop->stride[k][d - 1] = loop->stride[k][d];
  for (int e = d; e + 1 < loop->rank; e++) swap_dimensions(loop, e, e + 1);
  loop->rank--;
  return true;
}

void wni_tensor_loop(const WniTensor *const *tensors, int n_tensors, WniLoop *loop) {
  const WniShape *out = &tensors[0]->shape;
  *loop = (WniLoop){0};
  for (int d = 0; d < out->rank; d++) {
    if (out->dim[d] == 1) continue;
    loop->dim[loop->rank] = (size_t)out->dim[d];
    for (int k = 0; k < n_tensors; k++) {
      int own = d - (out->rank - tensors[k]->shape.rank);
      bool repeats = own < 0 || tensors[k]->shape.dim[own] == 1;
      loop->stride[k][loop->rank] = repeats ? 0 : tensors[k]->stride[own];
    }
    loop->rank++;
  }
  if (loop->rank == 0) loop->dim[loop->rank++] = 1;
  for (int i = 1; i < loop->rank; i++)
    for (int j = i; j > 0 && labs(loop->stride[0][j - 1]) < labs(loop->stride[0][j]); j--)
      swap_dimensions(loop, j - 1, j);
  for (int d = loop->rank - 1; d > 0; d--) merge_dimension(loop, d, n_tensors);
}
