/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See graph.h: from the file's lists of nodes, initialisers, inputs and outputs
 * to values and nodes that refer to each other by index.
 */
#include "graph/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The index of a new value; -1: no memory.  `name` may be NULL: a value that nobody reads. */
static int add_value(WniGraph *graph, const char *name, int producer) {
  if (!wni_grow((void **)&graph->values, graph->n_values, &graph->value_capacity,
                sizeof *graph->values))
    return -1;
  int index = (int)graph->n_values++;
  graph->values[index] = (WniValue){.name = name ? name : "", .producer = producer};
  if (name && *name && !wni_names_put(&graph->names, name, index)) return -1;
  return index;
}

static WnStatus add_initializers(WniGraph *graph, WnError *error) {
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  for (size_t i = 0; i < proto->n_initializer; i++) {
    const Onnx__TensorProto *tensor = proto->initializer[i];
    const char *name = tensor->name ? tensor->name : "";
    if (wni_names_find(&graph->names, name) >= 0)
      return wni_fail(error, WN_ERROR_MODEL, "initialiser '%.200s' is there twice", name);
    int index = add_value(graph, name, -1);
    if (index < 0) return wni_fail_memory(error, "the graph");
    WniValue *value = &graph->values[index];
    WnStatus status = wni_onnx_tensor(tensor, name, &value->constant, error);
    if (status != WN_OK) return status;
    value->known = value->shaped = true;
    value->shape.rank = value->constant.rank;
    memcpy(value->shape.dim, value->constant.dim, sizeof value->shape.dim);
    if (!value->constant.is_int || (value->constant.bytes && value->constant.rank > 1))
      graph->parameters += value->constant.count;
  }
  return WN_OK;
}

int wni_graph_input(const WniGraph *graph, int value) {
  for (int i = 0; i < graph->n_inputs; i++)
    if (graph->inputs[i] == value) return i;
  return -1;
}

static WnStatus add_input(WniGraph *graph, const Onnx__ValueInfoProto *input, WniImageSize size,
                          WnError *error) {
  if (graph->n_inputs == WNI_MAX_INPUTS)
    return wni_fail(error, WN_ERROR_UNSUPPORTED, "the model has more than %d inputs",
                    WNI_MAX_INPUTS);
  int index = add_value(graph, input->name, -1);
  if (index < 0) return wni_fail_memory(error, "the graph");
  int input_index = graph->n_inputs++;
  graph->inputs[input_index] = index;
  graph->values[index].shaped = true;
  return wni_input_read(graph, input, size, &graph->input_types[input_index],
                        &graph->values[index].shape, error);
}

/* Old files list initialisers among the inputs. */
static WnStatus add_inputs(WniGraph *graph, WniImageSize size, WnError *error) {
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  WnStatus status = WN_OK;
  for (size_t i = 0; i < proto->n_input && status == WN_OK; i++) {
    const char *name = proto->input[i]->name ? proto->input[i]->name : "";
    int known = wni_names_find(&graph->names, name);
    if (known >= 0 && wni_graph_input(graph, known) >= 0)
      return wni_fail(error, WN_ERROR_MODEL, "input '%.200s' is there twice", name);
    if (known < 0) status = add_input(graph, proto->input[i], size, error);
  }
  if (status == WN_OK && graph->n_inputs == 0)
    return wni_fail(error, WN_ERROR_MODEL, "the model has no input");
  return status;
}

static WnStatus connect_node(WniGraph *graph, int index, WnError *error) {
  WniNode *node = &graph->nodes[index];
  const Onnx__NodeProto *proto = node->proto;
  node->n_in = (int)proto->n_input;
  node->n_out = (int)proto->n_output;
  node->in = calloc(proto->n_input + 1, sizeof *node->in);
  node->out = calloc(proto->n_output + 1, sizeof *node->out);
  if (!node->in || !node->out) return wni_fail_memory(error, "the graph");
  for (int i = 0; i < node->n_in; i++) {
    const char *name = proto->input[i];
    node->in[i] = *name ? wni_names_find(&graph->names, name) : -1;
    if (*name && node->in[i] < 0)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "reads '%.100s', which nothing before it makes", name);
  }
  for (int i = 0; i < node->n_out; i++) {
    const char *name = proto->output[i];
    if (*name && wni_names_find(&graph->names, name) >= 0)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "'%.100s' is made twice", name);
    node->out[i] = add_value(graph, name, index);
    if (node->out[i] < 0) return wni_fail_memory(error, "the graph");
  }
  return WN_OK;
}

static WnStatus add_nodes(WniGraph *graph, WnError *error) {
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  graph->nodes = calloc(proto->n_node, sizeof *graph->nodes);
  if (!graph->nodes) return wni_fail_memory(error, "the graph");
  for (size_t i = 0; i < proto->n_node; i++) {
    WniNode *node = &graph->nodes[i];
    node->proto = proto->node[i];
    node->residual = -1;
    graph->n_nodes++;
    WnStatus status = wni_op_find(node->proto, graph->onnx->opset, &node->op, error);
    if (status == WN_OK) status = connect_node(graph, (int)i, error);
    if (status == WN_OK) status = wni_inputs_check(graph, node, error);
    if (status == WN_OK) status = wni_shape_infer(graph, node, error);
    if (status != WN_OK) return status;
  }
  return WN_OK;
}

static WnStatus add_outputs(WniGraph *graph, WnError *error) {
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  graph->outputs = calloc(proto->n_output + 1, sizeof *graph->outputs);
  graph->output_names = calloc(proto->n_output + 1, sizeof *graph->output_names);
  if (!graph->outputs || !graph->output_names) return wni_fail_memory(error, "the graph");
  if (proto->n_output == 0) return wni_fail(error, WN_ERROR_MODEL, "the model has no output");
  for (size_t i = 0; i < proto->n_output; i++) {
    const char *name = proto->output[i]->name ? proto->output[i]->name : "";
    int index = wni_names_find(&graph->names, name);
    if (index < 0)
      return wni_fail(error, WN_ERROR_MODEL, "output '%.200s' is made by no node", name);
    if (!graph->values[index].shaped)
      return wni_fail(
          error, WN_ERROR_UNSUPPORTED,
          "output '%.200s': the node that makes it has more outputs than are supported; "
          "export the model without this one",
          name);
    const WniValue *value = &graph->values[index];
    if (value->producer >= 0 && graph->nodes[value->producer].op == WNI_OP_QUANTIZE_LINEAR)
      return wni_fail(error, WN_ERROR_UNSUPPORTED, "output '%.200s' is not float32", name);
    graph->outputs[i] = index;
    graph->output_names[i] = name;
    graph->values[index].is_output = true;
    graph->n_outputs++;
  }
  return WN_OK;
}

WnStatus wni_graph_build(const WniOnnx *onnx, WniImageSize size, WniGraph *graph, WnError *error) {
  *graph = (WniGraph){.onnx = onnx};
  WnStatus status = add_initializers(graph, error);
  if (status == WN_OK) status = add_inputs(graph, size, error);
  if (status == WN_OK) status = add_nodes(graph, error);
  if (status == WN_OK) status = add_outputs(graph, error);
  if (status == WN_OK) status = wni_quantize(graph, error);
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
  free(graph->nodes);
  free(graph->values);
  free(graph->outputs);
  free(graph->output_names);
  wni_names_clear(&graph->names);
  *graph = (WniGraph){0};
}
