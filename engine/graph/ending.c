/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ending.h.  Values are probabilities when a Softmax or Sigmoid stands behind them and interval
 * arithmetic over what follows keeps them within 0..1; so a Sigmoid that is the gate of an
 * activation (x * Sigmoid(x)) is none.
 */
#include "graph/ending.h"

#include "graph/elementwise.h"

#include <math.h>
#include <string.h>

int wni_ending_axis(const WniShape *shape, int64_t batch) {
  int axis = -1;
  bool batched = shape->rank > 1 && shape->dim[0] == batch;
  for (int d = batched; d < shape->rank; d++) {
    if (shape->dim[d] == 1) continue;
    if (axis >= 0) return -1;
    axis = d;
  }
  if (axis < 0) axis = shape->rank - 1;
  return axis >= 0 && shape->dim[axis] >= 1 && shape->dim[axis] <= WNI_MAX_CLASSES ? axis : -1;
}

int64_t wni_ending_count(const WniGraph *graph, int value) {
  const WniShape *shape = &graph->values[value].shape;
  const WniShape *input = &graph->values[graph->inputs[0]].shape;
  int axis = wni_ending_axis(shape, wni_shape_batch(input));
  return axis < 0 ? 0 : shape->dim[axis];
}

const char *wni_ending_choice(const WniGraph *graph, int value) {
  static const char *const choices[] = {"ArgMax", "ArgMin", "TopK"};
  int producer = graph->values[value].producer;
  const char *op = producer < 0 ? "" : graph->nodes[producer].proto->op_type;
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
    if (strcmp(op, choices[i]) == 0) return choices[i];
  return NULL;
}

/* ---- what values can be ---- */

typedef struct Range {
  double low, high;
  bool softmax, sigmoid; /* one stands behind it */
  int64_t count;         /* over how many numbers the Softmax sums; the fewest */
} Range;

/* A walk back through the graph.  Where paths part and meet again the number of them doubles each
 * time, so their sum is bounded. */
typedef struct Walk {
  const WniGraph *graph;
  int left; /* values that may still be looked at */
} Walk;

enum { MAX_VALUES = 256 };

static const Range anything = {-INFINITY, INFINITY, false, false, INT64_MAX};

static Range range_of(Walk *walk, int value);

/* The numbers that are in either. */
static Range unite(Range a, Range b) {
  return (Range){fmin(a.low, b.low), fmax(a.high, b.high), a.softmax || b.softmax,
                 a.sigmoid || b.sigmoid, a.count < b.count ? a.count : b.count};
}

static Range within(Range a, double low, double high) {
  a.low = fmin(fmax(a.low, low), high);
  a.high = fmax(fmin(a.high, high), low);
  return a;
}

/* Not with fmin() and fmax(), on which GCC 12 for Arm fails in a loop. */
static void reach(Range *range, double x) {
  if (x < range->low) range->low = x;
  if (x > range->high) range->high = x;
}

static Range range_of_constant(const WniConstant *constant) {
  Range all = anything;
  if (constant->is_int || constant->halves || constant->count == 0) return anything;
  all.low = all.high = (double)constant->f[0];
  for (size_t i = 1; i < constant->count; i++) reach(&all, (double)constant->f[i]);
  return all;
}

