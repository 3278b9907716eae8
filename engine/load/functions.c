/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See functions.h.  A short file can ask for any number of nodes by functions that call functions:
 * depth, nodes and bytes are bounded.
 */
#include "load/functions.h"

#include "base/error.h"
#include "base/memory.h"
#include "load/composites.h"
#include "load/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 32, MAX_NODES = 1 << 16 };

typedef struct Inliner {
  WniOnnx *onnx;
  WniNames functions; /* "domain:name:overload" to places in proto->functions */
  int depth, n_nodes; /* visited */
  int n_calls;
  WnError *error;
} Inliner;

/* Nodes in the making. */
typedef struct List {
  Onnx__NodeProto **node;
  size_t n, capacity;
} List;

static WnStatus add(Inliner *inliner, List *list, Onnx__NodeProto *node) {
  if (!node || !wni_grow((void **)&list->node, list->n, &list->capacity, sizeof *list->node))
    return wni_fail_memory(inliner->error, "the model's functions");
  list->node[list->n++] = node;
  return WN_OK;
}

static char *make_key(WniPieces *pieces, const char *domain, const char *name,
                      const char *overload) {
  return wni_pieces_text(pieces, (const char *const[]){domain ? domain : "", ":", name ? name : "",
                                                       ":", overload ? overload : "", NULL});
}

static WnStatus list_functions(Inliner *inliner) {
  const Onnx__ModelProto *proto = inliner->onnx->proto;
  for (size_t i = 0; i < proto->n_functions; i++) {
    const Onnx__FunctionProto *function = proto->functions[i];
    char *key =
        make_key(&inliner->onnx->pieces, function->domain, function->name, function->overload);
    if (!key || !wni_names_put(&inliner->functions, key, (int)i))
      return wni_fail_memory(inliner->error, "the model's functions");
  }
  return WN_OK;
}

/* Of the model, or an operator that is made of others; NULL: an operator, or no memory. */
static const Onnx__FunctionProto *find_function(Inliner *inliner, const Onnx__NodeProto *node) {
  char key[256];
  int length = snprintf(key, sizeof key, "%s:%s:%s", node->domain ? node->domain : "",
                        node->op_type ? node->op_type : "", node->overload ? node->overload : "");
  int i = length < (int)sizeof key ? wni_names_find(&inliner->functions, key) : -1;
  if (i >= 0) return inliner->onnx->proto->functions[i];
  return wni_composite_make(&inliner->onnx->pieces, node);
}

static WnStatus expand(Inliner *inliner, WniScope *scope, Onnx__NodeProto *const *node,
                       size_t n_node, List *list);

/* Names of what goes in and out.  An output that cannot have the caller's name because it is an
 * input or another output too gets it from a node behind. */
static WnStatus bind(Inliner *inliner, WniScope *scope, List *behind) {
  const Onnx__FunctionProto *function = scope->defaults;
  const Onnx__NodeProto *call = scope->call;
  WnStatus status = WN_OK;
  for (size_t i = 0; i < function->n_input; i++)
    wni_scope_name(scope, function->input[i], i < call->n_input ? call->input[i] : (char *)"");
  for (size_t i = 0; i < function->n_output && i < call->n_output && status == WN_OK; i++) {
    char *formal = function->output[i], *actual = call->output[i];
    if (!*actual) continue;
    if (wni_names_find(&scope->names, formal) >= 0)
      status =
          add(inliner, behind, wni_scope_identity(scope, wni_scope_find(scope, formal), actual));
    else
      wni_scope_name(scope, formal, actual);
  }
  wni_scope_name_outputs(scope, function->node, function->n_node);
  return status;
}

