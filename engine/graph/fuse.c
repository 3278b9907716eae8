/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Merges nodes of the graph (graph.h), in four passes: what does nothing is removed; chains become
 * the operators they stand for (chains.c); per-channel arithmetic with constants goes into the
 * weights before it (affine.c); residual additions and activations become the end of the node
 * before. A node is only merged into one whose output nobody else reads.
 */
#include "graph/fuse.h"
#include "graph/elementwise.h"
#include "graph/quantize.h"
#include "graph/reduction.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what does nothing ---- */

static WnStatus is_alias(const WniGraph *graph, const WniNode *node, bool *alias, WnError *error) {
  *alias = node->op == WNI_OP_IDENTITY || node->op == WNI_OP_DROPOUT ||
           ((node->op == WNI_OP_SUM || node->op == WNI_OP_MAX || node->op == WNI_OP_MIN) &&
            node->n_in == 1) ||
           wni_dequantize_is_alias(graph, node);
  if (node->op == WNI_OP_PAD) { /* PyTorch writes one of nothing before average pools */
    int64_t begin[WNI_MAX_RANK], end[WNI_MAX_RANK], sum = 0;
    WnStatus status = wni_pad_read(graph, node, begin, end, error);
    for (int d = 0; status == WN_OK && d < WNI_MAX_RANK; d++) sum |= begin[d] | end[d];
    *alias = sum == 0;
    return status;
  }
  if (node->op == WNI_OP_CAST || node->op == WNI_OP_CAST_LIKE) { /* all is float32 anyway */
    bool to_bool = node->op == WNI_OP_CAST && wni_attr_int(node->proto, "to", 1) == WNI_BOOL;
    bool whole = wni_value_is_int(&graph->values[node->in[0]]);
    *alias = !to_bool && (whole || !graph->values[node->out[0]].is_int);
  }
  return WN_OK;
}

static WnStatus remove_aliases(WniGraph *graph, WnError *error) {
  int *alias = malloc(graph->n_values * sizeof *alias);
  WnStatus status = alias ? WN_OK : wni_fail_memory(error, "the graph");
  for (size_t v = 0; alias && v < graph->n_values; v++) alias[v] = (int)v;
  for (int i = 0; i < graph->n_nodes && status == WN_OK; i++) {
    WniNode *node = &graph->nodes[i];
    bool remove;
    if (node->dead) continue;
    for (int k = 0; k < node->n_in; k++)
      if (node->in[k] >= 0) node->in[k] = alias[node->in[k]];
    status = is_alias(graph, node, &remove, error);
    if (status != WN_OK || !remove) continue;
    alias[node->out[0]] = node->in[0];
    node->dead = true;
  }
  for (int i = 0; i < graph->n_outputs && status == WN_OK; i++) {
    graph->output_integers[i] = graph->values[graph->outputs[i]].on_grid;
    graph->outputs[i] = alias[graph->outputs[i]];
    graph->values[graph->outputs[i]].is_output = true;
  }
  free(alias);
  return status;
}

/* ---- merging ---- */

bool wni_is_product(const WniGraph *graph, const WniNode *node) {
  if (node->op != WNI_OP_MATMUL) return false;
  const WniValue *b = wni_node_input(graph, node, 1);
  return b->shape.rank != 2 || (b->known && b->constant.is_int) ||
         (!b->known && !wni_is_quantized_constant(graph, node->in[1]));
}

WniNode *wni_private_producer(WniGraph *graph, int value) {
  const WniValue *v = &graph->values[value];
  return v->producer >= 0 && v->n_readers == 1 && !v->is_output && !v->known && !v->on_grid
             ? &graph->nodes[v->producer]
             : NULL;
}

void wni_merge(WniGraph *graph, WniNode *node, WniNode *into) {
  into->out[0] = node->out[0];
  graph->values[node->out[0]].producer = (int)(into - graph->nodes);
  node->dead = true;
}

WniNode *wni_private_layer(WniGraph *graph, int value, int *where) {
  WniNode *node = wni_private_producer(graph, value);
  int rank = graph->values[value].shape.rank, inner[WNI_MAX_RANK];
  size_t n;
  for (int d = 0; d < rank; d++) where[d] = d;
  if (!node || node->op != WNI_OP_TRANSPOSE) return node;
  const int64_t *perm = wni_attr_ints(node->proto, "perm", &n);
  WniNode *layer = wni_private_layer(graph, node->in[0], inner);
  for (int d = 0; d < rank; d++)
    for (int k = 0; k < rank; k++)
      if (inner[k] == (perm ? (int)perm[d] : rank - 1 - d)) where[k] = d;
  return layer;
}

