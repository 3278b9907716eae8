/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of what slides a window over an image: Conv, the pools and LRN.
 * Weights are packed here, once (weights.h).
 */
#include "plan/lower.h"

#include "graph/fuse.h"
#include "graph/quantize.h"
#include "plan/weights.h"
#include "graph/window.h"

#include <math.h>
#include <string.h>

/* Weights of one pixel that come so much faster from memory as rows than as panels that it is worth
 * a step behind them. */
enum { MANY = 1 << 16 };

/* What the taps reach beyond the image, which at the far side may be less than the pads.  `tile` is
 * how many outputs a side are computed together. */
static WniHaloNeed conv_halo(const WniWindow *window, int tile, const WniShape *x) {
  WniHaloNeed need = {{0}, {0}};
  for (int axis = 0; axis < 2; axis++) {
    int64_t outputs = (window->out[axis] + tile - 1) / tile * tile;
    int64_t reach = (outputs - 1) * window->stride[axis] +
                    (window->size[axis] - 1) * window->dilation[axis] + 1;
    int64_t beyond = reach - window->pad_begin[axis] - x->dim[2 + axis];
    need.begin[2 + axis] = window->pad_begin[axis];
    need.end[2 + axis] = beyond > 0 ? beyond : 0;
  }
  return need;
}

static void raise(int64_t *at, int64_t to) {
  if (*at < to) *at = to;
}

void wni_lower_raise_halo(WniHaloNeed *need, const WniHaloNeed *more) {
  for (int d = 0; d < WNI_MAX_RANK; d++) {
    raise(&need->begin[d], more->begin[d]);
    raise(&need->end[d], more->end[d]);
  }
}

/* Whether the outputs of `node` are channels of an image, and its zeros are theirs too. */
static bool splits_channels(const WniGraph *graph, const WniNode *node) {
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  const WniShape *y = &graph->values[node->out[0]].shape;
  WniSlice slice = {.step = {1, 1, 1, 1}};
  if (node->op != WNI_OP_SPLIT && node->op != WNI_OP_SLICE) return false;
  if (node->op == WNI_OP_SLICE && wni_slice_read(graph, node, &slice, NULL) != WN_OK) return false;
  return x->rank == 4 && x->dim[2] == y->dim[2] && x->dim[3] == y->dim[3] && slice.step[2] == 1 &&
         slice.step[3] == 1;
}

/* Zeros around a value lie around the one that it is a Transpose of, or channels, since that is a
 * view. */
static void need_zeros(WniLowering *lowering, int value, WniHaloNeed need) {
  const WniGraph *graph = lowering->graph;
  for (;;) {
    int producer = graph->values[value].producer;
    const WniNode *node = producer >= 0 ? &graph->nodes[producer] : NULL;
    wni_lower_raise_halo(&lowering->halos[value], &need);
    if (node && !node->dead && splits_channels(graph, node)) {
      value = node->in[0];
      continue;
    }
    if (!node || node->dead || node->op != WNI_OP_TRANSPOSE) return;
    size_t n;
    const int64_t *perm = wni_attr_ints(node->proto, "perm", &n);
    WniHaloNeed turned = {{0}, {0}};
    for (int d = 0; d < 4; d++) {
      int64_t from = perm ? perm[d] : 3 - d;
      turned.begin[from] = need.begin[d];
      turned.end[from] = need.end[d];
    }
    need = turned;
    value = node->in[0];
  }
}

WnStatus wni_lower_find_halos(WniLowering *lowering) {
  const WniGraph *graph = lowering->graph;
  for (int i = 0; i < graph->n_nodes; i++) {
    const WniNode *node = &graph->nodes[i];
    WniWindow window;
    if (node->dead || node->op != WNI_OP_CONV) continue;
    if (graph->values[node->out[0]].shape.rank != 4) continue; /* a row is copied */
    WnStatus status = wni_lower_conv_window(lowering, node, &window);
    if (status != WN_OK) return status;
    int tile =
        wni_winograd_choose(lowering, node, &window, wni_lower_expected_type(lowering, node));
    need_zeros(lowering, node->in[0],
               conv_halo(&window, tile ? tile : 1, &wni_node_input(graph, node, 0)->shape));
  }
  return WN_OK;
}

