/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decides which values are quantized (wni_layout() in network.h), by the convention of
 * ONNX Runtime's own quantizer: whatever an int8 layer reads or makes, with a Relu or Clip
 * taken as the end of the layer before it; but nothing behind the last layer of an exit
 * or of the network, because scores are compared with each other.
 */
#include "quantize/network.h"

#include "graph/fuse.h"

#include <stdlib.h>

/* What an operator does to quantized values. */
typedef enum Role {
  FLOAT,  /* reads and writes float */
  LAYER,  /* int8 in, int8 out */
  MOVES,  /* int8 in, the same int8 out: one scale serves both */
  LIMITS, /* the end of the layer before it */
} Role;

static const Role roles[WNI_OP_COUNT] = {
    [WNI_OP_CONV] = LAYER,
    [WNI_OP_GEMM] = LAYER,
    [WNI_OP_ADD] = LAYER,
    [WNI_OP_CONCAT] = LAYER,
    [WNI_OP_AVERAGE_POOL] = LAYER,
    [WNI_OP_GLOBAL_AVERAGE_POOL] = LAYER,
    [WNI_OP_REDUCE_MEAN] = LAYER,
    [WNI_OP_MAX_POOL] = MOVES,
    [WNI_OP_GLOBAL_MAX_POOL] = MOVES,
    [WNI_OP_FLATTEN] = MOVES,
    [WNI_OP_RESHAPE] = MOVES,
    [WNI_OP_SQUEEZE] = MOVES,
    [WNI_OP_UNSQUEEZE] = MOVES,
    [WNI_OP_TRANSPOSE] = MOVES,
    [WNI_OP_PAD] = MOVES,
    [WNI_OP_SPLIT] = MOVES,
    [WNI_OP_RELU] = LIMITS,
    [WNI_OP_CLIP] = LIMITS,
};

static bool is_constant(const WniNetwork *network, int value) {
  return value < 0 || network->graph.values[value].known;
}

/* A picture, so to say: numbers of integers and of truth stay as they are. */
static bool is_picture(const WniNetwork *network, int value) {
  return !is_constant(network, value) && !network->graph.values[value].is_int;
}

/* How many of a node's inputs are pictures, so to say, and not parameters. */
static size_t n_operands(const WniNetwork *network, int node) {
  WniOp op = network->graph.nodes[node].op;
  return op == WNI_OP_CONCAT ? network->graph.nodes[node].proto->n_input : op == WNI_OP_ADD ? 2 : 1;
}

bool wni_is_weighted(const WniNetwork *network, int node) {
  const WniNode *n = &network->graph.nodes[node];
  const WniValue *w = wni_network_weights(network, node, 1);
  bool has_bias = wni_network_input(network, node, 2) >= 0;
  if (!w || w->constant.count == 0) return false;
  if (n->op == WNI_OP_CONV)
    return w->shape.rank >= 3 && (!has_bias || wni_network_weights(network, node, 2));
  return n->op == WNI_OP_GEMM && w->shape.rank == 2 && !wni_attr_int(n->proto, "transA", 0) &&
         wni_bias_is_row(&network->graph, n);
}

/* Zeros are the same in uint8; other borders are not worth a scale. */
static bool pads_with_zeros(const WniNetwork *network, int node) {
  const Onnx__NodeProto *proto = network->graph.nodes[node].proto;
  const WniValue *border = wni_network_weights(network, node, 2);
  return (!wni_attr(proto, "mode") || wni_attr_is(proto, "mode", "constant")) &&
         (wni_network_input(network, node, 2) < 0 ||
          (border && border->constant.count == 1 && border->constant.f[0] == 0));
}

static Role role_of(const WniNetwork *network, int node) {
  WniOp op = network->graph.nodes[node].op;
  int out = wni_network_output(network, node, 0);
  if (!is_picture(network, out)) return FLOAT;
  for (size_t i = 0; i < n_operands(network, node); i++)
    if (!is_picture(network, wni_network_input(network, node, i))) return FLOAT;
  if ((op == WNI_OP_CONV || op == WNI_OP_GEMM) && !wni_is_weighted(network, node)) return FLOAT;
  if (op == WNI_OP_PAD && !pads_with_zeros(network, node)) return FLOAT;
  return roles[op];
}

