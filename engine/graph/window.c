/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See window.h.  Formulas: ONNX Conv-11, MaxPool-12, AveragePool-19.
 */
#include "graph/window.h"

enum { MAX_WINDOW = 1 << 16 }; /* of any attribute: keeps every sum far from overflow */

/* Copies `n` numbers of attribute `name`, each from `low` to MAX_WINDOW. */
static WnStatus read_numbers(const WniGraph *graph, const WniNode *node, const char *name, size_t n,
                             int64_t low, int64_t *out, WnError *error) {
  size_t count;
  const int64_t *values = wni_attr_ints(node->proto, name, &count);
  if (!values) return WN_OK;
  if (count != n)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "attribute '%s' has %zu numbers; %zu are needed for an image", name, count,
                         n);
  for (size_t i = 0; i < n; i++) {
    if (values[i] < low || values[i] > MAX_WINDOW)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "attribute '%s' is %lld", name,
                           (long long)values[i]);
    out[i] = values[i];
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

static int64_t count_positions(const WniWindow *w, int axis, int64_t in, bool ceil_mode) {
  int64_t extent = (w->size[axis] - 1) * w->dilation[axis] + 1;
  int64_t room = in + w->pad_begin[axis] + w->pad_end[axis] - extent;
  if (room < 0) return 0;
  int64_t out = room / w->stride[axis] + 1;
  /* A rounded-up last window must still begin inside the image or its left padding. */
  if (ceil_mode && room % w->stride[axis] != 0 && out * w->stride[axis] < in + w->pad_begin[axis])
    out++;
  return out;
}

WnStatus wni_window_read(const WniGraph *graph, const WniNode *node, const int64_t in[2],
                         const int64_t *size, WniWindow *w, WnError *error) {
  const Onnx__NodeProto *proto = node->proto;
  int64_t pads[4] = {0};
  *w = (WniWindow){
      .size = {size ? size[0] : 0, size ? size[1] : 0}, .stride = {1, 1}, .dilation = {1, 1}};
  WnStatus status = read_numbers(graph, node, "kernel_shape", 2, 1, w->size, error);
  if (status == WN_OK) status = read_numbers(graph, node, "strides", 2, 1, w->stride, error);
  if (status == WN_OK) status = read_numbers(graph, node, "dilations", 2, 1, w->dilation, error);
  if (status == WN_OK) status = read_numbers(graph, node, "pads", 4, 0, pads, error);
  if (status != WN_OK) return status;
  if (w->size[0] < 1 || w->size[1] < 1 ||
      (size && (w->size[0] != size[0] || w->size[1] != size[1])))
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "kernel_shape is missing or differs from the weights");
  bool upper = wni_attr_is(proto, "auto_pad", "SAME_UPPER");
  bool lower = wni_attr_is(proto, "auto_pad", "SAME_LOWER");
  bool valid = wni_attr_is(proto, "auto_pad", "VALID");
  if (!upper && !lower && !valid && wni_attr(proto, "auto_pad") &&
      !wni_attr_is(proto, "auto_pad", "NOTSET") && !wni_attr_is(proto, "auto_pad", ""))
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "auto_pad has an unknown value");
  for (int axis = 0; axis < 2; axis++) {
    if (upper || lower)
      pad_same(w, axis, in[axis], upper);
    else if (!valid) {
      w->pad_begin[axis] = pads[axis];
      w->pad_end[axis] = pads[axis + 2];
    }
    w->out[axis] = count_positions(w, axis, in[axis], wni_attr_int(proto, "ceil_mode", 0) != 0);
    if (w->out[axis] < 1)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "the window is larger than its padded input of %lld x %lld",
                           (long long)in[0], (long long)in[1]);
  }
  return WN_OK;
}