/* Taps in ONNX order.  Columns that lie side by side in memory are one longer tap. */
static WnStatus set_taps(WniLowering *lowering, const WniWindow *window, size_t channels,
                         WniConv *conv) {
  size_t rows = (size_t)window->size[0], columns = (size_t)window->size[1];
  bool merge = conv->kernel->kind == WNI_KERNEL_igemm && conv->groups == 1 &&
               window->dilation[1] == 1 && conv->in.w_stride == (ptrdiff_t)conv->in.c;
  conv->n_channels = merge ? columns * channels : channels;
  if (merge) columns = 1;
  conv->n_taps = rows * columns;
  conv->columns = columns > 1 ? (int)columns : 0;
  conv->tap = wni_plan_alloc(lowering->plan, conv->n_taps, sizeof *conv->tap);
  if (!conv->tap) return wni_lower_no_memory(lowering);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      conv->tap[r * columns + c] =
          ((ptrdiff_t)r * (ptrdiff_t)window->dilation[0] * conv->in.h_stride +
           (ptrdiff_t)c * (ptrdiff_t)window->dilation[1] * conv->in.w_stride) *
          (ptrdiff_t)wni_type_bytes(conv->kernel->type);
  return WN_OK;
}

/* What the kernel cannot do itself is done by a step behind it, from float32. */
static bool kernel_can_finish(const WniLowering *lowering, WniType type, const WniTensor *y) {
  const WniNode *node = lowering->node;
  if (!wni_bias_is_row(lowering->graph, node)) return false;
  if (node->residual >= 0 && type == WNI_U8) return false;
  if (y->type == WNI_F32) return true;
  return y->type == type && node->activation.kind <= WNI_ACT_CLAMP;
}

/* A bias that is computed, as an image of one pixel. */
static WnStatus computed_bias(WniLowering *lowering, WniTensor *bias) {
  WnStatus status = wni_lower_input(lowering, 2, bias);
  bias->shape = (WniShape){4, {1, bias->shape.dim[0], 1, 1}};
  bias->stride[1] = bias->stride[0];
  return status;
}

static WnStatus push_tail(WniLowering *lowering, const WniTensor *sums, const WniTensor *y) {
  const WniNode *node = lowering->node;
  WniTensor more;
  const WniTensor *all[3] = {y, sums, &more};
  bool bias = !wni_bias_is_row(lowering->graph, node), add = bias || node->residual >= 0;
  WnStatus status = bias  ? computed_bias(lowering, &more)
                    : add ? wni_lower_value(lowering, node->residual, &more)
                          : WN_OK;
  if (status != WN_OK) return status;
  if (add) wni_lower_as_image(&more);
  return wni_lower_elementwise(lowering, add ? WNI_VEC_ADD : WNI_VEC_COPY, &node->activation, all,
                               add ? 2 : 1);
}

