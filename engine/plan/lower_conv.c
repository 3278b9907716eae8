/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of what slides a window over an image: Conv, the pools and LRN.
 * Weights are packed here, once, into the order in which the kernels read them:
 *
 *   igemm   [group][panel of tile n output channels][tap][input channel][tile n]
 *   dwconv  [tap][channel]
 */
#include "plan/lower.h"

#include "plan/fuse.h"
#include "plan/window.h"

#include <string.h>

static WnStatus conv_window(const WniLowering *lowering, const WniNode *node, WniWindow *window) {
  const WniGraph *graph = lowering->graph;
  return wni_window_read(graph, node, wni_node_input(graph, node, 0)->shape.dim + 2,
                         wni_node_input(graph, node, 1)->shape.dim + 2, window, lowering->error);
}

/* What the taps reach beyond the image, which at the far side may be less than the pads. */
static WniHaloNeed conv_halo(const WniWindow *window, const WniShape *x) {
  WniHaloNeed need = {{0}, {0}};
  for (int axis = 0; axis < 2; axis++) {
    int64_t reach = (window->out[axis] - 1) * window->stride[axis] +
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

/* The usual beginning of a network exported from NHWC: its image as NCHW.  That is a
 * view, so the zeros have to lie around the input itself. */
static bool is_turned_input(const WniGraph *graph, int value) {
  static const int64_t nchw[4] = {0, 3, 1, 2};
  int producer = graph->values[value].producer;
  size_t n;
  if (producer < 0 || graph->nodes[producer].op != WNI_OP_TRANSPOSE) return false;
  const int64_t *perm = wni_attr_ints(graph->nodes[producer].proto, "perm", &n);
  return graph->nodes[producer].in[0] == graph->input && graph->input_nhwc && n == 4 &&
         memcmp(perm, nchw, sizeof nchw) == 0;
}

WnStatus wni_lower_find_halos(WniLowering *lowering) {
  const WniGraph *graph = lowering->graph;
  for (int i = 0; i < graph->n_nodes; i++) {
    const WniNode *node = &graph->nodes[i];
    WniWindow window;
    if (node->dead || node->op != WNI_OP_CONV) continue;
    WnStatus status = conv_window(lowering, node, &window);
    if (status != WN_OK) return status;
    int value = node->in[0];
    WniHaloNeed need = conv_halo(&window, &graph->values[value].shape);
    if (is_turned_input(graph, value)) {
      value = graph->input;
      need = (WniHaloNeed){{0, need.begin[2], need.begin[3]}, {0, need.end[2], need.end[3]}};
    }
    for (int d = 0; d < WNI_MAX_RANK; d++) {
      raise(&lowering->halos[value].begin[d], need.begin[d]);
      raise(&lowering->halos[value].end[d], need.end[d]);
    }
  }
  return WN_OK;
}

typedef struct Shape {
  size_t groups, in, out, taps; /* channels of one group */
} Shape;

/* w is [groups * out][in][taps] in ONNX order; row r of it is scaled by scale[r]. */
static void pack_igemm(const Shape *shape, const float *w, const WniNode *node, size_t tile_n,
                       float *weights, float *bias) {
  size_t panels = (shape->out + tile_n - 1) / tile_n;
  for (size_t g = 0; g < shape->groups; g++)
    for (size_t o = 0; o < shape->out; o++) {
      size_t row = g * shape->out + o, panel = g * panels + o / tile_n, j = o % tile_n;
      const float *from = w + row * shape->in * shape->taps;
      float *to = weights + panel * shape->taps * shape->in * tile_n + j;
      for (size_t t = 0; t < shape->taps; t++)
        for (size_t c = 0; c < shape->in; c++)
          to[(t * shape->in + c) * tile_n] = from[c * shape->taps + t] * node->scale[row];
      bias[panel * tile_n + j] = node->shift[row];
    }
}

static void pack_dwconv(const Shape *shape, const float *w, const WniNode *node, float *weights,
                        float *bias) {
  for (size_t c = 0; c < shape->groups; c++) {
    for (size_t t = 0; t < shape->taps; t++)
      weights[t * shape->groups + c] = w[c * shape->taps + t] * node->scale[c];
    bias[c] = node->shift[c];
  }
}

/* Taps in ONNX order.  Columns that lie side by side in memory are one longer tap. */
static WnStatus set_taps(WniLowering *lowering, const WniWindow *window, size_t channels,
                         WniConv *conv) {
  size_t rows = (size_t)window->size[0], columns = (size_t)window->size[1];
  bool merge =
      conv->groups == 1 && window->dilation[1] == 1 && conv->in.w_stride == (ptrdiff_t)conv->in.c;
  conv->n_channels = merge ? columns * channels : channels;
  if (merge) columns = 1;
  conv->n_taps = rows * columns;
  conv->tap = wni_plan_alloc(lowering->plan, conv->n_taps, sizeof *conv->tap);
  if (!conv->tap) return wni_lower_no_memory(lowering);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      conv->tap[r * columns + c] =
          (ptrdiff_t)r * (ptrdiff_t)window->dilation[0] * conv->in.h_stride +
          (ptrdiff_t)c * (ptrdiff_t)window->dilation[1] * conv->in.w_stride;
  return WN_OK;
}

static WnStatus pack_conv(WniLowering *lowering, const WniWindow *window, WniConv *conv) {
  WniNode *node = lowering->node;
  const WniConstant *w = &wni_node_input(lowering->graph, node, 1)->constant;
  bool depthwise = conv->kernel->kind == WNI_KERNEL_dwconv_f32;
  Shape shape = {conv->groups, conv->in.c / conv->groups, conv->out.c / conv->groups,
                 (size_t)(window->size[0] * window->size[1])};
  size_t tile_n = depthwise ? 1 : (size_t)conv->kernel->tile_n;
  size_t columns = shape.groups * ((shape.out + tile_n - 1) / tile_n) * tile_n;
  WnStatus status = wni_affine_start(lowering->graph, node, conv->out.c, lowering->error);
  if (status != WN_OK) return status;
  conv->weights = wni_plan_alloc(lowering->plan, columns * shape.taps * shape.in, sizeof(float));
  conv->bias = wni_plan_alloc(lowering->plan, columns, sizeof(float));
  if (!conv->weights || !conv->bias) return wni_lower_no_memory(lowering);
  if (depthwise)
    pack_dwconv(&shape, w->f, node, conv->weights, conv->bias);
  else
    pack_igemm(&shape, w->f, node, tile_n, conv->weights, conv->bias);
  return set_taps(lowering, window, shape.in, conv);
}

WnStatus wni_lower_conv(WniLowering *lowering) {
  WniNode *node = lowering->node;
  const WniValue *weights = wni_node_input(lowering->graph, node, 1);
  WniWindow window;
  WniTensor x, residual, y;
  bool depthwise = wni_conv_is_depthwise(lowering->graph, node);
  if (!weights->known || weights->constant.is_int)
    return wni_node_fail(lowering->graph, node, WN_ERROR_UNSUPPORTED, lowering->error,
                         "its weights are not constant");
  WnStatus status = conv_window(lowering, node, &window);
  if (status != WN_OK) return status;
  WniHaloNeed need = conv_halo(&window, &wni_node_input(lowering->graph, node, 0)->shape);
  status = wni_lower_image(lowering, node->in[0], &need, &x);
  if (status == WN_OK && node->residual >= 0)
    status = wni_lower_image(lowering, node->residual, NULL, &residual);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status != WN_OK) return status;

  WniStep step = {.kind = depthwise ? WNI_STEP_DWCONV : WNI_STEP_CONV};
  WniConv *conv = &step.layer.conv;
  conv->kernel = wni_kernel_find(depthwise ? WNI_KERNEL_dwconv_f32 : WNI_KERNEL_igemm_f32);
  conv->act = wni_kernel_find(WNI_KERNEL_act_f32);
  conv->activation = node->activation;
  conv->in = wni_tensor_image(&x);
  conv->out = wni_tensor_image(&y);
  if (node->residual >= 0) conv->residual = wni_tensor_image(&residual);
  conv->groups = (size_t)wni_attr_int(node->proto, "group", 1);
  conv->y_step = (ptrdiff_t)window.stride[0] * conv->in.h_stride;
  conv->x_step = (ptrdiff_t)window.stride[1] * conv->in.w_stride;
  status = pack_conv(lowering, &window, conv);
  if (status != WN_OK) return status;
  /* the first tap of the first pixel lies in the halo */
  x.offset -= (ptrdiff_t)window.pad_begin[0] * conv->in.h_stride +
              (ptrdiff_t)window.pad_begin[1] * conv->in.w_stride;
  step.kernel = conv->kernel->name;
  step.parameters = weights->constant.count + (node->n_in > 2 ? conv->out.c : 0);
  step.macs =
      (uint64_t)(y.shape.dim[0] * y.shape.dim[2] * y.shape.dim[3]) * weights->constant.count;
  const WniTensor *inputs[2] = {&x, &residual};
  return wni_lower_push(lowering, &step, inputs, node->residual >= 0 ? 2 : 1, &y);
}

WnStatus wni_lower_pool(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  bool average = node->op == WNI_OP_AVERAGE_POOL || node->op == WNI_OP_GLOBAL_AVERAGE_POOL;
  bool global = node->op == WNI_OP_GLOBAL_AVERAGE_POOL || node->op == WNI_OP_GLOBAL_MAX_POOL;
  WniWindow window = {.stride = {1, 1}, .dilation = {1, 1}};
  WniTensor x, y;
  WnStatus status = wni_lower_image(lowering, node->in[0], NULL, &x);
  if (status == WN_OK) status = wni_lower_output(lowering, false, &y);
  if (status == WN_OK && !global)
    status =
        wni_window_read(lowering->graph, node, x.shape.dim + 2, NULL, &window, lowering->error);
  if (status != WN_OK) return status;
  WniStep step = {.kind = WNI_STEP_POOL};
  WniPool *pool = &step.layer.pool;
  pool->kernel = wni_kernel_find(average ? WNI_KERNEL_avgpool_f32 : WNI_KERNEL_maxpool_f32);
  pool->act = wni_kernel_find(WNI_KERNEL_act_f32);
  pool->activation = node->activation;
  pool->in = wni_tensor_image(&x);
  pool->out = wni_tensor_image(&y);
  pool->count_include_pad = wni_attr_int(node->proto, "count_include_pad", 0) != 0;
  for (int axis = 0; axis < 2; axis++) {
    pool->kernel_size[axis] = global ? x.shape.dim[2 + axis] : window.size[axis];
    pool->stride[axis] = window.stride[axis];
    pool->dilation[axis] = window.dilation[axis];
    pool->pad_begin[axis] = window.pad_begin[axis];
    pool->pad_end[axis] = window.pad_end[axis];
  }
  step.kernel = pool->kernel->name;
  const WniTensor *inputs[1] = {&x};
  return wni_lower_push(lowering, &step, inputs, 1, &y);
}

WnStatus wni_lower_lrn(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  const Onnx__NodeProto *proto = node->proto;
  int64_t size = wni_attr_int(proto, "size", 0);
  WniTensor x, y;
  if (size < 1 || wni_node_input(lowering->graph, node, 0)->shape.rank != 4)
    return wni_node_fail(lowering->graph, node, WN_ERROR_UNSUPPORTED, lowering->error,
                         "its size is missing or its input is not an image");
  WnStatus status = wni_lower_image(lowering, node->in[0], NULL, &x);
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
