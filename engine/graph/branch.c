/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * If (graph.h): a condition that is known when the graph is built chooses the branch, whose nodes
 * then stand in the place of the node.
 */
#include "graph/graph.h"

#include "base/error.h"
#include "load/scope.h"

#include <stdio.h>

/* A branch as nodes: its initialisers, then its own. */
typedef struct Body {
  Onnx__NodeProto **node;
  size_t n;
} Body;

static Onnx__GraphProto *find_branch(const Onnx__NodeProto *proto, bool taken) {
  const Onnx__AttributeProto *attribute = wni_attr(proto, taken ? "then_branch" : "else_branch");
  return attribute ? attribute->g : NULL;
}

/* A node that makes a constant, so that whoever writes the graph has nothing but nodes to write. */
static Onnx__NodeProto *make_constant(WniScope *scope, const Onnx__TensorProto *tensor) {
  WniPieces *pieces = scope->pieces;
  Onnx__NodeProto *node = wni_pieces_alloc(pieces, 1, sizeof *node);
  Onnx__AttributeProto *value = wni_pieces_alloc(pieces, 1, sizeof *value),
                       **values = wni_pieces_alloc(pieces, 1, sizeof(Onnx__AttributeProto *));
  char **name = wni_pieces_alloc(pieces, 1, sizeof *name);
  Onnx__TensorProto *copy = wni_scope_copy_tensor(scope, tensor);
  if (!node || !value || !values || !name || !copy) return NULL;
  onnx__node_proto__init(node);
  onnx__attribute_proto__init(value);
  value->name = (char *)"value";
  value->has_type = 1;
  value->type = 4; /* AttributeProto.TENSOR */
  value->t = copy;
  values[0] = value;
  name[0] = copy->name;
  node->op_type = (char *)"Constant";
  node->output = name;
  node->n_output = node->n_attribute = 1;
  node->attribute = values;
  return node;
}

/* Names for what the branch makes: results have the names of the node's outputs.  What is a result
 * twice, or was there before the branch, gets its name from a node behind. */
static void bind(const WniGraph *graph, WniScope *scope, const Onnx__GraphProto *branch, Body *body,
                 Onnx__NodeProto **behind, size_t *n_behind) {
  const Onnx__NodeProto *proto = scope->call;
  for (size_t i = 0; i < proto->n_output; i++) {
    char *formal = branch->output[i]->name ? branch->output[i]->name : (char *)"";
    char *actual = proto->output[i];
    if (!*actual) continue;
    if (wni_value_is_named(graph, formal) || wni_names_find(&scope->names, formal) >= 0)
      behind[(*n_behind)++] = wni_scope_identity(scope, wni_scope_find(scope, formal), actual);
    else
      wni_scope_name(scope, formal, actual);
  }
  for (size_t i = 0; i < branch->n_initializer; i++)
    wni_scope_name(scope, branch->initializer[i]->name, NULL);
  wni_scope_name_outputs(scope, branch->node, branch->n_node);
  for (size_t i = 0; i < branch->n_initializer; i++)
    body->node[body->n++] = make_constant(scope, branch->initializer[i]);
  for (size_t i = 0; i < branch->n_node; i++)
    body->node[body->n++] = wni_scope_copy(scope, branch->node[i]);
  for (size_t i = 0; i < *n_behind; i++) body->node[body->n++] = behind[i];
}

static WnStatus copy_branch(WniGraph *graph, const Onnx__NodeProto *proto,
                            const Onnx__GraphProto *branch, Body *body, WnError *error) {
  char prefix[64];
  size_t n_behind = 0, most = branch->n_initializer + branch->n_node + proto->n_output;
  snprintf(prefix, sizeof prefix, "%.40s#%d/", wni_node_name(proto), ++graph->n_branches);
  WniScope scope = {.pieces = &graph->pieces, .prefix = prefix, .call = proto};
  Onnx__NodeProto **behind =
      wni_pieces_alloc(&graph->pieces, proto->n_output + 1, sizeof(Onnx__NodeProto *));
  body->n = 0;
  body->node = wni_pieces_alloc(&graph->pieces, most + 1, sizeof(Onnx__NodeProto *));
  if (behind && body->node) bind(graph, &scope, branch, body, behind, &n_behind);
  wni_scope_clear(&scope);
  return graph->pieces.failed ? wni_fail_memory(error, "a branch of the graph") : WN_OK;
}

WnStatus wni_branch_choose(WniGraph *graph, const Onnx__NodeProto *proto, Onnx__NodeProto ***node,
                           size_t *n_node, WnError *error) {
  int condition;
  Body body = {0};
  *node = NULL;
  *n_node = 0;
  WnStatus status = wni_value_find(graph, proto->input[0], &condition, error);
  if (status != WN_OK || condition < 0) return status;
  const WniValue *value = &graph->values[condition];
  if (!value->known || !value->constant.is_int || value->constant.count != 1 ||
      value->constant.rank > 1)
    return WN_OK;
  const Onnx__GraphProto *branch = find_branch(proto, wni_constant_integer(&value->constant, 0));
  if (!branch || branch->n_output < proto->n_output)
    return wni_fail(error, WN_ERROR_MODEL, "node '%.100s' (If): a branch has too few outputs",
                    wni_node_name(proto));
  status = copy_branch(graph, proto, branch, &body, error);
  *node = body.node;
  *n_node = body.n;
  return status;
}
