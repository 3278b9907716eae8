/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which convolutions are computed by Winograd's minimal filtering (kernels/winograd.h),
 * and their lowering.
 */
#include "plan/lower.h"

#include "kernels/winograd.h"

#include <math.h>

/* What a transform costs for each of the t x t elements of one tile's channel. */
enum { TRANSFORM_COST = 10 };
/* What the estimate must promise: it is not exact, and the direct way needs no more memory. */
#define MIN_GAIN 1.1
/* Tiles that are worth reading all weights once more. */
enum { MIN_BLOCK = 24 };

typedef struct Layer {
  double images, h, w, in, out; /* outputs, channels */
  int r;                        /* side of the filter */
  double byte_cost;             /* of the weights, in multiply-accumulates.  It keeps those of deep
                                 * layers, which Winograd makes up to four times as large for a few
                                 * pixels, as they are */
} Layer;

static double ceil_div(double a, int b) {
  int64_t quotient = ((int64_t)a + b - 1) / b;
  return (double)quotient;
}

/* Bytes of a weight, as it is and transformed. */
static double weight_bytes(WniType type, bool transformed) {
  if (type == WNI_U8) return transformed ? 2 : 1;
  return sizeof(float);
}

static double direct_cost(const Layer *layer, WniType type) {
  double filters = layer->in * layer->out;
  return filters * layer->r * layer->r *
         (layer->images * layer->h * layer->w + layer->byte_cost * weight_bytes(type, false));
}

static double winograd_cost(const Layer *layer, WniType type, int m) {
  double filters = layer->in * layer->out, side = m + layer->r - 1, products = side * side;
  double tiles = layer->images * ceil_div(layer->h, m) * ceil_div(layer->w, m);
  return products * (filters * (tiles + layer->byte_cost * weight_bytes(type, true)) +
                     TRANSFORM_COST * tiles * (layer->in + layer->out));
}

/* Products of 16 bits pay where the processor has nothing faster for those of 8. */
static bool integers_pay(const Layer *layer) {
  return wni_kernel_find(WNI_KERNEL_igemm, WNI_U8)->tile_k <= 2 &&
         wni_kernel_find(WNI_KERNEL_igemm, WNI_I16)->tile_m > 1 &&
         layer->in <= WNI_WINOGRAD_MAX_INTEGERS;
}

int wni_winograd_choose(const WniLowering *lowering, const WniNode *node, const WniWindow *window,
                        WniType type) {
  const int64_t *x = wni_node_input(lowering->graph, node, 0)->shape.dim;
  const int64_t *w = wni_node_input(lowering->graph, node, 1)->shape.dim;
  Layer layer = {.images = (double)x[0],
                 .h = (double)window->out[0],
                 .w = (double)window->out[1],
                 .in = (double)w[1],
                 .out = (double)w[0],
                 .r = (int)window->size[0],
                 .byte_cost = lowering->byte_cost};
  for (int axis = 0; axis < 2; axis++)
    if (window->size[axis] != layer.r || window->stride[axis] != 1 || window->dilation[axis] != 1)
      return 0;
  if (layer.r != 3 && (layer.r != 5 || type != WNI_F32)) return 0;
  if (x[1] != w[1] || w[0] % WNI_WINOGRAD_CHANNELS || w[1] % WNI_WINOGRAD_CHANNELS) return 0;
  if (type == WNI_BF16 || (type == WNI_U8 && !integers_pay(&layer))) return 0;
  double direct = direct_cost(&layer, type), two = winograd_cost(&layer, type, 2);
  double four = type == WNI_F32 && layer.r == 3 ? winograd_cost(&layer, type, 4) : INFINITY;
  if (direct <= MIN_GAIN * fmin(two, four)) return 0;
  return two <= four ? 2 : 4;
}

double wni_winograd_growth(const WniLowering *lowering, const WniNode *node,
                           const WniWindow *window, WniType type) {
  int m = wni_winograd_choose(lowering, node, window, type), r = (int)window->size[0];
  if (m == 0) return 1;
  double direct = r * r * weight_bytes(type, false);
  return (m + r - 1) * (m + r - 1) * weight_bytes(type, true) / direct;
}

/* Room for the transformed inputs and products of a block, alive in the next step only. */
static WnStatus work_tensor(WniLowering *lowering, size_t bytes, WniTensor *work) {
  size_t count = (bytes + sizeof(float) - 1) / sizeof(float);
  *work = (WniTensor){.shape = {.rank = 1, .dim = {(int64_t)count}}};
  WnStatus status = wni_lower_buffer(lowering, NULL, true, work);
  if (status == WN_OK) lowering->plan->buffers[work->buffer].first = (int)lowering->plan->n_steps;
  return status;
}

static WnStatus pack(WniLowering *lowering, const WniWeights *weights, const WniTensor *x,
                     const WniTensor *y, WniWinograd *winograd) {
  WniPlan *plan = lowering->plan;
  size_t tile_n = (size_t)winograd->kernel->tile_n, t = (size_t)(winograd->m + winograd->r - 1);
  size_t columns = (weights->outputs + tile_n - 1) / tile_n * tile_n;
  WniPacking packing = {.type = x->type, .groups = 1, .tile_n = 1, .tile_k = 1, .merged = 1};
  WnStatus status =
      wni_lower_affine(lowering, weights, &packing, x, y, &winograd->bias, &winograd->scale);
  if (status != WN_OK) return status;
  packing.type = winograd->kernel->type;
  packing.tile_n = tile_n;
  winograd->weights = (columns == weights->outputs ? wni_plan_alloc_raw : wni_plan_alloc)(
      plan, t * t * weights->inputs * columns, wni_type_bytes(packing.type));
  winograd->zeros = wni_plan_alloc(plan, tile_n, sizeof(float));
  if (!winograd->weights || !winograd->zeros) return wni_lower_no_memory(lowering);
  packing.matrices = wni_winograd_matrices(winograd->m, winograd->r);
  packing.columns = columns;
  return wni_lower_pack(lowering, weights, &packing, wni_weights_pack_winograd, tile_n,
                        weights->inputs * tile_n * wni_type_bytes(packing.type), winograd->weights);
}

static void find_kernels(WniWinograd *winograd) {
  winograd->kernel =
      wni_kernel_find(WNI_KERNEL_igemm, winograd->type == WNI_U8 ? WNI_I16 : WNI_F32);
  winograd->in_transform = wni_kernel_find(WNI_KERNEL_winograd_in, winograd->type);
  winograd->out_transform = wni_kernel_find(WNI_KERNEL_winograd_out, winograd->type);
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
  *winograd = (WniWinograd){.type = x.type,
                            .m = tile,
                            .r = (int)window->size[0],
                            .in = wni_tensor_image(&x),
                            .out = wni_tensor_image(y),
                            .min_block = MIN_BLOCK};
  find_kernels(winograd);
  if (add) winograd->residual = wni_tensor_image(&residual);
  if (finish) winograd->activation = node->activation;
  winograd->output = wni_lower_output_stage(&winograd->activation, y);
  status = pack(lowering, weights, &x, y, winograd);
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
