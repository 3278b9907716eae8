/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of Conv whose weights are computed for each frame: a product of matrices for each group,
 * in float32.
 *
 *   y[pixel][output] = sum over taps and channels of x[pixel][tap][channel] w[tap][channel][output]
 *
 * The pixels' taps are a view of x, copied where it is none of rows.  With one channel a group
 * there is nothing to multiply by: each tap is a step that adds.
 */
#include "plan/lower.h"

#include "graph/fuse.h"

enum { MAX_STEPS = 64 }; /* of taps; larger windows are products */

typedef struct Computed {
  const WniWindow *window;
  WniTensor x, w;                  /* images, zeros around x */
  int64_t groups, inputs, outputs; /* channels of one group */
  WniTensor sums;                  /* [n][channels][rows][columns] without gaps */
  const WniActivation *activation;
} Computed;

/* x at tap (row, column) of all pixels, in the dimensions of the output. */
static WniTensor tap_of(const Computed *c, int64_t row, int64_t column) {
  const WniWindow *window = c->window;
  const int64_t at[2] = {row, column};
  WniTensor out = c->x;
  for (int axis = 0; axis < 2; axis++) {
    int d = 2 + axis;
    out.offset +=
        (ptrdiff_t)(at[axis] * window->dilation[axis] - window->pad_begin[axis]) * c->x.stride[d];
    out.stride[d] *= (ptrdiff_t)window->stride[axis];
    out.shape.dim[d] = window->out[axis];
    out.halo_begin[d] = out.halo_end[d] = 0;
  }
  return out;
}

/* `tensor` as matrices of this shape, copied where strides cannot say it or rows have gaps. */
static WnStatus as_matrices(WniLowering *lowering, const WniShape *shape, bool rows,
                            WniTensor *tensor) {
  WniTensor from = *tensor;
  if (wni_tensor_reshape(&from, shape, tensor) && (!rows || wni_tensor_is_dense(tensor, 2)))
    return WN_OK;
  WnStatus status = wni_lower_compact(lowering, WNI_F32, &from);
  if (status == WN_OK) wni_tensor_reshape(&from, shape, tensor);
  return status;
}

/* [groups][pixels][taps and channels] */
static WnStatus pixels_of(WniLowering *lowering, const Computed *c, WniTensor *out) {
  const WniWindow *window = c->window;
  WniTensor tap = tap_of(c, 0, 0);
  const ptrdiff_t *s = tap.stride;
  const int64_t *dim = tap.shape.dim, *size = window->size;
  *out = tap;
  out->shape = (WniShape){7, {c->groups, dim[0], dim[2], dim[3], size[0], size[1], c->inputs}};
  const ptrdiff_t stride[7] = {s[1] * (ptrdiff_t)c->inputs,
                               s[0],
                               s[2],
                               s[3],
                               c->x.stride[2] * (ptrdiff_t)window->dilation[0],
                               c->x.stride[3] * (ptrdiff_t)window->dilation[1],
                               s[1]};
  for (int d = 0; d < 7; d++) out->stride[d] = stride[d];
  WniShape rows = {3, {c->groups, dim[0] * dim[2] * dim[3], size[0] * size[1] * c->inputs}};
  return as_matrices(lowering, &rows, true, out);
}

/* [groups][taps and channels][outputs] */
static WnStatus matrix_of(WniLowering *lowering, const Computed *c, WniTensor *out) {
  const ptrdiff_t *s = c->w.stride;
  const int64_t *size = c->window->size;
  *out = c->w;
  out->shape = (WniShape){5, {c->groups, size[0], size[1], c->inputs, c->outputs}};
  const ptrdiff_t stride[5] = {s[0] * (ptrdiff_t)c->outputs, s[2], s[3], s[1], s[0]};
  for (int d = 0; d < 5; d++) out->stride[d] = stride[d];
  WniShape matrices = {3, {c->groups, size[0] * size[1] * c->inputs, c->outputs}};
  return as_matrices(lowering, &matrices, false, out);
}

