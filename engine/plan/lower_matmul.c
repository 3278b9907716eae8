/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of matrix products.  With constant weights, the common case, they are
 * packed one output a row, so that the surviving rows alone can be computed.
 */
#include "plan/lower.h"

#include "graph/fuse.h"

WnStatus wni_lower_fully_connected(WniLowering *lowering, const WniWeights *weights,
                                   const WniTensor *x, const WniTensor *y, bool activate) {
  WniNode *node = lowering->node;
  WniStep step = {.kind = WNI_STEP_FULLY_CONNECTED};
  WniFullyConnected *fc = &step.layer.fully_connected;
  WniPacking packing = {.type = x->type, .groups = 1, .tile_n = 1, .tile_k = 1, .merged = 1};
  WnStatus status = wni_lower_affine(lowering, weights, &packing, x, y, &fc->bias, &fc->scale);
  if (status != WN_OK) return status;
  if (wni_lower_keeps_halves(node, weights, x->type)) packing.type = WNI_F16;
  fc->kernel = wni_kernel_find(WNI_KERNEL_fc, packing.type);
  fc->act = wni_kernel_find(WNI_KERNEL_act, WNI_F32);
  if (activate) fc->activation = node->activation;
  fc->n = weights->outputs;
  fc->k = weights->inputs * weights->taps;
  fc->m = (size_t)wni_shape_count(&x->shape) / fc->k;
  fc->weights = wni_plan_alloc_raw(lowering->plan, fc->n * fc->k, wni_type_bytes(packing.type));
  if (!fc->weights) return wni_lower_no_memory(lowering);
  status = wni_lower_pack(lowering, weights, &packing, wni_weights_pack_rows, 1,
                          fc->k * wni_type_bytes(packing.type), fc->weights);
  if (status != WN_OK) return status;
  step.kernel = fc->kernel->name;
  step.macs = (uint64_t)fc->m * fc->n * fc->k;
  step.parameters = fc->n * fc->k + (wni_node_input(lowering->graph, node, 2) ? fc->n : 0);
  /* Only the plain final classifier of one image: what is left out is never read. */
  step.final_rows = activate && node->out[0] == lowering->final && fc->m == 1 &&
                    lowering->plan->n_classes == (int)fc->n;
  return wni_lower_push(lowering, &step, &x, 1, y);
}

/* Input 0 in the type in which the layer computes: one row without gaps, or rows of neighbours.  A
 * row that lies as an image, pixel by pixel (lower_views.c), has weights that lie so too. */
static WnStatus weighted_input(WniLowering *lowering, WniWeights *weights, WniTensor *x) {
  WnStatus status = wni_lower_input(lowering, 0, x);
  if (status != WN_OK) return status;
  if (x->shape.rank > wni_node_input(lowering->graph, lowering->node, 0)->shape.rank) {
    weights->taps = weights->input_step = (size_t)x->shape.dim[1];
    weights->inputs = (size_t)x->shape.dim[2];
  }
  WniType type = wni_lower_compute_type(lowering, x, weights);
  if (wni_shape_count(&x->shape) == x->shape.dim[x->shape.rank - 1])
    return wni_lower_contiguous(lowering, 0, type, x);
  return wni_lower_rows(lowering, lowering->node->in[0], type, x);
}

/* The rows of `tensors`, all but the last dimension, as pixels of images; tensors[0] is written.
 * False: that takes more than three dimensions. */
static bool rows_as_images(const WniTensor *const *tensors, int n, WniImage *const *images) {
  WniTensor rest[3];
  const WniTensor *all[3];
  WniLoop loop;
  for (int k = 0; k < n; k++) {
    rest[k] = *tensors[k];
    rest[k].shape.rank--;
    all[k] = &rest[k];
  }
  wni_tensor_loop(all, n, &loop);
  if (loop.rank > 3) return false;
  for (int k = 0; k < n; k++) {
    size_t dim[3] = {1, 1, 1};
    ptrdiff_t stride[3] = {0, 0, 0};
    for (int d = 0; d < loop.rank; d++) {
      dim[3 - loop.rank + d] = loop.dim[d];
      stride[3 - loop.rank + d] = loop.stride[k][d];
    }
    *images[k] = (WniImage){.n = dim[0],
                            .h = dim[1],
                            .w = dim[2],
                            .c = (size_t)tensors[k]->shape.dim[rest[k].shape.rank],
                            .n_stride = stride[0],
                            .h_stride = stride[1],
                            .w_stride = stride[2]};
  }
  return true;
}

