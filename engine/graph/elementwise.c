/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See elementwise.h: a row for each operator.
 */
#include "graph/elementwise.h"
#include "graph/quantize.h"

#include <math.h>

/* A parameter is an attribute, or where it has no name always the same. */
typedef struct ActivationRow {
  WniActivationKind kind; /* NONE: the operator is no activation */
  const char *a_name;
  float a;
  const char *b_name;
  float b;
} ActivationRow;

static const ActivationRow activations[WNI_OP_COUNT] = {
    [WNI_OP_ABS] = {.kind = WNI_ACT_ABS},
    [WNI_OP_CAST] = {.kind = WNI_ACT_TRUNC}, /* those that are left (fuse.c) */
    [WNI_OP_CAST_LIKE] = {.kind = WNI_ACT_TRUNC},
    [WNI_OP_CEIL] = {.kind = WNI_ACT_CEIL},
    [WNI_OP_CELU] = {WNI_ACT_CELU, "alpha", 1.0f, NULL, 0},
    [WNI_OP_CLIP] = {WNI_ACT_CLAMP, "min", -INFINITY, "max", INFINITY},
    [WNI_OP_COS] = {.kind = WNI_ACT_COS},
    [WNI_OP_ELU] = {WNI_ACT_ELU, "alpha", 1.0f, NULL, 0},
    [WNI_OP_ERF] = {.kind = WNI_ACT_ERF},
    [WNI_OP_EXP] = {.kind = WNI_ACT_EXP},
    [WNI_OP_FLOOR] = {.kind = WNI_ACT_FLOOR},
    [WNI_OP_GELU] = {.kind = WNI_ACT_GELU},
    [WNI_OP_HARD_SIGMOID] = {WNI_ACT_HARD_SIGMOID, "alpha", 0.2f, "beta", 0.5f},
    [WNI_OP_HARD_SWISH] = {.kind = WNI_ACT_HARD_SWISH},
    [WNI_OP_IS_NAN] = {.kind = WNI_ACT_IS_NAN},
    [WNI_OP_LEAKY_RELU] = {WNI_ACT_LEAKY_RELU, "alpha", 0.01f, NULL, 0},
    [WNI_OP_LOG] = {.kind = WNI_ACT_LOG},
    [WNI_OP_MISH] = {.kind = WNI_ACT_MISH},
    [WNI_OP_NEG] = {.kind = WNI_ACT_NEG},
    [WNI_OP_NOT] = {.kind = WNI_ACT_NOT},
    [WNI_OP_RECIPROCAL] = {.kind = WNI_ACT_RECIPROCAL},
    [WNI_OP_RELU] = {WNI_ACT_CLAMP, NULL, 0, NULL, INFINITY},
    [WNI_OP_ROUND] = {.kind = WNI_ACT_ROUND},
    [WNI_OP_SELU] = {WNI_ACT_SELU, "alpha", 1.67326319217681884765625f, "gamma",
                     1.05070102214813232421875f},
    [WNI_OP_SIGMOID] = {.kind = WNI_ACT_SIGMOID},
    [WNI_OP_SIGN] = {.kind = WNI_ACT_SIGN},
    [WNI_OP_SIN] = {.kind = WNI_ACT_SIN},
    [WNI_OP_SOFTPLUS] = {.kind = WNI_ACT_SOFTPLUS},
    [WNI_OP_SOFTSIGN] = {.kind = WNI_ACT_SOFTSIGN},
    [WNI_OP_SQRT] = {.kind = WNI_ACT_SQRT},
    [WNI_OP_SWISH] = {WNI_ACT_SWISH, "alpha", 1.0f, NULL, 0},
    [WNI_OP_TANH] = {.kind = WNI_ACT_TANH},
    [WNI_OP_THRESHOLDED_RELU] = {WNI_ACT_THRESHOLDED_RELU, "alpha", 1.0f, NULL, 0},
};

