/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See lower.h: the helpers that all lowering functions use.
 */
#include "plan/lower.h"

#include "base/error.h"
#include "base/half.h"
#include "base/memory.h"
#include "graph/quantize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Outermost first: n, h, w, c of [n][c][h][w], and of [n][h][w][c]. */
static const int nhwc[4] = {0, 2, 3, 1}, row_major_order[WNI_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};

WnStatus wni_lower_no_memory(WniLowering *lowering) {
  if (!lowering->node) return wni_fail_memory(lowering->error, "the outputs");
  return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_MEMORY, lowering->error,
                       "not enough memory for its weights or its output");
}

/* Zeros lie around the rows and columns of an image, between its batch and its channels. */
static void set_halo(const WniHaloNeed *halo, const int *order, WniTensor *out) {
  if (out->shape.rank != 4 || !halo) return;
  int c = order[3];
  bool inside = order[0] == 0 && order[2] == order[1] + 1 && !halo->begin[0] && !halo->end[0] &&
                !halo->begin[c] && !halo->end[c];
  for (int d = 0; inside && d < 4; d++) {
    out->halo_begin[d] = halo->begin[d];
    out->halo_end[d] = halo->end[d];
  }
}

/* A new buffer whose dimensions lie in `order`, outermost first. */
static WnStatus add_buffer(WniLowering *lowering, const WniHaloNeed *halo, const int *order,
                           WniTensor *out) {
  WniPlan *plan = lowering->plan;
  *out = (WniTensor){.shape = out->shape, .type = out->type, .quant = out->quant};
  set_halo(halo, order, out);
  int64_t count = wni_tensor_lay_out(out, order);
  if (count < 0 || !wni_grow((void **)&plan->buffers, plan->n_buffers, &plan->buffer_capacity,
                             sizeof *plan->buffers))
    return wni_lower_no_memory(lowering);
  out->buffer = (int)plan->n_buffers;
  WniBuffer *buffer = &plan->buffers[plan->n_buffers++];
  *buffer =
      (WniBuffer){.bytes = (size_t)count * wni_type_bytes(out->type), .first = -1, .last = -1};
  if (out->shape.rank == 4) buffer->halo = wni_tensor_halo(out, order[3], order[1]);
  return WN_OK;
}

WnStatus wni_lower_buffer(WniLowering *lowering, const WniHaloNeed *halo, bool row_major,
                          WniTensor *out) {
  bool image = out->shape.rank == 4 && !row_major;
  return add_buffer(lowering, image ? halo : NULL, image ? nhwc : row_major_order, out);
}

WnStatus wni_lower_output(WniLowering *lowering, bool row_major, WniTensor *out) {
  int value = lowering->node->out[0];
  *out = (WniTensor){.shape = lowering->graph->values[value].shape};
  WnStatus status = wni_lower_buffer(lowering, &lowering->halos[value], row_major, out);
  if (status == WN_OK) wni_lower_place(lowering, 0, out);
  return status;
}

/* Quantized values are U8; images between layers have the plan's type. */
static WniType output_type(const WniLowering *lowering, const WniValue *value) {
  if (value->quantized) return WNI_U8;
  bool image = value->shape.rank == 4 && !value->is_output && !value->is_int;
  return image ? lowering->type : WNI_F32;
}

WniTensor wni_lower_typed(const WniLowering *lowering, int index) {
  const WniValue *value = &lowering->graph->values[index];
  return (WniTensor){
      .shape = value->shape, .type = output_type(lowering, value), .quant = value->quant};
}

WnStatus wni_lower_typed_output(WniLowering *lowering, WniTensor *out) {
  int index = lowering->node->out[0];
  bool is_part;
  *out = wni_lower_typed(lowering, index);
  WnStatus status = wni_lower_part(lowering, index, out, &is_part);
  if (status == WN_OK && !is_part)
    status = wni_lower_buffer(lowering, &lowering->halos[index], false, out);
  if (status == WN_OK) wni_lower_place(lowering, 0, out);
  return status;
}

WnStatus wni_lower_buffer_like(WniLowering *lowering, const WniHaloNeed *halo,
                               const WniTensor *like, WniTensor *out) {
  int order[WNI_MAX_RANK];
  wni_tensor_order(like, out->shape.rank, order);
  return add_buffer(lowering, halo, order, out);
}