/* Many rows: they are the pixels of a convolution of one tap. */
static WnStatus push_rows(WniLowering *lowering, const WniWeights *weights, const WniTensor *input,
                          const WniTensor *residual, const WniTensor *y, bool activate) {
  const WniWindow point = {.size = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
  WniStep step = {.kind = WNI_STEP_CONV};
  WniConv *conv = &step.layer.conv;
  WniTensor x = *input, add = residual ? *residual : (WniTensor){0};
  const WniTensor *all[3] = {y, &x, &add};
  WniImage *const images[3] = {&conv->out, &conv->in, &conv->residual};
  int n = residual ? 3 : 2;
  if (!rows_as_images(all, n, images)) { /* without gaps they are three dimensions at most */
    WnStatus status = wni_lower_compact(lowering, x.type, &x);
    if (status == WN_OK && residual) status = wni_lower_compact(lowering, add.type, &add);
    if (status != WN_OK) return status;
    rows_as_images(all, n, images);
  }
  conv->kernel = wni_kernel_find_igemm(x.type, weights->inputs);
  conv->groups = 1;
  if (activate) conv->activation = lowering->node->activation;
  return wni_lower_push_conv(lowering, &step, &point, weights, &x, residual ? &add : NULL, y);
}

/* y = act(product + beta C) for a C that is not one row. */
static WnStatus push_c(WniLowering *lowering, const WniTensor *product) {
  WniNode *node = lowering->node;
  WniTensor c, y, beta = {.buffer = -1, .shape = {0}};
  float *value = wni_plan_alloc(lowering->plan, 1, sizeof *value);
  if (!value) return wni_lower_no_memory(lowering);
  WnStatus status = wni_lower_input(lowering, 2, &c);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status != WN_OK) return status;
  *value = wni_attr_float(node->proto, "beta", 1.0f);
  beta.data = value;
  const WniTensor *all[4] = {&y, &c, &beta, product};
  return wni_lower_elementwise(lowering, WNI_VEC_MULADD, &node->activation, all, 3);
}

/* y = act(x times the weights + residual); what the kernels cannot add to int8 sums is a step
 * behind them. */
static WnStatus push_weighted(WniLowering *lowering, const WniWeights *weights, const WniTensor *x,
                              bool activate) {
  const WniNode *node = lowering->node;
  bool one = wni_shape_count(&x->shape) == (int64_t)(weights->inputs * weights->taps),
       add = node->residual >= 0;
  bool behind = add && (one || x->type == WNI_U8);
  WniTensor y = {.shape = lowering->graph->values[node->out[0]].shape}, residual;
  WnStatus status = activate && !behind ? wni_lower_rows_output(lowering, &y)
                                        : wni_lower_buffer(lowering, NULL, true, &y);
  if (status == WN_OK && add && !behind)
    status = wni_lower_rows(lowering, node->residual, WNI_F32, &residual);
  if (status != WN_OK) return status;
  status = one ? wni_lower_fully_connected(lowering, weights, x, &y, activate && !behind)
               : push_rows(lowering, weights, x, add && !behind ? &residual : NULL, &y,
                           activate && !behind);
  if (status != WN_OK || (activate && !behind)) return status;
  if (!activate) return push_c(lowering, &y);
  const WniTensor sums = y, *all[3] = {&y, &sums, &residual};
  status = wni_lower_value(lowering, node->residual, &residual);
  if (status == WN_OK) status = wni_lower_rows_output(lowering, &y);
  return status == WN_OK ? wni_lower_elementwise(lowering, WNI_VEC_ADD, &node->activation, all, 2)
                         : status;
}

/* Input 0 turned, of a Gemm with transA. */
static WnStatus turned_input(WniLowering *lowering, WniTensor *x) {
  WniTensor turned;
  WnStatus status = wni_lower_float(lowering, 0, &turned);
  if (status != WN_OK) return status;
  WniTensor swapped = turned;
  for (int d = 0; d < 2; d++) {
    swapped.shape.dim[d] = turned.shape.dim[1 - d];
    swapped.stride[d] = turned.stride[1 - d];
  }
  *x = (WniTensor){.shape = swapped.shape, .type = lowering->type};
  status = wni_lower_buffer(lowering, NULL, true, x);
  return status == WN_OK ? wni_lower_copy(lowering, &swapped, x) : status;
}

WnStatus wni_lower_gemm(WniLowering *lowering) {
  WniNode *node = lowering->node;
  WniWeights weights;
  WniTensor x;
  WnStatus status = wni_weights_read(lowering->graph, node, &weights, lowering->error);
  if (status == WN_OK)
    status = wni_attr_int(node->proto, "transA", 0) ? turned_input(lowering, &x)
                                                    : weighted_input(lowering, &weights, &x);
  if (status != WN_OK) return status;
  return push_weighted(lowering, &weights, &x, wni_bias_is_row(lowering->graph, node));
}

WnStatus wni_lower_matmul(WniLowering *lowering) {
  WniNode *node = lowering->node;
  const WniValue *b = wni_node_input(lowering->graph, node, 1);
  bool computed = b->shape.rank != 2 || (b->known && b->constant.is_int) ||
                  (!b->known && !wni_weights_are_quantized(lowering->graph, node));
  WniWeights weights;
  WniTensor x;
  if (computed) return wni_lower_product(lowering);
  WnStatus status = wni_weights_read(lowering->graph, node, &weights, lowering->error);
  if (status == WN_OK) status = weighted_input(lowering, &weights, &x);
  return status == WN_OK ? push_weighted(lowering, &weights, &x, true) : status;
}