static const WniVecOp vec_ops[WNI_OP_COUNT] = {
    [WNI_OP_ADD] = WNI_VEC_ADD,         [WNI_OP_AND] = WNI_VEC_AND,
    [WNI_OP_DIV] = WNI_VEC_DIV,         [WNI_OP_EQUAL] = WNI_VEC_EQUAL,
    [WNI_OP_GREATER] = WNI_VEC_GREATER, [WNI_OP_GREATER_OR_EQUAL] = WNI_VEC_GREATER_EQUAL,
    [WNI_OP_LESS] = WNI_VEC_LESS,       [WNI_OP_LESS_OR_EQUAL] = WNI_VEC_LESS_EQUAL,
    [WNI_OP_MAX] = WNI_VEC_MAX,         [WNI_OP_MIN] = WNI_VEC_MIN,
    [WNI_OP_MOD] = WNI_VEC_MOD,         [WNI_OP_MUL] = WNI_VEC_MUL,
    [WNI_OP_OR] = WNI_VEC_OR,           [WNI_OP_POW] = WNI_VEC_POW,
    [WNI_OP_PRELU] = WNI_VEC_PRELU,     [WNI_OP_SUB] = WNI_VEC_SUB,
    [WNI_OP_SUM] = WNI_VEC_ADD,         [WNI_OP_WHERE] = WNI_VEC_WHERE,
    [WNI_OP_XOR] = WNI_VEC_XOR,
};

WniVecOp wni_node_vec_op(const WniNode *node) {
  if (node->op == WNI_OP_MOD && wni_attr_int(node->proto, "fmod", 0)) return WNI_VEC_FMOD;
  return vec_ops[node->op];
}

/* Since opset 11 the bounds of Clip are inputs. */
static WnStatus read_bound(const WniGraph *graph, const WniNode *node, int index, float *bound,
                           WnError *error) {
  const WniValue *input = wni_node_input(graph, node, index), *x = wni_node_input(graph, node, 0);
  if (!input) return WN_OK;
  if (!input->known || input->constant.count != 1)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "%s is not one constant number",
                         index == 1 ? "min" : "max");
  double number = input->constant.is_int ? (double)wni_constant_integer(&input->constant, 0)
                                         : (double)input->constant.f[0];
  /* Integers are clipped; where a DequantizeLinear was left out, numbers are. */
  if (x->on_grid && input->constant.is_int)
    number =
        (number - wni_grid_zero(graph, &x->grid, 0)) * (double)wni_grid_scale(graph, &x->grid, 0);
  *bound = (float)number;
  return WN_OK;
}

WnStatus wni_activation_read(const WniGraph *graph, const WniNode *node, WniActivation *out,
                             bool *is_activation, WnError *error) {
  const ActivationRow *row = &activations[node->op];
  const Onnx__NodeProto *proto = node->proto;
  WnStatus status = WN_OK;
  *is_activation = row->kind != WNI_ACT_NONE;
  *out = (WniActivation){.kind = row->kind, .a = row->a, .b = row->b};
  if (row->a_name) out->a = wni_attr_float(proto, row->a_name, row->a);
  if (row->b_name) out->b = wni_attr_float(proto, row->b_name, row->b);
  if (node->op == WNI_OP_GELU && wni_attr_is(proto, "approximate", "tanh"))
    out->kind = WNI_ACT_GELU_TANH;
  if (node->op == WNI_OP_CAST && wni_attr_int(proto, "to", 1) == WNI_BOOL)
    out->kind = WNI_ACT_NONZERO;
  if (node->op == WNI_OP_QUANTIZE_LINEAR) *is_activation = wni_grid_activation(graph, node, out);
  if (node->op == WNI_OP_CLIP) {
    status = read_bound(graph, node, 1, &out->a, error);
    if (status == WN_OK) status = read_bound(graph, node, 2, &out->b, error);
  }
  return status;
}
