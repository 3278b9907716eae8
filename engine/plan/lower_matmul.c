/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of matrix products.  With constant weights, the common case, they are
 * packed one output a row, so that the surviving rows alone can be computed.
 */
#include "plan/lower.h"

#include "plan/fuse.h"

#include <string.h>

/* y [m][n] = x [m][k] times the constant weights, element (k, n) of which is at
 * w[k * k_step + n * n_step]; scale and shift of the node applied. */
static WnStatus push_fully_connected(WniLowering *lowering, const WniTensor *x, const WniTensor *y,
                                     size_t m, size_t n, size_t k, size_t k_step, size_t n_step,
                                     bool activate) {
  WniNode *node = lowering->node;
  const float *w = wni_node_input(lowering->graph, node, 1)->constant.f;
  WniStep step = {.kind = WNI_STEP_FULLY_CONNECTED};
  WniFullyConnected *fc = &step.layer.fully_connected;
  WnStatus status = wni_affine_start(lowering->graph, node, n, lowering->error);
  if (status != WN_OK) return status;
  fc->kernel = wni_kernel_find(WNI_KERNEL_fc_f32);
  fc->act = wni_kernel_find(WNI_KERNEL_act_f32);
  if (activate) fc->activation = node->activation;
  fc->m = m;
  fc->n = n;
  fc->k = k;
  fc->weights = wni_plan_alloc(lowering->plan, n * k, sizeof *fc->weights);
  fc->bias = wni_plan_alloc(lowering->plan, n, sizeof *fc->bias);
  if (!fc->weights || !fc->bias) return wni_lower_no_memory(lowering);
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < k; i++)
      fc->weights[r * k + i] = w[i * k_step + r * n_step] * node->scale[r];
  memcpy(fc->bias, node->shift, n * sizeof *fc->bias);
  step.kernel = fc->kernel->name;
  step.macs = (uint64_t)m * n * k;
  step.parameters = n * k + (wni_node_input(lowering->graph, node, 2) ? n : 0);
  /* Only the plain final classifier of one image: what is left out is never read. */
  step.final_rows =
      activate && node->out[0] == lowering->final && m == 1 && lowering->plan->n_classes == (int)n;
  return wni_lower_push(lowering, &step, &x, 1, y);
}

/* y = act(product + beta C) for a C that is not one row. */
static WnStatus push_c(WniLowering *lowering, const WniTensor *product) {
  WniNode *node = lowering->node;
  const WniKernel *vec = wni_kernel_find(WNI_KERNEL_vec_f32);
  WniTensor c, y, beta = {.buffer = -1, .shape = {0}};
  float *value = wni_plan_alloc(lowering->plan, 1, sizeof *value);
  WnStatus status = value ? WN_OK : wni_lower_no_memory(lowering);
  if (status == WN_OK) status = wni_lower_input(lowering, 2, &c);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status != WN_OK) return status;
  *value = wni_attr_float(node->proto, "beta", 1.0f);
  beta.data = value;
  WniStep step = {.kind = WNI_STEP_ELEMENTWISE, .kernel = vec->name};
  step.layer.elementwise = (WniElementwise){.kernel = vec,
                                            .act = wni_kernel_find(WNI_KERNEL_act_f32),
                                            .op = WNI_VEC_MULADD,
                                            .n_inputs = 3,
                                            .activation = node->activation};
  const WniTensor *all[4] = {&y, &c, &beta, product};
  wni_tensor_loop(all, 4, &step.layer.elementwise.loop);
  return wni_lower_push(lowering, &step, all + 1, 3, &y);
}

/* The constant weights of the node; fails for computed ones. */
static WnStatus need_constant(const WniLowering *lowering, const WniValue *b) {
  if (b->known && !b->constant.is_int) return WN_OK;
  return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_UNSUPPORTED, lowering->error,
                       "its second operand is not constant");
}

WnStatus wni_lower_gemm(WniLowering *lowering) {
  WniNode *node = lowering->node;
  const WniValue *b = wni_node_input(lowering->graph, node, 1);
  bool row_bias = wni_gemm_row_bias(lowering->graph, node);
  size_t n, k;
  bool transposed = wni_attr_int(node->proto, "transB", 0) != 0;
  WniTensor x, y;
  WnStatus status = need_constant(lowering, b);
  if (status != WN_OK) return status;
  if (wni_attr_int(node->proto, "transA", 0)) {
    WniTensor turned;
    status = wni_lower_input(lowering, 0, &turned);
    if (status != WN_OK) return status;
    WniTensor swapped = turned;
    for (int d = 0; d < 2; d++) {
      swapped.shape.dim[d] = turned.shape.dim[1 - d];
      swapped.stride[d] = turned.stride[1 - d];
    }
    status = wni_lower_buffer(lowering, &swapped.shape, NULL, true, &x);
    if (status == WN_OK) status = wni_lower_copy(lowering, &swapped, &x);
  } else {
    status = wni_lower_contiguous(lowering, 0, &x);
  }
  if (status != WN_OK) return status;
  n = (size_t)b->shape.dim[transposed ? 0 : 1];
  k = (size_t)b->shape.dim[transposed ? 1 : 0];
  status = row_bias ? wni_lower_output(lowering, true, &y)
                    : wni_lower_buffer(lowering, &lowering->graph->values[node->out[0]].shape, NULL,
                                       true, &y);
  if (status == WN_OK)
    status = push_fully_connected(lowering, &x, &y, (size_t)x.shape.dim[0], n, k,
                                  transposed ? 1 : n, transposed ? k : 1, row_bias);
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
  matmul->act = wni_kernel_find(WNI_KERNEL_act_f32);
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
  bool constant = b->known && !b->constant.is_int && b->shape.rank == 2;
  WniTensor x, w, y;
  WnStatus status = wni_lower_contiguous(lowering, 0, &x);
  if (status == WN_OK && !constant) status = wni_lower_contiguous(lowering, 1, &w);
  if (status == WN_OK) status = wni_lower_output(lowering, true, &y);
  if (status != WN_OK) return status;
  if (!constant) return push_matmul(lowering, &x, &w, &y);
  size_t k = (size_t)b->shape.dim[0], n = (size_t)b->shape.dim[1];
  return push_fully_connected(lowering, &x, &y, (size_t)wni_shape_count(&x.shape) / k, n, k, n, 1,
                              true);
}
