/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Operators put in, taken out, exchanged and connected elsewhere (mutate.c).
 */
#include "mutate_message.h"

static const char *const unary[] = {
    "Relu", "Sigmoid", "Tanh",  "HardSwish", "HardSigmoid", "Identity", "LeakyRelu", "Elu",
    "Selu", "Neg",     "Abs",   "Exp",       "Log",         "Sqrt",     "Softplus",  "Softsign",
    "Erf",  "Ceil",    "Floor", "Round",     "Reciprocal",  "Softmax",  "Dropout",   "Sin",
    "Cos",  "Sign",    "Clip",  "Mish",      "Gelu",        "Celu",     "Swish",     "LogSoftmax"};
static const char *const binary[] = {"Add", "Sub",   "Mul",   "Div",     "Max",   "Min",  "Pow",
                                     "Sum", "PRelu", "Equal", "Greater", "Where", "Mean", "Concat"};
static const char *const pools[] = {"MaxPool", "AveragePool"};
static const char *const reductions[] = {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin",
                                         "ReduceProd", "ReduceL2",  "ArgMax",    "ReduceL1"};

/* Puts a node in front of an input of another; the node has that as its only input yet. */
static Onnx__NodeProto *put_before(Onnx__NodeProto *reader, size_t input, const char *op) {
  Onnx__NodeProto *node = made(sizeof *node);
  onnx__node_proto__init(node);
  node->op_type = copy_text(op);
  *insert(&node->input, &node->n_input, 0) = reader->input[input];
  *insert(&node->output, &node->n_output, 0) = copy_text(new_name());
  reader->input[input] = copy_text(node->output[0]);
  size_t at = 0;
  while (at < graph->n_node && graph->node[at] != reader) at++;
  *insert(&graph->node, &graph->n_node, at) = node;
  return node;
}

static void add_input(Onnx__NodeProto *node, const char *name) {
  *insert(&node->input, &node->n_input, node->n_input) = copy_text(name);
}

/* An input of any node that is no initialiser, most often the first. */
static Onnx__NodeProto *any_edge(size_t *input) {
  Onnx__NodeProto *node = any_node();
  if (!node || node->n_input == 0) return NULL;
  *input = chance(4) ? 0 : chance((uint32_t)node->n_input);
  return find_tensor(node->input[*input]) ? NULL : node;
}

static void insert_unary(void) {
  size_t input;
  Onnx__NodeProto *reader = any_edge(&input);
  if (reader) put_before(reader, input, PICK(unary));
}

static void insert_binary(void) {
  static const double values[] = {0, 1, -1, 0.5, 2, 1e-40, 1e30, 6, 3};
  size_t input;
  Onnx__NodeProto *reader = any_edge(&input);
  if (!reader) return;
  Onnx__NodeProto *node = put_before(reader, input, binary[chance(9)]);
  uint32_t kind = chance(4);
  add_input(node, kind == 0   ? any_value(node)
                  : kind == 1 ? node->input[0]
                              : add_tensor(WNI_TENSOR_FLOAT, NULL, 0, 1, PICK(values)));
}

/* How many channels a convolution reads; 0: it is none with constant weights. */
static int64_t channels_read(const Onnx__NodeProto *node) {
  if (!node->op_type || strcmp(node->op_type, "Conv") != 0 || node->n_input < 2) return 0;
  const Onnx__TensorProto *w = find_tensor(node->input[1]);
  if (!w || w->n_dims < 3 || w->dims[1] < 1 || w->dims[1] > 64) return 0;
  int64_t groups = 1;
  for (size_t i = 0; i < node->n_attribute; i++)
    if (node->attribute[i]->name && strcmp(node->attribute[i]->name, "group") == 0)
      groups = node->attribute[i]->i;
  return groups < 1 || groups > 64 ? 0 : w->dims[1] * groups;
}