/* Weights, bias and taps of a layer whose kernel and images are set. */
static WnStatus pack_conv(WniLowering *lowering, const WniWindow *window, const WniWeights *weights,
                          const WniTensor *x, const WniTensor *y, WniConv *conv) {
  bool depthwise = conv->kernel->kind == WNI_KERNEL_dwconv;
  WnStatus status = set_taps(lowering, window, weights->inputs, conv);
  if (status != WN_OK) return status;
  WniPacking packing = {.type = conv->kernel->type,
                        .groups = depthwise ? 1 : conv->groups,
                        .tile_n = depthwise ? 1 : (size_t)conv->kernel->tile_n,
                        .tile_k = depthwise ? 1 : (size_t)conv->kernel->tile_k,
                        .merged = conv->n_channels / weights->inputs,
                        .offset = conv->kernel->offset};
  status = wni_lower_affine(lowering, weights, &packing, x, y, &conv->bias, &conv->scale);
  if (status != WN_OK) return status;
  conv->panel_bytes = wni_weights_panel_bytes(weights, &packing);
  size_t per_group = conv->out.c / packing.groups;
  size_t panels = (per_group + packing.tile_n - 1) / packing.tile_n * packing.groups;
  conv->weights = wni_plan_alloc_raw(lowering->plan, panels, conv->panel_bytes);
  if (!conv->weights) return wni_lower_no_memory(lowering);
  bool whole = packing.groups > 1 || depthwise;
  return wni_lower_pack(
      lowering, weights, &packing, depthwise ? wni_weights_pack_dwconv : wni_weights_pack_igemm,
      whole ? weights->outputs : packing.tile_n, conv->panel_bytes, conv->weights);
}

WnStatus wni_lower_push_conv(WniLowering *lowering, WniStep *step, const WniWindow *window,
                             const WniWeights *weights, const WniTensor *x,
                             const WniTensor *residual, const WniTensor *y) {
  const WniNode *node = lowering->node;
  WniConv *conv = &step->layer.conv;
  WniTensor first = *x;
  conv->act = wni_kernel_find(WNI_KERNEL_act, WNI_F32);
  conv->output = wni_lower_output_stage(&conv->activation, y);
  for (int axis = 0; axis < 2; axis++) conv->pad[axis] = (size_t)window->pad_begin[axis];
  conv->y_step = (ptrdiff_t)window->stride[0] * conv->in.h_stride;
  conv->x_step = (ptrdiff_t)window->stride[1] * conv->in.w_stride;
  WnStatus status = pack_conv(lowering, window, weights, x, y, conv);
  if (status != WN_OK) return status;
  /* the first tap of the first pixel lies in the halo */
  first.offset -= (ptrdiff_t)window->pad_begin[0] * conv->in.h_stride +
                  (ptrdiff_t)window->pad_begin[1] * conv->in.w_stride;
  size_t count = weights->outputs * weights->inputs * weights->taps;
  step->kernel = conv->kernel->name;
  step->parameters = count + (wni_node_input(lowering->graph, node, 2) ? conv->out.c : 0);
  step->macs = (uint64_t)(conv->out.n * conv->out.h * conv->out.w) * count;
  const WniTensor *inputs[2] = {&first, residual};
  return wni_lower_push(lowering, step, inputs, residual ? 2 : 1, y);
}

/* Appends the convolution itself: y is the output, or float32 sums of its shape. */
static WnStatus push_conv(WniLowering *lowering, const WniWindow *window, const WniWeights *weights,
                          const WniTensor *x, const WniTensor *y, bool finish) {
  WniNode *node = lowering->node;
  bool depthwise = wni_conv_is_depthwise(lowering->graph, node);
  bool add = finish && node->residual >= 0;
  WniTensor residual;
  WnStatus status =
      add ? wni_lower_image(lowering, node->residual, y->type, NULL, &residual) : WN_OK;
  if (status != WN_OK) return status;
  WniStep step = {.kind = depthwise ? WNI_STEP_DWCONV : WNI_STEP_CONV};
  WniConv *conv = &step.layer.conv;
  conv->kernel = depthwise ? wni_kernel_find(WNI_KERNEL_dwconv, x->type)
                           : wni_kernel_find_igemm(x->type, weights->inputs * weights->taps);
  if (finish) conv->activation = node->activation;
  conv->in = wni_tensor_image(x);
  conv->out = wni_tensor_image(y);
  if (add) conv->residual = wni_tensor_image(&residual);
  conv->groups = (size_t)wni_attr_int(node->proto, "group", 1);
  return wni_lower_push_conv(lowering, &step, window, weights, x, add ? &residual : NULL, y);
}

