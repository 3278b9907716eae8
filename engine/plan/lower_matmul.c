/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of matrix products.  With constant weights, the common case, they are
 * packed one output a row, so that the surviving rows alone can be computed.
 */
#include "plan/lower.h"

#include "graph/fuse.h"

/* Some rows at a time: the matrix may be most of the model. */
static void pack_rows(const WniLowering *lowering, const WniWeights *weights,
                      const WniPacking *packing, void *to) {
  enum { SLICE = 1 << 21 }; /* elements */
  size_t at_once = SLICE / weights->inputs + 1, row_bytes;
  row_bytes = weights->inputs * wni_type_bytes(packing->type);
  if (!weights->f || weights->input_step != 1) at_once = weights->outputs;
  for (size_t first = 0; first < weights->outputs; first += at_once) {
    WniWeights slice = *weights;
    WniPacking part = *packing;
    size_t left = weights->outputs - first;
    slice.outputs = left < at_once ? left : at_once;
    if (weights->f) slice.f += first * weights->output_step;
    if (part.row_scale) part.row_scale += first;
    wni_weights_pack_rows(&slice, &part, (char *)to + first * row_bytes);
    wni_lower_release(lowering, &slice);
  }
}

/* y [m][outputs] = x [m][inputs] times the weights; scale and shift of the node applied. */
static WnStatus push_fully_connected(WniLowering *lowering, const WniWeights *weights,
                                     const WniTensor *x, const WniTensor *y, bool activate) {
  WniNode *node = lowering->node;
  WniStep step = {.kind = WNI_STEP_FULLY_CONNECTED};
  WniFullyConnected *fc = &step.layer.fully_connected;
  WniPacking packing = {.type = x->type, .groups = 1, .tile_n = 1, .tile_k = 1, .merged = 1};
  WnStatus status = wni_lower_affine(lowering, weights, &packing, x, y, &fc->bias, &fc->scale);
  if (status != WN_OK) return status;
  fc->kernel = wni_kernel_find(WNI_KERNEL_fc, x->type);
  fc->act = wni_kernel_find(WNI_KERNEL_act, WNI_F32);
  if (activate) fc->activation = node->activation;
  fc->n = weights->outputs;
  fc->k = weights->inputs;
  fc->m = (size_t)wni_shape_count(&x->shape) / fc->k;
  fc->weights = wni_plan_alloc_raw(lowering->plan, fc->n * fc->k, wni_type_bytes(x->type));
  if (!fc->weights) return wni_lower_no_memory(lowering);
  pack_rows(lowering, weights, &packing, fc->weights);
  step.kernel = fc->kernel->name;
  step.macs = (uint64_t)fc->m * fc->n * fc->k;
  step.parameters = fc->n * fc->k + (wni_node_input(lowering->graph, node, 2) ? fc->n : 0);
  /* Only the plain final classifier of one image: what is left out is never read. */
  step.final_rows = activate && node->out[0] == lowering->final && fc->m == 1 &&
                    lowering->plan->n_classes == (int)fc->n;
  return wni_lower_push(lowering, &step, &x, 1, y);
}

/* Input 0 in the type in which the layer computes, without gaps. */
static WnStatus fully_connected_input(WniLowering *lowering, const WniWeights *weights,
                                      WniTensor *x) {
  WnStatus status = wni_lower_input(lowering, 0, x);
  if (status != WN_OK) return status;
  WniType type = wni_lower_compute_type(lowering, x, weights);
  return wni_lower_contiguous(lowering, 0, type, x);
}

