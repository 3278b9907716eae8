/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of LSTM: for each direction the product of all inputs with W, and a step that goes
 * through time (kernels/lstm.c).
 */
#include "plan/lower.h"

enum { GATES = 4 };

typedef struct Lstm {
  int64_t times, batch, hidden, directions;
  WniTensor x, w, sums, y; /* x [times x batch][inputs]; sums [times x batch][gates of hidden] */
  const float *r, *bias;   /* constants [directions][gates of hidden][hidden], [directions][..] */
} Lstm;

/* The elements of a constant input; *data NULL: it is missing. */
static WnStatus constant_input(WniLowering *lowering, int i, const float **data) {
  WniTensor tensor;
  *data = NULL;
  if (!wni_node_input(lowering->graph, lowering->node, i)) return WN_OK;
  WnStatus status = wni_lower_input(lowering, i, &tensor);
  *data = tensor.data;
  if (status == WN_OK && !tensor.data)
    return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_UNSUPPORTED, lowering->error,
                         "input %d is computed; it has to be constant", i);
  return status;
}

/* What the inputs of all times contribute, both biases with it. */
static WnStatus push_inputs(WniLowering *lowering, const Lstm *lstm, int64_t direction) {
  int64_t width = GATES * lstm->hidden;
  WniProduct product = {.alpha = 1};
  WniTensor w = lstm->w, add = {.buffer = -1, .shape = {1, {width}}, .stride = {1}};
  w.offset += (ptrdiff_t)direction * w.stride[0];
  w.shape = (WniShape){2, {w.shape.dim[2], w.shape.dim[1]}};
  w.stride[0] = lstm->w.stride[2];
  if (lstm->bias) {
    float *sum = wni_plan_alloc(lowering->plan, (size_t)width, sizeof *sum);
    const float *bias = lstm->bias + direction * 2 * width;
    if (!sum) return wni_lower_no_memory(lowering);
    for (int64_t i = 0; i < width; i++) sum[i] = bias[i] + bias[i + width];
    add.data = sum;
    product.add = &add;
  }
  return wni_lower_push_product(lowering, &product, &lstm->x, &w, &lstm->sums);
}

static WnStatus pack_state(WniLowering *lowering, const Lstm *lstm, int64_t direction,
                           WniLstm *layer) {
  size_t hidden = layer->hidden, outputs = GATES * hidden;
  WniWeights weights = {.f = lstm->r + (size_t)direction * outputs * hidden,
                        .outputs = outputs,
                        .inputs = hidden,
                        .taps = 1,
                        .output_step = hidden,
                        .input_step = 1};
  WniPacking packing = {.type = WNI_F32,
                        .groups = 1,
                        .tile_n = (size_t)layer->kernel->tile_n,
                        .tile_k = (size_t)layer->kernel->tile_k,
                        .merged = 1};
  float *ones = wni_plan_alloc(lowering->plan, outputs, sizeof *ones);
  if (!ones) return wni_lower_no_memory(lowering);
  for (size_t o = 0; o < outputs; o++) ones[o] = 1;
  packing.row_scale = ones;
  layer->panel_bytes = wni_weights_panel_bytes(&weights, &packing);
  layer->weights = wni_plan_alloc(lowering->plan, (outputs + packing.tile_n - 1) / packing.tile_n,
                                  layer->panel_bytes);
  if (!layer->weights) return wni_lower_no_memory(lowering);
  wni_weights_pack_igemm(&weights, &packing, layer->weights);
  return WN_OK;
}

/* The initial state of a direction, NULL where it is zero. */
static WnStatus initial_state(WniLowering *lowering, const Lstm *lstm, int i, int64_t direction,
                              const float **out) {
  size_t n = (size_t)(lstm->batch * lstm->hidden);
  bool zero = true;
  WnStatus status = constant_input(lowering, i, out);
  if (status != WN_OK || !*out) return status;
  *out += (size_t)direction * n;
  for (size_t k = 0; k < n; k++) zero = zero && (*out)[k] == 0;
  if (zero) *out = NULL;
  return WN_OK;
}