WnStatus wni_lower_output_like(WniLowering *lowering, bool typed, const WniTensor *like,
                               WniTensor *out) {
  int index = lowering->node->out[0];
  bool is_part = false;
  WnStatus status = WN_OK;
  *out = wni_lower_typed(lowering, index);
  if (!typed) *out = (WniTensor){.shape = out->shape};
  if (typed && like->shape.rank == 4 && wni_tensor_is_dense(like, 1))
    status = wni_lower_part(lowering, index, out, &is_part);
  if (status == WN_OK && !is_part)
    status = wni_lower_buffer_like(lowering, &lowering->halos[index], like, out);
  if (status == WN_OK) wni_lower_place(lowering, 0, out);
  return status;
}

const WniTensor *wni_lower_largest(const WniTensor *a, const WniTensor *b) {
  return wni_shape_count(&b->shape) > wni_shape_count(&a->shape) ? b : a;
}

void wni_lower_place(WniLowering *lowering, int i, const WniTensor *tensor) {
  lowering->tensors[lowering->node->out[i]] = *tensor;
  lowering->placed[lowering->node->out[i]] = true;
}

static WnStatus place_constant(WniLowering *lowering, int value) {
  const WniValue *v = &lowering->graph->values[value];
  WniTensor *tensor = &lowering->tensors[value];
  size_t count = (size_t)wni_shape_count(&v->shape);
  if (!count)
    return wni_fail(lowering->error, WN_ERROR_UNSUPPORTED,
                    "'%.100s' has no elements, and a frame would have to read them", v->name);
  float *copy = wni_plan_alloc(lowering->plan, count, sizeof *copy);
  if (!copy) return wni_lower_no_memory(lowering);
  if (!v->known) {
    const WniNode *node = &lowering->graph->nodes[v->producer];
    WnStatus status = wni_dequantize(lowering->graph, node, copy, lowering->error);
    if (status != WN_OK) return status;
  } else if (v->constant.is_int)
    for (size_t i = 0; i < count; i++) copy[i] = (float)wni_constant_integer(&v->constant, i);
  else if (v->constant.halves)
    wni_half_widen(v->constant.halves, count, copy);
  else if (count)
    memcpy(copy, v->constant.f, count * sizeof *copy);
  *tensor = (WniTensor){.buffer = -1, .data = copy, .shape = v->shape};
  if (wni_tensor_lay_out(tensor, NULL) < 1) return wni_lower_no_memory(lowering);
  lowering->placed[value] = true;
  return WN_OK;
}

WnStatus wni_lower_value(WniLowering *lowering, int value, WniTensor *out) {
  WnStatus status = WN_OK;
  if (!lowering->placed[value] &&
      (lowering->graph->values[value].known || wni_is_quantized_constant(lowering->graph, value)))
    status = place_constant(lowering, value);
  *out = lowering->tensors[value];
  return status;
}

WnStatus wni_lower_input(WniLowering *lowering, int i, WniTensor *out) {
  return wni_lower_value(lowering, lowering->node->in[i], out);
}

static uint64_t bytes_of(const WniTensor *tensor) {
  return (uint64_t)wni_shape_count(&tensor->shape) * wni_type_bytes(tensor->type);
}

