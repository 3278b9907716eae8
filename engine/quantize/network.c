/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See network.h.
 */
#include "quantize/network.h"

#include "base/error.h"

#include <stdlib.h>

static int find(const WniNetwork *network, const char *name) {
  return name && *name ? wni_names_find(&network->graph.names, name) : -1;
}

static void count_readers(WniNetwork *network) {
  const WniGraph *graph = &network->graph;
  const Onnx__GraphProto *proto = network->onnx.proto->graph;
  for (size_t v = 0; v < network->graph.n_values; v++) network->reader[v] = -1;
  for (int n = 0; n < graph->n_nodes; n++)
    for (size_t i = 0; i < graph->nodes[n].proto->n_input; i++) {
      int v = wni_network_input(network, n, i);
      if (v < 0) continue;
      network->n_readers[v]++;
      network->reader[v] = n;
    }
  for (size_t i = 0; i < proto->n_output; i++) {
    int v = find(network, proto->output[i]->name);
    if (v < 0) continue;
    network->n_readers[v]++;
    network->reader[v] = -1;
  }
}

WnStatus wni_network_init(WniNetwork *network, Onnx__ModelProto *proto, int64_t opset,
                          WniImageSizes sizes, WnError *error) {
  *network = (WniNetwork){.onnx = {.proto = proto, .opset = opset}};
  WnStatus status =
      wni_graph_build(&network->onnx, sizes, WNI_GRAPH_OF_FILE, &network->graph, error);
  if (status != WN_OK) return status;
  network->n_readers = calloc(network->graph.n_values, sizeof *network->n_readers);
  network->reader = calloc(network->graph.n_values, sizeof *network->reader);
  if (!network->n_readers || !network->reader) {
    wni_network_clear(network);
    return wni_fail_memory(error, "the network");
  }
  count_readers(network);
  return WN_OK;
}

void wni_network_clear(WniNetwork *network) {
  wni_graph_clear(&network->graph);
  free(network->n_readers);
  free(network->reader);
  *network = (WniNetwork){0};
}

int wni_network_input(const WniNetwork *network, int node, size_t i) {
  const Onnx__NodeProto *proto = network->graph.nodes[node].proto;
  return i < proto->n_input ? find(network, proto->input[i]) : -1;
}

int wni_network_output(const WniNetwork *network, int node, size_t i) {
  const Onnx__NodeProto *proto = network->graph.nodes[node].proto;
  return i < proto->n_output ? find(network, proto->output[i]) : -1;
}

const WniValue *wni_network_weights(const WniNetwork *network, int node, size_t i) {
  int v = wni_network_input(network, node, i);
  const WniValue *value = v < 0 ? NULL : &network->graph.values[v];
  return value && value->known && !value->constant.is_int ? value : NULL;
}

int wni_network_next(const WniNetwork *network, int node) {
  int v = wni_network_output(network, node, 0);
  return v >= 0 && network->n_readers[v] == 1 ? network->reader[v] : -1;
}