static Range multiply(Range a, Range b) {
  Range all = unite(a, b);
  const double products[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  all.low = all.high = products[0];
  for (int i = 0; i < 4; i++) {
    if (!isfinite(products[i])) return anything;
    reach(&all, products[i]);
  }
  return all;
}

static Range calculate(WniOp op, Range a, Range b) {
  Range all = unite(a, b);
  switch (op) {
  case WNI_OP_ADD:
  case WNI_OP_SUM:
    all.low = a.low + b.low;
    all.high = a.high + b.high;
    return all;
  case WNI_OP_SUB:
    all.low = a.low - b.high;
    all.high = a.high - b.low;
    return all;
  case WNI_OP_MUL:
    return multiply(a, b);
  case WNI_OP_DIV:
    if (!(b.low > 0)) return anything;
    b = (Range){1 / b.high, 1 / b.low, b.softmax, b.sigmoid, b.count};
    return multiply(a, b);
  default: /* Concat */
    return all;
  }
}

static int64_t softmax_count(const WniGraph *graph, const WniNode *node) {
  const WniShape *shape = &graph->values[node->in[0]].shape;
  bool flat = graph->onnx->opset < 13; /* over all dimensions from `axis` on */
  int axis;
  if (!wni_axis(wni_attr_int(node->proto, "axis", flat ? 1 : -1), shape->rank, &axis)) return 0;
  int64_t count = shape->dim[axis];
  for (int d = axis + 1; flat && d < shape->rank; d++) count *= shape->dim[d];
  return count;
}

static const WniNode *producer_of(const WniGraph *graph, int value) {
  int producer = value < 0 ? -1 : graph->values[value].producer;
  return producer < 0 ? NULL : &graph->nodes[producer];
}

static bool is_exp(const WniNode *node) {
  return node &&
         (node->activation_name ? node->activation.kind == WNI_ACT_EXP : node->op == WNI_OP_EXP);
}

/* Exp divided by the sum of it: over how many numbers that sums; 0: it is something else. */
static int64_t count_of_division(const WniGraph *graph, const WniNode *node) {
  const WniNode *sum = producer_of(graph, node->in[1]);
  if (!sum || sum->op != WNI_OP_REDUCE_SUM || sum->activation_name || sum->in[0] != node->in[0] ||
      !is_exp(producer_of(graph, node->in[0])))
    return 0;
  int64_t sums = wni_shape_count(&graph->values[sum->out[0]].shape);
  return sums > 0 ? wni_shape_count(&graph->values[sum->in[0]].shape) / sums : 0;
}

/* What the node's operator makes, its activation aside. */
static Range range_of_operator(Walk *walk, const WniNode *node) {
  Range all;
  int64_t count = node->op == WNI_OP_SOFTMAX ? softmax_count(walk->graph, node)
                  : node->op == WNI_OP_DIV   ? count_of_division(walk->graph, node)
                                             : 0;
  if (count > 0) return (Range){0, 1, true, false, count};
  switch (node->op) {
  case WNI_OP_IDENTITY:
  case WNI_OP_DROPOUT:
  case WNI_OP_CAST:
  case WNI_OP_RESHAPE:
  case WNI_OP_FLATTEN:
  case WNI_OP_SQUEEZE:
  case WNI_OP_UNSQUEEZE:
  case WNI_OP_TRANSPOSE:
  case WNI_OP_SLICE:
  case WNI_OP_SPLIT:
  case WNI_OP_GATHER:
  case WNI_OP_GLOBAL_AVERAGE_POOL:
  case WNI_OP_GLOBAL_MAX_POOL:
  case WNI_OP_REDUCE_MAX:
  case WNI_OP_REDUCE_MEAN:
  case WNI_OP_QUANTIZE_LINEAR:
  case WNI_OP_DEQUANTIZE_LINEAR:
    return range_of(walk, node->in[0]);
  case WNI_OP_ADD:
  case WNI_OP_SUM:
  case WNI_OP_SUB:
  case WNI_OP_MUL:
  case WNI_OP_DIV:
  case WNI_OP_CONCAT:
    all = range_of(walk, node->in[0]);
    for (int i = 1; i < node->n_in; i++)
      all = calculate(node->op, all, range_of(walk, node->in[i]));
    return all;
  default:
    return anything;
  }
}

static Range activate(const WniActivation *activation, Range x) {
  switch (activation->kind) {
  case WNI_ACT_SIGMOID:
  case WNI_ACT_HARD_SIGMOID:
    return (Range){0, 1, false, true, x.count};
  case WNI_ACT_CLAMP:
    return within(x, (double)activation->a, (double)activation->b);
  case WNI_ACT_GRID_16:
    return x;
  default:
    return anything;
  }
}

static Range range_of(Walk *walk, int value) {
  const WniValue *v = &walk->graph->values[value];
  if (walk->left == 0) return anything;
  walk->left--;
  if (v->known) return range_of_constant(&v->constant);
  if (v->producer < 0) return anything;
  const WniNode *node = &walk->graph->nodes[v->producer];
  WniActivation activation;
  bool alone;
  if (wni_activation_read(walk->graph, node, &activation, &alone, NULL) != WN_OK) return anything;
  if (alone) return activate(&activation, range_of(walk, node->in[0]));
  Range all = node->residual >= 0 ? anything : range_of_operator(walk, node);
  return node->activation_name ? activate(&node->activation, all) : all;
}

/* ---- the logits ---- */

/* Whether input `by` is a number above 0, which all scores are multiplied with or divided by. */
static bool rescales(const WniGraph *graph, const WniNode *node, int by) {
  const WniValue *value = wni_node_input(graph, node, by);
  return (node->op == WNI_OP_MUL || (node->op == WNI_OP_DIV && by == 1)) && value->known &&
         !value->constant.is_int && value->constant.count == 1 && value->constant.f[0] > 0 &&
         isfinite(value->constant.f[0]);
}

/* Whether what leaves the node are the scores of its input 0, in their order, each as it was. */
static bool keeps_scores(const WniGraph *graph, const WniNode *node) {
  WniActivation activation;
  bool alone;
  switch (node->op) {
  case WNI_OP_IDENTITY:
  case WNI_OP_DROPOUT:
  case WNI_OP_RESHAPE:
  case WNI_OP_FLATTEN:
  case WNI_OP_SQUEEZE:
  case WNI_OP_UNSQUEEZE:
  case WNI_OP_TRANSPOSE: /* of one dimension that is not 1 */
    return true;
  case WNI_OP_CAST:
    return !wni_value_is_int(&graph->values[node->out[0]]);
  case WNI_OP_RELU:
  case WNI_OP_CLIP:
    return wni_activation_read(graph, node, &activation, &alone, NULL) == WN_OK &&
           activation.a <= 0 && activation.b >= 1;
  default:
    return false;
  }
}

static int find_logits(const WniGraph *graph, int value, int64_t count) {
  for (int steps = 0; steps < MAX_VALUES; steps++) {
    const WniValue *v = &graph->values[value];
    if (v->producer < 0 || v->known || v->on_grid || wni_ending_count(graph, value) != count)
      return -1;
    const WniNode *node = &graph->nodes[v->producer];
    if (node->op == WNI_OP_SOFTMAX && !node->activation_name)
      return softmax_count(graph, node) == count ? node->in[0] : -1;
    if (value != node->out[0] || node->activation_name || node->residual >= 0) return -1;
    bool swapped = rescales(graph, node, 0);
    if (!swapped && !rescales(graph, node, 1) && !keeps_scores(graph, node)) return -1;
    value = node->in[swapped];
  }
  return -1;
}

WniEnding wni_ending_find(const WniGraph *graph, int value, int64_t count) {
  const double ROUNDING = 1e-2; /* of what is quantized */
  Walk walk = {graph, MAX_VALUES};
  WniEnding ending = {WN_SCORES_LOGITS, find_logits(graph, value, count), false};
  Range all = range_of(&walk, value);
  ending.is_share = all.low >= 0 && all.high <= 1 + ROUNDING;
  if (ending.logits >= 0)
    ending.kind = WN_SCORES_PROBABILITIES;
  else if (ending.is_share && all.sigmoid)
    ending.kind = WN_SCORES_SIGMOID;
  else if (ending.is_share && all.softmax) /* of fewer: several answers side by side */
    ending.kind = all.count < count ? WN_SCORES_SIGMOID : WN_SCORES_PROBABILITIES;
  return ending;
}