static WniOperand operand_at(const WniTensor *tensor) {
  ptrdiff_t bytes = (ptrdiff_t)wni_type_bytes(tensor->type);
  return (WniOperand){tensor->buffer, tensor->offset * bytes, tensor->data};
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
  step->n_in = n_inputs;
  step->bytes = bytes_of(out) + plan->weight_bytes - lowering->bytes_counted;
  lowering->bytes_counted = plan->weight_bytes;
  for (int i = 0; i < n_inputs; i++) {
    step->in[i] = operand_at(inputs[i]);
    step->bytes += bytes_of(inputs[i]);
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

static WniTyped typed(const WniTensor *tensor, WniKernelKind convert) {
  return (WniTyped){tensor->type, tensor->quant, wni_kernel_find(convert, tensor->type)};
}

WniTyped wni_lower_read_as_float(const WniTensor *tensor) {
  return typed(tensor, WNI_KERNEL_load);
}

WniTyped wni_lower_write_as_float(const WniTensor *tensor) {
  return typed(tensor, WNI_KERNEL_store);
}

WnStatus wni_lower_elementwise(WniLowering *lowering, WniVecOp op, const WniActivation *activation,
                               const WniTensor *const *all, int n_inputs) {
  const WniKernel *vec = wni_kernel_find(WNI_KERNEL_vec, WNI_F32);
  WniStep step = {.kind = WNI_STEP_ELEMENTWISE, .kernel = vec->name};
  WniElementwise *layer = &step.layer.elementwise;
  *layer = (WniElementwise){.kernel = vec,
                            .act = wni_kernel_find(WNI_KERNEL_act, WNI_F32),
                            .op = op,
                            .n_inputs = n_inputs};
  if (activation) layer->activation = *activation;
  layer->operand[0] = wni_lower_write_as_float(all[0]);
  for (int i = 1; i <= n_inputs; i++) layer->operand[i] = wni_lower_read_as_float(all[i]);
  wni_tensor_loop(all, n_inputs + 1, &layer->loop);
  return wni_lower_push(lowering, &step, all + 1, n_inputs, all[0]);
}

WnStatus wni_lower_copy(WniLowering *lowering, const WniTensor *from, const WniTensor *to) {
  const WniTensor *both[2] = {to, from};
  return wni_lower_elementwise(lowering, WNI_VEC_COPY, NULL, both, 1);
}

/* A copy of `from` in another type or with other room around it. */
static WnStatus copy_as(WniLowering *lowering, const WniTensor *from, WniType type,
                        const WniHaloNeed *halo, bool row_major, WniTensor *out) {
  WniTensor to = {.shape = from->shape, .type = type, .quant = from->quant};
  WnStatus status = wni_lower_buffer(lowering, halo, row_major, &to);
  if (status == WN_OK) status = wni_lower_copy(lowering, from, &to);
  *out = to;
  return status;
}

WnStatus wni_lower_float(WniLowering *lowering, int i, WniTensor *out) {
  WnStatus status = wni_lower_input(lowering, i, out);
  if (status != WN_OK || out->type == WNI_F32) return status;
  WniTensor from = *out;
  return copy_as(lowering, &from, WNI_F32, NULL, false, out);
}

WnStatus wni_lower_contiguous(WniLowering *lowering, int i, WniType type, WniTensor *out) {
  WnStatus status = wni_lower_input(lowering, i, out);
  return status == WN_OK ? wni_lower_compact(lowering, type, out) : status;
}

WnStatus wni_lower_compact(WniLowering *lowering, WniType type, WniTensor *tensor) {
  if (wni_tensor_is_contiguous(tensor) && tensor->type == type) return WN_OK;
  WniTensor from = *tensor;
  return copy_as(lowering, &from, type, NULL, true, tensor);
}

WnStatus wni_lower_rows(WniLowering *lowering, int value, WniType type, WniTensor *out) {
  WnStatus status = wni_lower_value(lowering, value, out);
  bool fits = out->type == type && wni_tensor_is_dense(out, out->shape.rank - 1);
  return status != WN_OK || fits ? status : wni_lower_compact(lowering, type, out);
}

WnStatus wni_lower_rows_output(WniLowering *lowering, WniTensor *out) {
  WniTensor rows = {.shape = lowering->graph->values[lowering->node->out[0]].shape};
  wni_tensor_lay_out(&rows, NULL);
  return wni_lower_output_like(lowering, false, &rows, out);
}

void wni_lower_as_image(WniTensor *tensor) {
  if (tensor->shape.rank != 3) return;
  WniTensor row = *tensor;
  tensor->shape = wni_image_shape(&row.shape);
  tensor->stride[2] = row.stride[2] * (ptrdiff_t)row.shape.dim[2];
  tensor->stride[3] = row.stride[2];
}

WnStatus wni_lower_image_output(WniLowering *lowering, WniTensor *out) {
  const WniValue *value = &lowering->graph->values[lowering->node->out[0]];
  if (value->shape.rank == 4) return wni_lower_typed_output(lowering, out);
  WniTensor row;
  *out = (WniTensor){.shape = wni_image_shape(&value->shape),
                     .type = value->quantized ? WNI_U8 : WNI_F32,
                     .quant = value->quant};
  WnStatus status = wni_lower_buffer(lowering, NULL, false, out);
  if (status != WN_OK) return status;
  wni_tensor_reshape(out, &value->shape, &row); /* a dimension of 1 less: always possible */
  wni_lower_place(lowering, 0, &row);
  return WN_OK;
}

WnStatus wni_lower_image(WniLowering *lowering, int value, WniType type, const WniHaloNeed *halo,
                         WniTensor *out) {
  WnStatus status = wni_lower_value(lowering, value, out);
  if (status != WN_OK) return status;
  wni_lower_as_image(out);
  bool fits = wni_tensor_is_dense(out, 1) && out->type == type;
  for (int d = 0; halo && d < 4; d++)
    fits = fits && out->halo_begin[d] >= halo->begin[d] && out->halo_end[d] >= halo->end[d];
  if (fits) return WN_OK;
  WniTensor from = *out;
  return copy_as(lowering, &from, type, halo, false, out);
}
