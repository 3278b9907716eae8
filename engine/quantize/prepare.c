/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rewrites a network in the form that is quantized (wni_prepare() in network.h):
 * quantization of weights by channel needs opset 13, and runtimes want a convolution
 * with nothing between it and its activation.
 */
#include "quantize/network.h"

#include "base/error.h"
#include "graph/fuse.h"
#include "load/onnx_raise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPSET = 13 };

typedef struct Prepare {
  const WniNetwork *network;
  WniWriter *out;
  char **alias; /* [n_values] the name that readers shall use instead; NULL: its own */
  bool *done;   /* [n_nodes] written together with an earlier one, or left out */
  WnError *error;
} Prepare;

static const Onnx__NodeProto *node_at(const Prepare *p, int node) {
  return p->network->graph.nodes[node].proto;
}

static WniOp op_at(const Prepare *p, int node) {
  return p->network->graph.nodes[node].op;
}

/* ---- older opsets ---- */

/* Before opset 13 Softmax is over all dimensions from its axis on. */
static WnStatus raise_softmax(Prepare *p, int index, Onnx__NodeProto *node) {
  const WniGraph *graph = &p->network->graph;
  const WniShape *shape = &graph->values[wni_network_output(p->network, index, 0)].shape;
  if (wni_raise_softmax(p->out, node, shape->rank, shape->dim)) return WN_OK;
  return wni_fail(p->error, WN_ERROR_UNSUPPORTED,
                  "node '%.100s' (Softmax, opset %lld) has no equal in opset %d; export the "
                  "model with opset %d",
                  wni_node_name(node), (long long)graph->onnx->opset, OPSET, OPSET);
}

static WnStatus raise_node(Prepare *p, int index, Onnx__NodeProto *node) {
  int64_t opset = p->network->onnx.opset;
  WniOp op = op_at(p, index);
  wni_raise_attributes(p->out, node, op, opset, opset < OPSET ? OPSET : opset);
  if (op == WNI_OP_BATCH_NORMALIZATION) wni_node_drop_attribute(node, "spatial");
  if (op == WNI_OP_SOFTMAX && opset < OPSET) return raise_softmax(p, index, node);
  return WN_OK;
}

/* ---- simpler nodes ---- */

/* A node whose output is its first input, and no output of the network. */
static bool does_nothing(const Prepare *p, int index) {
  const WniOp op = op_at(p, index);
  const WniValue *pads = NULL;
  int v = wni_network_output(p->network, index, 0);
  if (op == WNI_OP_PAD && p->network->onnx.opset >= 11) {
    int in = wni_network_input(p->network, index, 1);
    pads = in < 0 ? NULL : &p->network->graph.values[in];
    if (!pads || !pads->known || !pads->constant.is_int) return false;
    for (size_t i = 0; i < pads->constant.count; i++)
      if (wni_constant_integer(&pads->constant, i)) return false;
  }
  if (!pads && op != WNI_OP_IDENTITY && op != WNI_OP_DROPOUT) return false;
  return v >= 0 && (p->network->reader[v] >= 0 || p->network->n_readers[v] == 0) &&
         wni_network_input(p->network, index, 0) >= 0;
}

static char *name_of(const Prepare *p, int value) {
  return p->alias[value] ? p->alias[value] : (char *)p->network->graph.values[value].name;
}

/* The node writes what `next`, its only reader, would have written. */
static void swallow(Prepare *p, Onnx__NodeProto *node, int next) {
  node->output[0] = node_at(p, next)->output[0];
  p->done[next] = true;
}

/* scale and shift of every channel, in one piece of memory; NULL: the BatchNormalization
 * behind the convolution cannot be folded. */
static float *read_normalization(Prepare *p, int next, size_t channels) {
  const WniNetwork *network = p->network;
  for (size_t i = 1; i < 5; i++) {
    const WniValue *value = wni_network_weights(network, next, i);
    if (!value || value->constant.count != channels) return NULL;
  }
  float *affine = wni_writer_alloc(p->out, channels * 2, sizeof *affine);
  for (size_t c = 0; affine && c < channels; c++)
    wni_batch_normalization(&network->graph, &network->graph.nodes[next], c, &affine[c],
                            &affine[channels + c]);
  return affine;
}

static void fold_normalization(Prepare *p, int index, Onnx__NodeProto *node) {
  int next = wni_network_next(p->network, index);
  const WniValue *w = wni_network_weights(p->network, index, 1);
  const WniValue *b = wni_network_weights(p->network, index, 2);
  if (next < 0 || op_at(p, next) != WNI_OP_BATCH_NORMALIZATION || !w || w->shape.rank < 1 ||
      w->shape.dim[0] < 1 || (wni_network_input(p->network, index, 2) >= 0 && !b))
    return;
  size_t channels = (size_t)w->shape.dim[0], taps = w->constant.count / channels;
  float *affine = read_normalization(p, next, channels);
  float *weights = wni_writer_alloc(p->out, w->constant.count, sizeof *weights);
  if (!affine || !weights || (b && b->constant.count != channels)) return;
  const float *scale = affine;
  float *shift = affine + channels;
  for (size_t c = 0; c < channels; c++) {
    for (size_t i = c * taps; i < (c + 1) * taps; i++) weights[i] = w->constant.f[i] * scale[c];
    if (b) shift[c] += b->constant.f[c] * scale[c];
  }
  const char *name = wni_node_name(node);
  node->input[1] = wni_writer_name(p->out, name, "_folded_weight");
  node->input[2] = wni_writer_name(p->out, name, "_folded_bias");
  node->n_input = 3;
  wni_writer_tensor(p->out, node->input[1], WNI_TENSOR_FLOAT, w->shape.rank, w->shape.dim, weights);
  wni_writer_tensor(p->out, node->input[2], WNI_TENSOR_FLOAT, 1, w->shape.dim, shift);
  swallow(p, node, next);
}

