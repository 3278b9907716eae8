/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of Einsum: its labels, put in order, make a product of matrices.
 */
#include "plan/lower.h"

#include "graph/einsum.h"

/* The dimensions of `tensor` in the order of the labels of an operand (0, 1) or of the output (2);
 * `matrix` gets the shape in which those of `rows` and of `columns` are one dimension each. */
static WniTensor in_order(const WniEinsum *einsum, const WniTensor *tensor, int term,
                          WniEinsumPart rows, WniEinsumPart columns, WniShape *matrix) {
  WniTensor out = *tensor;
  int64_t n_rows = 1, n_columns = 1;
  *matrix = (WniShape){0};
  out.shape.rank = 0;
  for (int i = 0; i < einsum->n_labels; i++) {
    const WniEinsumLabel *label = &einsum->label[i];
    int d = term == 2 ? label->out : label->in[term];
    if (d < 0) continue;
    out.stride[out.shape.rank] = tensor->stride[d];
    out.halo_begin[out.shape.rank] = out.halo_end[out.shape.rank] = 0;
    out.shape.dim[out.shape.rank++] = label->dim;
    if (label->part == rows) n_rows *= label->dim;
    if (label->part == columns) n_columns *= label->dim;
    if (label->part == WNI_EINSUM_BATCH) matrix->dim[matrix->rank++] = label->dim;
  }
  matrix->dim[matrix->rank++] = n_rows;
  matrix->dim[matrix->rank++] = n_columns;
  return out;
}

/* Operand i as matrices; copied where its labels cannot be put in order by strides. */
static WnStatus operand(WniLowering *lowering, const WniEinsum *einsum, int i, WniTensor *out) {
  WniEinsumPart rows = i ? WNI_EINSUM_SUM : WNI_EINSUM_ROWS;
  WniEinsumPart columns = i ? WNI_EINSUM_COLUMNS : WNI_EINSUM_SUM;
  WniTensor x;
  WniShape matrix;
  WnStatus status = wni_lower_float(lowering, i, &x);
  if (status != WN_OK) return status;
  x = in_order(einsum, &x, i, rows, columns, &matrix);
  if (!wni_tensor_reshape(&x, &matrix, out)) {
    status = wni_lower_compact(lowering, WNI_F32, &x);
    if (status == WN_OK) wni_tensor_reshape(&x, &matrix, out);
  }
  bool rows_fit = i || wni_tensor_is_dense(out, out->shape.rank - 1);
  return status == WN_OK && !rows_fit ? wni_lower_compact(lowering, WNI_F32, out) : status;
}

/* Where the elements of the output lie when its labels are put in order. */
static void place_output(WniLowering *lowering, const WniEinsum *einsum, const WniTensor *made) {
  WniTensor y = *made;
  y.shape.rank = einsum->n_out;
  for (int i = 0, d = 0; i < einsum->n_labels; i++) {
    int to = einsum->label[i].out;
    if (to < 0) continue;
    y.stride[to] = made->stride[d];
    y.shape.dim[to] = made->shape.dim[d++];
  }
  wni_lower_place(lowering, 0, &y);
}

WnStatus wni_lower_einsum(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  const WniProduct product = {.alpha = 1, .activation = &node->activation};
  WniEinsum einsum;
  WniTensor x, w, y, made = {.shape = lowering->graph->values[node->out[0]].shape};
  WniShape matrix;
  WnStatus status = wni_einsum_read(lowering->graph, node, &einsum, lowering->error);
  if (status == WN_OK) status = operand(lowering, &einsum, 0, &x);
  if (status == WN_OK) status = operand(lowering, &einsum, 1, &w);
  if (status != WN_OK) return status;
  made = in_order(&einsum, &made, 2, WNI_EINSUM_ROWS, WNI_EINSUM_COLUMNS, &matrix);
  status = wni_lower_buffer(lowering, NULL, true, &made);
  if (status != WN_OK) return status;
  wni_tensor_reshape(&made, &matrix, &y); /* without gaps: always possible */
  place_output(lowering, &einsum, &made);
  return wni_lower_push_product(lowering, &product, &x, &w, &y);
}