/* One pixel of one image: dot products of all of its channels. */
static bool is_one_row(const WniWindow *window, const WniWeights *weights, const WniTensor *x,
                       const WniTensor *y) {
  return weights->taps == 1 && !window->pad_begin[0] && !window->pad_begin[1] &&
         wni_shape_count(&x->shape) == (int64_t)weights->inputs &&
         wni_shape_count(&y->shape) == (int64_t)weights->outputs;
}

/* tile 0: directly; else by Winograd's filtering. */
static WnStatus push_layer(WniLowering *lowering, const WniWindow *window, int tile,
                           const WniWeights *weights, const WniTensor *x, const WniTensor *y,
                           bool finish) {
  if (tile) return wni_lower_winograd(lowering, window, tile, weights, x, y, finish);
  if (is_one_row(window, weights, x, y) && y->type == WNI_F32 &&
      (!finish || lowering->node->residual < 0))
    return wni_lower_fully_connected(lowering, weights, x, y, finish);
  return push_conv(lowering, window, weights, x, y, finish);
}

WnStatus wni_lower_convolve(WniLowering *lowering, const WniWindow *window, int tile,
                            const WniWeights *weights, const WniTensor *x) {
  WniTensor y;
  WnStatus status = wni_lower_image_output(lowering, &y);
  if (status != WN_OK) return status;
  bool rows = is_one_row(window, weights, x, &y) && weights->outputs * weights->inputs >= MANY &&
              (y.type != WNI_F32 || lowering->node->residual >= 0);
  if (!rows && kernel_can_finish(lowering, x->type, &y))
    return push_layer(lowering, window, tile, weights, x, &y, true);
  WniTensor sums = {.shape = y.shape};
  status = wni_lower_buffer(lowering, NULL, false, &sums);
  if (status == WN_OK) status = push_layer(lowering, window, tile, weights, x, &sums, false);
  return status == WN_OK ? push_tail(lowering, &sums, &y) : status;
}

static bool has_constant_weights(const WniGraph *graph, const WniNode *node) {
  return wni_node_input(graph, node, 1)->known || wni_is_quantized_constant(graph, node->in[1]);
}

WnStatus wni_lower_conv(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniWindow window;
  WniWeights weights;
  WniTensor x;
  WnStatus status = wni_lower_conv_window(lowering, node, &window);
  bool computed = !has_constant_weights(lowering->graph, node);
  if (status == WN_OK && !computed)
    status = wni_weights_read(lowering->graph, node, &weights, lowering->error);
  if (status == WN_OK) status = wni_lower_value(lowering, node->in[0], &x);
  if (status != WN_OK) return status;
  WniShape image = wni_image_shape(&x.shape);
  if (computed) {
    WniHaloNeed zeros = conv_halo(&window, 1, &image);
    status = wni_lower_image(lowering, node->in[0], WNI_F32, &zeros, &x);
    return status == WN_OK ? wni_lower_conv_computed(lowering, &window, &x) : status;
  }
  WniType type = wni_lower_compute_type(lowering, &x, &weights);
  int tile = wni_winograd_choose(lowering, node, &window, type);
  WniHaloNeed need = conv_halo(&window, tile ? tile : 1, &image);
  status = wni_lower_image(lowering, node->in[0], type, &need, &x);
  if (status != WN_OK) return status;
  return wni_lower_convolve(lowering, &window, tile, &weights, &x);
}

