/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Per-channel arithmetic with constants behind layers with weights (fuse.c): it goes into the
 * weights, also through a Concat whose parts all can take it, and, where it is the same for all
 * channels, past a Relu.
 */
#include "graph/fuse.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

static bool is_normalization(const WniNode *node) {
  return node->op == WNI_OP_INSTANCE_NORMALIZATION || node->op == WNI_OP_GROUP_NORMALIZATION;
}

/* The output channels of a node with weights, and the dimension they are in;
 * false: it has none that can be scaled. */
bool wni_weighted_channels(const WniGraph *graph, const WniNode *node, int *axis, size_t *n) {
  const WniValue *weights = wni_node_input(graph, node, 1);
  const WniShape *out = &graph->values[node->out[0]].shape;
  if (node->op != WNI_OP_CONV && node->op != WNI_OP_GEMM && node->op != WNI_OP_MATMUL) return false;
  if (!weights->known || (node->op != WNI_OP_CONV && weights->shape.rank != 2)) return false;
  *axis = node->op == WNI_OP_CONV ? 1 : out->rank - 1;
  *n = (size_t)out->dim[*axis];
  return wni_bias_is_row(graph, node);
}

bool wni_bias_is_row(const WniGraph *graph, const WniNode *node) {
  const WniValue *c = node->op == WNI_OP_MATMUL ? NULL : wni_node_input(graph, node, 2);
  if (node->op != WNI_OP_GEMM || !c) return !c || c->known;
  int64_t n = graph->values[node->out[0]].shape.dim[1];
  return c->known && (wni_shape_count(&c->shape) == 1 ||
                      (wni_shape_count(&c->shape) == n && c->shape.dim[c->shape.rank - 1] == n));
}

WnStatus wni_affine_start(const WniGraph *graph, WniNode *node, size_t n, WnError *error) {
  const WniValue *bias = node->op == WNI_OP_MATMUL ? NULL : wni_node_input(graph, node, 2);
  bool gemm = node->op == WNI_OP_GEMM;
  float alpha = gemm ? wni_attr_float(node->proto, "alpha", 1.0f) : 1.0f;
  float beta = gemm ? wni_attr_float(node->proto, "beta", 1.0f) : 1.0f;
  if (node->scale) return WN_OK;
  node->scale = calloc(n, sizeof *node->scale);
  node->shift = calloc(n, sizeof *node->shift);
  if (!node->scale || !node->shift) return wni_fail_memory(error, "weights");
  if (is_normalization(node)) { /* one number a channel, or a group */
    const WniConstant *scale = &wni_node_input(graph, node, 1)->constant,
                      *shift = &wni_node_input(graph, node, 2)->constant;
    for (size_t c = 0; c < n; c++) {
      node->scale[c] = scale->f[c * scale->count / n];
      node->shift[c] = shift->f[c * shift->count / n];
    }
    return WN_OK;
  }
  for (size_t c = 0; c < n; c++) node->scale[c] = alpha;
  if (!bias || !wni_bias_is_row(graph, node)) return WN_OK;
  for (size_t c = 0; c < n; c++)
    node->shift[c] = beta * bias->constant.f[bias->constant.count == 1 ? 0 : c];
  return WN_OK;
}

void wni_batch_normalization(const WniGraph *graph, const WniNode *node, size_t c, float *scale,
                             float *shift) {
  const float *gamma = wni_node_input(graph, node, 1)->constant.f;
  const float *beta = wni_node_input(graph, node, 2)->constant.f;
  const float *mean = wni_node_input(graph, node, 3)->constant.f;
  const float *variance = wni_node_input(graph, node, 4)->constant.f;
  double epsilon = (double)wni_attr_float(node->proto, "epsilon", 1e-5f);
  double s = (double)gamma[c] / sqrt((double)variance[c] + epsilon);
  *scale = (float)s;
  *shift = (float)((double)beta[c] - (double)mean[c] * s);
}

/* Whether `constant` differs along dimension `axis` of `out` only. */
static bool is_per_channel(const WniGraph *graph, const WniNode *node, const WniConstant *constant,
                           const WniShape *out, int axis) {
  int offset = wni_broadcast_offset(graph, node, out->rank, constant->rank);
  if (constant->rank > out->rank) return false;
  for (int d = 0; d < constant->rank; d++)
    if (constant->dim[d] != 1 && (d + offset != axis || constant->dim[d] != out->dim[axis]))
      return false;
  return true;
}

/* y = scale x + shift for channel c of a BatchNormalization or of arithmetic with
 * the constant operand `constant`, which is input number `side`. */
