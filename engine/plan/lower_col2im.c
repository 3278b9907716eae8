/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of Col2Im: for each pixel of a block, one step adds what all blocks have there to where
 * it lies in the image.
 *
 *   y[o s + k d - pad] += x[k][o]   for k of a block and all o for which that is in the image
 */
#include "plan/lower.h"

/* Along one axis, the blocks whose pixel k is in the image: those from `first` on, n of them. */
static int64_t blocks_inside(const WniWindow *window, int axis, int64_t k, int64_t *first) {
  int64_t stride = window->stride[axis], at = k * window->dilation[axis] - window->pad_begin[axis];
  int64_t past = window->out[axis] - at; /* o s has to be below */
  *first = at < 0 ? (-at + stride - 1) / stride : 0;
  int64_t end = past > 0 ? (past + stride - 1) / stride : 0;
  if (end > window->blocks[axis]) end = window->blocks[axis];
  return end - *first;
}

/* Adds pixel k of all blocks; x is [n][channels][rows, columns of a block][rows, columns of
 * blocks]. */
static WnStatus add_pixel(WniLowering *lowering, const WniWindow *window, const int64_t *k,
                          const WniTensor *x, const WniTensor *y) {
  WniTensor from = *x, to = *y;
  from.shape.rank = 4;
  for (int axis = 0; axis < 2; axis++) {
    int64_t first, n = blocks_inside(window, axis, k[axis], &first), d = 2 + axis;
    if (n < 1) return WN_OK;
    int64_t at = first * window->stride[axis] + k[axis] * window->dilation[axis];
    to.offset += (ptrdiff_t)(at - window->pad_begin[axis]) * y->stride[d];
    to.stride[d] *= (ptrdiff_t)window->stride[axis];
    from.offset += (ptrdiff_t)k[axis] * x->stride[d] + (ptrdiff_t)first * x->stride[d + 2];
    from.stride[d] = x->stride[d + 2];
    from.shape.dim[d] = to.shape.dim[d] = n;
  }
  const WniTensor *all[3] = {&to, &to, &from};
  return wni_lower_elementwise(lowering, WNI_VEC_ADD, NULL, all, 2);
}

WnStatus wni_lower_col2im(WniLowering *lowering) {
  static const float nothing = 0;
  const WniTensor zero = {.buffer = -1, .data = &nothing};
  WniWindow window;
  WniTensor x, y, blocks;
  WnStatus status = wni_window_blocks(lowering->graph, lowering->node, &window, lowering->error);
  if (status == WN_OK) status = wni_lower_float(lowering, 0, &x);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status == WN_OK) status = wni_lower_copy(lowering, &zero, &y);
  if (status != WN_OK) return status;
  WniShape split = {6,
                    {y.shape.dim[0], y.shape.dim[1], window.size[0], window.size[1],
                     window.blocks[0], window.blocks[1]}};
  wni_tensor_reshape(&x, &split, &blocks); /* only splits */
  for (int64_t i = 0; i < window.size[0] * window.size[1] && status == WN_OK; i++) {
    const int64_t k[2] = {i / window.size[1], i % window.size[1]};
    status = add_pixel(lowering, &window, k, &blocks, &y);
  }
  return status;
}
