/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of Softmax and of the normalisations: LayerNormalization, RMSNormalization,
 * InstanceNormalization and GroupNormalization are one step, over different dimensions.
 */
#include "plan/lower.h"

#include <string.h>

/* A tensor without dimension `axis`. */
static WniTensor drop_axis(const WniTensor *tensor, int axis) {
  WniTensor out = *tensor;
  out.shape.rank--;
  for (int d = axis; d < out.shape.rank; d++) {
    out.shape.dim[d] = tensor->shape.dim[d + 1];
    out.stride[d] = tensor->stride[d + 1];
  }
  return out;
}

WnStatus wni_lower_push_softmax(WniLowering *lowering, const WniTensor *x, const WniTensor *y,
                                int axis, bool logarithm) {
  WniStep step = {.kind = WNI_STEP_SOFTMAX};
  WniSoftmax *softmax = &step.layer.softmax;
  WniTensor rest_y = drop_axis(y, axis), rest_x = drop_axis(x, axis);
  const WniTensor *rest[2] = {&rest_y, &rest_x};
  *softmax = (WniSoftmax){.reduce = wni_kernel_find(WNI_KERNEL_reduce, WNI_F32),
                          .vec = wni_kernel_find(WNI_KERNEL_vec, WNI_F32),
                          .act = wni_kernel_find(WNI_KERNEL_act, WNI_F32),
                          .softmax = wni_kernel_find(WNI_KERNEL_softmax, WNI_F32),
                          .length = (size_t)x->shape.dim[axis],
                          .x_stride = x->stride[axis],
                          .y_stride = y->stride[axis],
                          .logarithm = logarithm};
  step.kernel = softmax->softmax->name;
  wni_tensor_loop(rest, 2, &softmax->loop);
  return wni_lower_push(lowering, &step, &x, 1, y);
}

/* Whether no vector is filled by the sets side by side: then they are better copied to runs. */
static bool few_sets_beside(const WniTensor *x, int axis) {
  enum { FEW = 32 };
  if (axis != x->shape.rank - 1 || wni_tensor_is_dense(x, axis)) return false;
  for (int d = 0; d < axis; d++)
    if (x->stride[d] == 1 && x->shape.dim[d] >= FEW) return false;
  return true;
}

/* Before opset 13 Softmax runs over all dimensions from `axis` on, as one. */
WnStatus wni_lower_softmax(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  bool flatten = lowering->graph->onnx->opset < 13;
  WniTensor x, y, flat_x, flat_y;
  int axis;
  WnStatus status =
      flatten ? wni_lower_contiguous(lowering, 0, WNI_F32, &x) : wni_lower_float(lowering, 0, &x);
  if (status != WN_OK) return status;
  if (!wni_axis(wni_attr_int(node->proto, "axis", flatten ? 1 : -1), x.shape.rank, &axis))
    return wni_node_fail(lowering->graph, node, WN_ERROR_MODEL, lowering->error,
                         "its axis is out of range");
  if (few_sets_beside(&x, axis)) status = wni_lower_compact(lowering, WNI_F32, &x);
  if (status == WN_OK) /* flattened it has no room for the zeros around an image */
    status = flatten ? wni_lower_output(lowering, true, &y)
                     : wni_lower_output_like(lowering, false, &x, &y);
  if (status != WN_OK) return status;
  flat_x = x;
  flat_y = y;
  if (flatten) {
    WniShape shape = {2, {1, 1}};
    for (int d = 0; d < x.shape.rank; d++) shape.dim[d >= axis] *= x.shape.dim[d];
    wni_tensor_reshape(&x, &shape, &flat_x); /* contiguous: always possible */
    wni_tensor_reshape(&y, &shape, &flat_y);
    axis = 1;
  }
  return wni_lower_push_softmax(lowering, &flat_x, &flat_y, axis, node->op == WNI_OP_LOG_SOFTMAX);
}

/* y, x, scale, shift */
enum { N_TENSORS = 4 };

