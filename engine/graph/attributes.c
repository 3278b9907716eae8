/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attributes that changed their place between opsets, resolved once for shape
 * inference, folding and lowering alike (graph.h).
 */
#include "graph/graph.h"
#include "graph/reduction.h"

#include <string.h>

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

/* Slice-13: negative positions count from the end, then both are clamped. */
static void slice_axis(WniSlice *slice, int axis, int64_t dim, int64_t begin, int64_t end,
                       int64_t step) {
  if (begin < 0) begin = begin < -dim ? 0 : begin + dim;
  if (end < 0) end = end < -dim ? -1 : end + dim;
  if (step > 0) {
    begin = clamp(begin, 0, dim);
    end = clamp(end, 0, dim);
    slice->count[axis] = end > begin ? (end - begin - 1) / step + 1 : 0;
  } else {
    begin = clamp(begin, 0, dim - 1);
    end = clamp(end, -1, dim - 1);
    slice->count[axis] = begin > end ? (begin - end - 1) / -step + 1 : 0;
  }
  slice->begin[axis] = begin;
  slice->step[axis] = slice->count[axis] > 1 ? step : 1; /* any step leads nowhere else */
}

WnStatus wni_slice_read(const WniGraph *graph, const WniNode *node, WniSlice *out, WnError *error) {
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  const int64_t *begins, *ends, *axes, *steps;
  int n, n_ends, n_axes, n_steps;
  WnStatus status = wni_node_ints(graph, node, "starts", 1, &begins, &n, error);
  if (status == WN_OK) status = wni_node_ints(graph, node, "ends", 2, &ends, &n_ends, error);
  if (status == WN_OK) status = wni_node_ints(graph, node, "axes", 3, &axes, &n_axes, error);
  if (status == WN_OK) status = wni_node_ints(graph, node, "steps", 4, &steps, &n_steps, error);
  if (status != WN_OK) return status;
  if (n < 0 || n > x->rank || n_ends != n || (n_axes >= 0 && n_axes != n) ||
      (n_steps >= 0 && n_steps != n))
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "starts, ends, axes and steps do not match");
  for (int d = 0; d < x->rank; d++) slice_axis(out, d, x->dim[d], 0, x->dim[d], 1);
  for (int i = 0; i < n; i++) {
    int axis;
    int64_t step = n_steps < 0 ? 1 : steps[i];
    if (!wni_axis(n_axes < 0 ? i : axes[i], x->rank, &axis) || step == 0 || step < -INT32_MAX)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "an axis or step is out of range");
    slice_axis(out, axis, x->dim[axis], begins[i], ends[i], step);
  }
  return WN_OK;
}

WnStatus wni_pad_read(const WniGraph *graph, const WniNode *node, int64_t *begin, int64_t *end,
                      WnError *error) {
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  const int64_t *pads, *axes;
  int n, n_axes;
  WnStatus status = wni_node_ints(graph, node, "pads", 1, &pads, &n, error);
  if (status == WN_OK) status = wni_node_ints(graph, node, "axes", 3, &axes, &n_axes, error);
  if (status != WN_OK) return status;
  int padded = n_axes < 0 ? x->rank : n_axes;
  bool reflect = wni_attr_is(node->proto, "mode", "reflect");
  if (n != 2 * padded)
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "%d pads for %d dimensions", n,
                         padded);
  memset(begin, 0, WNI_MAX_RANK * sizeof *begin);
  memset(end, 0, WNI_MAX_RANK * sizeof *end);
  for (int i = 0; i < padded; i++) {
    int axis;
    if (!wni_axis(n_axes < 0 ? i : axes[i], x->rank, &axis))
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "an axis is out of range");
    int64_t limit = reflect ? x->dim[axis] - 1 : WNI_MAX_ELEMENTS;
    begin[axis] = pads[i];
    end[axis] = pads[i + padded];
    if (begin[axis] > limit || end[axis] > limit || begin[axis] < -x->dim[axis] ||
        end[axis] < -x->dim[axis] || begin[axis] + end[axis] <= -x->dim[axis])
      return wni_node_fail(
          graph, node, WN_ERROR_MODEL, error, "pads %lld and %lld do not fit dimension %d of %lld",
          (long long)begin[axis], (long long)end[axis], axis, (long long)x->dim[axis]);
  }
  return WN_OK;
}

WnStatus wni_reduce_read(const WniGraph *graph, const WniNode *node, bool *reduced,
                         WnError *error) {
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  const int64_t *axes;
  int n;
  WnStatus status = wni_node_ints(graph, node, "axes", 1, &axes, &n, error);
  if (status != WN_OK) return status;
  bool all = n <= 0 && !wni_attr_int(node->proto, "noop_with_empty_axes", 0);
  for (int d = 0; d < WNI_MAX_RANK; d++) reduced[d] = all && d < x->rank;
  for (int i = 0; i < n; i++) {
    int axis;
    if (!wni_axis(axes[i], x->rank, &axis))
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "axis %lld is out of range",
                           (long long)axes[i]);
    reduced[axis] = true;
  }
  return WN_OK;
}

/* How far a node's axis reaches: it alone, or it and all that follow. */
typedef enum Reach { NOWHERE, ALONE, TO_THE_LAST } Reach;

static Reach reach_of(const WniNode *node, int64_t opset) {
  switch (node->op) {
  case WNI_OP_LAYER_NORMALIZATION:
  case WNI_OP_RMS_NORMALIZATION:
    return TO_THE_LAST;
  case WNI_OP_SOFTMAX:
  case WNI_OP_LOG_SOFTMAX:
    return opset < 13 ? TO_THE_LAST : ALONE;
  default:
    return NOWHERE;
  }
}

bool wni_has_axes(const WniNode *node) {
  return wni_reduction_of(node->op)->known || reach_of(node, 1) != NOWHERE;
}

WnStatus wni_axes_read(const WniGraph *graph, const WniNode *node, bool *axes, WnError *error) {
  Reach reach = reach_of(node, graph->onnx->opset);
  if (reach == NOWHERE) return wni_reduce_read(graph, node, axes, error);
  size_t n;
  const int64_t *made = wni_attr_ints(node->proto, "axes", &n);
  for (int d = 0; d < WNI_MAX_RANK; d++) axes[d] = false;
  for (size_t i = 0; i < n; i++) axes[made[i]] = true;
  if (n) return WN_OK;
  int rank = wni_node_input(graph, node, 0)->shape.rank, axis;
  bool softmax = node->op == WNI_OP_SOFTMAX || node->op == WNI_OP_LOG_SOFTMAX;
  int64_t fallback = softmax && reach == TO_THE_LAST ? 1 : -1;
  if (!wni_axis(wni_attr_int(node->proto, "axis", fallback), rank, &axis))
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "its axis is out of range");
  for (int d = 0; d < WNI_MAX_RANK; d++)
    axes[d] = d == axis || (reach == TO_THE_LAST && d > axis && d < rank);
  return WN_OK;
}
