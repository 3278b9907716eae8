/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See lower.h: the helpers that all lowering functions use.
 */
#include "plan/lower.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Outermost first: n, h, w, c of [n][c][h][w]. */
static const int nhwc[4] = {0, 2, 3, 1};

WnStatus wni_lower_no_memory(WniLowering *lowering) {
  return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_MEMORY, lowering->error,
                       "not enough memory for its weights or its output");
}

WnStatus wni_lower_buffer(WniLowering *lowering, const WniShape *shape, const WniHaloNeed *halo,
                          bool row_major, WniTensor *out) {
  WniPlan *plan = lowering->plan;
  *out = (WniTensor){.shape = *shape};
  bool image = shape->rank == 4 && !row_major;
  for (int d = 0; image && halo && d < shape->rank; d++) {
    out->halo_begin[d] = halo->begin[d];
    out->halo_end[d] = halo->end[d];
  }
  int64_t count = wni_tensor_lay_out(out, image ? nhwc : NULL);
  if (count < 0 || !wni_grow((void **)&plan->buffers, plan->n_buffers, &plan->buffer_capacity,
                             sizeof *plan->buffers))
    return wni_lower_no_memory(lowering);
  out->buffer = (int)plan->n_buffers;
  WniBuffer *buffer = &plan->buffers[plan->n_buffers++];
  *buffer = (WniBuffer){.count = (size_t)count, .first = -1, .last = -1};
  if (image) buffer->halo = wni_tensor_halo(out, 1, 2);
  return WN_OK;
}

WnStatus wni_lower_output(WniLowering *lowering, bool row_major, WniTensor *out) {
  int value = lowering->node->out[0];
  WnStatus status = wni_lower_buffer(lowering, &lowering->graph->values[value].shape,
                                     &lowering->halos[value], row_major, out);
  if (status == WN_OK) wni_lower_place(lowering, 0, out);
  return status;
}

void wni_lower_place(WniLowering *lowering, int i, const WniTensor *tensor) {
  lowering->tensors[lowering->node->out[i]] = *tensor;
  lowering->placed[lowering->node->out[i]] = true;
}

static WnStatus place_constant(WniLowering *lowering, int value) {
  const WniValue *v = &lowering->graph->values[value];
  WniTensor *tensor = &lowering->tensors[value];
  float *copy = wni_plan_alloc(lowering->plan, v->constant.count, sizeof *copy);
  if (!copy) return wni_lower_no_memory(lowering);
  if (v->constant.count) memcpy(copy, v->constant.f, v->constant.count * sizeof *copy);
  *tensor = (WniTensor){.buffer = -1, .data = copy, .shape = v->shape};
  if (wni_tensor_lay_out(tensor, NULL) < 1) return wni_lower_no_memory(lowering);
  lowering->placed[value] = true;
  return WN_OK;
}

WnStatus wni_lower_value(WniLowering *lowering, int value, WniTensor *out) {
  WnStatus status = WN_OK;
  if (!lowering->placed[value] && lowering->graph->values[value].known)
    status = place_constant(lowering, value);
  *out = lowering->tensors[value];
  return status;
}

WnStatus wni_lower_input(WniLowering *lowering, int i, WniTensor *out) {
  return wni_lower_value(lowering, lowering->node->in[i], out);
}

static WniOperand operand_at(const WniTensor *tensor) {
  return (WniOperand){tensor->buffer, tensor->offset, tensor->data};
}

/* "Conv+Add+Relu" */
static char *describe(const WniNode *node) {
  char text[64];
  snprintf(text, sizeof text, "%s%s%s%s", wni_op_info(node->op)->name,
           node->residual >= 0 ? "+Add" : "", node->activation_name ? "+" : "",
           node->activation_name ? node->activation_name : "");
  return strdup(text);
}

WnStatus wni_lower_push(WniLowering *lowering, WniStep *step, const WniTensor *const *inputs,
                        int n_inputs, const WniTensor *out) {
  WniPlan *plan = lowering->plan;
  const WniNode *node = lowering->node;
  int index = (int)plan->n_steps;
  if (!wni_grow((void **)&plan->steps, plan->n_steps, &plan->step_capacity, sizeof *plan->steps))
    return wni_lower_no_memory(lowering);
  step->stage = node->stage;
  step->head = node->head;
  step->name = strdup(wni_node_name(node->proto));
  step->op = describe(node);
  step->shape = lowering->graph->values[node->out[0]].shape;
  step->out = operand_at(out);
  for (int i = 0; i < n_inputs; i++) {
    step->in[i] = operand_at(inputs[i]);
    if (inputs[i]->buffer >= 0) plan->buffers[inputs[i]->buffer].last = index;
  }
  WniBuffer *buffer = &plan->buffers[out->buffer];
  if (buffer->first < 0) {
    buffer->first = index;
    step->halo = buffer->halo;
    step->halo_at = (WniOperand){out->buffer, 0, NULL};
  }
  buffer->last = index;
  plan->steps[plan->n_steps++] = *step;
  return step->name && step->op ? WN_OK : wni_lower_no_memory(lowering);
}

WnStatus wni_lower_copy(WniLowering *lowering, const WniTensor *from, const WniTensor *to) {
  const WniTensor *both[2] = {to, from};
  const WniKernel *vec = wni_kernel_find(WNI_KERNEL_vec_f32);
  WniStep step = {.kind = WNI_STEP_ELEMENTWISE, .kernel = vec->name};
  step.layer.elementwise = (WniElementwise){
      .kernel = vec, .act = wni_kernel_find(WNI_KERNEL_act_f32), .op = WNI_VEC_COPY, .n_inputs = 1};
  wni_tensor_loop(both, 2, &step.layer.elementwise.loop);
  return wni_lower_push(lowering, &step, &from, 1, to);
}

WnStatus wni_lower_contiguous(WniLowering *lowering, int i, WniTensor *out) {
  WniTensor from;
  WnStatus status = wni_lower_input(lowering, i, &from);
  *out = from;
  if (status != WN_OK || wni_tensor_is_contiguous(&from)) return status;
  status = wni_lower_buffer(lowering, &from.shape, NULL, true, out);
  return status == WN_OK ? wni_lower_copy(lowering, &from, out) : status;
}

WnStatus wni_lower_image(WniLowering *lowering, int value, const WniHaloNeed *halo,
                         WniTensor *out) {
  WniTensor from;
  WnStatus status = wni_lower_value(lowering, value, &from);
  if (status != WN_OK) return status;
  bool fits = wni_tensor_is_dense(&from, 1);
  for (int d = 0; halo && d < 4; d++)
    fits = fits && from.halo_begin[d] >= halo->begin[d] && from.halo_end[d] >= halo->end[d];
  *out = from;
  if (fits) return WN_OK;
  status = wni_lower_buffer(lowering, &from.shape, halo, false, out);
  return status == WN_OK ? wni_lower_copy(lowering, &from, out) : status;
}
