/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See window.h.  Formulas: ONNX Conv-11, ConvTranspose-11, MaxPool-12, AveragePool-19.
 */
#include "graph/window.h"

#include <string.h>

enum {
  MAX_WINDOW = 1 << 16, /* of any attribute: keeps every sum far from overflow */
  MAX_BLOCK = 1 << 10   /* pixels: each is a step of its own */
};

WniShape wni_image_shape(const WniShape *shape) {
  const int64_t *dim = shape->dim;
  return shape->rank == 3 ? (WniShape){4, {dim[0], dim[1], 1, dim[2]}} : *shape;
}

/* Copies the numbers of attribute `name`, `sides` for each of the dimensions, from `low` to
 * MAX_WINDOW: those of rows and columns, or of columns alone. */
static WnStatus read_numbers(const WniGraph *graph, const WniNode *node, const char *name,
                             int sides, int64_t low, int64_t *out, WnError *error) {
  int rank = node->op == WNI_OP_COL2IM ? 4 : wni_node_input(graph, node, 0)->shape.rank;
  size_t count, n = (size_t)rank - 2;
  const int64_t *values = wni_attr_ints(node->proto, name, &count);
  if (!values) return WN_OK;
  if (count != n * (size_t)sides)
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "attribute '%s' has %zu numbers for %zu dimensions", name, count, n);
  for (size_t i = 0; i < count; i++) {
    if (values[i] < low || values[i] > MAX_WINDOW)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "attribute '%s' is %lld", name,
                           (long long)values[i]);
    out[n == 1 ? 2 * i + 1 : i] = values[i];
  }
  return WN_OK;
}

static void pad_same(WniWindow *w, int axis, int64_t in, bool upper) {
  int64_t extent = (w->size[axis] - 1) * w->dilation[axis] + 1;
  int64_t out = (in + w->stride[axis] - 1) / w->stride[axis];
  int64_t total = (out - 1) * w->stride[axis] + extent - in;
  if (total < 0) total = 0;
  w->pad_begin[axis] = upper ? total / 2 : (total + 1) / 2;
  w->pad_end[axis] = total - w->pad_begin[axis];
}

/* `over`: a window larger than the padded image, but not by a stride, stands once all the same. */
static int64_t count_positions(const WniWindow *w, int axis, int64_t in, bool ceil_mode,
                               bool over) {
  int64_t extent = (w->size[axis] - 1) * w->dilation[axis] + 1;
  int64_t room = in + w->pad_begin[axis] + w->pad_end[axis] - extent, stride = w->stride[axis];
  if (room < 0) return over && -room < stride;
  if (!ceil_mode) return room / stride + 1;
  int64_t out = (room + stride - 1) / stride + 1;
  /* A rounded-up last window must still begin inside the image or its left padding. */
  return out > 1 && (out - 1) * stride >= in + w->pad_begin[axis] ? out - 1 : out;
}

/* The attributes of a window, kernel_shape held against the weights. */
static WnStatus read_window(const WniGraph *graph, const WniNode *node, const WniShape *weights,
                            int64_t pads[4], WniWindow *w, WnError *error) {
  bool sequence = wni_node_input(graph, node, 0)->shape.rank == 3;
  *w = (WniWindow){.size = {sequence, 0}, .stride = {1, 1}, .dilation = {1, 1}};
  if (weights) memcpy(w->size, weights->dim + 2, sizeof w->size);
  WnStatus status = read_numbers(graph, node, "kernel_shape", 1, 1, w->size, error);
  if (status == WN_OK) status = read_numbers(graph, node, "strides", 1, 1, w->stride, error);
  if (status == WN_OK) status = read_numbers(graph, node, "dilations", 1, 1, w->dilation, error);
  if (status == WN_OK) status = read_numbers(graph, node, "pads", 2, 0, pads, error);
  if (status != WN_OK) return status;
  if (w->size[0] < 1 || w->size[1] < 1 ||
      (weights && (w->size[0] != weights->dim[2] || w->size[1] != weights->dim[3])))
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "kernel_shape is missing or differs from the weights");
  return WN_OK;
}

typedef enum AutoPad { AUTO_NOTSET, AUTO_VALID, AUTO_SAME_UPPER, AUTO_SAME_LOWER } AutoPad;

static WnStatus read_auto_pad(const WniGraph *graph, const WniNode *node, AutoPad *out,
                              WnError *error) {
  static const char *const names[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
  *out = AUTO_NOTSET;
  if (!wni_attr(node->proto, "auto_pad") || wni_attr_is(node->proto, "auto_pad", "")) return WN_OK;
  for (int i = 0; i < 4; i++)
    if (wni_attr_is(node->proto, "auto_pad", names[i])) {
      *out = (AutoPad)i;
      return WN_OK;
    }
  return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "auto_pad has an unknown value");
}

