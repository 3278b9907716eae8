/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A Pad in front of a window becomes part of the window (fuse.c): exporters from TensorFlow write
 * one before every convolution of stride 2, in either layout.  The zeros are then those around the
 * image in memory, and nothing is copied.
 */
#include "graph/fuse.h"
#include "graph/window.h"

/* Rows and columns that a Pad adds to an image. */
typedef struct Zeros {
  int64_t begin[2], end[2];
} Zeros;

static const WniNode *producer_of(const WniGraph *graph, int value) {
  int producer = graph->values[value].producer;
  const WniNode *node = producer >= 0 ? &graph->nodes[producer] : NULL;
  return node && !node->dead ? node : NULL;
}

/* A Pad with zeros whose output nobody but nodes read; NULL: none. */
static const WniNode *zero_pad(const WniGraph *graph, int value) {
  const WniNode *node = producer_of(graph, value);
  if (!node || node->op != WNI_OP_PAD || graph->values[value].quantized) return NULL;
  const WniValue *constant = wni_node_input(graph, node, 2);
  bool zero = !constant || (constant->known && !constant->constant.is_int &&
                            constant->constant.count == 1 && constant->constant.f[0] == 0);
  bool plain = !wni_attr(node->proto, "mode") || wni_attr_is(node->proto, "mode", "constant");
  return zero && plain && wni_attr_float(node->proto, "value", 0) == 0 ? node : NULL;
}

/* What `pad` adds to rows and columns, the dimensions h and w; false: it changes something else. */
static bool read_zeros(const WniGraph *graph, const WniNode *pad, int h, int w, Zeros *zeros) {
  int64_t begin[WNI_MAX_RANK], end[WNI_MAX_RANK];
  if (wni_pad_read(graph, pad, begin, end, NULL) != WN_OK) return false;
  *zeros = (Zeros){{begin[h], begin[w]}, {end[h], end[w]}};
  begin[h] = begin[w] = end[h] = end[w] = 0;
  for (int d = 0; d < WNI_MAX_RANK; d++)
    if (begin[d] || end[d]) return false;
  for (int axis = 0; axis < 2; axis++)
    if (zeros->begin[axis] < 0 || zeros->end[axis] < 0) return false;
  return true;
}

/* Whether no element is negative, so that a maximum with zeros is one without them. */
static bool is_nonnegative(const WniGraph *graph, int value) {
  const WniNode *node = producer_of(graph, value);
  while (node && node->op == WNI_OP_TRANSPOSE) node = producer_of(graph, node->in[0]);
  return node && (node->op == WNI_OP_RELU || node->op == WNI_OP_SIGMOID);
}

/* Whether every window holds something of the image itself. */
static bool window_reaches_image(const WniWindow *window, const Zeros *zeros) {
  for (int axis = 0; axis < 2; axis++) {
    int64_t reach = (window->size[axis] - 1) * window->dilation[axis] + 1;
    if (zeros->begin[axis] + window->pad_begin[axis] >= reach ||
        zeros->end[axis] + window->pad_end[axis] >= reach)
      return false;
  }
  return true;
}

/* Whether the window of `node` means the same with the zeros as its own pads. */
static bool takes_zeros(const WniGraph *graph, const WniNode *node, const Zeros *zeros, int value) {
  WniWindow window;
  if (node->op == WNI_OP_CONV) return true;
  if (node->op != WNI_OP_MAX_POOL && node->op != WNI_OP_AVERAGE_POOL) return false;
  if (wni_window_read(graph, node, &wni_node_input(graph, node, 0)->shape, NULL, &window, NULL) !=
          WN_OK ||
      !window_reaches_image(&window, zeros))
    return false;
  if (node->op == WNI_OP_MAX_POOL) return node->n_out == 1 && is_nonnegative(graph, value);
  bool padded =
      window.pad_begin[0] || window.pad_begin[1] || window.pad_end[0] || window.pad_end[1];
  return !padded || wni_attr_int(node->proto, "count_include_pad", 0);
}

static void add_zeros(WniNode *node, const Zeros *zeros) {
  for (int axis = 0; axis < 2; axis++) {
    node->pad_begin[axis] += zeros->begin[axis];
    node->pad_end[axis] += zeros->end[axis];
  }
}

/* `reader` reads what the Pad reads; a Pad that nobody reads any more is gone. */
static void skip(WniGraph *graph, WniNode *reader, const WniNode *pad) {
  WniValue *padded = &graph->values[pad->out[0]];
  reader->in[0] = pad->in[0];
  graph->values[pad->in[0]].n_readers++;
  if (--padded->n_readers > 0 || padded->is_output) return;
  graph->nodes[padded->producer].dead = true;
  graph->values[pad->in[0]].n_readers--;
}

/* Pad, window */
static bool merge_direct(WniGraph *graph, WniNode *node) {
  const WniNode *pad = zero_pad(graph, node->in[0]);
  Zeros zeros;
  if (!pad || !read_zeros(graph, pad, 2, 3, &zeros) ||
      !takes_zeros(graph, node, &zeros, pad->in[0]))
    return false;
  add_zeros(node, &zeros);
  skip(graph, node, pad);
  return true;
}

/* Pad, Transpose, window */
static bool merge_behind_transpose(WniGraph *graph, WniNode *node) {
  WniValue *turned = &graph->values[node->in[0]];
  const WniNode *transpose = producer_of(graph, node->in[0]);
  if (!transpose || transpose->op != WNI_OP_TRANSPOSE || turned->n_readers != 1 ||
      turned->is_output)
    return false;
  const WniNode *pad = zero_pad(graph, transpose->in[0]);
  size_t n;
  const int64_t *perm = wni_attr_ints(transpose->proto, "perm", &n);
  Zeros zeros;
  if (!pad || !read_zeros(graph, pad, perm ? (int)perm[2] : 1, perm ? (int)perm[3] : 0, &zeros) ||
      !takes_zeros(graph, node, &zeros, pad->in[0]))
    return false;
  add_zeros(node, &zeros);
  skip(graph, &graph->nodes[turned->producer], pad);
  for (int axis = 0; axis < 2; axis++)
    turned->shape.dim[2 + axis] -= zeros.begin[axis] + zeros.end[axis];
  return true;
}

void wni_fold_pads(WniGraph *graph) {
  for (int i = 0; i < graph->n_nodes; i++) {
    WniNode *node = &graph->nodes[i];
    bool window =
        node->op == WNI_OP_CONV || node->op == WNI_OP_MAX_POOL || node->op == WNI_OP_AVERAGE_POOL;
    if (node->dead || !window || graph->values[node->in[0]].shape.rank != 4) continue;
    while (merge_direct(graph, node) || merge_behind_transpose(graph, node)) continue;
  }
}