static void channel_affine(const WniGraph *graph, const WniNode *node, const WniConstant *constant,
                           int side, size_t c, float *scale, float *shift) {
  float k = constant ? constant->f[constant->count == 1 ? 0 : c] : 0;
  *scale = 1;
  *shift = 0;
  switch (node->op) {
  case WNI_OP_BATCH_NORMALIZATION:
    wni_batch_normalization(graph, node, c, scale, shift);
    break;
  case WNI_OP_ADD:
    *shift = k;
    break;
  case WNI_OP_SUB:
    *scale = side ? 1.0f : -1.0f;
    *shift = side ? -k : k;
    break;
  case WNI_OP_MUL:
    *scale = k;
    break;
  case WNI_OP_DIV:
    *scale = 1 / k;
    break;
  default:
    break;
  }
}

/* Those of a node whose outputs can be scaled and shifted. */
static bool scaled_channels(const WniGraph *graph, const WniNode *node, int *axis, size_t *n) {
  if (!is_normalization(node)) return wni_weighted_channels(graph, node, axis, n);
  *axis = 1;
  *n = (size_t)graph->values[node->out[0]].shape.dim[1];
  return wni_node_input(graph, node, 1)->known && wni_node_input(graph, node, 2)->known;
}

/* Whether `layer` can take y = scale x + shift along; `one`: the same for all channels, which may
 * also follow an activation that only clamps.  Its output channels. */
static bool takes_affine(const WniGraph *graph, const WniNode *layer, bool one, int *axis,
                         size_t *channels) {
  return layer && layer->residual < 0 &&
         (!layer->activation_name || (one && layer->activation.kind == WNI_ACT_CLAMP)) &&
         scaled_channels(graph, layer, axis, channels);
}

/* The same of all layers that `made` joins, by their channels. */
static bool all_take_affine(WniGraph *graph, WniNode *made, bool one, int *axis) {
  int joined = 0, own;
  size_t n;
  bool concat = made->op == WNI_OP_CONCAT;
  int rank = graph->values[made->out[0]].shape.rank;
  if (concat && !wni_axis(wni_attr_int(made->proto, "axis", 0), rank, &joined)) return false;
  for (int i = 0; i < wni_layers_count(made); i++) {
    if (!takes_affine(graph, wni_layers_at(graph, made, i), one, &own, &n)) return false;
    if (concat && own != joined) return false;
    *axis = own;
  }
  return true;
}

/* clamp(x) times a factor that is not 0, and a term, is another clamp of x times that factor, and
 * that term. */
static void move_bounds(WniActivation *clamp, float scale, float shift) {
  float a = clamp->a * scale + shift, b = clamp->b * scale + shift;
  clamp->a = scale < 0 ? b : a;
  clamp->b = scale < 0 ? a : b;
}

WnStatus wni_merge_affine(WniGraph *graph, WniNode *node, WnError *error) {
  bool normalization = node->op == WNI_OP_BATCH_NORMALIZATION;
  if (!normalization && node->op != WNI_OP_ADD && node->op != WNI_OP_SUB &&
      node->op != WNI_OP_MUL && node->op != WNI_OP_DIV)
    return WN_OK;
  const WniValue *second = wni_node_input(graph, node, 1);
  int side = normalization || second->known ? 1 : 0, from = normalization ? 0 : 1 - side;
  const WniConstant *constant = normalization ? NULL : &graph->values[node->in[side]].constant;
  if (!normalization && !graph->values[node->in[side]].known) return WN_OK;
  if (node->op == WNI_OP_DIV && side == 0) return WN_OK;
  const WniValue *x = &graph->values[node->in[from]];
  const WniShape *out = &graph->values[node->out[0]].shape;
  int axis, where[WNI_MAX_RANK];
  WniNode *made = wni_private_layer(graph, node->in[from], where);
  float scale = 0, shift = 0;
  bool one = constant && constant->count == 1 && !constant->is_int;
  if (one) channel_affine(graph, node, constant, side, 0, &scale, &shift);
  one = one && scale != 0 && isfinite(scale);
  if (!made || wni_shape_count(&x->shape) != wni_shape_count(out) || x->shape.rank != out->rank ||
      !all_take_affine(graph, made, one, &axis) || (normalization && where[axis] != 1) ||
      (constant && !is_per_channel(graph, node, constant, out, where[axis])))
    return WN_OK;
  size_t first = 0, channels;
  for (int i = 0; i < wni_layers_count(made); i++, first += channels) {
    WniNode *into = wni_layers_at(graph, made, i);
    takes_affine(graph, into, one, &axis, &channels);
    WnStatus status = wni_affine_start(graph, into, channels, error);
    if (status != WN_OK) return status;
    for (size_t c = 0; c < channels; c++) {
      channel_affine(graph, node, constant, side, first + c, &scale, &shift);
      into->scale[c] *= scale;
      into->shift[c] = into->shift[c] * scale + shift;
    }
    if (into->activation_name) move_bounds(&into->activation, scale, shift);
  }
  wni_merge_behind(graph, node, from);
  return WN_OK;
}
