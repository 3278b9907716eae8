/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See front.h.  Values that are nothing but pixels, converted, moved or scaled, are followed from
 * the input through the nodes, which are in order; where a node does anything else with one, what
 * the channels have become there is the answer.
 */
#include "graph/front.h"

#include "graph/fuse.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PIXELS = 32 }; /* values that are followed */

/* A value that holds pixels; its index k along `axis` is scale[k] x + shift[k] of the input's
 * channel[k]. */
typedef struct Pixels {
  int value;
  int axis, n; /* n is the size of that dimension; with n = 1 there need not be one */
  int channel[3];
  double scale[3], shift[3];
} Pixels;

typedef struct Walk {
  const WniGraph *graph;
  Pixels pixels[MAX_PIXELS];
  int n_pixels;
  WniFront *front;
  bool seen[3]; /* channels of the input that something has looked at */
} Walk;

static const Pixels *find(const Walk *walk, int value) {
  for (int i = 0; i < walk->n_pixels; i++)
    if (walk->pixels[i].value == value) return &walk->pixels[i];
  return NULL;
}

static bool follow(Walk *walk, Pixels pixels, int value) {
  if (walk->n_pixels == MAX_PIXELS || value < 0) return false;
  pixels.value = value;
  walk->pixels[walk->n_pixels++] = pixels;
  return true;
}

/* ---- nodes that are followed: each makes `to` of what the node reads; false: it is an end ---- */

static const WniValue *value_of(const Walk *walk, int value) {
  return &walk->graph->values[value];
}

/* Element k along the axis of a constant that spreads over the pixels. */
static bool constant_at(const Walk *walk, const Pixels *pixels, int index, int k, double *out) {
  if (index < 0 || !value_of(walk, index)->known) return false;
  const WniConstant *constant = &value_of(walk, index)->constant;
  const WniShape *shape = &value_of(walk, pixels->value)->shape;
  int axis = pixels->axis - (shape->rank - constant->rank);
  size_t along = axis >= 0 && axis < constant->rank ? (size_t)constant->dim[axis] : 1;
  if (constant->is_int || constant->rank > shape->rank || constant->count != along ||
      (along != 1 && along != (size_t)pixels->n))
    return false;
  *out = (double)constant->f[along == 1 ? 0 : k];
  return true;
}

static bool scale_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  bool first = node->in[0] == to->value;
  if (node->n_in != 2 || node->in[0] == node->in[1] || wni_attr(node->proto, "axis")) return false;
  for (int k = 0; k < to->n; k++) {
    double c;
    if (!constant_at(walk, to, node->in[first], k, &c)) return false;
    switch (node->op) {
    case WNI_OP_ADD:
      to->shift[k] += c;
      break;
    case WNI_OP_SUB:
      to->scale[k] = first ? to->scale[k] : -to->scale[k];
      to->shift[k] = first ? to->shift[k] - c : c - to->shift[k];
      break;
    case WNI_OP_MUL:
      to->scale[k] *= c;
      to->shift[k] *= c;
      break;
    default: /* Div */
      if (!first || c == 0) return false;
      to->scale[k] /= c;
      to->shift[k] /= c;
    }
  }
  return true;
}

static bool normalise_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  if (to->axis != 1 || node->n_in != 5 || node->in[0] != to->value) return false;
  for (int i = 1; i < 5; i++)
    if (node->in[i] < 0 || !value_of(walk, node->in[i])->known ||
        value_of(walk, node->in[i])->constant.count != (size_t)to->n)
      return false;
  for (int k = 0; k < to->n; k++) {
    float scale, shift;
    wni_batch_normalization(walk->graph, node, (size_t)k, &scale, &shift);
    to->scale[k] *= (double)scale;
    to->shift[k] = to->shift[k] * (double)scale + (double)shift;
  }
  return true;
}

/* Index `from` along the axis comes to index k. */
static void move(const Pixels *from, int index, Pixels *to, int k) {
  to->channel[k] = from->channel[index];
  to->scale[k] = from->scale[index];
  to->shift[k] = from->shift[index];
}

static bool gather_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  const Pixels from = *to;
  int axis, rank = value_of(walk, from.value)->shape.rank;
  if (node->in[0] != from.value || node->in[1] < 0 || !value_of(walk, node->in[1])->known ||
      !wni_axis(wni_attr_int(node->proto, "axis", 0), rank, &axis))
    return false;
  const WniConstant *indices = &value_of(walk, node->in[1])->constant;
  if (axis != from.axis || !indices->is_int || indices->rank > 1 || indices->count < 1 ||
      indices->count > 3)
    return false;
  to->n = (int)indices->count;
  for (int k = 0; k < to->n; k++) {
    int64_t index = wni_constant_integer(indices, (size_t)k);
    if (index < 0) index += from.n;
    if (index < 0 || index >= from.n) return false;
    move(&from, (int)index, to, k);
  }
  return true;
}

static bool slice_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  const Pixels from = *to;
  WniSlice slice;
  if (node->in[0] != from.value || wni_slice_read(walk->graph, node, &slice, NULL) != WN_OK)
    return false;
  int64_t count = slice.count[from.axis];
  if (count < 1 || count > from.n) return false;
  to->n = (int)count;
  for (int k = 0; k < to->n; k++)
    move(&from, (int)(slice.begin[from.axis] + k * slice.step[from.axis]), to, k);
  return true;
}

