/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes of what multiplies or slides a window: convolution, pools, normalisation, products.
 */
#include "graph/infer.h"

#include "base/memory.h"
#include "graph/window.h"

/* The output: an image of so many rows and columns, or the row of a sequence. */
static void set_image(WniInference *inference, int64_t channels, const int64_t *size) {
  const WniShape *x = inference->in;
  inference->out = x->rank == 3 ? (WniShape){3, {x->dim[0], channels, size[1]}}
                                : (WniShape){4, {x->dim[0], channels, size[0], size[1]}};
}

WnStatus wni_infer_conv(WniInference *inference) {
  const WniShape *x = inference->in, *w = wni_infer_input(inference, 1),
                 *b = wni_infer_input(inference, 2);
  int64_t groups = wni_infer_attr(inference, "group", 1);
  WniWindow window;
  if (groups < 1 || w->dim[0] % groups || groups > x->dim[1] || x->dim[1] % groups ||
      x->dim[1] / groups != w->dim[1])
    return WNI_INFER_FAIL(
        inference, "weights of %lld x %lld channels in %lld groups do not fit an input of %lld",
        (long long)w->dim[0], (long long)w->dim[1], (long long)groups, (long long)x->dim[1]);
  if (b && wni_shape_count(b) != w->dim[0])
    return WNI_INFER_FAIL(inference, "the bias has %lld elements for %lld channels",
                          (long long)wni_shape_count(b), (long long)w->dim[0]);
  if (w->rank != x->rank)
    return WNI_INFER_FAIL(inference, "weights and input differ in their dimensions");
  WnStatus status =
      wni_window_read(inference->graph, inference->node, x, w, &window, inference->error);
  set_image(inference, w->dim[0], window.out);
  return status;
}

/* The weights are [input channels][output channels of a group][rows][columns]. */
WnStatus wni_infer_conv_transpose(WniInference *inference) {
  const WniShape *x = inference->in, *w = wni_infer_input(inference, 1),
                 *b = wni_infer_input(inference, 2);
  int64_t groups = wni_infer_attr(inference, "group", 1), channels;
  WniWindow window;
  if (groups < 1 || x->dim[1] != w->dim[0] || x->dim[1] % groups ||
      !wni_mul_limited(w->dim[1], groups, WNI_MAX_ELEMENTS, &channels))
    return WNI_INFER_FAIL(inference, "weights of %lld channels in %lld groups do not fit %lld",
                          (long long)w->dim[0], (long long)groups, (long long)x->dim[1]);
  if (b && wni_shape_count(b) != channels)
    return WNI_INFER_FAIL(inference, "the bias has %lld elements for %lld channels",
                          (long long)wni_shape_count(b), (long long)channels);
  WnStatus status =
      wni_window_transposed(inference->graph, inference->node, x, w, &window, inference->error);
  set_image(inference, channels, window.out);
  return status;
}

/* [n][channels x pixels of a block][blocks] */
WnStatus wni_infer_col2im(WniInference *inference) {
  const int64_t *x = inference->in->dim;
  WniWindow window;
  WnStatus status = wni_window_blocks(inference->graph, inference->node, &window, inference->error);
  if (status != WN_OK) return status;
  int64_t pixels = window.size[0] * window.size[1];
  if (x[1] % pixels || window.blocks[0] < 1 || x[2] != window.blocks[0] * window.blocks[1])
    return WNI_INFER_FAIL(inference,
                          "%lld blocks of %lld pixels do not fit an input of %lld x %lld",
                          (long long)(window.blocks[0] * window.blocks[1]), (long long)pixels,
                          (long long)x[1], (long long)x[2]);
  inference->out = (WniShape){4, {x[0], x[1] / pixels, window.out[0], window.out[1]}};
  return WN_OK;
}

WnStatus wni_infer_pool(WniInference *inference) {
  const WniShape *x = inference->in;
  WniWindow window;
  WnStatus status =
      wni_window_read(inference->graph, inference->node, x, NULL, &window, inference->error);
  set_image(inference, x->dim[1], window.out);
  return status;
}

WnStatus wni_infer_global_pool(WniInference *inference) {
  static const int64_t one[2] = {1, 1};
  set_image(inference, inference->in->dim[1], one);
  return WN_OK;
}

WnStatus wni_infer_batch_normalization(WniInference *inference) {
  const WniShape *x = inference->in;
  int64_t channels = x->rank > 1 ? x->dim[1] : 1;
  if (wni_infer_attr(inference, "training_mode", 0) &&
      !wni_node_input(inference->graph, inference->node, 0)->known)
    return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                         "it is in training mode; export the model for inference");
  if (!wni_infer_attr(inference, "spatial", 1))
    return wni_node_fail(inference->graph, inference->node, WN_ERROR_UNSUPPORTED, inference->error,
                         "spatial = 0 is not supported");
  for (int i = 1; i < 5; i++) {
    const WniValue *value = wni_node_input(inference->graph, inference->node, i);
    if (!value->known || value->constant.count != (size_t)channels)
      return WNI_INFER_FAIL(inference, "input %d is not a constant of %lld elements", i,
                            (long long)channels);
  }
  inference->out = *x;
  return WN_OK;
}

