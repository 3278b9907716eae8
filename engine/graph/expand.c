/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conv over five dimensions (graph.h): where its window is one element in one of the three, the
 * pictures along that one are a batch, and nodes for four dimensions stand in its place.
 *
 *   X [n][c][.. s ..]  Transpose, Reshape  [n s][c][h][w]  Conv  [n s][o][h'][w']
 *                      Transpose  [o][h'][w'][n s]  Reshape  [o][h'][w'][n][s]  Transpose  Y
 */
#include "graph/graph.h"

#include "base/error.h"

#include <string.h>

enum { RANK = 5, MOST_NODES = 10, MOST_INPUTS = 3 };

typedef struct Expansion {
  WniPieces *pieces;
  const Onnx__NodeProto *proto;
  const WniShape *x, *w;
  int batch, row, column; /* the dimension that becomes one of the batch; the others */
  Onnx__NodeProto **node;
  size_t n;
} Expansion;

/* Number `i` of an attribute of `per` for each dimension of the window. */
static int64_t number(const Onnx__NodeProto *proto, const char *name, size_t per, size_t i,
                      int64_t fallback) {
  size_t count;
  const int64_t *values = wni_attr_ints(proto, name, &count);
  return values && count == per * 3 ? values[i] : fallback;
}

static bool is_still(const Expansion *e, int d) {
  size_t i = (size_t)d - 2;
  return e->w->dim[d] == 1 && number(e->proto, "strides", 1, i, 1) == 1 &&
         number(e->proto, "pads", 2, i, 0) == 0 && number(e->proto, "pads", 2, i + 3, 0) == 0;
}

/* ---- nodes ---- */

static Onnx__AttributeProto *ints(Expansion *e, const char *name, const int64_t *values, size_t n) {
  Onnx__AttributeProto *attribute = wni_pieces_alloc(e->pieces, 1, sizeof *attribute);
  int64_t *copy = wni_pieces_alloc(e->pieces, n, sizeof *copy);
  if (!attribute || !copy) return NULL;
  onnx__attribute_proto__init(attribute);
  memcpy(copy, values, n * sizeof *copy);
  attribute->name = (char *)(uintptr_t)name;
  attribute->has_type = 1;
  attribute->type = 7; /* AttributeProto.INTS */
  attribute->ints = copy;
  attribute->n_ints = n;
  return attribute;
}

/* A node behind the others; `to` NULL: a name of its own.  Returns what it makes. */
static char *add_node(Expansion *e, const char *op, char *const *input, size_t n_input,
                      Onnx__AttributeProto *const *attribute, size_t n_attribute, char *to) {
  const char number_text[2] = {(char)('0' + e->n), 0};
  Onnx__NodeProto *node = wni_pieces_alloc(e->pieces, 1, sizeof *node);
  char **names = wni_pieces_alloc(e->pieces, MOST_INPUTS + 1, sizeof *names);
  Onnx__AttributeProto **attributes =
      wni_pieces_alloc(e->pieces, n_attribute + 1, sizeof(Onnx__AttributeProto *));
  if (!to)
    to = wni_pieces_text(e->pieces,
                         (const char *const[]){e->proto->output[0], "#", number_text, NULL});
  if (!node || !names || !attributes || !to) return NULL;
  onnx__node_proto__init(node);
  names[0] = to;
  for (size_t i = 0; i < n_input; i++) names[i + 1] = input[i];
  for (size_t i = 0; i < n_attribute; i++) attributes[i] = attribute[i];
  node->name = e->proto->name;
  node->op_type = (char *)(uintptr_t)op;
  node->output = names;
  node->n_output = 1;
  node->input = names + 1;
  node->n_input = n_input;
  node->attribute = attributes;
  node->n_attribute = n_attribute;
  e->node[e->n++] = node;
  return to;
}

static char *transpose(Expansion *e, char *x, const int64_t *perm, size_t n, char *to) {
  Onnx__AttributeProto *attribute = ints(e, "perm", perm, n);
  return add_node(e, "Transpose", &x, 1, &attribute, 1, to);
}