static WnStatus expand_call(Inliner *inliner, const Onnx__NodeProto *call,
                            const Onnx__FunctionProto *function, List *list) {
  char prefix[96];
  List behind = {0};
  snprintf(prefix, sizeof prefix, "%.60s#%d/", wni_node_name(call), ++inliner->n_calls);
  WniScope scope = {
      .pieces = &inliner->onnx->pieces, .prefix = prefix, .call = call, .defaults = function};
  WnStatus status =
      ++inliner->depth <= MAX_DEPTH
          ? bind(inliner, &scope, &behind)
          : wni_fail(inliner->error, WN_ERROR_MODEL,
                     "function '%.100s' calls itself, or functions call each other more than %d "
                     "deep",
                     call->op_type, MAX_DEPTH);
  if (status == WN_OK) status = expand(inliner, &scope, function->node, function->n_node, list);
  for (size_t i = 0; i < behind.n && status == WN_OK; i++)
    status = add(inliner, list, behind.node[i]);
  inliner->depth--;
  free(behind.node);
  wni_scope_clear(&scope);
  return status;
}

static WnStatus expand_graph(Inliner *inliner, Onnx__GraphProto *graph);

/* Calls in the graphs of a node, which is a copy. */
static WnStatus expand_branches(Inliner *inliner, const Onnx__NodeProto *node) {
  WnStatus status = WN_OK;
  for (size_t i = 0; i < node->n_attribute && status == WN_OK; i++)
    if (node->attribute[i]->g) status = expand_graph(inliner, node->attribute[i]->g);
  return status;
}

/* Copies of nodes, functions as what they are made of. */
static WnStatus expand(Inliner *inliner, WniScope *scope, Onnx__NodeProto *const *node,
                       size_t n_node, List *list) {
  WnStatus status = WN_OK;
  for (size_t i = 0; i < n_node && status == WN_OK; i++) {
    if (++inliner->n_nodes > MAX_NODES)
      return wni_fail(inliner->error, WN_ERROR_UNSUPPORTED,
                      "the model's functions are more than %d nodes where they are called",
                      MAX_NODES);
    Onnx__NodeProto *copy = wni_scope_copy(scope, node[i]);
    if (!copy || scope->pieces->failed)
      return wni_fail_memory(inliner->error, "the model's functions");
    const Onnx__FunctionProto *function = find_function(inliner, copy);
    if (scope->pieces->failed) return wni_fail_memory(inliner->error, "the model's functions");
    if (function) {
      status = expand_call(inliner, copy, function, list);
    } else {
      status = expand_branches(inliner, copy);
      if (status == WN_OK) status = add(inliner, list, copy);
    }
  }
  return status;
}

static WnStatus expand_graph(Inliner *inliner, Onnx__GraphProto *graph) {
  WniScope scope = {.pieces = &inliner->onnx->pieces, .prefix = ""}; /* names stay as they are */
  List list = {0};
  WnStatus status = expand(inliner, &scope, graph->node, graph->n_node, &list);
  Onnx__NodeProto **node =
      status == WN_OK ? wni_pieces_alloc(scope.pieces, list.n + 1, sizeof *node) : NULL;
  if (status == WN_OK && !node) status = wni_fail_memory(inliner->error, "the model's functions");
  if (node) {
    if (list.n) memcpy(node, list.node, list.n * sizeof *node);
    graph->node = node;
    graph->n_node = list.n;
  }
  free(list.node);
  wni_scope_clear(&scope);
  return status;
}

static bool has_composites(const Onnx__GraphProto *graph) {
  for (size_t i = 0; i < graph->n_node; i++)
    if (wni_composite_is(graph->node[i])) return true;
  return false;
}

WnStatus wni_functions_inline(WniOnnx *onnx, WnError *error) {
  Inliner inliner = {.onnx = onnx, .error = error};
  if (onnx->proto->n_functions == 0 && !has_composites(onnx->proto->graph)) return WN_OK;
  Onnx__GraphProto *graph = wni_pieces_alloc(&onnx->pieces, 1, sizeof *graph);
  if (!graph) return wni_fail_memory(error, "the model's functions");
  *graph = *onnx->proto->graph;
  WnStatus status = list_functions(&inliner);
  if (status == WN_OK) status = expand_graph(&inliner, graph);
  wni_names_clear(&inliner.functions);
  if (status != WN_OK) return status;
  onnx->parsed_graph = onnx->proto->graph;
  onnx->proto->graph = graph;
  return WN_OK;
}