/* The dimensions of a tensor for which `chosen` is `which`; those that it is broadcast along have
 * one element. */
static WniTensor dimensions(const WniTensor *tensor, int rank, const bool *chosen, bool which) {
  WniTensor out = *tensor;
  int more = rank - tensor->shape.rank;
  out.shape.rank = 0;
  for (int d = 0; d < rank; d++) {
    if (chosen[d] != which) continue;
    out.stride[out.shape.rank] = d < more ? 0 : tensor->stride[d - more];
    out.shape.dim[out.shape.rank++] = d < more ? 1 : tensor->shape.dim[d - more];
  }
  return out;
}

/* Appends the step: all[0] from all[1], all[2] and all[3], normalised over the dimensions
 * `reduced`; without a shift all[3] is NULL, without a scale as well all[2]. */
static WnStatus push_normalize(WniLowering *lowering, const WniTensor *const *all,
                               const bool *reduced, bool centred) {
  static const WniTensor nothing = {.buffer = -1};
  WniTensor kept[N_TENSORS], gone[N_TENSORS];
  const WniTensor *kept_at[N_TENSORS], *gone_at[N_TENSORS];
  WniStep step = {.kind = WNI_STEP_NORMALIZE};
  WniNormalize *layer = &step.layer.normalize;
  int rank = all[0]->shape.rank;
  for (int k = 0; k < N_TENSORS; k++) {
    kept[k] = dimensions(all[k] ? all[k] : &nothing, rank, reduced, false);
    gone[k] = dimensions(all[k] ? all[k] : &nothing, rank, reduced, true);
    kept_at[k] = &kept[k];
    gone_at[k] = &gone[k];
  }
  *layer = (WniNormalize){
      .reduce = wni_kernel_find(WNI_KERNEL_reduce, WNI_F32),
      .vec = wni_kernel_find(WNI_KERNEL_vec, WNI_F32),
      .norm = wni_kernel_find(WNI_KERNEL_norm, WNI_F32),
      .centred = centred,
      .epsilon = wni_attr_float(lowering->node->proto, "epsilon", 1e-5f),
  };
  wni_tensor_loop(kept_at, N_TENSORS, &layer->kept);
  wni_tensor_loop(gone_at, N_TENSORS, &layer->reduced);
  step.kernel = layer->vec->name;
  return wni_lower_push(lowering, &step, all + 1, all[3] ? 3 : all[2] ? 2 : 1, all[0]);
}

/* `tensor` [channels] with dimensions of 1 behind, as many as `rank` has behind the channels. */
static void add_dimensions(int rank, WniTensor *tensor) {
  while (tensor->shape.rank < rank - 1) {
    tensor->stride[tensor->shape.rank] = 0;
    tensor->shape.dim[tensor->shape.rank++] = 1;
  }
}

/* Scale and shift, one number a channel or a group: as fusion left them, or inputs 1 and 2. */
static WnStatus channel_factors(WniLowering *lowering, const WniTensor *x, WniTensor *scale,
                                WniTensor *shift) {
  const WniNode *node = lowering->node;
  WnStatus status = WN_OK;
  size_t n = (size_t)x->shape.dim[1];
  if (node->scale) {
    float *factors = wni_plan_alloc(lowering->plan, 2 * n, sizeof *factors);
    if (!factors) return wni_lower_no_memory(lowering);
    memcpy(factors, node->scale, n * sizeof *factors);
    memcpy(factors + n, node->shift, n * sizeof *factors);
    *scale = *shift = (WniTensor){.buffer = -1, .shape = {1, {x->shape.dim[1]}}, .stride = {1}};
    scale->data = factors;
    shift->data = factors + n;
  } else {
    status = wni_lower_float(lowering, 1, scale);
    if (status == WN_OK) status = wni_lower_float(lowering, 2, shift);
  }
  if (status != WN_OK) return status;
  add_dimensions(x->shape.rank, scale);
  add_dimensions(x->shape.rank, shift);
  return WN_OK;
}

