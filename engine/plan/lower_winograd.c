/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which 3x3 convolutions are computed by Winograd's minimal filtering (kernels/winograd.h),
 * and their lowering.
 */
#include "plan/lower.h"

#include "kernels/winograd.h"
#include "plan/fuse.h"

#include <math.h>

/* What a byte of weights costs in multiply-accumulates: the time to fetch it, and memory.  It keeps
 * the weights of deep layers, which Winograd makes up to four times as large for a few pixels,
 * as they are. */
enum { BYTE_COST = 4 };
/* What a transform costs for each of the t x t elements of one tile's channel. */
enum { TRANSFORM_COST = 10 };
/* Tiles that are worth reading all weights once more. */
enum { MIN_BLOCK = 24 };

typedef struct Layer {
  double images, h, w, in, out; /* outputs, channels */
} Layer;

static double ceil_div(double a, int b) {
  return (double)(((int64_t)a + b - 1) / b);
}

static double direct_cost(const Layer *layer) {
  double filters = layer->in * layer->out;
  return filters * 9 * (layer->images * layer->h * layer->w + BYTE_COST * sizeof(float));
}

static double winograd_cost(const Layer *layer, int m) {
  double filters = layer->in * layer->out, products = (m + 2) * (m + 2);
  double tiles = layer->images * ceil_div(layer->h, m) * ceil_div(layer->w, m);
  return products * (filters * (tiles + BYTE_COST * sizeof(float)) +
                     TRANSFORM_COST * tiles * (layer->in + layer->out));
}

int wni_winograd_choose(const WniLowering *lowering, const WniNode *node, const WniWindow *window) {
  const int64_t *x = wni_node_input(lowering->graph, node, 0)->shape.dim;
  const int64_t *w = wni_node_input(lowering->graph, node, 1)->shape.dim;
  Layer layer = {(double)x[0], (double)window->out[0], (double)window->out[1], (double)w[1],
                 (double)w[0]};
  for (int axis = 0; axis < 2; axis++)
    if (window->size[axis] != 3 || window->stride[axis] != 1 || window->dilation[axis] != 1)
      return 0;
  if (lowering->type != WNI_F32 || x[1] != w[1] || w[0] % WNI_WINOGRAD_CHANNELS ||
      w[1] % WNI_WINOGRAD_CHANNELS)
    return 0;
  double direct = direct_cost(&layer), two = winograd_cost(&layer, 2);
  double four = winograd_cost(&layer, 4);
  if (direct <= two && direct <= four) return 0;
  return two <= four ? 2 : 4;
}

/* Room for the transformed inputs and products of a block, alive in the next step only. */
static WnStatus work_tensor(WniLowering *lowering, size_t count, WniTensor *work) {
  *work = (WniTensor){.shape = {.rank = 1, .dim = {(int64_t)count}}};
  WnStatus status = wni_lower_buffer(lowering, NULL, true, work);
  if (status == WN_OK) lowering->plan->buffers[work->buffer].first = (int)lowering->plan->n_steps;
  return status;
}

static WnStatus pack(WniLowering *lowering, const WniWeights *weights, WniWinograd *winograd) {
  WniNode *node = lowering->node;
  WniPlan *plan = lowering->plan;
  size_t tile_n = (size_t)winograd->kernel->tile_n, t = (size_t)winograd->m + 2;
  size_t columns = (weights->outputs + tile_n - 1) / tile_n * tile_n;
  WnStatus status = wni_affine_start(lowering->graph, node, weights->outputs, lowering->error);
  if (status != WN_OK) return status;
  winograd->weights = wni_plan_alloc(plan, t * t * weights->inputs * columns, sizeof(float));
  winograd->bias = wni_plan_alloc(plan, weights->outputs, sizeof(float));
  winograd->zeros = wni_plan_alloc(plan, tile_n, sizeof(float));
  if (!winograd->weights || !winograd->bias || !winograd->zeros)
    return wni_lower_no_memory(lowering);
  for (size_t o = 0; o < weights->outputs; o++) winograd->bias[o] = node->shift[o];
  wni_weights_pack_winograd(weights, winograd->m, tile_n, node->scale, winograd->weights);
  return WN_OK;
}

static void find_kernels(WniWinograd *winograd) {
  winograd->kernel = wni_kernel_find(WNI_KERNEL_igemm, WNI_F32);
  winograd->in_transform = wni_kernel_find(WNI_KERNEL_winograd_in, WNI_F32);
  winograd->out_transform = wni_kernel_find(WNI_KERNEL_winograd_out, WNI_F32);
  winograd->act = wni_kernel_find(WNI_KERNEL_act, WNI_F32);
}

WnStatus wni_lower_winograd(WniLowering *lowering, const WniWindow *window, int tile,
                            const WniWeights *weights, const WniTensor *input, const WniTensor *y,
                            bool finish) {
  WniNode *node = lowering->node;
  bool add = finish && node->residual >= 0;
  WniTensor x = *input, residual, work;
  WnStatus status =
      add ? wni_lower_image(lowering, node->residual, WNI_F32, NULL, &residual) : WN_OK;
  if (status != WN_OK) return status;
  WniStep step = {.kind = WNI_STEP_WINOGRAD};
  WniWinograd *winograd = &step.layer.winograd;
  *winograd = (WniWinograd){.m = tile,
                            .low = -INFINITY,
                            .high = INFINITY,
                            .in = wni_tensor_image(&x),
                            .out = wni_tensor_image(y),
                            .min_block = MIN_BLOCK};
  find_kernels(winograd);
  if (add) winograd->residual = wni_tensor_image(&residual);
  if (finish) winograd->activation = node->activation;
  if (winograd->activation.kind == WNI_ACT_CLAMP) {
    winograd->low = winograd->activation.a;
    winograd->high = winograd->activation.b;
  }
  status = pack(lowering, weights, winograd);
  if (status == WN_OK) status = work_tensor(lowering, wni_winograd_plan_block(winograd), &work);
  if (status != WN_OK) return status;
  /* the first tap of the first pixel lies in the halo */
  x.offset -= (ptrdiff_t)window->pad_begin[0] * winograd->in.h_stride +
              (ptrdiff_t)window->pad_begin[1] * winograd->in.w_stride;
  size_t count = weights->outputs * weights->inputs * weights->taps;
  step.kernel = winograd->in_transform->name;
  step.parameters = count + (node->n_in > 2 ? weights->outputs : 0);
  step.macs = (uint64_t)(y->shape.dim[0] * y->shape.dim[2] * y->shape.dim[3]) * count;
  const WniTensor *inputs[3] = {&x, &work, &residual};
  return wni_lower_push(lowering, &step, inputs, add ? 3 : 2, y);
}
