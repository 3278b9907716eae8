/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See scope.h.
 */
#include "load/scope.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void wni_scope_name(WniScope *scope, const char *formal, char *actual) {
  if (!formal || !*formal || wni_names_find(&scope->names, formal) >= 0) return;
  if (!actual)
    actual = wni_pieces_text(scope->pieces, (const char *const[]){scope->prefix, formal, NULL});
  if (!actual ||
      !wni_grow((void **)&scope->actual, scope->n_actual, &scope->capacity,
                sizeof *scope->actual) ||
      !wni_names_put(&scope->names, formal, (int)scope->n_actual)) {
    scope->pieces->failed = true;
    return;
  }
  scope->actual[scope->n_actual++] = actual;
}

void wni_scope_name_outputs(WniScope *scope, Onnx__NodeProto *const *node, size_t n_node) {
  for (size_t i = 0; i < n_node; i++)
    for (size_t k = 0; k < node[i]->n_output; k++) wni_scope_name(scope, node[i]->output[k], NULL);
}

char *wni_scope_find(const WniScope *scope, char *name) {
  int i = name ? wni_names_find(&scope->names, name) : -1;
  return i >= 0 ? scope->actual[i] : name;
}

void wni_scope_clear(WniScope *scope) {
  wni_names_clear(&scope->names);
  free(scope->actual);
  *scope = (WniScope){0};
}

static char **copy_names(WniScope *scope, char *const *name, size_t n) {
  char **copy = wni_pieces_alloc(scope->pieces, n + 1, sizeof *copy);
  for (size_t i = 0; copy && i < n; i++) copy[i] = wni_scope_find(scope, name[i]);
  return copy;
}

Onnx__TensorProto *wni_scope_copy_tensor(WniScope *scope, const Onnx__TensorProto *tensor) {
  Onnx__TensorProto *copy = wni_pieces_alloc(scope->pieces, 1, sizeof *copy);
  if (!copy) return NULL;
  *copy = *tensor;
  copy->name = wni_scope_find(scope, tensor->name);
  return copy;
}

static Onnx__ValueInfoProto **copy_infos(WniScope *scope, Onnx__ValueInfoProto *const *info,
                                         size_t n) {
  Onnx__ValueInfoProto **list = wni_pieces_alloc(scope->pieces, n + 1, sizeof *list);
  for (size_t i = 0; list && i < n; i++) {
    if (!(list[i] = wni_pieces_alloc(scope->pieces, 1, sizeof **list))) return NULL;
    *list[i] = *info[i];
    list[i]->name = wni_scope_find(scope, info[i]->name);
  }
  return list;
}

static Onnx__GraphProto *copy_graph(WniScope *scope, const Onnx__GraphProto *graph) {
  Onnx__GraphProto *copy = wni_pieces_alloc(scope->pieces, 1, sizeof *copy);
  if (!copy) return NULL;
  *copy = *graph;
  copy->node = wni_pieces_alloc(scope->pieces, graph->n_node + 1, sizeof *copy->node);
  copy->initializer =
      wni_pieces_alloc(scope->pieces, graph->n_initializer + 1, sizeof *copy->initializer);
  copy->input = copy_infos(scope, graph->input, graph->n_input);
  copy->output = copy_infos(scope, graph->output, graph->n_output);
  if (!copy->node || !copy->initializer || !copy->input || !copy->output) return NULL;
  for (size_t i = 0; i < graph->n_node; i++)
    if (!(copy->node[i] = wni_scope_copy(scope, graph->node[i]))) return NULL;
  for (size_t i = 0; i < graph->n_initializer; i++)
    if (!(copy->initializer[i] = wni_scope_copy_tensor(scope, graph->initializer[i]))) return NULL;
  return copy;
}

static const Onnx__AttributeProto *find_attribute(Onnx__AttributeProto *const *list, size_t n,
                                                  const char *name) {
  for (size_t i = 0; i < n; i++)
    if (list[i]->name && strcmp(list[i]->name, name) == 0) return list[i];
  return NULL;
}

/* The value that a reference to an attribute of the function stands for; NULL: the call has none,
 * and then the node has none. */
static const Onnx__AttributeProto *refer(const WniScope *scope, const char *name) {
  const Onnx__AttributeProto *found = NULL;
  if (scope->call) found = find_attribute(scope->call->attribute, scope->call->n_attribute, name);
  if (!found && scope->defaults)
    found =
        find_attribute(scope->defaults->attribute_proto, scope->defaults->n_attribute_proto, name);
  return found;
}

static bool copy_attributes(WniScope *scope, const Onnx__NodeProto *node, Onnx__NodeProto *copy) {
  copy->n_attribute = 0;
  copy->attribute =
      wni_pieces_alloc(scope->pieces, node->n_attribute + 1, sizeof(Onnx__AttributeProto *));
  for (size_t i = 0; copy->attribute && i < node->n_attribute; i++) {
    const Onnx__AttributeProto *own = node->attribute[i], *value = own;
    bool refers = own->ref_attr_name && *own->ref_attr_name;
    if (refers && !(value = refer(scope, own->ref_attr_name))) continue;
    Onnx__AttributeProto *attribute = wni_pieces_alloc(scope->pieces, 1, sizeof *attribute);
    if (!attribute) return false;
    *attribute = *value;
    attribute->name = own->name;
    attribute->ref_attr_name = NULL;
    if (own->g && !refers && !(attribute->g = copy_graph(scope, own->g))) return false;
    copy->attribute[copy->n_attribute++] = attribute;
  }
  return copy->attribute != NULL;
}

Onnx__NodeProto *wni_scope_copy(WniScope *scope, const Onnx__NodeProto *node) {
  Onnx__NodeProto *copy = wni_pieces_alloc(scope->pieces, 1, sizeof *copy);
  if (!copy) return NULL;
  *copy = *node;
  copy->input = copy_names(scope, node->input, node->n_input);
  copy->output = copy_names(scope, node->output, node->n_output);
  if (node->name && *node->name)
    copy->name =
        wni_pieces_text(scope->pieces, (const char *const[]){scope->prefix, node->name, NULL});
  return copy->input && copy->output && copy_attributes(scope, node, copy) ? copy : NULL;
}

Onnx__NodeProto *wni_scope_identity(WniScope *scope, char *from, char *to) {
  Onnx__NodeProto *node = wni_pieces_alloc(scope->pieces, 1, sizeof *node);
  char **names = wni_pieces_alloc(scope->pieces, 2, sizeof *names);
  if (!node || !names) return NULL;
  onnx__node_proto__init(node);
  names[0] = from;
  names[1] = to;
  node->op_type = (char *)"Identity";
  node->name = to;
  node->n_input = node->n_output = 1;
  node->input = &names[0];
  node->output = &names[1];
  return node;
}
