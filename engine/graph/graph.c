/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See graph.h: from the file's lists of nodes, initialisers, inputs and outputs
 * to values and nodes that refer to each other by index.
 */
#include "graph/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>

enum { MAX_BRANCH_BYTES = 1 << 28 }; /* of copies */

static WnStatus connect_inputs(WniGraph *graph, WniNode *node, WnError *error) {
  for (int i = 0; i < node->n_in; i++) {
    const char *name = node->proto->input[i];
    node->in[i] = -1;
    if (!*name) continue;
    WnStatus status = wni_value_find(graph, name, &node->in[i], error);
    if (status != WN_OK) return status;
    if (node->in[i] < 0)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "reads '%.100s', which nothing makes", name);
  }
  return WN_OK;
}

static WnStatus connect_outputs(WniGraph *graph, WniNode *node, WnError *error) {
  for (int i = 0; i < node->n_out; i++) {
    const char *name = node->proto->output[i];
    if (*name && wni_value_is_named(graph, name))
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "'%.100s' is made twice", name);
    node->out[i] = wni_value_add(graph, name, (int)(node - graph->nodes));
    if (node->out[i] < 0) return wni_fail_memory(error, "the graph");
  }
  return WN_OK;
}

static WnStatus connect_node(WniGraph *graph, WniNode *node, WnError *error) {
  node->n_in = (int)node->proto->n_input;
  node->n_out = (int)node->proto->n_output;
  node->scale_axis = wni_attr_int(node->proto, "axis", 1);
  node->in = calloc((size_t)node->n_in + 1, sizeof *node->in);
  node->out = calloc((size_t)node->n_out + 1, sizeof *node->out);
  if (!node->in || !node->out) return wni_fail_memory(error, "the graph");
  WnStatus status = connect_inputs(graph, node, error);
  return status == WN_OK ? connect_outputs(graph, node, error) : status;
}

static WnStatus add_nodes(WniGraph *graph, Onnx__NodeProto *const *proto, size_t n, WnError *error);

static WnStatus add_node(WniGraph *graph, const Onnx__NodeProto *proto, WnError *error) {
  WniOp op;
  WnStatus status = wni_op_find(proto, graph->onnx->opset, &op, error);
  if (status == WN_OK && (op == WNI_OP_IF || op == WNI_OP_CONV)) {
    Onnx__NodeProto **others;
    size_t n_others;
    status = (op == WNI_OP_IF ? wni_branch_choose : wni_conv_expand)(graph, proto, &others,
                                                                     &n_others, error);
    if (status == WN_OK && others) return add_nodes(graph, others, n_others, error);
  }
  if (status != WN_OK) return status;
  if (!wni_grow((void **)&graph->nodes, (size_t)graph->n_nodes, &graph->node_capacity,
                sizeof *graph->nodes))
    return wni_fail_memory(error, "the graph");
  WniNode *node = &graph->nodes[graph->n_nodes++];
  *node = (WniNode){.proto = proto, .op = op, .residual = -1, .factor = 1};
  status = connect_node(graph, node, error);
  if (status == WN_OK) status = wni_inputs_check(graph, node, error);
  if (status == WN_OK) status = wni_shape_infer(graph, node, error);
  return status;
}

/* All operators are looked up first: one that is not known is what to complain about, not what it
 * would have read or what comes of it. */
static WnStatus add_nodes(WniGraph *graph, Onnx__NodeProto *const *proto, size_t n,
                          WnError *error) {
  WniOp op;
  WnStatus status = WN_OK;
  for (size_t i = 0; i < n && status == WN_OK; i++)
    status = wni_op_find(proto[i], graph->onnx->opset, &op, error);
  for (size_t i = 0; i < n && status == WN_OK; i++) status = add_node(graph, proto[i], error);
  return status;
}

static WnStatus add_outputs(WniGraph *graph, WnError *error) {
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  graph->outputs = calloc(proto->n_output + 1, sizeof *graph->outputs);
  graph->output_integers = calloc(proto->n_output + 1, sizeof *graph->output_integers);
  graph->output_names = calloc(proto->n_output + 1, sizeof *graph->output_names);
  if (!graph->outputs || !graph->output_integers || !graph->output_names)
    return wni_fail_memory(error, "the graph");
  if (proto->n_output == 0) return wni_fail(error, WN_ERROR_MODEL, "the model has no output");
  for (size_t i = 0; i < proto->n_output; i++) {
    const char *name = proto->output[i]->name ? proto->output[i]->name : "";
    int index;
    WnStatus status = wni_value_find(graph, name, &index, error);
    if (status != WN_OK) return status;
    if (index < 0)
      return wni_fail(error, WN_ERROR_MODEL, "output '%.200s' is made by no node", name);
    if (!graph->values[index].shaped)
      return wni_fail(
          error, WN_ERROR_UNSUPPORTED,
          "output '%.200s': the node that makes it has more outputs than are supported; "
          "export the model without this one",
          name);
    graph->outputs[i] = index;
    graph->output_names[i] = name;
    graph->values[index].is_output = true;
    graph->n_outputs++;
  }
  return WN_OK;
}

WnStatus wni_graph_build(const WniOnnx *onnx, WniImageSizes sizes, WniGraphUse use, WniGraph *graph,
                         WnError *error) {
  const Onnx__GraphProto *proto = onnx->proto->graph;
  *graph =
      (WniGraph){.onnx = onnx, .sizes = sizes, .use = use, .pieces = {.left = MAX_BRANCH_BYTES}};
  WnStatus status = wni_values_declare(graph, error);
  if (status == WN_OK) status = add_nodes(graph, proto->node, proto->n_node, error);
  if (status == WN_OK) status = add_outputs(graph, error);
  if (status == WN_OK) status = wni_values_order_inputs(graph, error);
  for (int i = 0; i < graph->n_inputs && status == WN_OK; i++)
    wni_front_find(graph, graph->inputs[i], &graph->fronts[i]);
  if (status == WN_OK) status = wni_fuse(graph, error);
  if (status != WN_OK) wni_graph_clear(graph);
  return status;
}

void wni_graph_clear(WniGraph *graph) {
  for (int i = 0; i < graph->n_nodes; i++) {
    free(graph->nodes[i].in);
    free(graph->nodes[i].out);
    free(graph->nodes[i].scale);
    free(graph->nodes[i].shift);
  }
  for (size_t v = 0; v < graph->n_values; v++) wni_constant_clear(&graph->values[v].constant);
  for (size_t i = 0; i < graph->n_owned; i++) free(graph->owned[i]);
  free(graph->owned);
  free(graph->nodes);
  free(graph->values);
  free(graph->outputs);
  free(graph->output_integers);
  free(graph->output_names);
  wni_pieces_clear(&graph->pieces);
  wni_names_clear(&graph->names);
  wni_names_clear(&graph->initializers);
  wni_names_clear(&graph->declared);
  *graph = (WniGraph){0};
}

void *wni_graph_own(WniGraph *graph, void *memory) {
  if (memory && wni_grow((void **)&graph->owned, graph->n_owned, &graph->owned_capacity,
                         sizeof *graph->owned))
    return graph->owned[graph->n_owned++] = memory;
  free(memory);
  return NULL;
}
