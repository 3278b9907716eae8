/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Layers that read the same image and whose outputs are added become one convolution (fuse.c), as
 * convolution is linear in its weights: what RepVGG, MobileOne, RepGhost and FastViT are trained
 * as, and the sum of a convolution with what it reads.  So is a difference.  The taps of a smaller
 * window go to where a larger one has taps too; BatchNormalization and the image itself are windows
 * of one tap that keep channels apart.
 */
#include "graph/fuse.h"
#include "graph/window.h"

#include "base/error.h"

/* One side of a sum. */
typedef struct Term {
  WniNode *node; /* Conv or BatchNormalization; NULL: the image itself */
  float sign;    /* -1: it is subtracted */
  bool conv;
  int64_t groups;
  WniWindow window;
  WniShape weights; /* [outputs][inputs of a group][rows][columns] */
} Term;

/* A Conv of an image that nothing has been merged into but constants. */
static bool read_conv(WniGraph *graph, WniNode *node, Term *term) {
  int axis;
  size_t n;
  if (!node || node->op != WNI_OP_CONV || node->activation_name || node->residual >= 0 ||
      !wni_weighted_channels(graph, node, &axis, &n))
    return false;
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  *term = (Term){.node = node,
                 .conv = true,
                 .groups = wni_attr_int(node->proto, "group", 1),
                 .weights = wni_node_input(graph, node, 1)->shape};
  return x->rank == 4 && !wni_node_input(graph, node, 1)->constant.is_int &&
         wni_window_read(graph, node, x, &term->weights, &term->window, NULL) == WN_OK;
}

/* The other side, `value`, as a layer of x as well. */
static bool read_other(WniGraph *graph, int value, int x, Term *term) {
  WniNode *node = wni_private_producer(graph, value);
  const int64_t *dim = graph->values[x].shape.dim;
  if (value != x && (!node || node->in[0] != x)) return false;
  if (value != x && node->op == WNI_OP_CONV) return read_conv(graph, node, term);
  *term = (Term){
      .node = value == x ? NULL : node,
      .window = {.size = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .out = {dim[2], dim[3]}}};
  if (value == x) return true;
  bool known = node->op == WNI_OP_BATCH_NORMALIZATION && !node->activation_name;
  for (int i = 1; known && i < 5; i++) known = wni_node_input(graph, node, i)->known;
  return known;
}

/* Where tap `at` of `small` along an axis is among those of `large`; -1: nowhere. */
static int64_t tap_of(const WniWindow *large, const WniWindow *small, int axis, int64_t at) {
  int64_t reach = at * small->dilation[axis] - small->pad_begin[axis] + large->pad_begin[axis];
  if (reach < 0 || reach % large->dilation[axis]) return -1;
  return reach / large->dilation[axis] < large->size[axis] ? reach / large->dilation[axis] : -1;
}

static bool holds(const Term *large, const Term *small, const WniShape *x) {
  for (int axis = 0; axis < 2; axis++) {
    const WniWindow *a = &large->window, *b = &small->window;
    if (a->stride[axis] != b->stride[axis] || a->out[axis] != b->out[axis]) return false;
    for (int64_t i = 0; i < b->size[axis]; i++)
      if (tap_of(a, b, axis, i) < 0) return false;
  }
  return small->conv ? large->groups == small->groups : large->weights.dim[0] == x->dim[1];
}

/* Factors and terms of a Conv, and its weights as float32. */
static WnStatus prepare(WniGraph *graph, WniNode *node, size_t channels, WnError *error) {
  WniConstant *weights = &wni_node_input(graph, node, 1)->constant;
  if (!wni_constant_widen(weights)) return wni_fail_memory(error, "weights");
  return wni_affine_start(graph, node, channels, error);
}

/* The factor and the term of output `c` in the sum. */
static void read_affine(const WniGraph *graph, const Term *term, size_t c, float *scale,
                        float *shift) {
  *scale = 1;
  *shift = 0;
  if (term->conv)
    *scale = term->node->scale[c], *shift = term->node->shift[c];
  else if (term->node)
    wni_batch_normalization(graph, term->node, c, scale, shift);
  *scale *= term->sign;
  *shift *= term->sign;
}