typedef struct Layout {
  const WniNetwork *network;
  Role *role;   /* [n_nodes] */
  bool *leads;  /* [n_values] to another layer */
  bool *wanted; /* [n_values] a layer reads it */
  bool *made;   /* [n_values] a layer makes it */
} Layout;

static size_t n_outputs(const WniNetwork *network, int node) {
  return network->graph.nodes[node].proto->n_output;
}

/* Backwards: what leads to a layer, and what a layer reads, moved or not. */
static void look_back(Layout *layout, int node) {
  const WniNetwork *network = layout->network;
  Role role = layout->role[node];
  bool leads = role == LAYER, wanted = role == LAYER;
  for (size_t i = 0; i < n_outputs(network, node); i++) {
    int out = wni_network_output(network, node, i);
    if (out < 0) continue;
    leads = leads || layout->leads[out];
    wanted = wanted || (role == MOVES && layout->wanted[out]);
  }
  for (size_t i = 0; i < network->graph.nodes[node].proto->n_input; i++) {
    int in = wni_network_input(network, node, i);
    if (is_constant(network, in)) continue;
    layout->leads[in] = layout->leads[in] || leads;
    layout->wanted[in] = layout->wanted[in] || wanted;
  }
}

/* Forwards: what a layer makes, moved or not, limited or not. */
static void look_ahead(Layout *layout, int node) {
  const WniNetwork *network = layout->network;
  Role role = layout->role[node];
  int in = wni_network_input(network, node, 0);
  bool made = role == LAYER;
  if (role == MOVES) made = layout->made[in] || layout->wanted[in];
  if (role == LIMITS && layout->made[in] && network->n_readers[in] == 1) {
    layout->made[in] = false;
    made = true;
  }
  for (size_t i = 0; made && i < n_outputs(network, node); i++) {
    int out = wni_network_output(network, node, i);
    if (out >= 0) layout->made[out] = true;
  }
}

/* What only moves has the scale that it had before. */
static void share_scales(const Layout *layout, int node, int *own) {
  int in = wni_network_input(layout->network, node, 0);
  if (layout->role[node] != MOVES || own[in] < 0) return;
  for (size_t i = 0; i < n_outputs(layout->network, node); i++) {
    int out = wni_network_output(layout->network, node, i);
    if (out >= 0 && own[out] >= 0) own[out] = own[in];
  }
}

static void assign(Layout *layout, int *own) {
  const WniNetwork *network = layout->network;
  int n_nodes = network->graph.n_nodes;
  for (int i = 0; i < n_nodes; i++) layout->role[i] = role_of(network, i);
  for (int i = n_nodes; i-- > 0;) look_back(layout, i);
  for (int i = 0; i < n_nodes; i++) look_ahead(layout, i);
  for (int v = 0; v < (int)network->graph.n_values; v++)
    own[v] = layout->wanted[v] || (layout->made[v] && layout->leads[v]) ? v : -1;
  for (int i = 0; i < n_nodes; i++) share_scales(layout, i, own);
}

bool wni_layout(const WniNetwork *network, int *own) {
  size_t n_values = network->graph.n_values, n_nodes = (size_t)network->graph.n_nodes;
  Layout layout = {.network = network,
                   .role = calloc(n_nodes, sizeof *layout.role),
                   .leads = calloc(n_values, sizeof *layout.leads),
                   .wanted = calloc(n_values, sizeof *layout.wanted),
                   .made = calloc(n_values, sizeof *layout.made)};
  bool good = layout.role && layout.leads && layout.wanted && layout.made;
  if (good) assign(&layout, own);
  free(layout.role);
  free(layout.leads);
  free(layout.wanted);
  free(layout.made);
  return good;
}
