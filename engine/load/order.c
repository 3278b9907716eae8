/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See order.h.  A depth-first walk in the order of the file, each node behind those that make what
 * it reads: linear in nodes and names, and without recursion over nodes.
 */
#include "load/order.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/names.h"
#include "load/onnx.h"

#include <stdlib.h>
#include <string.h>

typedef enum State { UNSEEN, OPEN, DONE } State; /* open: on the way to what it reads */

typedef struct Order {
  const Onnx__GraphProto *graph;
  WniNames makers;    /* nodes by what they make */
  int *first, *maker; /* [n_node + 1]; node i waits for maker[first[i]..first[i + 1]) */
  size_t n_makers, maker_capacity;
  bool failed; /* no memory */
} Order;

static void find_makers(Order *order, const Onnx__GraphProto *graph, WniNames *makers) {
  for (size_t i = 0; i < graph->n_node; i++) {
    const Onnx__NodeProto *node = graph->node[i];
    for (size_t k = 0; k < node->n_output; k++)
      if (*node->output[k] && !wni_names_put(makers, node->output[k], (int)i)) order->failed = true;
  }
}

/* What the graphs in attributes make themselves, from the innermost outwards. */
typedef struct Inner {
  WniNames made;
  const struct Inner *around;
} Inner;

static void note_reading(Order *order, const Inner *inner, const char *name) {
  int maker = *name ? wni_names_find(&order->makers, name) : -1;
  for (; maker >= 0 && inner; inner = inner->around)
    if (wni_names_find(&inner->made, name) >= 0) maker = -1;
  if (maker < 0) return;
  if (wni_grow((void **)&order->maker, order->n_makers, &order->maker_capacity,
               sizeof *order->maker))
    order->maker[order->n_makers++] = maker;
  else
    order->failed = true;
}

static void note_graph(Order *order, const Inner *around, const Onnx__GraphProto *graph);

/* What the node reads, and what the graphs in it read of the graph around them. */
static void note_node(Order *order, const Inner *inner, const Onnx__NodeProto *node) {
  for (size_t i = 0; i < node->n_input; i++) note_reading(order, inner, node->input[i]);
  for (size_t i = 0; i < node->n_attribute; i++)
    if (node->attribute[i]->g) note_graph(order, inner, node->attribute[i]->g);
}

static void note_graph(Order *order, const Inner *around, const Onnx__GraphProto *graph) {
  Inner inner = {.around = around};
  find_makers(order, graph, &inner.made);
  for (size_t i = 0; i < graph->n_node; i++) note_node(order, &inner, graph->node[i]);
  for (size_t i = 0; i < graph->n_output; i++)
    if (graph->output[i]->name) note_reading(order, &inner, graph->output[i]->name);
  wni_names_clear(&inner.made);
}

/* Whether the nodes are in order already. */
static bool find_readings(Order *order) {
  bool sorted = true;
  for (size_t i = 0; i < order->graph->n_node; i++) {
    size_t begin = order->n_makers;
    order->first[i] = (int)begin;
    note_node(order, NULL, order->graph->node[i]);
    for (size_t k = begin; k < order->n_makers; k++) sorted = sorted && order->maker[k] < (int)i;
  }
  order->first[order->graph->n_node] = (int)order->n_makers;
  return sorted;
}

/* Puts node `root` behind what it reads; the node on which a circle closes, -1: there is none. */
static int place(const Order *order, int root, int *stack, int *next, uint8_t *state,
                 Onnx__NodeProto **sorted, size_t *n_sorted) {
  int depth = 0;
  stack[depth++] = root;
  state[root] = OPEN;
  while (depth > 0) {
    int node = stack[depth - 1];
    if (next[node] == order->first[node + 1]) {
      state[node] = DONE;
      sorted[(*n_sorted)++] = order->graph->node[node];
      depth--;
      continue;
    }
    int maker = order->maker[next[node]++];
    if (state[maker] == OPEN) return maker;
    if (state[maker] == DONE) continue;
    state[maker] = OPEN;
    stack[depth++] = maker;
  }
  return -1;
}

static WnStatus sort(const Order *order, Onnx__GraphProto *graph, WnError *error) {
  size_t n = graph->n_node, n_sorted = 0;
  int *stack = calloc(n, sizeof *stack), *next = calloc(n, sizeof *next), circle = -1;
  uint8_t *state = calloc(n, sizeof *state);
  Onnx__NodeProto **sorted = calloc(n, sizeof(Onnx__NodeProto *));
  WnStatus status = WN_OK;
  if (!stack || !next || !state || !sorted) {
    status = wni_fail_memory(error, "the graph");
    goto done;
  }
  memcpy(next, order->first, n * sizeof *next);
  for (size_t i = 0; i < n && circle < 0; i++)
    if (state[i] == UNSEEN) circle = place(order, (int)i, stack, next, state, sorted, &n_sorted);
  if (circle >= 0)
    status = wni_fail(error, WN_ERROR_MODEL,
                      "node '%.100s' reads what is computed from its own result: the nodes go in a "
                      "circle",
                      wni_node_name(graph->node[circle]));
  else
    memcpy(graph->node, sorted, n * sizeof(Onnx__NodeProto *));
done:
  free(stack);
  free(next);
  free(state);
  free(sorted);
  return status;
}

static WnStatus order_one(Onnx__GraphProto *graph, WnError *error) {
  Order order = {.graph = graph, .first = calloc(graph->n_node + 1, sizeof(int))};
  WnStatus status = WN_OK;
  find_makers(&order, graph, &order.makers);
  bool sorted = order.first && find_readings(&order);
  if (!order.first || order.failed || order.n_makers > INT32_MAX)
    status = wni_fail_memory(error, "the graph");
  else if (!sorted)
    status = sort(&order, graph, error);
  wni_names_clear(&order.makers);
  free(order.first);
  free(order.maker);
  return status;
}

WnStatus wni_order_nodes(Onnx__GraphProto *graph, WnError *error) {
  WnStatus status = order_one(graph, error);
  for (size_t i = 0; i < graph->n_node && status == WN_OK; i++)
    for (size_t k = 0; k < graph->node[i]->n_attribute && status == WN_OK; k++)
      if (graph->node[i]->attribute[k]->g)
        status = wni_order_nodes(graph->node[i]->attribute[k]->g, error);
  return status;
}
