/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Images that a Concat of channels joins are made where they are to lie: the layers before write
 * some channels of every pixel of its output, and nothing is copied.  A Concat of a Concat is one.
 *
 *   | a a a | b b | c c c c |   a pixel of the whole
 */
#include "plan/lower.h"

/* Whether lowering the node makes an image pixel by pixel, and so in any place. */
static bool makes_image(const WniNode *node) {
  return node->op == WNI_OP_CONV || node->op == WNI_OP_MAX_POOL || node->op == WNI_OP_AVERAGE_POOL;
}

static bool joins_channels(const WniGraph *graph, const WniNode *node) {
  int axis;
  return !node->dead && node->op == WNI_OP_CONCAT && graph->values[node->out[0]].shape.rank == 4 &&
         wni_axis(wni_attr_int(node->proto, "axis", 0), 4, &axis) && axis == 1;
}

/* An output that images are made for, or other such outputs. */
static bool is_whole(const WniLowering *lowering, const WniNode *node) {
  const WniGraph *graph = lowering->graph;
  for (int i = 0; i < node->n_in; i++) {
    int producer = graph->values[node->in[i]].producer;
    if (lowering->parts[node->in[i]].whole >= 0) return true;
    if (producer >= 0 && makes_image(&graph->nodes[producer])) return true;
  }
  return false;
}

/* Its inputs are parts of what the output is a part of; one that others join too is where the last
 * of them has it, as each may join what the one before did and more. */
static void add_parts(WniLowering *lowering, const WniNode *node) {
  const WniGraph *graph = lowering->graph;
  WniPart at = lowering->parts[node->out[0]];
  for (int i = 0; i < node->n_in; i++) {
    const WniValue *value = &graph->values[node->in[i]];
    WniPart *part = &lowering->parts[node->in[i]];
    bool whole = part->whole == node->in[i];
    if (!value->known && !value->is_output && value->producer >= 0 && (whole || part->whole < 0))
      *part = at;
    at.channel += value->shape.dim[1];
  }
}

void wni_lower_find_parts(WniLowering *lowering) {
  const WniGraph *graph = lowering->graph;
  for (size_t v = 0; v < graph->n_values; v++) lowering->parts[v].whole = -1;
  for (int i = 0; i < graph->n_nodes; i++) {
    const WniNode *node = &graph->nodes[i];
    if (joins_channels(graph, node) && is_whole(lowering, node))
      lowering->parts[node->out[0]].whole = node->out[0];
  }
  for (int i = graph->n_nodes; i-- > 0;) {
    const WniNode *node = &graph->nodes[i];
    if (joins_channels(graph, node) && lowering->parts[node->out[0]].whole >= 0)
      add_parts(lowering, node);
  }
  for (size_t v = 0; v < graph->n_values; v++)
    if (lowering->parts[v].whole >= 0)
      wni_lower_raise_halo(&lowering->halos[lowering->parts[v].whole], &lowering->halos[v]);
}

static bool is_alike(const WniTensor *a, const WniTensor *b) {
  return a->type == b->type && a->quant.scale == b->quant.scale && a->quant.zero == b->quant.zero;
}

WnStatus wni_lower_part(WniLowering *lowering, int value, WniTensor *out, bool *is_part) {
  const WniPart *part = &lowering->parts[value];
  *is_part = false;
  if (part->whole < 0) return WN_OK;
  WniTensor *whole = &lowering->tensors[part->whole];
  WniPart *reserved = &lowering->parts[part->whole];
  WniTensor own = wni_lower_typed(lowering, part->whole);
  if (!is_alike(&own, out)) return WN_OK;
  if (!reserved->reserved) {
    WnStatus status = wni_lower_buffer(lowering, &lowering->halos[part->whole], false, &own);
    if (status != WN_OK) return status;
    *whole = own;
    reserved->reserved = true;
  }
  WniShape shape = out->shape;
  *out = *whole;
  out->shape = shape;
  out->offset += (ptrdiff_t)part->channel * out->stride[1];
  *is_part = true;
  return WN_OK;
}

/* Whether `b` lies as if it were the rest of `a` along `axis`, `at` elements further. */
static bool follows(const WniTensor *a, const WniTensor *b, int axis, int64_t at) {
  if (a->buffer < 0 || a->buffer != b->buffer || !is_alike(a, b)) return false;
  for (int d = 0; d < a->shape.rank; d++)
    if (a->stride[d] != b->stride[d]) return false;
  return b->offset == a->offset + (ptrdiff_t)at * a->stride[axis];
}

/* Whether all inputs lie side by side already; the output then is what holds them. */
static bool joined_view(const WniLowering *lowering, int axis, WniTensor *out) {
  const WniNode *node = lowering->node;
  const WniPart *part = &lowering->parts[node->out[0]];
  int64_t at = 0;
  if (part->reserved || (part->whole >= 0 && part->whole != node->out[0])) return false;
  for (int i = 0; i < node->n_in; i++) {
    const WniTensor *x = &lowering->tensors[node->in[i]];
    if (!lowering->placed[node->in[i]]) return false;
    if (i == 0) *out = *x;
    if (!follows(out, x, axis, at)) return false;
    at += x->shape.dim[axis];
  }
  out->shape.dim[axis] = at;
  for (int d = 0; d < WNI_MAX_RANK; d++) out->halo_begin[d] = out->halo_end[d] = 0;
  return true;
}

/* The input with the most elements, in whose order the output lies. */
static WnStatus largest_input(WniLowering *lowering, WniTensor *out) {
  const WniNode *node = lowering->node;
  int64_t most = 0;
  WnStatus status = WN_OK;
  for (int i = 0; i < node->n_in && status == WN_OK; i++) {
    int64_t count = wni_shape_count(&wni_node_input(lowering->graph, node, i)->shape);
    if (count <= most) continue;
    most = count;
    status = wni_lower_input(lowering, i, out);
  }
  return status;
}

WnStatus wni_lower_concat(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniTensor largest, y;
  int axis = 0;
  ptrdiff_t at = 0;
  wni_axis(wni_attr_int(node->proto, "axis", 0), lowering->graph->values[node->out[0]].shape.rank,
           &axis);
  if (joined_view(lowering, axis, &y)) {
    wni_lower_place(lowering, 0, &y);
    return WN_OK;
  }
  WnStatus status = largest_input(lowering, &largest);
  if (status == WN_OK) status = wni_lower_output_like(lowering, true, &largest, &y);
  for (int i = 0; i < node->n_in && status == WN_OK; i++) {
    WniTensor x, part = y;
    if (wni_node_input(lowering->graph, node, i)->shape.dim[axis] == 0) continue;
    status = wni_lower_input(lowering, i, &x);
    if (status != WN_OK) break;
    part.shape = x.shape;
    part.offset += at * y.stride[axis];
    if (!follows(&part, &x, axis, 0)) status = wni_lower_copy(lowering, &x, &part);
    at += (ptrdiff_t)x.shape.dim[axis];
  }
  return status;
}
