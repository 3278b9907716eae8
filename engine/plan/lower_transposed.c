/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of ConvTranspose: zeros go between the pixels of its input, and the turned weights slide
 * over that as those of any convolution, on the same kernels.
 *
 *   y[o s + k d - pad] += x[o] w[k]   is   y[j] = sum_k z[j + k d] w[K - 1 - k]
 *   with z[(K - 1) d - pad + o s] = x[o] and zeros elsewhere
 */
#include "plan/lower.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* z of the drawing above. */
static WnStatus spread_pixels(WniLowering *lowering, const WniWindow *window, const WniTensor *x,
                              WniTensor *z) {
  WniIndexing indexing = {.from = x->shape, .to = x->shape};
  for (int axis = 0; axis < 2; axis++)
    indexing.to.dim[2 + axis] =
        window->out[axis] + (window->size[axis] - 1) * window->dilation[axis];
  WnStatus status = wni_indexing_start(lowering->graph, lowering->node, &indexing, lowering->error);
  if (status != WN_OK) return status;
  for (int axis = 0; axis < 2; axis++) {
    int64_t stride = window->stride[axis];
    int64_t first = (window->size[axis] - 1) * window->dilation[axis] - window->pad_begin[axis];
    for (int64_t i = 0; i < indexing.to.dim[2 + axis]; i++) {
      int64_t at = i - first;
      bool pixel = at >= 0 && at % stride == 0 && at / stride < x->shape.dim[2 + axis];
      indexing.source[2 + axis][i] = pixel ? (int32_t)(at / stride) : -1;
    }
  }
  *z = (WniTensor){.shape = indexing.to, .type = x->type, .quant = x->quant};
  status = wni_lower_buffer(lowering, NULL, false, z);
  if (status == WN_OK) status = wni_lower_take(lowering, &indexing, x, z);
  wni_indexing_clear(&indexing);
  return status;
}

/* [outputs][inputs of a group][taps], turned, from [inputs][outputs of a group][taps]. */
static float *turn_weights(const float *w, const WniShape *shape, size_t groups,
                           WniWeights *weights) {
  size_t inputs = (size_t)shape->dim[0] / groups, outputs = (size_t)shape->dim[1];
  size_t taps = (size_t)(shape->dim[2] * shape->dim[3]);
  float *turned = wni_alloc_aligned(groups * inputs * outputs * taps, sizeof *turned);
  if (!turned) return NULL;
  for (size_t g = 0; g < groups; g++)
    for (size_t i = 0; i < inputs; i++)
      for (size_t o = 0; o < outputs; o++, w += taps)
        for (size_t t = 0; t < taps; t++)
          turned[((g * outputs + o) * inputs + i) * taps + t] = w[taps - 1 - t];
  *weights = (WniWeights){.f = turned,
                          .outputs = groups * outputs,
                          .inputs = inputs,
                          .taps = taps,
                          .output_step = inputs * taps,
                          .input_step = taps};
  return turned;
}

WnStatus wni_lower_conv_transpose(WniLowering *lowering) {
  const WniGraph *graph = lowering->graph;
  const WniNode *node = lowering->node;
  const WniValue *w = wni_node_input(graph, node, 1);
  WniWindow window;
  WniWeights weights;
  WniTensor x, z, constant;
  WnStatus status = wni_window_transposed(graph, node, &wni_node_input(graph, node, 0)->shape,
                                          &w->shape, &window, lowering->error);
  if (status == WN_OK) status = wni_lower_input(lowering, 1, &constant);
  if (status != WN_OK) return status;
  if (!constant.data)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, lowering->error,
                         "its weights are not constant");
  status = wni_lower_image(lowering, node->in[0], lowering->type, NULL, &x);
  if (status == WN_OK) status = spread_pixels(lowering, &window, &x, &z);
  if (status != WN_OK) return status;
  float *turned = turn_weights(constant.data, &w->shape,
                               (size_t)wni_attr_int(node->proto, "group", 1), &weights);
  if (!turned) return wni_lower_no_memory(lowering);
  WniWindow slide = {.size = {window.size[0], window.size[1]},
                     .stride = {1, 1},
                     .dilation = {window.dilation[0], window.dilation[1]},
                     .out = {window.out[0], window.out[1]}};
  if (lowering->packed == WNI_PACKED_LATER)
    lowering->packed = WNI_PACKED_NOW; /* they do not last */
  status = wni_lower_convolve(lowering, &slide, 0, &weights, &z);
  free(turned);
  return status;
}