static bool transpose_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  size_t count;
  const int64_t *order = wni_attr_ints(node->proto, "perm", &count);
  int rank = value_of(walk, to->value)->shape.rank, axis = -1;
  for (int d = 0; d < rank && order && count == (size_t)rank; d++)
    if (order[d] == to->axis) axis = d;
  if (!order) axis = rank - 1 - to->axis;
  to->axis = axis;
  return axis >= 0;
}

/* Squeeze and Unsqueeze of a single channel, whose axis does not matter until it is joined. */
static bool reshape_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  (void)walk;
  (void)node;
  to->axis = 0;
  return to->n == 1;
}

static bool concat_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  int axis, n = 0;
  const WniShape *shape = &value_of(walk, node->in[0])->shape;
  if (!wni_axis(wni_attr_int(node->proto, "axis", 1), shape->rank, &axis)) return false;
  for (int i = 0; i < node->n_in; i++) {
    const Pixels *from = find(walk, node->in[i]);
    if (!from || (from->n > 1 && from->axis != axis) || n + from->n > 3) return false;
    for (int k = 0; k < from->n; k++) move(from, k, to, n++);
  }
  to->axis = axis;
  to->n = n;
  return true;
}

static bool keep_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  (void)walk;
  return node->in[0] == to->value;
}

/* The bytes of a quantized value stand for these numbers; 16-bit ones for more. */
static bool quantize_pixels(const Walk *walk, const WniNode *node, Pixels *to) {
  const WniValue *scale = wni_node_input(walk->graph, node, 1);
  const WniValue *zero = wni_node_input(walk->graph, node, 2);
  WniFront *front = walk->front;
  if (!scale || !scale->known || scale->constant.count != 1 || scale->constant.is_int) return false;
  bool bytes = !zero || (zero->known && zero->constant.bytes && zero->constant.count == 1);
  if (!bytes || front->quantizes || to->scale[0] != 1 || to->shift[0] != 0) return true;
  int least = zero && zero->constant.is_signed ? -128 : 0;
  double at = zero ? (double)wni_constant_integer(&zero->constant, 0) : 0;
  double step = (double)scale->constant.f[0];
  front->quantizes = true;
  front->lowest = (least - at) * step;
  front->highest = (least + 255 - at) * step;
  return true;
}

static const struct {
  WniOp op;
  bool (*make)(const Walk *walk, const WniNode *node, Pixels *to);
} followed[] = {
    {WNI_OP_ADD, scale_pixels},
    {WNI_OP_SUB, scale_pixels},
    {WNI_OP_MUL, scale_pixels},
    {WNI_OP_DIV, scale_pixels},
    {WNI_OP_BATCH_NORMALIZATION, normalise_pixels},
    {WNI_OP_GATHER, gather_pixels},
    {WNI_OP_SLICE, slice_pixels},
    {WNI_OP_TRANSPOSE, transpose_pixels},
    {WNI_OP_SQUEEZE, reshape_pixels},
    {WNI_OP_UNSQUEEZE, reshape_pixels},
    {WNI_OP_CONCAT, concat_pixels},
    {WNI_OP_CAST, keep_pixels},
    {WNI_OP_IDENTITY, keep_pixels},
    {WNI_OP_DROPOUT, keep_pixels},
    {WNI_OP_CLIP, keep_pixels},
    {WNI_OP_QUANTIZE_LINEAR, quantize_pixels},
    {WNI_OP_DEQUANTIZE_LINEAR, keep_pixels},
};

/* ---- the walk ---- */

/* Somebody looks at these pixels. */
static void look_at(Walk *walk, const Pixels *pixels) {
  WniFront *front = walk->front;
  for (int k = 0; k < pixels->n; k++) {
    int c = pixels->channel[k];
    if (walk->seen[c]) continue;
    walk->seen[c] = true;
    front->scale[c] = pixels->scale[k];
    front->shift[c] = pixels->shift[k];
    front->computes |= pixels->scale[k] != 1 || pixels->shift[k] != 0;
  }
}

static void visit(Walk *walk, const WniNode *node) {
  for (int i = 0; i < node->n_in; i++) {
    const Pixels *from = node->in[i] < 0 ? NULL : find(walk, node->in[i]);
    if (!from) continue;
    Pixels to = *from;
    size_t r = 0, n_rows = sizeof followed / sizeof *followed;
    while (r < n_rows && followed[r].op != node->op) r++;
    bool can = r < n_rows && node->n_out == 1 && followed[r].make(walk, node, &to);
    if (can && follow(walk, to, node->out[0])) return;
    look_at(walk, from);
  }
}

void wni_front_find(const WniGraph *graph, int input, WniFront *out) {
  Walk walk = {.graph = graph, .front = out};
  const WniShape *shape = &graph->values[input].shape;
  *out = (WniFront){0};
  int axis, rows;
  if (!wni_shape_image(shape, &axis, &rows)) return;
  Pixels pixels = {.axis = axis, .n = (int)shape->dim[axis]};
  for (int k = 0; k < pixels.n; k++) {
    pixels.channel[k] = k;
    pixels.scale[k] = 1;
  }
  follow(&walk, pixels, input);
  bool all = false;
  for (int i = 0; i < graph->n_nodes && !all; i++) {
    if (!graph->nodes[i].dead) visit(&walk, &graph->nodes[i]);
    all = walk.seen[0] && (pixels.n == 1 || (walk.seen[1] && walk.seen[2]));
  }
  if (!all) *out = (WniFront){0};
}