/* The weights of output c of `small`, those of all inputs or of its own, at their taps of `to`. */
static void add_taps(const WniGraph *graph, const Term *large, const Term *small, int64_t c,
                     float scale, float *to) {
  const int64_t *dim = large->weights.dim, inputs = small->conv ? dim[1] : 1;
  const int64_t rows = small->window.size[0], columns = small->window.size[1];
  const float *from = small->conv ? wni_node_input(graph, small->node, 1)->constant.f : NULL;
  for (int64_t i = 0; i < inputs; i++)
    for (int64_t row = 0; row < rows; row++)
      for (int64_t column = 0; column < columns; column++) {
        int64_t input = small->conv ? i : c % dim[1];
        int64_t at = (input * dim[2] + tap_of(&large->window, &small->window, 0, row)) * dim[3] +
                     tap_of(&large->window, &small->window, 1, column);
        to[at] += scale * (from ? from[((c * inputs + i) * rows + row) * columns + column] : 1.0f);
      }
}

/* The weights of `large`, scaled, and of `small` as a new constant of the graph. */
static WnStatus add_weights(WniGraph *graph, const Term *large, const Term *small, WnError *error) {
  WniNode *node = large->node;
  WniConstant sum;
  void *data;
  int value = wni_value_add(graph, NULL, -1);
  const WniConstant *old = &wni_node_input(graph, node, 1)->constant;
  if (value < 0 || !wni_constant_new(&sum, false, old->rank, old->dim, &data))
    return wni_fail_memory(error, "weights");
  size_t outputs = (size_t)old->dim[0], each = old->count / outputs;
  for (size_t c = 0; c < outputs; c++) {
    float scale, shift, term, *to = (float *)data + c * each;
    read_affine(graph, large, c, &scale, &shift);
    for (size_t k = 0; k < each; k++) to[k] = old->f[c * each + k] * scale;
    read_affine(graph, small, c, &scale, &term);
    add_taps(graph, large, small, (int64_t)c, scale, to);
    node->scale[c] = 1;
    node->shift[c] = shift + term;
  }
  graph->values[value].constant = sum;
  graph->values[value].shape = large->weights;
  graph->values[value].shaped = graph->values[value].known = true;
  node->in[1] = value;
  return WN_OK;
}

WnStatus wni_merge_sum(WniGraph *graph, WniNode *node, WnError *error) {
  bool difference = node->op == WNI_OP_SUB;
  if ((node->op != WNI_OP_ADD && node->op != WNI_OP_SUM && !difference) || node->n_in != 2)
    return WN_OK;
  for (int side = 0; side < 2; side++) {
    Term large, small;
    if (!read_conv(graph, wni_private_producer(graph, node->in[side]), &large)) continue;
    int x = large.node->in[0];
    const WniShape *sum = &graph->values[node->out[0]].shape;
    if (!wni_shape_equals(&graph->values[node->in[side]].shape, sum) ||
        !wni_shape_equals(&graph->values[node->in[1 - side]].shape, sum) ||
        !read_other(graph, node->in[1 - side], x, &small) ||
        !holds(&large, &small, &graph->values[x].shape))
      continue;
    size_t n = (size_t)sum->dim[1];
    large.sign = difference && side == 1 ? -1.0f : 1.0f;
    small.sign = difference && side == 0 ? -1.0f : 1.0f;
    WnStatus status = prepare(graph, large.node, n, error);
    if (status == WN_OK && small.conv) status = prepare(graph, small.node, n, error);
    if (status == WN_OK) status = add_weights(graph, &large, &small, error);
    if (status != WN_OK) return status;
    if (small.node) small.node->dead = true;
    graph->values[x].n_readers--;
    wni_merge(graph, node, large.node);
    return WN_OK;
  }
  return WN_OK;
}
