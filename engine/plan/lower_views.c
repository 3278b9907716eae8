/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of operators that move nothing, or only copy: the output is another
 * view of the input wherever strides can say it.
 */
#include "plan/lower.h"

WnStatus wni_lower_transpose(WniLowering *lowering) {
  size_t n;
  const int64_t *perm = wni_attr_ints(lowering->node->proto, "perm", &n);
  WniTensor x, y;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  y = x;
  for (int d = 0; d < x.shape.rank; d++) {
    int64_t from = perm ? perm[d] : x.shape.rank - 1 - d;
    y.shape.dim[d] = x.shape.dim[from];
    y.stride[d] = x.stride[from];
    y.halo_begin[d] = x.halo_begin[from];
    y.halo_end[d] = x.halo_end[from];
  }
  wni_lower_place(lowering, 0, &y);
  return WN_OK;
}

/* Whether whoever reads `value`, which is to lie like x, is a Gemm that packs its weights in any
 * order, a row for each output. */
static bool is_only_multiplied(const WniLowering *lowering, int value, const WniTensor *x);

static bool only_multiplies(const WniLowering *lowering, const WniNode *node, const WniTensor *x) {
  switch (node->op) {
  case WNI_OP_GEMM:
    return !wni_attr_int(node->proto, "transA", 0) && wni_attr_int(node->proto, "transB", 0) &&
           wni_weights_are_constant(lowering->graph, node);
  case WNI_OP_QUANTIZE_LINEAR:
    return wni_lower_quantize_is_view(lowering, node, x) &&
           is_only_multiplied(lowering, node->out[0], x);
  default:
    return false;
  }
}

static bool is_only_multiplied(const WniLowering *lowering, int value, const WniTensor *x) {
  const WniGraph *graph = lowering->graph;
  if (graph->values[value].is_output || value == lowering->final) return false;
  for (int i = 0; i < graph->n_nodes; i++) {
    const WniNode *node = &graph->nodes[i];
    if (node->dead) continue;
    if (node->residual == value) return false;
    for (int k = 0; k < node->n_in; k++)
      if (node->in[k] == value && (k > 0 || !only_multiplies(lowering, node, x))) return false;
  }
  return true;
}

/* An image without gaps as rows [1][pixels][channels] in memory. */
static bool rows_of_pixels(const WniTensor *x, WniTensor *y) {
  ptrdiff_t channels = (ptrdiff_t)x->shape.dim[1], width = (ptrdiff_t)x->shape.dim[3];
  if (x->shape.rank != 4 || x->shape.dim[0] != 1 || x->buffer < 0 || x->stride[1] != 1 ||
      x->stride[3] != channels || x->stride[2] != width * channels)
    return false;
  *y = *x;
  for (int d = 0; d < WNI_MAX_RANK; d++) y->halo_begin[d] = y->halo_end[d] = 0;
  y->shape = (WniShape){3, {1, x->shape.dim[2] * width, channels}};
  wni_tensor_lay_out(y, NULL);
  y->offset = x->offset;
  return true;
}

/* Whether the elements of x stay in their pixels in the image `y`, of which `turned` is a view. */
static bool keeps_pixels(const WniTensor *x, const WniTensor *y, const WniTensor *turned) {
  int nearest = -1;
  for (int d = 0; d < x->shape.rank; d++)
    if (x->shape.dim[d] > 1 && (nearest < 0 || x->stride[d] < x->stride[nearest])) nearest = d;
  return nearest >= 0 && turned->stride[nearest] < (ptrdiff_t)y->shape.dim[1];
}

/* A Reshape that only moves channels, such as the shuffle of ShuffleNet: an image again, and with
 * the zeros that are wanted.  *done false: it moves others. */
static WnStatus move_channels(WniLowering *lowering, const WniTensor *x, bool *done) {
  static const int nhwc[4] = {0, 2, 3, 1};
  int value = lowering->node->out[0];
  WniTensor y = {.shape = lowering->graph->values[value].shape, .type = x->type, .quant = x->quant};
  WniTensor turned, tried = y;
  tried.halo_end[2] = tried.halo_end[3] = 1; /* rows and columns stay apart */
  *done = y.shape.rank == 4 && wni_tensor_lay_out(&tried, nhwc) > 0 &&
          wni_tensor_reshape(&tried, &x->shape, &turned) && keeps_pixels(x, &tried, &turned);
  if (!*done) return WN_OK;
  WnStatus status = wni_lower_buffer(lowering, &lowering->halos[value], false, &y);
  if (status != WN_OK) return status;
  wni_tensor_reshape(&y, &x->shape, &turned);
  wni_lower_place(lowering, 0, &y);
  return wni_lower_copy(lowering, x, &turned);
}