/* A scale that does nothing, beside a shift. */
static WnStatus no_scale(WniLowering *lowering, WniTensor *scale) {
  float *one = wni_plan_alloc(lowering->plan, 1, sizeof *one);
  if (!one) return wni_lower_no_memory(lowering);
  *one = 1;
  *scale = (WniTensor){.buffer = -1, .data = one};
  return WN_OK;
}

WnStatus wni_lower_layer_normalization(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  bool scaled = wni_node_input(lowering->graph, node, 1), reduced[WNI_MAX_RANK];
  bool shifted = wni_node_input(lowering->graph, node, 2);
  WniTensor x, y, scale, shift;
  WnStatus status = wni_axes_read(lowering->graph, node, reduced, lowering->error);
  if (status == WN_OK) status = wni_lower_float(lowering, 0, &x);
  if (status == WN_OK && scaled) status = wni_lower_float(lowering, 1, &scale);
  if (status == WN_OK && !scaled && shifted) status = no_scale(lowering, &scale);
  if (status == WN_OK && shifted) status = wni_lower_float(lowering, 2, &shift);
  if (status == WN_OK) status = wni_lower_output_like(lowering, false, &x, &y);
  if (status != WN_OK) return status;
  const WniTensor *all[N_TENSORS] = {&y, &x, scaled || shifted ? &scale : NULL,
                                     shifted ? &shift : NULL};
  return push_normalize(lowering, all, reduced, node->op == WNI_OP_LAYER_NORMALIZATION);
}

WnStatus wni_lower_instance_normalization(WniLowering *lowering) {
  bool reduced[WNI_MAX_RANK] = {false};
  WniTensor x, y, scale, shift;
  WnStatus status = wni_lower_float(lowering, 0, &x);
  if (status == WN_OK) status = channel_factors(lowering, &x, &scale, &shift);
  if (status == WN_OK) status = wni_lower_output_like(lowering, false, &x, &y);
  if (status != WN_OK) return status;
  for (int d = 2; d < x.shape.rank; d++) reduced[d] = true;
  const WniTensor *all[N_TENSORS] = {&y, &x, &scale, &shift};
  return push_normalize(lowering, all, reduced, true);
}

/* [N][C][...] as [N][groups][C / groups][...]; one number a channel, or a group, likewise. */
static void split_channels(WniTensor *tensor, int channels, int64_t groups) {
  WniShape *shape = &tensor->shape;
  for (int d = shape->rank++; d > channels; d--) {
    shape->dim[d] = shape->dim[d - 1];
    tensor->stride[d] = tensor->stride[d - 1];
  }
  shape->dim[channels + 1] = shape->dim[channels] / groups;
  shape->dim[channels] = groups;
  tensor->stride[channels] = tensor->stride[channels + 1] * (ptrdiff_t)shape->dim[channels + 1];
}

WnStatus wni_lower_group_normalization(WniLowering *lowering) {
  const WniValue *factors = wni_node_input(lowering->graph, lowering->node, 1);
  int64_t groups =
      wni_attr_int(lowering->node->proto, "num_groups", wni_shape_count(&factors->shape));
  bool reduced[WNI_MAX_RANK] = {false};
  WniTensor x, y, scale, shift;
  WnStatus status = wni_lower_float(lowering, 0, &x);
  if (status == WN_OK) status = channel_factors(lowering, &x, &scale, &shift);
  if (status == WN_OK) status = wni_lower_output_like(lowering, false, &x, &y);
  if (status != WN_OK) return status;
  split_channels(&x, 1, groups);
  split_channels(&y, 1, groups);
  split_channels(&scale, 0, groups); /* before opset 21 there is one number a group */
  split_channels(&shift, 0, groups);
  for (int d = 2; d < x.shape.rank; d++) reduced[d] = true;
  const WniTensor *all[N_TENSORS] = {&y, &x, &scale, &shift};
  return push_normalize(lowering, all, reduced, true);
}