WnStatus wni_infer_gemm(WniInference *inference) {
  const WniShape *a = inference->in, *b = wni_infer_input(inference, 1),
                 *c = wni_infer_input(inference, 2);
  int ta = wni_infer_attr(inference, "transA", 0) != 0,
      tb = wni_infer_attr(inference, "transB", 0) != 0;
  if (a->dim[!ta] != b->dim[tb])
    return WNI_INFER_FAIL(inference, "inner dimensions %lld and %lld differ",
                          (long long)a->dim[!ta], (long long)b->dim[tb]);
  inference->out = (WniShape){2, {a->dim[ta], b->dim[!tb]}};
  if (!c) return WN_OK;
  int64_t count = wni_shape_count(&inference->out);
  WniShape product = inference->out;
  WnStatus status = wni_broadcast_with(inference, c);
  if (status == WN_OK && wni_shape_count(&inference->out) != count)
    return WNI_INFER_FAIL(inference, "C is larger than the product");
  inference->out = product;
  return status;
}

WnStatus wni_infer_matmul(WniInference *inference) {
  WniShape a = *inference->in, b = *wni_infer_input(inference, 1);
  bool row = a.rank == 1, column = b.rank == 1;
  if (row) a = (WniShape){2, {1, a.dim[0]}};
  if (column) b = (WniShape){2, {b.dim[0], 1}};
  if (a.dim[a.rank - 1] != b.dim[b.rank - 2])
    return WNI_INFER_FAIL(inference, "inner dimensions %lld and %lld differ",
                          (long long)a.dim[a.rank - 1], (long long)b.dim[b.rank - 2]);
  int64_t m = a.dim[a.rank - 2], n = b.dim[b.rank - 1];
  WniShape batch_b = b;
  a.rank -= 2;
  batch_b.rank -= 2;
  inference->out = a;
  WnStatus status = wni_broadcast_with(inference, &batch_b);
  WniShape *out = &inference->out;
  if (out->rank + 2 > WNI_MAX_RANK) return WNI_INFER_FAIL(inference, "too many dimensions");
  if (!row) out->dim[out->rank++] = m;
  if (!column) out->dim[out->rank++] = n;
  return status;
}

/* Whether `b` is broadcast to the last dimensions of `x`, from `axis` on. */
static bool fits_behind(const WniShape *b, const WniShape *x, int axis) {
  int offset = x->rank - b->rank;
  for (int d = 0; d < b->rank; d++)
    if (b->dim[d] != 1 && (d + offset < axis || b->dim[d] != x->dim[d + offset])) return false;
  return offset >= 0;
}

WnStatus wni_infer_layer_normalization(WniInference *inference) {
  const WniShape *x = inference->in;
  int axis;
  if (!wni_axis(wni_infer_attr(inference, "axis", -1), x->rank, &axis))
    return WNI_INFER_FAIL(inference, "its axis is out of range");
  for (int i = 1; i < 3; i++) {
    const WniShape *factor = wni_infer_input(inference, i);
    if (factor && !fits_behind(factor, x, axis))
      return WNI_INFER_FAIL(inference, "input %d does not fit the dimensions that are normalised",
                            i);
  }
  inference->out = *x;
  return WN_OK;
}

/* One number a channel, or a group of `groups`. */
static WnStatus check_factors(WniInference *inference, int64_t groups) {
  for (int i = 1; i < 3; i++) {
    int64_t count = wni_shape_count(wni_infer_input(inference, i));
    if (count != inference->in->dim[1] && count != groups)
      return WNI_INFER_FAIL(inference, "input %d has %lld elements for %lld channels", i,
                            (long long)count, (long long)inference->in->dim[1]);
  }
  inference->out = *inference->in;
  return WN_OK;
}

WnStatus wni_infer_instance_normalization(WniInference *inference) {
  return check_factors(inference, inference->in->dim[1]);
}

WnStatus wni_infer_group_normalization(WniInference *inference) {
  int64_t groups = wni_infer_attr(inference, "num_groups", 0);
  if (groups < 1 || inference->in->dim[1] % groups || inference->in->rank == WNI_MAX_RANK)
    return WNI_INFER_FAIL(inference, "%lld groups for %lld channels", (long long)groups,
                          (long long)inference->in->dim[1]);
  return check_factors(inference, groups);
}
