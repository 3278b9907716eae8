/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of products of two computed operands: MatMul of any rank and what is made of it.
 */
#include "plan/lower.h"

#include <math.h>

/* A vector as a matrix of one row, or of one column. */
static void insert_dimension(WniTensor *tensor, int at) {
  WniShape *shape = &tensor->shape;
  for (int d = shape->rank++; d > at; d--) {
    shape->dim[d] = shape->dim[d - 1];
    tensor->stride[d] = tensor->stride[d - 1];
  }
  shape->dim[at] = 1;
  tensor->stride[at] = 1;
}

/* The matrices' numbers: the batch. */
static WniTensor without_matrix(const WniTensor *tensor) {
  WniTensor batch = *tensor;
  batch.shape.rank -= 2;
  return batch;
}

/* How far rows, or columns, of a matrix that may be broadcast lie apart. */
static ptrdiff_t step_of(const WniTensor *tensor, int from_end) {
  int d = tensor->shape.rank - from_end;
  return d < 0 || tensor->shape.dim[d] == 1 ? 0 : tensor->stride[d];
}

WnStatus wni_lower_push_product(WniLowering *lowering, const WniProduct *product,
                                const WniTensor *x, const WniTensor *w, const WniTensor *y) {
  const WniTensor *add = product->add;
  WniStep step = {.kind = WNI_STEP_MATMUL};
  WniMatmul *matmul = &step.layer.matmul;
  WniTensor rest[4] = {without_matrix(y), without_matrix(x), without_matrix(w)};
  const WniTensor *all[4] = {&rest[0], &rest[1], &rest[2], &rest[3]};
  *matmul = (WniMatmul){.kernel = wni_kernel_find(WNI_KERNEL_igemm, WNI_F32),
                        .act = wni_kernel_find(WNI_KERNEL_act, WNI_F32),
                        .m = (size_t)y->shape.dim[y->shape.rank - 2],
                        .n = (size_t)y->shape.dim[y->shape.rank - 1],
                        .k = (size_t)x->shape.dim[x->shape.rank - 1],
                        .x_row = step_of(x, 2),
                        .w_row = step_of(w, 2),
                        .w_column = step_of(w, 1),
                        .y_row = step_of(y, 2),
                        .alpha = product->alpha};
  if (product->activation) matmul->activation = *product->activation;
  matmul->output = wni_lower_output_stage(&matmul->activation, y);
  if (matmul->n == 1) matmul->w_column = 1;
  if (add) {
    matmul->residual_row = step_of(add, 2);
    rest[3] = *add;
    rest[3].shape.rank = add->shape.rank > 2 ? add->shape.rank - 2 : 0;
  }
  wni_tensor_loop(all, add ? 4 : 3, &matmul->batch);
  step.kernel = matmul->kernel->name;
  step.macs = (uint64_t)wni_shape_count(&y->shape) * matmul->k;
  const WniTensor *inputs[3] = {x, w, add};
  return wni_lower_push(lowering, &step, inputs, add ? 3 : 2, y);
}

/* One number a row becomes a row of them. */
WnStatus wni_lower_fill_rows(WniLowering *lowering, int64_t n, WniTensor *tensor) {
  int rank = tensor->shape.rank;
  if (rank > 0 && tensor->shape.dim[rank - 1] == n) return WN_OK;
  WniTensor from = *tensor;
  if (rank == 0) insert_dimension(&from, 0);
  *tensor = (WniTensor){.shape = from.shape};
  tensor->shape.dim[from.shape.rank - 1] = n;
  WnStatus status = wni_lower_buffer(lowering, NULL, true, tensor);
  return status == WN_OK ? wni_lower_copy(lowering, &from, tensor) : status;
}

WnStatus wni_lower_product(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor x, w, y, add;
  WnStatus status = wni_lower_rows(lowering, node->in[0], WNI_F32, &x);
  if (status == WN_OK) status = wni_lower_float(lowering, 1, &w);
  if (status == WN_OK) status = wni_lower_rows_output(lowering, &y);
  if (status != WN_OK) return status;
  bool row = x.shape.rank == 1, column = w.shape.rank == 1;
  if (row) insert_dimension(&x, 0);
  if (column) insert_dimension(&w, 1);
  if (row) insert_dimension(&y, y.shape.rank - !column);
  if (column) insert_dimension(&y, y.shape.rank);
  WniProduct product = {.alpha = node->factor, .activation = &node->activation};
  if (node->residual >= 0) {
    status = wni_lower_rows(lowering, node->residual, WNI_F32, &add);
    if (status == WN_OK)
      status = wni_lower_fill_rows(lowering, y.shape.dim[y.shape.rank - 1], &add);
    product.add = &add;
  }
  return status == WN_OK ? wni_lower_push_product(lowering, &product, &x, &w, &y) : status;
}
