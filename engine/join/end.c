/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of a network (join.h): from its output back to the logits, in front of a last Softmax,
 * and from there back to the classifier, over layers that leave every class to itself.
 */
#include "join/join.h"

#include "base/error.h"
#include "graph/ending.h"

#include <string.h>

/* What a layer does to scores that lie one behind the other. */
typedef enum Role {
  OTHER,
  SAME,       /* every number by itself, and which is which stays */
  LAYOUT,     /* other dimensions */
  POOL,       /* every channel by itself */
  QUANTIZE,   /* QuantizeLinear, or DequantizeLinear behind it */
  ARITHMETIC, /* with constants */
  CLASSIFIER
} Role;

static const Role roles[WNI_OP_COUNT] = {
    [WNI_OP_IDENTITY] = SAME,
    [WNI_OP_DROPOUT] = SAME,
    [WNI_OP_CAST] = SAME,
    [WNI_OP_RELU] = SAME,
    [WNI_OP_CLIP] = SAME,
    [WNI_OP_LEAKY_RELU] = SAME,
    [WNI_OP_RESHAPE] = LAYOUT,
    [WNI_OP_FLATTEN] = LAYOUT,
    [WNI_OP_SQUEEZE] = LAYOUT,
    [WNI_OP_UNSQUEEZE] = LAYOUT,
    [WNI_OP_TRANSPOSE] = LAYOUT,
    [WNI_OP_GLOBAL_AVERAGE_POOL] = POOL,
    [WNI_OP_GLOBAL_MAX_POOL] = POOL,
    [WNI_OP_AVERAGE_POOL] = POOL,
    [WNI_OP_QUANTIZE_LINEAR] = QUANTIZE,
    [WNI_OP_DEQUANTIZE_LINEAR] = QUANTIZE,
    [WNI_OP_ADD] = ARITHMETIC,
    [WNI_OP_SUB] = ARITHMETIC,
    [WNI_OP_MUL] = ARITHMETIC,
    [WNI_OP_DIV] = ARITHMETIC,
    [WNI_OP_GEMM] = CLASSIFIER,
    [WNI_OP_CONV] = CLASSIFIER,
    [WNI_OP_MATMUL] = CLASSIFIER,
};

static const WniShape *shape_of(const WniPart *part, int value) {
  return &part->graph.values[value].shape;
}

/* Whether the value is a list of one number for each class. */
static bool is_list(const WniPart *part, int value) {
  const WniShape *shape = shape_of(part, value);
  for (int d = 0; d < shape->rank; d++)
    if (shape->dim[d] == part->n_classes) return wni_shape_count(shape) == part->n_classes;
  return false;
}

/* ---- the logits ---- */

static bool is_over_classes(const WniPart *part, int softmax, int value) {
  const WniShape *shape = shape_of(part, value);
  const Onnx__NodeProto *proto = part->graph.nodes[softmax].proto;
  bool flat = part->file.opset < 13;
  int axis;
  if (!wni_axis(wni_attr_int(proto, "axis", flat ? 1 : -1), shape->rank, &axis)) return false;
  int64_t count = shape->dim[axis];
  for (int d = axis + 1; flat && d < shape->rank; d++) count *= shape->dim[d];
  return count == part->n_classes && is_list(part, value);
}

/* The Softmax that ends in `output`, with nothing but layout behind it; -1: there is none. */
static int find_last(const WniPart *part, int output, int *value) {
  for (int v = output;;) {
    int node = part->producer[v], in = node < 0 ? -1 : wni_part_input(part, node, 0);
    if (in < 0 || v != wni_part_output(part, node, 0)) return -1;
    WniOp op = part->graph.nodes[node].op;
    *value = v;
    if (op == WNI_OP_SOFTMAX || op == WNI_OP_SIGMOID) return node;
    if ((roles[op] != SAME && roles[op] != LAYOUT && roles[op] != QUANTIZE) || op == WNI_OP_RELU ||
        op == WNI_OP_CLIP || op == WNI_OP_LEAKY_RELU)
      return -1;
    v = in;
  }
}

/* Leaves out the Softmax, and what rounds its probabilities behind it. */
static void cut(WniPart *part, int softmax, int output) {
  int logits = wni_part_input(part, softmax, 0);
  for (int v = output;;) {
    int node = part->producer[v];
    WniOp op = part->graph.nodes[node].op;
    bool moves = node != softmax && op != WNI_OP_QUANTIZE_LINEAR && op != WNI_OP_DEQUANTIZE_LINEAR;
    int in = wni_part_input(part, node, 0);
    if (!moves) part->same[v] = node == softmax ? logits : in;
    if (node == softmax) break;
    v = in;
  }
  /* the last in a row of them */
  for (int v = output, node; (node = part->producer[v]) != softmax;
       v = wni_part_input(part, node, 0))
    while (part->same[v] != part->same[part->same[v]]) part->same[v] = part->same[part->same[v]];
}