/* Through time; `cells` [batch][hidden] are the last ones behind it. */
static WnStatus push_times(WniLowering *lowering, const Lstm *lstm, int64_t direction,
                           bool backward, WniTensor *cells) {
  WniStep step = {.kind = WNI_STEP_LSTM};
  WniLstm *layer = &step.layer.lstm;
  WniTensor y = lstm->y, work = {.shape = {2, {lstm->batch * (GATES + 1), lstm->hidden}}};
  *layer = (WniLstm){.kernel = wni_kernel_find(WNI_KERNEL_igemm, WNI_F32),
                     .act = wni_kernel_find(WNI_KERNEL_act, WNI_F32),
                     .vec = wni_kernel_find(WNI_KERNEL_vec, WNI_F32),
                     .steps = (size_t)lstm->times,
                     .rows = (size_t)lstm->batch,
                     .hidden = (size_t)lstm->hidden,
                     .backward = backward,
                     .x_step = lstm->sums.stride[0] * (ptrdiff_t)lstm->batch,
                     .x_row = lstm->sums.stride[0],
                     .y_step = y.stride[0],
                     .y_row = y.stride[2]};
  WnStatus status = initial_state(lowering, lstm, 5, direction, &layer->h);
  if (status == WN_OK) status = initial_state(lowering, lstm, 6, direction, &layer->c);
  if (status == WN_OK) status = pack_state(lowering, lstm, direction, layer);
  if (status == WN_OK) status = wni_lower_buffer(lowering, NULL, true, &work);
  if (status != WN_OK) return status;
  lowering->plan->buffers[work.buffer].first = (int)lowering->plan->n_steps;
  y.offset += (ptrdiff_t)direction * y.stride[1];
  step.kernel = layer->kernel->name;
  step.macs = (uint64_t)(lstm->times * lstm->batch * GATES * lstm->hidden * lstm->hidden);
  *cells = work;
  cells->shape.dim[0] = lstm->batch;
  const WniTensor *inputs[2] = {&lstm->sums, &work};
  return wni_lower_push(lowering, &step, inputs, 2, &y);
}

/* Copies what is left behind the last time, [batch][hidden], into its part of output i. */
static WnStatus put_last(WniLowering *lowering, int i, int64_t direction, const WniTensor *from) {
  const WniNode *node = lowering->node;
  const WniValue *value = i < node->n_out ? &lowering->graph->values[node->out[i]] : NULL;
  WnStatus status = WN_OK;
  if (!value || (!value->n_readers && !value->is_output)) return status;
  WniTensor all = {.shape = value->shape};
  if (direction == 0) {
    status = wni_lower_buffer(lowering, NULL, true, &all);
    if (status == WN_OK) wni_lower_place(lowering, i, &all);
  }
  all = lowering->tensors[node->out[i]];
  all.offset += (ptrdiff_t)direction * all.stride[0];
  all.shape = from->shape;
  for (int d = 0; d < 2; d++) all.stride[d] = all.stride[d + 1];
  return status == WN_OK ? wni_lower_copy(lowering, from, &all) : status;
}

static WnStatus push_direction(WniLowering *lowering, Lstm *lstm, int64_t direction) {
  bool backward = direction == 1 || wni_attr_is(lowering->node->proto, "direction", "reverse");
  WniTensor cells, last = lstm->y;
  lstm->sums = (WniTensor){.shape = {2, {lstm->times * lstm->batch, GATES * lstm->hidden}}};
  WnStatus status = wni_lower_buffer(lowering, NULL, true, &lstm->sums);
  if (status == WN_OK) status = push_inputs(lowering, lstm, direction);
  if (status == WN_OK) status = push_times(lowering, lstm, direction, backward, &cells);
  if (status != WN_OK) return status;
  last.offset += (ptrdiff_t)direction * last.stride[1] +
                 (backward ? 0 : (ptrdiff_t)(lstm->times - 1) * last.stride[0]);
  last.shape = cells.shape;
  for (int d = 0; d < 2; d++) last.stride[d] = last.stride[d + 2];
  status = put_last(lowering, 1, direction, &last);
  return status == WN_OK ? put_last(lowering, 2, direction, &cells) : status;
}

WnStatus wni_lower_lstm(WniLowering *lowering) {
  const WniShape *out = &lowering->graph->values[lowering->node->out[0]].shape;
  Lstm lstm = {
      .times = out->dim[0], .directions = out->dim[1], .batch = out->dim[2], .hidden = out->dim[3]};
  WniTensor x;
  WnStatus status = wni_lower_rows(lowering, lowering->node->in[0], WNI_F32, &x);
  if (status == WN_OK) status = wni_lower_float(lowering, 1, &lstm.w);
  if (status == WN_OK) status = constant_input(lowering, 2, &lstm.r);
  if (status == WN_OK) status = constant_input(lowering, 3, &lstm.bias);
  if (status == WN_OK) status = wni_lower_output(lowering, true, &lstm.y);
  if (status != WN_OK) return status;
  WniShape rows = {2, {lstm.times * lstm.batch, x.shape.dim[2]}};
  if (!wni_tensor_reshape(&x, &rows, &lstm.x)) {
    status = wni_lower_compact(lowering, WNI_F32, &x);
    if (status == WN_OK) wni_tensor_reshape(&x, &rows, &lstm.x);
  }
  for (int64_t d = 0; d < lstm.directions && status == WN_OK; d++)
    status = push_direction(lowering, &lstm, d);
  return status;
}