int wni_layers_count(const WniNode *made) {
  return made->op == WNI_OP_CONCAT ? made->n_in : 1;
}

WniNode *wni_layers_at(WniGraph *graph, WniNode *made, int i) {
  return made->op == WNI_OP_CONCAT ? wni_private_producer(graph, made->in[i]) : made;
}

void wni_merge_behind(WniGraph *graph, WniNode *node, int i) {
  wni_merge(graph, node, &graph->nodes[graph->values[node->in[i]].producer]);
}

/* ---- factors of products ---- */

/* The constant number that `node`, a Mul or a Div, multiplies its other operand with; side: which
 * that is.  False: it does anything else. */
static bool scales(const WniGraph *graph, const WniNode *node, int *side, float *factor) {
  if (node->op != WNI_OP_MUL && node->op != WNI_OP_DIV) return false;
  for (*side = 0; *side < (node->op == WNI_OP_MUL ? 2 : 1); ++*side) {
    const WniValue *k = &graph->values[node->in[1 - *side]], *x = &graph->values[node->in[*side]];
    if (!k->known || k->constant.is_int || k->constant.count != 1 ||
        !wni_shape_equals(&x->shape, &graph->values[node->out[0]].shape))
      continue;
    *factor = node->op == WNI_OP_DIV ? 1 / k->constant.f[0] : k->constant.f[0];
    return true;
  }
  return false;
}

/* A constant that scales a product becomes the product's.  Not one that scales an operand: that
 * is little work, and large scores depend on how it was rounded. */
static void merge_factor(WniGraph *graph, WniNode *node) {
  int side;
  float factor;
  if (!scales(graph, node, &side, &factor)) return;
  WniNode *into = wni_private_producer(graph, node->in[side]);
  if (!into || !wni_is_product(graph, into) || into->activation_name || into->residual >= 0) return;
  into->factor *= factor;
  wni_merge(graph, node, into);
}

/* ---- residual additions and activations ---- */

bool wni_conv_is_depthwise(const WniGraph *graph, const WniNode *node) {
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  return wni_attr_int(node->proto, "group", 1) == x->dim[1] &&
         graph->values[node->out[0]].shape.dim[1] == x->dim[1];
}

static bool takes_residual(const WniGraph *graph, const WniNode *node) {
  int axis;
  size_t channels;
  if (node->op == WNI_OP_CONV)
    return !wni_conv_is_depthwise(graph, node) && wni_bias_is_row(graph, node);
  return wni_weighted_channels(graph, node, &axis, &channels) || node->op == WNI_OP_MATMUL;
}

/* A product takes along what is broadcast to it and made before, such as the mask of an attention.
 */
static void merge_mask(WniGraph *graph, WniNode *node) {
  if (node->op != WNI_OP_ADD || graph->onnx->opset < 7) return;
  for (int side = 0; side < 2; side++) {
    WniNode *into = wni_private_producer(graph, node->in[side]);
    const WniValue *mask = &graph->values[node->in[1 - side]], *sum = &graph->values[node->out[0]];
    if (!into || !wni_is_product(graph, into) || into->activation_name || into->residual >= 0 ||
        !(mask->known || mask->producer < into - graph->nodes) ||
        !wni_shape_equals(&graph->values[node->in[side]].shape, &sum->shape))
      continue;
    into->residual = node->in[1 - side];
    wni_merge(graph, node, into);
    return;
  }
}

/* conv + x: the convolution that comes later takes the other operand along. */
static void merge_residual(WniGraph *graph, WniNode *node) {
  if ((node->op != WNI_OP_ADD && node->op != WNI_OP_SUM) || node->n_in != 2) return;
  const WniValue *a = &graph->values[node->in[0]], *b = &graph->values[node->in[1]];
  if (a->known || b->known || !wni_shape_equals(&a->shape, &b->shape)) return;
  int later = a->producer > b->producer ? 0 : 1;
  WniNode *into = wni_private_producer(graph, node->in[later]);
  if (!into || into->activation_name || into->residual >= 0 || !takes_residual(graph, into)) return;
  into->residual = node->in[1 - later];
  wni_merge(graph, node, into);
}

/* Whether lowering asks for a typed output. */
static bool makes_any_type(const WniNode *node) {
  switch (node->op) {
  case WNI_OP_AVERAGE_POOL:
  case WNI_OP_BATCH_NORMALIZATION:
  case WNI_OP_CONCAT:
  case WNI_OP_CONV:
  case WNI_OP_CONV_TRANSPOSE:
  case WNI_OP_GLOBAL_AVERAGE_POOL:
  case WNI_OP_GLOBAL_MAX_POOL:
  case WNI_OP_MAX_POOL:
    return true;
  default:
    return wni_node_vec_op(node) != WNI_VEC_COPY;
  }
}