/* Reshape, Flatten, Squeeze, Unsqueeze: shape inference has done the work. */
WnStatus wni_lower_reshape(WniLowering *lowering) {
  const WniShape *shape = &lowering->graph->values[lowering->node->out[0]].shape;
  WniTensor x, y;
  bool done;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  bool row = shape->rank == 2 && shape->dim[0] == 1;
  if (!wni_tensor_reshape(&x, shape, &y) &&
      !(row && is_only_multiplied(lowering, lowering->node->out[0], &x) &&
        rows_of_pixels(&x, &y))) {
    status = move_channels(lowering, &x, &done);
    if (status != WN_OK || done) return status;
    status = wni_lower_contiguous(lowering, 0, x.type, &x);
    if (status != WN_OK) return status;
    wni_tensor_reshape(&x, shape, &y);
  }
  wni_lower_place(lowering, 0, &y);
  return WN_OK;
}

WnStatus wni_lower_split(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor x;
  int axis = 0;
  ptrdiff_t at = 0;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  wni_axis(wni_attr_int(node->proto, "axis", 0), x.shape.rank, &axis);
  for (int i = 0; i < node->n_out; i++) {
    WniTensor y = x;
    y.shape = lowering->graph->values[node->out[i]].shape;
    y.offset += at * x.stride[axis];
    y.halo_begin[axis] = y.halo_end[axis] = 0;
    wni_lower_place(lowering, i, &y);
    at += (ptrdiff_t)y.shape.dim[axis];
  }
  return WN_OK;
}

WnStatus wni_lower_slice(WniLowering *lowering) {
  WniSlice slice;
  WniTensor y;
  WnStatus status = wni_slice_read(lowering->graph, lowering->node, &slice, lowering->error);
  if (status == WN_OK) status = wni_lower_input(lowering, 0, &y);
  if (status != WN_OK) return status;
  for (int d = 0; d < y.shape.rank; d++) {
    y.offset += (ptrdiff_t)slice.begin[d] * y.stride[d];
    y.stride[d] *= (ptrdiff_t)slice.step[d];
    if (slice.step[d] != 1 || slice.count[d] != y.shape.dim[d]) y.halo_begin[d] = y.halo_end[d] = 0;
    y.shape.dim[d] = slice.count[d];
  }
  wni_lower_place(lowering, 0, &y);
  return WN_OK;
}

/* The square of pixels of DepthToSpace and SpaceToDepth as dimensions of their own. */
static WniShape split_blocks(const WniShape *image, int64_t block, const int *order) {
  const int64_t dim[6] = {image->dim[0], block,        block, image->dim[1] / block / block,
                          image->dim[2], image->dim[3]};
  WniShape out = {.rank = 6};
  for (int d = 0; d < 6; d++) out.dim[d] = dim[order[d]];
  return out;
}

/* Between the image whose channels hold squares of pixels and the one that has the pixels: `deep`
 * is the order of (n, rows of a square, its columns, c, h, w) in the former's channels. */
static WnStatus move_blocks(WniLowering *lowering, const int *deep, bool to_space) {
  static const int wide[6] = {0, 3, 4, 1, 5, 2};
  int64_t block = wni_attr_int(lowering->node->proto, "blocksize", 1);
  const int value = lowering->node->out[0];
  WniTensor x, y, x_split, y_split;
  WnStatus status = wni_lower_input(lowering, 0, &x);
  if (status != WN_OK) return status;
  y = (WniTensor){.shape = lowering->graph->values[value].shape, .type = x.type, .quant = x.quant};
  status = wni_lower_buffer(lowering, &lowering->halos[value], false, &y);
  if (status != WN_OK) return status;
  const WniShape *squares = to_space ? &x.shape : &y.shape;
  WniShape deep_shape = split_blocks(squares, block, deep),
           wide_shape = split_blocks(squares, block, wide);
  wni_tensor_reshape(&x, to_space ? &deep_shape : &wide_shape, &x_split); /* only splits */
  wni_tensor_reshape(&y, to_space ? &wide_shape : &deep_shape, &y_split);
  const int *from = to_space ? deep : wide, *to = to_space ? wide : deep;
  WniTensor turned = x_split;
  for (int d = 0; d < 6; d++)
    for (int k = 0; k < 6; k++)
      if (from[k] == to[d]) {
        turned.shape.dim[d] = x_split.shape.dim[k];
        turned.stride[d] = x_split.stride[k];
      }
  wni_lower_place(lowering, 0, &y);
  return wni_lower_copy(lowering, &turned, &y_split);
}

WnStatus wni_lower_depth_to_space(WniLowering *lowering) {
  static const int dcr[6] = {0, 1, 2, 3, 4, 5}, crd[6] = {0, 3, 1, 2, 4, 5};
  const Onnx__NodeProto *proto = lowering->node->proto;
  if (wni_attr(proto, "mode") && !wni_attr_is(proto, "mode", "DCR") &&
      !wni_attr_is(proto, "mode", "CRD"))
    return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_MODEL, lowering->error,
                         "its mode is neither DCR nor CRD");
  return move_blocks(lowering, wni_attr_is(proto, "mode", "CRD") ? crd : dcr, true);
}

WnStatus wni_lower_space_to_depth(WniLowering *lowering) {
  static const int squares[6] = {0, 1, 2, 3, 4, 5};
  return move_blocks(lowering, squares, false);
}
