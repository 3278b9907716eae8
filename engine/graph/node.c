/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Access to one node of the graph (graph.h): its inputs, its integers, its errors.
 */
#include "graph/graph.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

WnStatus wni_node_fail(const WniGraph *graph, const WniNode *node, WnStatus status, WnError *error,
                       const char *format, ...) {
  char text[320];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return wni_fail(error, status, "node '%.100s' (%s, opset %lld): %s", wni_node_name(node->proto),
                  wni_op_info(node->op)->name, (long long)graph->onnx->opset, text);
}

WniValue *wni_node_input(const WniGraph *graph, const WniNode *node, int i) {
  return i < node->n_in && node->in[i] >= 0 ? &graph->values[node->in[i]] : NULL;
}

bool wni_value_is_int(const WniValue *value) {
  return value->known ? value->constant.is_int : value->is_int;
}

bool wni_cast_is_int(int64_t to) {
  return !(to == 1 || to == 10 || to == 11 || to == 16); /* float32, float16, double, bfloat16 */
}

WnStatus wni_node_ints(const WniGraph *graph, const WniNode *node, const char *name, int index,
                       const int64_t **values, int *count, WnError *error) {
  size_t n;
  WniValue *input = wni_node_input(graph, node, index);
  const Onnx__AttributeProto *attribute = wni_attr(node->proto, name);
  *values = NULL;
  *count = -1;
  if (input) {
    if (!wni_constant_widen(&input->constant)) return wni_fail_memory(error, input->name);
    if (!input->known || input->constant.count > 1 << 20)
      return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                           "%s has to be a constant list of integers", name);
    *values = input->constant.i;
    *count = (int)input->constant.count;
  } else if (attribute) {
    *values = wni_attr_ints(node->proto, name, &n);
    *count = n > 1 << 20 ? 1 << 20 : (int)n;
  }
  return WN_OK;
}

bool wni_axis(int64_t axis, int rank, int *out) {
  if (axis < -rank || axis >= rank) return false;
  *out = (int)(axis < 0 ? axis + rank : axis);
  return true;
}

int wni_broadcast_offset(const WniGraph *graph, const WniNode *node, int rank_a, int rank_b) {
  int64_t axis = wni_attr_int(node->proto, "axis", rank_a - rank_b);
  if (graph->onnx->opset < 7 && node->op == WNI_OP_PRELU && rank_b == 1 && rank_a > 1)
    return 1; /* the slope is per channel there */
  if (graph->onnx->opset >= 7 || axis < 0 || axis > rank_a - rank_b) return rank_a - rank_b;
  return (int)axis;
}

bool wni_shape_equals(const WniShape *a, const WniShape *b) {
  return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

int64_t wni_shape_count(const WniShape *shape) {
  int64_t count = 1;
  for (int d = 0; d < shape->rank; d++) count *= shape->dim[d];
  return count;
}

int64_t wni_shape_batch(const WniShape *input) {
  return input->rank == 1 || input->rank == 3 ? 1 : input->dim[0];
}