/* MatMul of a matrix with constant weights, and the Add of a constant row behind it. */
static void make_gemm(Prepare *p, int index, Onnx__NodeProto *node) {
  const WniNetwork *network = p->network;
  int x = wni_network_input(network, index, 0), next = wni_network_next(network, index);
  const WniValue *w = wni_network_weights(network, index, 1);
  if (!w || w->shape.rank != 2 || network->graph.values[x].known ||
      network->graph.values[x].shape.rank != 2)
    return;
  node->op_type = "Gemm";
  if (next < 0 || op_at(p, next) != WNI_OP_ADD) return;
  for (size_t i = 0; i < 2; i++) {
    const WniValue *row = wni_network_weights(network, next, i);
    if (!row || row->shape.rank < 1 || row->shape.rank > 2 ||
        row->constant.count != (size_t)w->shape.dim[1] ||
        row->shape.dim[row->shape.rank - 1] != w->shape.dim[1])
      continue;
    /* a copy: the constant itself may be made behind the MatMul */
    node->input[2] = wni_writer_name(p->out, wni_node_name(node), "_bias");
    node->n_input = 3;
    wni_writer_tensor(p->out, node->input[2], WNI_TENSOR_FLOAT, 1, &w->shape.dim[1],
                      row->constant.f);
    swallow(p, node, next);
    return;
  }
}

/* The engine computes everything in float32; who reads the new file goes by its types. */
static WnStatus refuse_casts(const Prepare *p, int index) {
  int v = wni_network_output(p->network, index, 0);
  if (op_at(p, index) != WNI_OP_CAST || v < 0 || p->network->graph.values[v].known ||
      wni_attr_int(node_at(p, index), "to", 1) == 1)
    return WN_OK;
  return wni_fail(p->error, WN_ERROR_UNSUPPORTED,
                  "node '%.100s' (Cast): the network does not compute in float32 throughout; "
                  "export it in float32",
                  wni_node_name(node_at(p, index)));
}

static WnStatus prepare_node(Prepare *p, int index) {
  const WniNetwork *network = p->network;
  if (p->done[index]) return WN_OK;
  WnStatus status = refuse_casts(p, index);
  if (status != WN_OK) return status;
  if (does_nothing(p, index)) {
    p->alias[wni_network_output(network, index, 0)] =
        name_of(p, wni_network_input(network, index, 0));
    return WN_OK;
  }
  size_t n_input = node_at(p, index)->n_input;
  Onnx__NodeProto *node = wni_writer_copy(p->out, node_at(p, index), WNI_RAISED_INPUTS);
  if (!node) return wni_fail_memory(p->error, "the network");
  node->n_input = n_input; /* there is room for more */
  for (size_t i = 0; i < n_input; i++) {
    int v = wni_network_input(network, index, i);
    if (v >= 0) node->input[i] = name_of(p, v);
  }
  WniOp op = op_at(p, index);
  if (op == WNI_OP_CONV) fold_normalization(p, index, node);
  if (op == WNI_OP_MATMUL) make_gemm(p, index, node);
  if (op == WNI_OP_SUM && n_input == 2) node->op_type = "Add";
  wni_writer_keep(p->out, node);
  return raise_node(p, index, node);
}

WnStatus wni_prepare(const WniNetwork *network, WniWriter *out, int64_t *opset, WnError *error) {
  size_t n_nodes = (size_t)network->graph.n_nodes;
  Prepare p = {network, out, NULL, NULL, error};
  WnStatus status = WN_OK;
  if (network->onnx.opset < 7)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "opset %lld cannot be raised to %d; export the model with opset %d",
                    (long long)network->onnx.opset, OPSET, OPSET);
  *opset = network->onnx.opset < OPSET ? OPSET : network->onnx.opset;
  wni_writer_init(out, network->onnx.proto);
  if (*opset != network->onnx.opset) wni_writer_set_opset(out, *opset);
  p.alias = calloc(network->graph.n_values + 1, sizeof *p.alias);
  p.done = calloc(n_nodes + 1, sizeof *p.done);
  if (!p.alias || !p.done) status = wni_fail_memory(error, "the network");
  for (int i = 0; i < (int)n_nodes && status == WN_OK; i++) status = prepare_node(&p, i);
  free(p.alias);
  free(p.done);
  if (status == WN_OK) wni_writer_prune(out);
  if (status == WN_OK && out->failed) status = wni_fail_memory(error, "the network");
  if (status != WN_OK) wni_writer_clear(out);
  return status;
}