static WnStatus push_products(WniLowering *lowering, const Computed *c, const WniTensor *bias) {
  WniProduct product = {.alpha = 1, .activation = c->activation};
  WniTensor x, w, y = c->sums, row;
  const int64_t *dim = y.shape.dim;
  int64_t channels = c->groups * c->outputs;
  WnStatus status = pixels_of(lowering, c, &x);
  if (status == WN_OK) status = matrix_of(lowering, c, &w);
  if (status != WN_OK) return status;
  y.shape = (WniShape){3, {c->groups, dim[0] * dim[2] * dim[3], c->outputs}};
  y.stride[0] = (ptrdiff_t)c->outputs;
  y.stride[1] = (ptrdiff_t)channels;
  y.stride[2] = 1;
  if (bias) {
    row = *bias;
    row.shape = (WniShape){3, {c->groups, 1, c->outputs}};
    row.stride[0] = (ptrdiff_t)c->outputs;
    row.stride[1] = row.stride[2] = 1;
    product.add = &row;
  }
  return wni_lower_push_product(lowering, &product, &x, &w, &y);
}

/* One channel a group: sums go on from tap to tap. */
static WnStatus push_taps(WniLowering *lowering, const Computed *c, const WniTensor *bias) {
  int64_t n_taps = c->window->size[0] * c->window->size[1];
  WniTensor w, row;
  WnStatus status = matrix_of(lowering, c, &w); /* [channels][taps][1] */
  for (int64_t t = 0; t < n_taps && status == WN_OK; t++) {
    WniTensor x = tap_of(c, t / c->window->size[1], t % c->window->size[1]);
    WniTensor factor = w, sums = c->sums;
    factor.offset += (ptrdiff_t)t * w.stride[1];
    factor.shape = (WniShape){4, {1, c->groups, 1, 1}};
    factor.stride[1] = w.stride[0];
    if (t == 0 && bias) {
      row = *bias;
      row.shape = factor.shape;
      row.stride[1] = 1;
    }
    const WniTensor *all[4] = {&c->sums, &x, &factor, t == 0 && bias ? &row : &sums};
    bool add = t > 0 || bias;
    status = wni_lower_elementwise(lowering, add ? WNI_VEC_MULADD : WNI_VEC_MUL,
                                   t + 1 == n_taps ? c->activation : NULL, all, add ? 3 : 2);
    if (status == WN_OK)
      lowering->plan->steps[lowering->plan->n_steps - 1].macs =
          (uint64_t)wni_shape_count(&c->sums.shape);
  }
  return status;
}

static bool has_gaps(const WniTensor *y) {
  bool gaps = y->type != WNI_F32;
  for (int d = 0; d < 4; d++) gaps = gaps || y->halo_begin[d] || y->halo_end[d];
  return gaps;
}

/* The node's residual, its activation, its type and the zeros around it. */
static WnStatus push_end(WniLowering *lowering, const WniTensor *sums, const WniTensor *y) {
  const WniNode *node = lowering->node;
  WniTensor more;
  const WniTensor *all[3] = {y, sums, &more};
  bool add = node->residual >= 0;
  WnStatus status = add ? wni_lower_value(lowering, node->residual, &more) : WN_OK;
  if (status != WN_OK) return status;
  if (add) wni_lower_as_image(&more);
  return wni_lower_elementwise(lowering, add ? WNI_VEC_ADD : WNI_VEC_COPY, &node->activation, all,
                               add ? 2 : 1);
}

WnStatus wni_lower_conv_computed(WniLowering *lowering, const WniWindow *window,
                                 const WniTensor *x) {
  const WniNode *node = lowering->node;
  bool has_bias = wni_node_input(lowering->graph, node, 2) != NULL;
  Computed c = {.window = window, .x = *x};
  WniTensor y, bias;
  WnStatus status = wni_lower_float(lowering, 1, &c.w);
  if (status == WN_OK && has_bias) status = wni_lower_rows(lowering, node->in[2], WNI_F32, &bias);
  if (status == WN_OK) status = wni_lower_image_output(lowering, &y);
  if (status != WN_OK) return status;
  wni_lower_as_image(&c.w);
  c.groups = wni_attr_int(node->proto, "group", 1);
  c.inputs = c.w.shape.dim[1];
  c.outputs = c.w.shape.dim[0] / c.groups;
  bool apart = node->residual >= 0 || has_gaps(&y);
  c.sums = apart ? (WniTensor){.shape = y.shape} : y;
  if (!apart) c.activation = &node->activation;
  if (apart) status = wni_lower_buffer(lowering, NULL, false, &c.sums);
  bool by_taps = wni_conv_is_depthwise(lowering->graph, node) &&
                 window->size[0] * window->size[1] <= MAX_STEPS;
  if (status == WN_OK)
    status = (by_taps ? push_taps : push_products)(lowering, &c, has_bias ? &bias : NULL);
  return status == WN_OK && apart ? push_end(lowering, &c.sums, &y) : status;
}