static bool takes_activation(const WniNode *node) {
  if (node->whole) return false; /* a quotient is cut behind the operator */
  switch (node->op) {
  case WNI_OP_AVERAGE_POOL:
  case WNI_OP_BATCH_NORMALIZATION:
  case WNI_OP_CONV:
  case WNI_OP_CONV_TRANSPOSE:
  case WNI_OP_GEMM:
  case WNI_OP_GLOBAL_AVERAGE_POOL:
  case WNI_OP_GLOBAL_MAX_POOL:
  case WNI_OP_MATMUL:
  case WNI_OP_MAX_POOL:
    return !node->activation_name;
  default:
    return !node->activation_name &&
           (wni_node_vec_op(node) != WNI_VEC_COPY || wni_reduction_of(node->op)->known);
  }
}

static WnStatus merge_activation(WniGraph *graph, WniNode *node, WnError *error) {
  WniActivation activation;
  bool is_activation;
  WnStatus status = wni_activation_read(graph, node, &activation, &is_activation, error);
  if (status != WN_OK || !is_activation) return status;
  int where[WNI_MAX_RANK];
  WniNode *made = wni_private_layer(graph, node->in[0], where);
  if (!made) return WN_OK;
  for (int i = 0; i < wni_layers_count(made); i++) {
    const WniNode *into = wni_layers_at(graph, made, i);
    if (!into || !takes_activation(into)) return WN_OK;
  }
  for (int i = 0; i < wni_layers_count(made); i++) {
    WniNode *into = wni_layers_at(graph, made, i);
    into->activation = activation;
    into->activation_name = wni_op_info(node->op)->name;
  }
  wni_merge_behind(graph, node, 0);
  return WN_OK;
}

/* The node before stores what QuantizeLinear would: lowering looks at the value. */
static void merge_quantization(WniGraph *graph, WniNode *node) {
  if (node->op != WNI_OP_QUANTIZE_LINEAR || !graph->values[node->out[0]].quantized) return;
  WniNode *into = wni_private_producer(graph, node->in[0]);
  WniActivation activation;
  bool is_activation = false;
  if (into) wni_activation_read(graph, into, &activation, &is_activation, NULL);
  if (into && (makes_any_type(into) || is_activation)) wni_merge(graph, node, into);
}

/* n_readers of all values, over the living nodes */
static void count_readers(WniGraph *graph) {
  for (size_t v = 0; v < graph->n_values; v++) graph->values[v].n_readers = 0;
  for (int i = 0; i < graph->n_nodes; i++) {
    const WniNode *node = &graph->nodes[i];
    if (node->dead) continue;
    for (int k = 0; k < node->n_in; k++)
      if (node->in[k] >= 0) graph->values[node->in[k]].n_readers++;
    if (node->residual >= 0) graph->values[node->residual].n_readers++;
  }
}

/* What nobody reads: the insides of chains that have been replaced. */
static void remove_unread(WniGraph *graph) {
  for (int i = graph->n_nodes; i-- > 0;) {
    WniNode *node = &graph->nodes[i];
    bool read = node->dead;
    for (int k = 0; k < node->n_out; k++)
      read = read || graph->values[node->out[k]].n_readers || graph->values[node->out[k]].is_output;
    if (read) continue;
    node->dead = true;
    for (int k = 0; k < node->n_in; k++)
      if (node->in[k] >= 0) graph->values[node->in[k]].n_readers--;
  }
}

WnStatus wni_fuse(WniGraph *graph, WnError *error) {
  WnStatus status = remove_aliases(graph, error);
  if (status == WN_OK && graph->use == WNI_GRAPH_TO_RUN) status = wni_replace_chains(graph, error);
  if (status != WN_OK) return status;
  count_readers(graph);
  if (graph->use == WNI_GRAPH_TO_RUN) {
    remove_unread(graph);
    wni_fold_pads(graph);
    wni_find_groups(graph);
  }
  for (int i = 0; i < graph->n_nodes && status == WN_OK; i++) {
    WniNode *node = &graph->nodes[i];
    if (!node->dead) status = wni_merge_affine(graph, node, error);
    if (status == WN_OK && !node->dead) merge_factor(graph, node);
    if (status == WN_OK && !node->dead && graph->use == WNI_GRAPH_TO_RUN)
      status = wni_merge_sum(graph, node, error);
    if (status == WN_OK && !node->dead) merge_residual(graph, node);
    if (status == WN_OK && !node->dead) merge_mask(graph, node);
    if (status == WN_OK && !node->dead) status = merge_activation(graph, node, error);
    if (status == WN_OK && !node->dead) merge_quantization(graph, node);
  }
  count_readers(graph);
  return status;
}