static char *reshape(Expansion *e, char *x, const int64_t *shape, size_t n) {
  Onnx__AttributeProto *value = ints(e, "value_ints", shape, n);
  char *input[2] = {x, add_node(e, "Constant", NULL, 0, &value, 1, NULL)};
  return add_node(e, "Reshape", input, 2, NULL, 0, NULL);
}

/* The same window without the dimension that is none of it any more. */
static Onnx__AttributeProto *narrow(Expansion *e, Onnx__AttributeProto *attribute) {
  size_t n = attribute->n_ints, k = 0;
  int64_t left[4];
  if (n != 3 && n != 6) return attribute;
  for (size_t i = 0; i < n; i++)
    if ((int)(i % 3) + 2 != e->batch) left[k++] = attribute->ints[i];
  return ints(e, attribute->name, left, k);
}

static char *convolve(Expansion *e, char *x, char *w) {
  const Onnx__NodeProto *proto = e->proto;
  char *input[MOST_INPUTS] = {x, w, proto->n_input > 2 ? proto->input[2] : NULL};
  Onnx__AttributeProto **attribute =
      wni_pieces_alloc(e->pieces, proto->n_attribute + 1, sizeof(Onnx__AttributeProto *));
  for (size_t i = 0; attribute && i < proto->n_attribute; i++)
    attribute[i] = narrow(e, proto->attribute[i]);
  return attribute ? add_node(e, "Conv", input, proto->n_input, attribute, proto->n_attribute, NULL)
                   : NULL;
}

static void write_nodes(Expansion *e) {
  const int64_t *x = e->x->dim, *w = e->w->dim;
  const int64_t first[RANK] = {0, e->batch, 1, e->row, e->column}, behind[4] = {1, 2, 3, 0};
  const int64_t picture[4] = {x[0] * x[e->batch], x[1], x[e->row], x[e->column]};
  const int64_t window[4] = {w[0], w[1], w[e->row], w[e->column]};
  const int64_t apart[RANK] = {0, 0, 0, x[0], x[e->batch]}; /* 0: as it is */
  int64_t last[RANK] = {3, 0};
  last[e->batch] = 4;
  last[e->row] = 1;
  last[e->column] = 2;
  char *y = transpose(e, e->proto->input[0], first, RANK, NULL);
  y = reshape(e, y, picture, 4);
  y = convolve(e, y, reshape(e, e->proto->input[1], window, 4));
  y = transpose(e, y, behind, 4, NULL);
  transpose(e, reshape(e, y, apart, RANK), last, RANK, e->proto->output[0]);
}

/* ---- the node ---- */

/* Input i; NULL: there is none whose shape is known. */
static WnStatus find_shape(WniGraph *graph, const Onnx__NodeProto *proto, size_t i,
                           const WniShape **out, WnError *error) {
  int index;
  WnStatus status = wni_value_find(graph, proto->input[i], &index, error);
  bool there = status == WN_OK && index >= 0 && graph->values[index].shaped;
  *out = there && graph->values[index].shape.rank == RANK ? &graph->values[index].shape : NULL;
  return status;
}

WnStatus wni_conv_expand(WniGraph *graph, const Onnx__NodeProto *proto, Onnx__NodeProto ***node,
                         size_t *n_node, WnError *error) {
  Expansion e = {.pieces = &graph->pieces, .proto = proto};
  WniShape x;
  *node = NULL;
  WnStatus status = find_shape(graph, proto, 0, &e.x, error);
  if (status != WN_OK || !e.x) return status;
  x = *e.x; /* values move when the next one is read */
  status = find_shape(graph, proto, 1, &e.w, error);
  if (status != WN_OK || !e.w || proto->n_input > MOST_INPUTS) return status;
  e.x = &x;
  for (int d = RANK - 1; d > 1 && !e.batch; d--)
    if (is_still(&e, d)) e.batch = d;
  if (!e.batch) return WN_OK;
  e.row = e.batch == 2 ? 3 : 2;
  e.column = e.batch == 4 ? 3 : 4;
  e.node = wni_pieces_alloc(e.pieces, MOST_NODES, sizeof *e.node);
  if (e.node) write_nodes(&e);
  *node = e.node;
  *n_node = e.n;
  return graph->pieces.failed ? wni_fail_memory(error, "a convolution") : WN_OK;
}
