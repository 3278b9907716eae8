/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See onnx_ops.h: the columns of ops.inc that describe a node in a file, and its check against
 * them.
 */
#include "load/onnx_ops.h"

#include "base/error.h"
#include "load/foreign.h"
#include "load/onnx.h"

#include <string.h>

_Static_assert(WNI_MAX_RANK == 8, "ops.inc writes 8 for as many dimensions as there can be");

#define WNI_IN(name, elements, min_rank, max_rank)                                                 \
  {#name, WNI_ELEMENTS_##elements, min_rank, max_rank, WNI_INPUT_NEEDED},
#define WNI_MAYBE(name, elements, min_rank, max_rank)                                              \
  {#name, WNI_ELEMENTS_##elements, min_rank, max_rank, WNI_INPUT_OPTIONAL},
#define WNI_MANY(name, elements, min_rank, max_rank)                                               \
  {#name, WNI_ELEMENTS_##elements, min_rank, max_rank, WNI_INPUT_REPEATED},

static const WniOpInfo ops[WNI_OP_COUNT] = {
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  [WNI_OP_##id] = {"", #name, {inputs{0}}, outputs, attributes, changed},
#define WNI_OPERATOR_OF(domain, id, name, inputs, outputs, attributes, changed, shape, fold,       \
                        lower)                                                                     \
  [WNI_OP_##id] = {domain, #name, {inputs{0}}, outputs, attributes, changed},
#include "load/ops.inc"
#undef WNI_OPERATOR
};

const WniOpInfo *wni_op_info(WniOp op) {
  return &ops[op];
}

const WniOpInput *wni_op_input(WniOp op, int i) {
  const WniOpInput *input = ops[op].inputs;
  for (; input->name && input->need != WNI_INPUT_REPEATED && i > 0; i--) input++;
  return input->name ? input : NULL;
}

char wni_op_output(WniOp op, size_t i) {
  const char *outputs = ops[op].outputs;
  size_t n = strlen(outputs);
  if (outputs[n - 1] == '*') return outputs[0];
  return i < n ? outputs[i] : 0;
}

/* Whether the attribute holds what `type` says (the letters of ops.inc). */
static bool has_type(const Onnx__AttributeProto *attribute, char type) {
  switch (type) {
  case 'i':
    return attribute->has_i;
  case 'f':
    return attribute->has_f;
  case 's':
    return attribute->has_s;
  case 't':
    return attribute->t != NULL;
  case 'g':
    return attribute->g != NULL;
  default: /* lists, which may be empty */
    return !attribute->has_i && !attribute->has_f && !attribute->has_s && !attribute->t &&
           !(type == 'I' ? attribute->n_floats : attribute->n_ints);
  }
}

/* The type letter of `name` in a list "name:type ..."; 0: it is not there. */
static char find_attribute(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *at = list; n && (at = strstr(at, name)); at += n)
    if ((at == list || at[-1] == ' ') && at[n] == ':') return at[n + 1];
  return 0;
}

static WnStatus check_attributes(const Onnx__NodeProto *node, int64_t opset, const WniOpInfo *op,
                                 WnError *error) {
  for (size_t i = 0; i < node->n_attribute; i++) {
    const char *name = node->attribute[i]->name ? node->attribute[i]->name : "";
    char type = find_attribute(op->attributes, name);
    /* consumed_inputs: a leaving of exporters before opset 6, without effect */
    if (!type && strcmp(name, "consumed_inputs") != 0)
      return wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "node '%.100s': attribute '%.60s' of operator %s (opset %lld) is not "
                      "supported",
                      wni_node_name(node), name, op->name, (long long)opset);
    if (type && !has_type(node->attribute[i], type))
      return wni_fail(
          error, WN_ERROR_MODEL,
          "node '%.100s': attribute '%.60s' of operator %s (opset %lld) has the wrong type",
          wni_node_name(node), name, op->name, (long long)opset);
  }
  return WN_OK;
}

/* Trailing optional inputs may be left empty; they do not count. */
static int count_inputs(const Onnx__NodeProto *node) {
  size_t n = node->n_input;
  while (n && !*node->input[n - 1]) n--;
  return n > WNI_OP_ANY ? WNI_OP_ANY + 1 : (int)n;
}

/* Whether the operator can have so many; the graph sees which of them are missing. */
static bool takes_inputs(const WniOpInfo *op, int n) {
  int fewest = 0, most = 0;
  for (const WniOpInput *input = op->inputs; input->name; input++) {
    if (input->need != WNI_INPUT_OPTIONAL) fewest = most + 1;
    most = input->need == WNI_INPUT_REPEATED ? WNI_OP_ANY : most + 1;
  }
  return n >= fewest && n <= most;
}

/* WNI_OP_COUNT: there is none. */
static WniOp find_row(const char *domain, const char *type) {
  int op = 0;
  while (op < WNI_OP_COUNT &&
         (strcmp(ops[op].name, type) != 0 || strcmp(ops[op].domain, domain) != 0))
    op++;
  return (WniOp)op;
}

WnStatus wni_op_find(const Onnx__NodeProto *node, int64_t opset, WniOp *out, WnError *error) {
  const char *type = node->op_type ? node->op_type : "", *domain = wni_node_domain(node);
  const char *name = wni_node_name(node);
  WniOp op = find_row(domain, type);
  if (op == WNI_OP_COUNT) {
    const char *foreign = wni_foreign_operator(domain, type);
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "node '%.100s': operator %.60s%s%.60s (opset %lld) is not supported%s%s", name,
                    type, *domain ? " of " : "", domain, (long long)opset, foreign ? "; " : "",
                    foreign ? foreign : "");
  }
  int n_inputs = count_inputs(node);
  if (!takes_inputs(&ops[op], n_inputs) || node->n_output < 1 ||
      !wni_op_output((WniOp)op, node->n_output - 1))
    return wni_fail(error, WN_ERROR_MODEL,
                    "node '%.100s': operator %s (opset %lld) with %d inputs and %zu outputs is not "
                    "valid ONNX",
                    name, type, (long long)opset, n_inputs, node->n_output);
  *out = op;
  return check_attributes(node, opset, &ops[op], error);
}
