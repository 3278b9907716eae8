/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of ArgMax, ArgMin and TopK: a step for each output.
 */
#include "plan/lower.h"

/* What lies in `tensor`, as x with `axis` of length 1; that may be missing in it. */
static WniTensor across(const WniTensor *tensor, const WniShape *x, int axis) {
  WniTensor out = *tensor;
  bool missing = tensor->shape.rank < x->rank;
  out.shape = *x;
  out.shape.dim[axis] = 1;
  for (int d = 0; d < x->rank; d++) out.stride[d] = tensor->stride[d - (missing && d > axis)];
  return out;
}

/* `top` says what; where it is found and goes to is filled in. */
static WnStatus push(WniLowering *lowering, int output, int64_t axis_given, WniTop top) {
  WniStep step = {.kind = WNI_STEP_TOP, .kernel = "top_f32__c"};
  WniTensor x, y = {.shape = lowering->graph->values[lowering->node->out[output]].shape};
  int axis = 0;
  WnStatus status = wni_lower_float(lowering, 0, &x);
  if (status == WN_OK) status = wni_lower_buffer(lowering, NULL, true, &y);
  if (status != WN_OK) return status;
  wni_axis(axis_given, x.shape.rank, &axis); /* checked where the shape was */
  top.length = (size_t)x.shape.dim[axis];
  top.x_stride = x.stride[axis];
  top.k = y.shape.rank == x.shape.rank ? (size_t)y.shape.dim[axis] : 1;
  top.y_stride = y.shape.rank == x.shape.rank ? y.stride[axis] : 0;
  WniTensor rows[2] = {across(&y, &x.shape, axis), across(&x, &x.shape, axis)};
  const WniTensor *both[2] = {&rows[0], &rows[1]}, *inputs[1] = {&x};
  wni_tensor_loop(both, 2, &top.loop);
  step.layer.top = top;
  wni_lower_place(lowering, output, &y);
  return wni_lower_push(lowering, &step, inputs, 1, &y);
}

WnStatus wni_lower_arg(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  const WniTop top = {.smallest = node->op == WNI_OP_ARG_MIN,
                      .last_first = wni_attr_int(node->proto, "select_last_index", 0) != 0,
                      .indices = true};
  return push(lowering, 0, wni_attr_int(node->proto, "axis", 0), top);
}

WnStatus wni_lower_top_k(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTop top = {.smallest = wni_attr_int(node->proto, "largest", 1) == 0};
  WnStatus status = WN_OK;
  for (int i = 0; i < node->n_out && status == WN_OK; i++) {
    top.indices = i == 1;
    status = push(lowering, i, wni_attr_int(node->proto, "axis", -1), top);
  }
  return status;
}