WnStatus wni_part_find_logits(WniPart *part, int output, WnError *error) {
  const char *scores = wni_onnx_metadata(&part->file, "winnow.scores");
  const WniEnding ending = wni_ending_find(&part->graph, output, part->n_classes);
  int value, last = find_last(part, output, &value);
  if (last >= 0 && part->graph.nodes[last].op == WNI_OP_SIGMOID)
    return wni_part_fail(part, last,
                         "the network ends in it: its classes do not exclude each other", error);
  if (last >= 0 && !is_over_classes(part, last, value))
    return wni_part_fail(part, last, "the network ends in it, and it is not over the classes",
                         error);
  if (last < 0 && scores && strcmp(scores, "probabilities") == 0)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "winnow.scores is probabilities, and no Softmax is found at the end that could "
                    "be left out; export the network with logits");
  if (last < 0 && ending.kind != WN_SCORES_LOGITS && !scores)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "its scores are %s, and no Softmax is found at the end that could be left out; "
                    "export the network with logits",
                    ending.kind == WN_SCORES_SIGMOID ? "sigmoids" : "probabilities");
  if (last >= 0) cut(part, last, output);
  part->logits = part->same[output];
  if (part->producer[part->logits] < 0)
    return wni_fail(error, WN_ERROR_UNSUPPORTED, "'%.100s', its class scores, is made by no node",
                    part->graph.values[part->logits].name);
  return WN_OK;
}

/* ---- the classifier ---- */

static bool is_constant(const WniPart *part, int value) {
  if (value < 0) return false;
  int node = part->producer[value];
  return part->graph.values[value].known ||
         (node >= 0 && part->graph.nodes[node].op == WNI_OP_DEQUANTIZE_LINEAR &&
          part->graph.values[wni_part_input(part, node, 0)].known);
}

/* Weights in the form whose rows are classes. */
static bool is_classifier(const WniPart *part, int node, int out) {
  const WniNode *n = &part->graph.nodes[node];
  const WniShape *shape = shape_of(part, out);
  int weights = wni_part_input(part, node, 1), bias = wni_part_input(part, node, 2);
  if (!is_constant(part, weights) || (bias >= 0 && !is_constant(part, bias))) return false;
  if (n->op == WNI_OP_CONV)
    return shape->dim[1] == part->n_classes && wni_attr_int(n->proto, "group", 1) == 1;
  return shape_of(part, weights)->rank == 2 && shape->dim[shape->rank - 1] == part->n_classes &&
         is_list(part, out);
}

/* Whether what leaves `node` are the classes that it reads; *in: where it reads them. */
static bool keeps_classes(const WniPart *part, int node, int out, int *in) {
  const WniShape *shape = shape_of(part, out);
  bool second = is_constant(part, wni_part_input(part, node, 0));
  *in = wni_part_input(part, node, 0);
  switch (roles[part->graph.nodes[node].op]) {
  case SAME:
  case QUANTIZE:
    return !is_constant(part, *in);
  case LAYOUT:
    return is_list(part, *in) && is_list(part, out);
  case POOL:
    return shape->rank == 4 && shape->dim[1] == part->n_classes;
  case ARITHMETIC:
    *in = wni_part_input(part, node, second);
    return is_constant(part, wni_part_input(part, node, !second)) && !is_constant(part, *in) &&
           is_list(part, *in) && is_list(part, out) && shape_of(part, *in)->rank == shape->rank;
  default:
    return false;
  }
}

WnStatus wni_part_find_tail(WniPart *part, WnError *error) {
  for (int v = part->logits;;) {
    int node = part->producer[v], in;
    if (node < 0 || v != wni_part_output(part, node, 0)) break;
    part->tail[node] = true;
    if (roles[part->graph.nodes[node].op] == CLASSIFIER) {
      if (is_classifier(part, node, v)) return WN_OK;
      return wni_part_fail(part, node,
                           "its rows cannot be put into the order of the classes; a Gemm, MatMul "
                           "or Conv with constant weights and one group is needed",
                           error);
    }
    if (!keeps_classes(part, node, v, &in))
      return wni_part_fail(part, node,
                           "it stands behind the last Gemm, MatMul or Conv, whose rows cannot be "
                           "put into the order of the classes for it",
                           error);
    v = part->same[in];
  }
  return wni_fail(error, WN_ERROR_UNSUPPORTED,
                  "no Gemm, MatMul or Conv is found at its end whose rows are classes");
}