/* y lies like an image of the output's pixels and channels. */
static WnStatus push_pool(WniLowering *lowering, const WniTensor *x, const WniTensor *y,
                          bool average, const WniWindow *window) {
  const WniNode *node = lowering->node;
  WniStep step = {.kind = WNI_STEP_POOL};
  WniPool *pool = &step.layer.pool;
  pool->kernel = wni_kernel_find(average ? WNI_KERNEL_avgpool : WNI_KERNEL_maxpool, x->type);
  pool->act = wni_kernel_find(WNI_KERNEL_act, WNI_F32);
  pool->x = wni_lower_read_as_float(x);
  pool->y = wni_lower_write_as_float(y);
  pool->activation = node->activation;
  pool->in = wni_tensor_image(x);
  pool->out = wni_tensor_image(y);
  pool->count_include_pad = wni_attr_int(node->proto, "count_include_pad", 0) ||
                            node->pad_begin[0] || node->pad_begin[1] || node->pad_end[0] ||
                            node->pad_end[1];
  for (int axis = 0; axis < 2; axis++) {
    pool->kernel_size[axis] = window->size[axis];
    pool->stride[axis] = window->stride[axis];
    pool->dilation[axis] = window->dilation[axis];
    pool->pad_begin[axis] = window->pad_begin[axis];
    pool->pad_end[axis] = window->pad_end[axis];
  }
  step.kernel = pool->kernel->name;
  return wni_lower_push(lowering, &step, &x, 1, y);
}

static WniWindow whole_image(const WniTensor *x) {
  return (WniWindow){.size = {x->shape.dim[2], x->shape.dim[3]},
                     .stride = {1, 1},
                     .dilation = {1, 1},
                     .out = {1, 1}};
}

WnStatus wni_lower_pool(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  bool average = node->op == WNI_OP_AVERAGE_POOL || node->op == WNI_OP_GLOBAL_AVERAGE_POOL;
  bool global = node->op == WNI_OP_GLOBAL_AVERAGE_POOL || node->op == WNI_OP_GLOBAL_MAX_POOL;
  WniWindow window;
  WniTensor x, y;
  WnStatus status = wni_lower_value(lowering, node->in[0], &x);
  if (status == WN_OK) status = wni_lower_image(lowering, node->in[0], x.type, NULL, &x);
  if (status == WN_OK) status = wni_lower_image_output(lowering, &y);
  window = whole_image(&x);
  if (status == WN_OK && !global)
    status =
        wni_window_read(lowering->graph, node, &wni_node_input(lowering->graph, node, 0)->shape,
                        NULL, &window, lowering->error);
  return status == WN_OK ? push_pool(lowering, &x, &y, average, &window) : status;
}

/* ReduceMean over rows and columns, with or without the dimensions that go. */
WnStatus wni_lower_global_average(WniLowering *lowering) {
  WniTensor x, y;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status == WN_OK) status = wni_lower_output(lowering, true, &y);
  if (status != WN_OK) return status;
  WniWindow window = whole_image(&x);
  WniTensor image = y;
  image.shape = (WniShape){4, {x.shape.dim[0], x.shape.dim[1], 1, 1}};
  image.stride[0] = (ptrdiff_t)x.shape.dim[1];
  image.stride[1] = image.stride[2] = image.stride[3] = 1;
  return push_pool(lowering, &x, &image, true, &window);
}

WnStatus wni_lower_lrn(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  const Onnx__NodeProto *proto = node->proto;
  int64_t size = wni_attr_int(proto, "size", 0);
  WniTensor x, y;
  if (size < 1 || wni_node_input(lowering->graph, node, 0)->shape.rank != 4)
    return wni_node_fail(lowering->graph, node, WN_ERROR_UNSUPPORTED, lowering->error,
                         "its size is missing or its input is not an image");
  WnStatus status = wni_lower_image(lowering, node->in[0], WNI_F32, NULL, &x);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status != WN_OK) return status;
  WniStep step = {.kind = WNI_STEP_LRN, .kernel = "lrn_f32__c"};
  step.layer.lrn = (WniLrn){.in = wni_tensor_image(&x),
                            .out = wni_tensor_image(&y),
                            .size = size,
                            .alpha = wni_attr_float(proto, "alpha", 1e-4f),
                            .beta = wni_attr_float(proto, "beta", 0.75f),
                            .bias = wni_attr_float(proto, "bias", 1.0f)};
  const WniTensor *inputs[1] = {&x};
  return wni_lower_push(lowering, &step, inputs, 1, &y);
}