WnStatus wni_window_read(const WniGraph *graph, const WniNode *node, const WniShape *x,
                         const WniShape *weights, WniWindow *w, WnError *error) {
  WniShape image = wni_image_shape(x), kernel = weights ? wni_image_shape(weights) : image;
  int64_t pads[4] = {0}, in[2]; /* as the node's own attributes see it */
  AutoPad mode;
  for (int axis = 0; axis < 2; axis++)
    in[axis] = image.dim[2 + axis] + node->pad_begin[axis] + node->pad_end[axis];
  WnStatus status = read_window(graph, node, weights ? &kernel : NULL, pads, w, error);
  if (status == WN_OK) status = read_auto_pad(graph, node, &mode, error);
  if (status != WN_OK) return status;
  bool ceil_mode = wni_attr_int(node->proto, "ceil_mode", 0) != 0;
  for (int axis = 0; axis < 2; axis++) {
    if (mode == AUTO_SAME_UPPER || mode == AUTO_SAME_LOWER)
      pad_same(w, axis, in[axis], mode == AUTO_SAME_UPPER);
    else if (mode != AUTO_VALID) {
      w->pad_begin[axis] = pads[axis];
      w->pad_end[axis] = pads[axis + 2];
    }
    w->out[axis] = count_positions(w, axis, in[axis], ceil_mode, !weights);
    if (w->out[axis] < 1)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "the window is larger than its padded input of %lld x %lld",
                           (long long)in[0], (long long)in[1]);
    w->pad_begin[axis] += node->pad_begin[axis];
    w->pad_end[axis] += node->pad_end[axis];
  }
  return WN_OK;
}

/* Pads that make the output so large; may be negative. */
static void pad_to(WniWindow *w, int axis, int64_t whole, int64_t out, bool upper) {
  int64_t total = whole - out;
  w->pad_begin[axis] = upper ? total / 2 : total - total / 2;
  w->pad_end[axis] = total - w->pad_begin[axis];
}

WnStatus wni_window_transposed(const WniGraph *graph, const WniNode *node, const WniShape *x,
                               const WniShape *weights, WniWindow *w, WnError *error) {
  int64_t pads[4] = {0}, more[2] = {0, 0}, shape[2] = {0, 0};
  const int64_t *in = x->dim + 2;
  AutoPad mode;
  WnStatus status = read_window(graph, node, weights, pads, w, error);
  if (status == WN_OK) status = read_auto_pad(graph, node, &mode, error);
  if (status == WN_OK) status = read_numbers(graph, node, "output_padding", 1, 0, more, error);
  if (status == WN_OK) status = read_numbers(graph, node, "output_shape", 1, 1, shape, error);
  if (status != WN_OK) return status;
  bool same = mode == AUTO_SAME_UPPER || mode == AUTO_SAME_LOWER;
  for (int axis = 0; axis < 2; axis++) {
    int64_t stride = w->stride[axis];
    int64_t whole =
        (in[axis] - 1) * stride + (w->size[axis] - 1) * w->dilation[axis] + 1 + more[axis];
    if (shape[axis] || same) {
      pad_to(w, axis, whole, shape[axis] ? shape[axis] : in[axis] * stride,
             mode != AUTO_SAME_LOWER);
    } else if (mode != AUTO_VALID) {
      w->pad_begin[axis] = pads[axis];
      w->pad_end[axis] = pads[axis + 2];
    }
    w->out[axis] = whole - w->pad_begin[axis] - w->pad_end[axis];
    if (w->out[axis] < 1 || w->out[axis] > WNI_MAX_ELEMENTS)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "its output would have %lld pixels",
                           (long long)w->out[axis]);
  }
  return WN_OK;
}

/* Two numbers of input i, `name`, each from 1 to MAX_WINDOW. */
static WnStatus read_sides(const WniGraph *graph, const WniNode *node, int i, const char *name,
                           int64_t *out, WnError *error) {
  const int64_t *side;
  int n;
  WnStatus status = wni_node_ints(graph, node, name, i, &side, &n, error);
  if (status != WN_OK) return status;
  if (n != 2)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its image has %d dimensions; it has to have 2", n);
  for (int axis = 0; axis < 2; axis++) {
    if (side[axis] < 1 || side[axis] > MAX_WINDOW)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "a side of %lld pixels",
                           (long long)side[axis]);
    out[axis] = side[axis];
  }
  return WN_OK;
}

WnStatus wni_window_blocks(const WniGraph *graph, const WniNode *node, WniWindow *w,
                           WnError *error) {
  int64_t pads[4] = {0};
  *w = (WniWindow){.stride = {1, 1}, .dilation = {1, 1}};
  WnStatus status = read_sides(graph, node, 1, "image_shape", w->out, error);
  if (status == WN_OK) status = read_sides(graph, node, 2, "block_shape", w->size, error);
  if (status == WN_OK) status = read_numbers(graph, node, "strides", 1, 1, w->stride, error);
  if (status == WN_OK) status = read_numbers(graph, node, "dilations", 1, 1, w->dilation, error);
  if (status == WN_OK) status = read_numbers(graph, node, "pads", 2, 0, pads, error);
  if (status != WN_OK) return status;
  if (w->size[0] * w->size[1] > MAX_BLOCK)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "a block of %lld x %lld has more than %d pixels", (long long)w->size[0],
                         (long long)w->size[1], MAX_BLOCK);
  for (int axis = 0; axis < 2; axis++) {
    w->pad_begin[axis] = pads[axis];
    w->pad_end[axis] = pads[axis + 2];
    w->blocks[axis] = count_positions(w, axis, w->out[axis], false, false);
  }
  return WN_OK;
}