/* Layers that fit in front of a convolution: depthwise and pointwise ones, normalisation, pools. */
static void insert_layer(void) {
  Onnx__NodeProto *reader = any_node();
  int64_t channels = reader ? channels_read(reader) : 0, side = chance(3) * 2 + 1, pad = side / 2;
  if (channels == 0) return;
  const int64_t pads[] = {pad, pad, pad, pad}, sides[] = {side, side};
  uint32_t kind = chance(4);
  if (kind == 0) {
    Onnx__NodeProto *node = put_before(reader, 0, PICK(pools));
    add_int(node, "kernel_shape", sides, 2);
    add_int(node, "pads", pads, 4);
  } else if (kind == 1) {
    Onnx__NodeProto *node = put_before(reader, 0, "BatchNormalization");
    for (int i = 0; i < 4; i++)
      add_input(node, add_tensor(WNI_TENSOR_FLOAT, &channels, 1, (size_t)channels, i == 3));
  } else {
    bool depthwise = kind == 2;
    const int64_t dims[] = {channels, depthwise ? 1 : channels, side, side};
    Onnx__NodeProto *node = put_before(reader, 0, "Conv");
    size_t n = (size_t)(dims[0] * dims[1] * side * side);
    add_input(node, add_tensor(WNI_TENSOR_FLOAT, dims, 4, n, 0.1));
    if (chance(2))
      add_input(node, add_tensor(WNI_TENSOR_FLOAT, &channels, 1, (size_t)channels, -0.2));
    add_int(node, "pads", pads, 4);
    if (depthwise) add_int(node, "group", &channels, 0);
  }
}

/* As quantizers do: to bytes and back. */
static void insert_quantization(void) {
  size_t input;
  Onnx__NodeProto *reader = any_edge(&input);
  if (!reader) return;
  const char *scale = add_tensor(WNI_TENSOR_FLOAT, NULL, 0, 1, 0.03);
  int type = chance(3) ? WNI_TENSOR_UINT8 : WNI_TENSOR_INT8;
  const char *zero = add_tensor(type, NULL, 0, 1, chance(3) ? 0 : 7);
  Onnx__NodeProto *back = put_before(reader, input, "DequantizeLinear");
  Onnx__NodeProto *there = put_before(back, 0, "QuantizeLinear");
  Onnx__NodeProto *both[] = {there, back};
  for (int i = 0; i < 2; i++) {
    add_input(both[i], scale);
    add_input(both[i], zero);
  }
}

static void insert_shape(void) {
  static const int64_t orders[][4] = {{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}, {0, 1, 2, 3}};
  size_t input;
  Onnx__NodeProto *reader = any_edge(&input);
  if (!reader) return;
  uint32_t order = chance((uint32_t)COUNT(orders));
  Onnx__NodeProto *back = put_before(reader, input, "Transpose");
  add_int(back, "perm", orders[order < 2 ? 1 - order : order], 4);
  Onnx__NodeProto *there = put_before(back, 0, chance(4) ? "Transpose" : "Identity");
  if (there->op_type[0] == 'T') add_int(there, "perm", orders[order], 4);
  if (chance(3) == 0) put_before(back, 0, PICK(reductions));
}

/* Its readers read what it read. */
static void remove_node(void) {
  if (graph->n_node < 2) return;
  Onnx__NodeProto *node = take_out(&graph->node, &graph->n_node, chance((uint32_t)graph->n_node));
  if (node->n_input && node->n_output)
    for (size_t n = 0; n < graph->n_node; n++)
      for (size_t i = 0; i < graph->node[n]->n_input; i++)
        if (strcmp(graph->node[n]->input[i], node->output[0]) == 0)
          set_text(&graph->node[n]->input[i], node->input[0]);
  onnx__node_proto__free_unpacked(node, NULL);
}

static void exchange_operator(void) {
  static const struct {
    const char *const *names;
    size_t n;
  } families[] = {{unary, COUNT(unary)},
                  {binary, COUNT(binary)},
                  {pools, COUNT(pools)},
                  {reductions, COUNT(reductions)}};
  Onnx__NodeProto *node = any_node();
  for (size_t f = 0; node && node->op_type && f < COUNT(families); f++)
    for (size_t i = 0; i < families[f].n; i++)
      if (strcmp(node->op_type, families[f].names[i]) == 0) {
        set_text(&node->op_type, families[f].names[chance((uint32_t)families[f].n)]);
        return;
      }
}

static void reconnect(void) {
  Onnx__NodeProto *node = any_node();
  if (node && node->n_input)
    set_text(&node->input[chance((uint32_t)node->n_input)], any_value(node));
}

static void swap_nodes(void) {
  if (graph->n_node < 2) return;
  uint32_t a = chance((uint32_t)graph->n_node), b = chance((uint32_t)graph->n_node);
  Onnx__NodeProto *node = graph->node[a];
  graph->node[a] = graph->node[b];
  graph->node[b] = node;
}

const Change node_changes[] = {
    {insert_unary, 8},        {insert_binary, 8}, {insert_layer, 8},
    {insert_quantization, 4}, {insert_shape, 3},  {remove_node, 5},
    {exchange_operator, 6},   {reconnect, 3},     {swap_nodes, 2},
};
const size_t n_node_changes = COUNT(node_changes);
