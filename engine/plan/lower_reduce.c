/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of the Reduce operators.
 */
#include "plan/lower.h"

#include "graph/reduction.h"

/* The dimensions of x in two: those that stay, with where they lie in y, and those that go. */
static void divide(const WniTensor *x, const WniTensor *y, const bool *reduced, WniTensor *kept_x,
                   WniTensor *kept_y, WniTensor *gone) {
  *kept_x = *gone = *x;
  *kept_y = *y;
  kept_x->shape.rank = gone->shape.rank = kept_y->shape.rank = 0;
  for (int d = 0, to = 0; d < x->shape.rank; d++) {
    WniTensor *into = reduced[d] ? gone : kept_x;
    into->stride[into->shape.rank] = x->stride[d];
    into->shape.dim[into->shape.rank++] = x->shape.dim[d];
    if (!reduced[d]) {
      kept_y->stride[kept_y->shape.rank] = y->stride[to];
      kept_y->shape.dim[kept_y->shape.rank++] = x->shape.dim[d];
    }
    to += !reduced[d] || y->shape.rank == x->shape.rank;
  }
}

/* y = the reduction of x over the dimensions `reduced` */
static WnStatus push_reduction(WniLowering *lowering, const WniReduction *reduction,
                               const bool *reduced, const WniActivation *activation,
                               const WniTensor *x, const WniTensor *y) {
  const WniKernel *kernel = wni_kernel_find(WNI_KERNEL_reduce, WNI_F32);
  WniStep step = {.kind = WNI_STEP_REDUCE, .kernel = kernel->name};
  WniReduce *layer = &step.layer.reduce;
  WniTensor kept_x, kept_y, gone;
  divide(x, y, reduced, &kept_x, &kept_y, &gone);
  *layer = (WniReduce){.kernel = kernel,
                       .act = wni_kernel_find(WNI_KERNEL_act, WNI_F32),
                       .op = reduction->op,
                       .finish = {.kind = reduction->finish},
                       .scale = 1};
  if (reduction->mean) layer->scale = 1.0f / (float)wni_shape_count(&gone.shape);
  if (activation) layer->activation = *activation;
  const WniTensor *kept[2] = {&kept_x, &kept_y}, *over[1] = {&gone}, *inputs[1] = {x};
  wni_tensor_loop(kept, 2, &layer->kept);
  wni_tensor_loop(over, 1, &layer->reduced);
  return wni_lower_push(lowering, &step, inputs, 1, y);
}

/* log(sum(exp(x))) = m + log(sum(exp(x - m))), m the maximum, so that nothing overflows. */
static WnStatus lower_log_sum_exp(WniLowering *lowering, const bool *reduced, const WniTensor *x,
                                  const WniTensor *y) {
  static const WniReduction max = {true, .op = WNI_REDUCE_MAX};
  static const WniActivation exponential = {.kind = WNI_ACT_EXP};
  const WniNode *node = lowering->node;
  WniTensor m = {.shape = x->shape}, e = {.shape = x->shape}, sum = {.shape = y->shape}, m_like_y;
  for (int d = 0; d < m.shape.rank; d++)
    if (reduced[d]) m.shape.dim[d] = 1;
  WnStatus status = wni_lower_buffer(lowering, NULL, true, &m);
  if (status == WN_OK) status = wni_lower_buffer(lowering, NULL, false, &e);
  if (status == WN_OK) status = wni_lower_buffer(lowering, NULL, true, &sum);
  if (status == WN_OK) status = push_reduction(lowering, &max, reduced, NULL, x, &m);
  const WniTensor *difference[3] = {&e, x, &m};
  if (status == WN_OK)
    status = wni_lower_elementwise(lowering, WNI_VEC_SUB, &exponential, difference, 2);
  if (status == WN_OK)
    status = push_reduction(lowering, wni_reduction_of(node->op), reduced, NULL, &e, &sum);
  if (status != WN_OK) return status;
  wni_tensor_reshape(&m, &y->shape, &m_like_y); /* without gaps: always possible */
  const WniTensor *total[3] = {y, &sum, &m_like_y};
  return wni_lower_elementwise(lowering, WNI_VEC_ADD, &node->activation, total, 2);
}

WnStatus wni_lower_reduce(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  const WniReduction *reduction = wni_reduction_of(node->op);
  bool reduced[WNI_MAX_RANK];
  WniTensor x, y;
  WnStatus status = wni_reduce_read(lowering->graph, node, reduced, lowering->error);
  if (status == WN_OK) status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  bool rows_and_columns = x.shape.rank == 4 && !reduced[0] && !reduced[1] && reduced[2] &&
                          reduced[3] && wni_tensor_is_dense(&x, 1);
  if (rows_and_columns && reduction->mean) return wni_lower_global_average(lowering);
  status = wni_lower_float(lowering, 0, &x);
  bool same_rank = x.shape.rank == lowering->graph->values[node->out[0]].shape.rank;
  if (status == WN_OK)
    status = same_rank ? wni_lower_output_like(lowering, false, &x, &y)
                       : wni_lower_output(lowering, false, &y);
  if (status != WN_OK) return status;
  return reduction->of_exp
             ? lower_log_sum_exp(lowering, reduced, &x, &y)
             : push_reduction(lowering, reduction, reduced, &node->activation, &x, &y);
}
