/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Values by name (graph.h).  Initialisers and inputs of the file become values when a node reads
 * them for the first time: what nobody reads may be of any type, and lie anywhere.
 */
#include "graph/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

static const char *name_of_input(const WniGraph *graph, size_t i) {
  const Onnx__ValueInfoProto *input = graph->onnx->proto->graph->input[i];
  return input->name ? input->name : "";
}

WnStatus wni_values_declare(WniGraph *graph, WnError *error) {
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  for (size_t i = 0; i < proto->n_initializer; i++) {
    const char *name = proto->initializer[i]->name ? proto->initializer[i]->name : "";
    if (wni_names_find(&graph->initializers, name) >= 0)
      return wni_fail(error, WN_ERROR_MODEL, "initialiser '%.200s' is there twice", name);
    if (!wni_names_put(&graph->initializers, name, (int)i))
      return wni_fail_memory(error, "the graph");
  }
  for (size_t i = 0; i < proto->n_input; i++) {
    const char *name = name_of_input(graph, i);
    if (wni_names_find(&graph->declared, name) >= 0)
      return wni_fail(error, WN_ERROR_MODEL, "input '%.200s' is there twice", name);
    if (!wni_names_put(&graph->declared, name, (int)i)) return wni_fail_memory(error, "the graph");
  }
  return WN_OK;
}

int wni_value_add(WniGraph *graph, const char *name, int producer) {
  if (!wni_grow((void **)&graph->values, graph->n_values, &graph->value_capacity,
                sizeof *graph->values))
    return -1;
  int index = (int)graph->n_values++;
  graph->values[index] = (WniValue){.name = name ? name : "", .producer = producer};
  if (name && *name && !wni_names_put(&graph->names, name, index)) return -1;
  return index;
}

static WnStatus read_initializer(WniGraph *graph, const Onnx__TensorProto *tensor, WniValue *value,
                                 WnError *error) {
  WnStatus status = wni_onnx_tensor(tensor, value->name, &value->constant, error);
  if (status != WN_OK) return status;
  value->known = value->shaped = true;
  value->shape.rank = value->constant.rank;
  memcpy(value->shape.dim, value->constant.dim, sizeof value->shape.dim);
  if (!value->constant.is_int || (value->constant.bytes && value->constant.rank > 1))
    graph->parameters += value->constant.count;
  return WN_OK;
}

static WnStatus read_input(WniGraph *graph, const Onnx__ValueInfoProto *input, int index,
                           WnError *error) {
  if (graph->n_inputs == WNI_MAX_INPUTS)
    return wni_fail(error, WN_ERROR_UNSUPPORTED, "the model has more than %d inputs",
                    WNI_MAX_INPUTS);
  WniValue *value = &graph->values[index];
  int i = graph->n_inputs++;
  graph->inputs[i] = index;
  value->shaped = true;
  return wni_input_read(graph, input, &graph->input_types[i], value, error);
}

WnStatus wni_value_find(WniGraph *graph, const char *name, int *index, WnError *error) {
  *index = wni_names_find(&graph->names, name);
  if (*index >= 0) return WN_OK;
  /* old files list initialisers among the inputs too */
  int initializer = wni_names_find(&graph->initializers, name),
      input = wni_names_find(&graph->declared, name);
  if (initializer < 0 && input < 0) return WN_OK;
  *index = wni_value_add(graph, name, -1);
  if (*index < 0) return wni_fail_memory(error, "the graph");
  const Onnx__GraphProto *proto = graph->onnx->proto->graph;
  return initializer >= 0 ? read_initializer(graph, proto->initializer[initializer],
                                             &graph->values[*index], error)
                          : read_input(graph, proto->input[input], *index, error);
}

bool wni_value_is_named(const WniGraph *graph, const char *name) {
  return wni_names_find(&graph->names, name) >= 0 ||
         wni_names_find(&graph->initializers, name) >= 0 ||
         wni_names_find(&graph->declared, name) >= 0;
}

/* Where the file lists the input that is value `index`. */
static int place_of(const WniGraph *graph, int index) {
  return wni_names_find(&graph->declared, graph->values[index].name);
}

WnStatus wni_values_order_inputs(WniGraph *graph, WnError *error) {
  if (graph->n_inputs == 0) return wni_fail(error, WN_ERROR_MODEL, "no node reads an input");
  for (int i = 1; i < graph->n_inputs; i++)
    for (int k = i;
         k > 0 && place_of(graph, graph->inputs[k]) < place_of(graph, graph->inputs[k - 1]); k--) {
      int value = graph->inputs[k], type = graph->input_types[k];
      graph->inputs[k] = graph->inputs[k - 1];
      graph->input_types[k] = graph->input_types[k - 1];
      graph->inputs[k - 1] = value;
      graph->input_types[k - 1] = type;
    }
  return WN_OK;
}

int wni_graph_input(const WniGraph *graph, int value) {
  for (int i = 0; i < graph->n_inputs; i++)
    if (graph->inputs[i] == value) return i;
  return -1;
}
