/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What layers with weights have in common (lower.h): in which type they compute,
 * their bias, scale and output.
 */
#include "plan/lower.h"

#include "base/memory.h"
#include "graph/fuse.h"
#include "plan/packer.h"

#include <float.h>
#include <math.h>

WniType wni_lower_compute_type(const WniLowering *lowering, const WniTensor *x,
                               const WniWeights *weights) {
  if (x->type == WNI_U8 && wni_weights_fit_int8(weights)) return WNI_U8;
  return lowering->type;
}

bool wni_lower_keeps_halves(const WniNode *node, const WniWeights *weights, WniType type) {
  if (type != WNI_F32 || !weights->halves || !wni_kernel_find(WNI_KERNEL_fc, WNI_F16)->tile_m)
    return false;
  if (node->op == WNI_OP_GEMM && wni_attr_float(node->proto, "alpha", 1.0f) != 1) return false;
  for (size_t o = 0; node->scale && o < weights->outputs; o++)
    if (node->scale[o] != 1) return false;
  return true;
}

static bool is_read(const WniValue *value) {
  return value && (value->n_readers > 0 || value->is_output);
}

/* Whether nobody reads them in the file but the node being lowered. */
static bool is_last_reader(const WniLowering *lowering, const WniWeights *weights) {
  const WniGraph *graph = lowering->graph;
  const WniValue *value = &graph->values[lowering->node->in[1]];
  /* what the file holds of them: DequantizeLinear and Cast lend it */
  const WniValue *lender =
      value->producer >= 0 ? wni_node_input(graph, &graph->nodes[value->producer], 0) : NULL;
  if (value->is_output || value->n_readers != 1) return false;
  if (weights->f) return value->known;
  if (weights->q) return lender && lender->n_readers == 1;
  return weights->halves && lender && !is_read(lender);
}

static WnStatus pack_portion(WniLowering *lowering, const WniPortion *portion) {
  WniPlan *plan = lowering->plan;
  if (lowering->packed != WNI_PACKED_LATER) {
    wni_portion_pack(portion, lowering->graph->onnx);
    return WN_OK;
  }
  if (!plan->packer) plan->packer = wni_packer_new(plan->n_stages + 1);
  return plan->packer &&
                 wni_packer_add(plan->packer, lowering->node->stage, portion, lowering->graph->onnx)
             ? WN_OK
             : wni_lower_no_memory(lowering);
}

WnStatus wni_lower_pack(WniLowering *lowering, const WniWeights *weights, const WniPacking *packing,
                        WniPackFunction *pack, size_t unit, size_t unit_bytes, void *to) {
  enum { SLICE = 1 << 18 }; /* elements */
  size_t row = weights->inputs * weights->taps, at_once = (SLICE / row / unit + 1) * unit;
  if (weights->output_step != row) at_once = weights->outputs; /* they lie among each other */
  WnStatus status = WN_OK;
  if (lowering->packed == WNI_PACKED_NEVER && !WNI_MEMORY_IS_FOLLOWED) return WN_OK;
  for (size_t first = 0; first < weights->outputs && status == WN_OK; first += at_once) {
    WniPortion portion = {*weights, *packing, pack, (char *)to + first / unit * unit_bytes,
                          is_last_reader(lowering, weights)};
    WniWeights *slice = &portion.weights;
    size_t left = weights->outputs - first;
    slice->outputs = left < at_once ? left : at_once;
    if (weights->f) slice->f += first * row;
    if (weights->halves) slice->halves += first * row;
    if (weights->q) slice->q += first * row;
    if (weights->n_scales > 1) slice->scale += first;
    portion.packing.row_scale += first;
    status = pack_portion(lowering, &portion);
  }
  return status;
}

/* A bias so far from 0 that sums of it and of products with any bytes could pass an int32 is moved
 * to where they cannot. */
static int32_t bound_bias(const WniWeights *weights, size_t output, double bias) {
  const double x = UINT8_MAX, most = x * -INT8_MIN * (double)(weights->inputs * weights->taps);
  int32_t below, above;
  if (fabs(bias) + most <= INT32_MAX) return (int32_t)rint(bias);
  wni_weights_sums(weights, output, &below, &above);
  return (int32_t)fmin(fmax(rint(bias), INT32_MIN - x * below), INT32_MAX - x * above);
}

/* sum_k (x - zero) w + bias = sum_k x w + (bias - zero sum_k w), in steps of the products; with
 * what the kernel's offset asks for, modulo 2^32.  False: a scale is beyond float32. */
static bool integer_affine(const WniNode *node, const WniWeights *weights,
                           const WniPacking *packing, const WniTensor *x, const WniTensor *y,
                           int32_t *bias, float *scale) {
  for (size_t o = 0; o < weights->outputs; o++) {
    size_t at = wni_weights_column(weights, packing, o);
    float step = x->quant.scale * wni_weights_scale(weights, o) * node->scale[o];
    double shift = rint((double)node->shift[o] / (double)step);
    int32_t sum = wni_weights_sum(weights, o);
    uint32_t own = (uint32_t)bound_bias(weights, o, shift - (double)x->quant.zero * sum);
    bias[at] = (int32_t)(own + (uint32_t)packing->offset * (uint32_t)sum);
    if (!isfinite(step)) return false;
    /* beyond all floats: one step is more than all bytes in any case */
    scale[at] = y->type == WNI_U8 ? fminf(step / y->quant.scale, FLT_MAX) : step;
  }
  return true;
}

WnStatus wni_lower_affine(WniLowering *lowering, const WniWeights *weights, WniPacking *packing,
                          const WniTensor *x, const WniTensor *y, void **bias, float **scale) {
  WniNode *node = lowering->node;
  size_t columns = wni_weights_columns(weights, packing);
  WnStatus status = wni_affine_start(lowering->graph, node, weights->outputs, lowering->error);
  if (status != WN_OK) return status;
  packing->row_scale = node->scale;
  *bias = wni_plan_alloc(lowering->plan, columns, sizeof(float)); /* or int32 */
  if (!*bias) return wni_lower_no_memory(lowering);
  if (packing->type != WNI_U8) {
    for (size_t o = 0; o < weights->outputs; o++)
      ((float *)*bias)[wni_weights_column(weights, packing, o)] = node->shift[o];
    return WN_OK;
  }
  *scale = wni_plan_alloc(lowering->plan, columns, sizeof **scale);
  if (!*scale) return wni_lower_no_memory(lowering);
  if (integer_affine(node, weights, packing, x, y, *bias, *scale)) return WN_OK;
  return wni_node_fail(lowering->graph, node, WN_ERROR_MODEL, lowering->error,
                       "its scales are too large or too small");
}

WniOutput wni_lower_output_stage(const WniActivation *activation, const WniTensor *y) {
  bool clamp = activation->kind == WNI_ACT_CLAMP;
  WniOutput output = {.type = y->type,
                      .zero = y->quant.zero,
                      .low = clamp ? activation->a : -INFINITY,
                      .high = clamp ? activation->b : INFINITY};
  if (y->type != WNI_U8) return output;
  float least = -(float)y->quant.zero, most = 255 + least;
  output.high = fmaxf(fminf(rintf(output.high / y->quant.scale), most), least);
  output.low = fminf(fmaxf(rintf(output.low / y->quant.scale), least), output.high);
  return output;
}