/* y = act(product + beta C) for a C that is not one row. */
static WnStatus push_c(WniLowering *lowering, const WniTensor *product) {
  WniNode *node = lowering->node;
  WniTensor c, y, beta = {.buffer = -1, .shape = {0}};
  float *value = wni_plan_alloc(lowering->plan, 1, sizeof *value);
  WnStatus status = value ? WN_OK : wni_lower_no_memory(lowering);
  if (status == WN_OK) status = wni_lower_input(lowering, 2, &c);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status != WN_OK) return status;
  *value = wni_attr_float(node->proto, "beta", 1.0f);
  beta.data = value;
  const WniTensor *all[4] = {&y, &c, &beta, product};
  return wni_lower_elementwise(lowering, WNI_VEC_MULADD, &node->activation, all, 3);
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
  bool row_bias = wni_bias_is_row(lowering->graph, node);
  WniWeights weights;
  WniTensor x, y;
  WnStatus status = wni_weights_read(lowering->graph, node, &weights, lowering->error);
  if (status == WN_OK)
    status = wni_attr_int(node->proto, "transA", 0) ? turned_input(lowering, &x)
                                                    : fully_connected_input(lowering, &weights, &x);
  if (status != WN_OK) return status;
  y = (WniTensor){.shape = lowering->graph->values[node->out[0]].shape};
  status =
      row_bias ? wni_lower_output(lowering, true, &y) : wni_lower_buffer(lowering, NULL, true, &y);
  if (status == WN_OK) status = push_fully_connected(lowering, &weights, &x, &y, row_bias);
  return status == WN_OK && !row_bias ? push_c(lowering, &y) : status;
}

/* A product of two computed operands, or of a constant with more than two dimensions. */
static WnStatus push_matmul(WniLowering *lowering, const WniTensor *x, const WniTensor *w,
                            const WniTensor *y) {
  WniStep step = {.kind = WNI_STEP_MATMUL, .kernel = "matmul_f32__c"};
  WniMatmul *matmul = &step.layer.matmul;
  const WniShape *a = &x->shape, *b = &w->shape;
  bool row = a->rank == 1, column = b->rank == 1;
  int rank_a = row ? 2 : a->rank, rank_b = column ? 2 : b->rank;
  matmul->act = wni_kernel_find(WNI_KERNEL_act, WNI_F32);
  matmul->activation = lowering->node->activation;
  matmul->k = (size_t)a->dim[a->rank - 1];
  matmul->m = row ? 1 : (size_t)a->dim[rank_a - 2];
  matmul->n = column ? 1 : (size_t)b->dim[rank_b - 1];
  int batch = (rank_a > rank_b ? rank_a : rank_b) - 2;
  size_t x_step = matmul->m * matmul->k, w_step = matmul->k * matmul->n;
  matmul->rank = (size_t)batch;
  step.macs = matmul->m * matmul->n * matmul->k;
  for (int d = batch; d-- > 0;) {
    int64_t da = d - (batch - (rank_a - 2)) >= 0 ? a->dim[d - (batch - (rank_a - 2))] : 1;
    int64_t db = d - (batch - (rank_b - 2)) >= 0 ? b->dim[d - (batch - (rank_b - 2))] : 1;
    matmul->batch[d] = (size_t)(da > db ? da : db);
    matmul->x_stride[d] = da == 1 ? 0 : x_step;
    matmul->w_stride[d] = db == 1 ? 0 : w_step;
    x_step *= (size_t)da;
    w_step *= (size_t)db;
    step.macs *= matmul->batch[d];
  }
  const WniTensor *inputs[2] = {x, w};
  return wni_lower_push(lowering, &step, inputs, 2, y);
}

WnStatus wni_lower_matmul(WniLowering *lowering) {
  WniNode *node = lowering->node;
  const WniValue *b = wni_node_input(lowering->graph, node, 1);
  bool computed = b->shape.rank != 2 || (b->known && b->constant.is_int) ||
                  (!b->known && !wni_weights_are_quantized(lowering->graph, node));
  WniWeights weights;
  WniTensor x, w, y;
  if (computed) {
    WnStatus status = wni_lower_contiguous(lowering, 0, WNI_F32, &x);
    if (status == WN_OK) status = wni_lower_contiguous(lowering, 1, WNI_F32, &w);
    if (status == WN_OK) status = wni_lower_output(lowering, true, &y);
    return status == WN_OK ? push_matmul(lowering, &x, &w, &y) : status;
  }
  WnStatus status = wni_weights_read(lowering->graph, node, &weights, lowering->error);
  if (status == WN_OK) status = fully_connected_input(lowering, &weights, &x);
  if (status == WN_OK) status = wni_lower_output(lowering, true, &y);
  return status == WN_OK ? push_fully_connected(lowering, &weights, &x, &y, true) : status;
}
