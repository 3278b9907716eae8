/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See mutate_message.h.
 */
#include "mutate_message.h"

#include <stdio.h>

Onnx__ModelProto *model;
Onnx__GraphProto *graph;

int64_t any_integer(int64_t old) {
  static const int64_t values[] = {0,   1,   -1,    2,         3,         4,         5,  7, 8,
                                   255, 256, 65536, INT32_MAX, INT64_MAX, INT64_MIN, -2, -3};
  return chance(2) ? (int64_t)((uint64_t)old + chance(5) - 2) : PICK(values);
}

char *copy_text(const char *text) {
  char *copy = strdup(text ? text : "");
  if (!copy) abort();
  return copy;
}

void set_text(char **text, const char *to) {
  char *copy = copy_text(to); /* `to` may be part of the old one */
  free(*text);
  *text = copy;
}

void **insert(void *list, size_t *n, size_t at) {
  void ***items = list;
  void **grown = realloc(*items, (*n + 1) * sizeof *grown);
  if (!grown) abort();
  memmove(grown + at + 1, grown + at, (*n - at) * sizeof *grown);
  *items = grown;
  ++*n;
  return &grown[at];
}

void *take_out(void *list, size_t *n, size_t at) {
  void **items = *(void ***)list, *item = items[at];
  memmove(items + at, items + at + 1, (--*n - at) * sizeof *items);
  return item;
}

void *made(size_t bytes) {
  void *room = calloc(1, bytes);
  if (!room) abort();
  return room;
}

Onnx__NodeProto *any_node(void) {
  return graph->n_node ? graph->node[chance((uint32_t)graph->n_node)] : NULL;
}

Onnx__TensorProto *any_tensor(void) {
  return graph->n_initializer ? graph->initializer[chance((uint32_t)graph->n_initializer)] : NULL;
}

Onnx__TensorProto *find_tensor(const char *name) {
  for (size_t i = 0; i < graph->n_initializer; i++)
    if (graph->initializer[i]->name && strcmp(graph->initializer[i]->name, name) == 0)
      return graph->initializer[i];
  return NULL;
}

const char *new_name(void) {
  static char name[32];
  snprintf(name, sizeof name, "new%08x", chance(UINT32_MAX >> 1));
  return name;
}

const char *any_value(const Onnx__NodeProto *reader) {
  Onnx__TensorProto *tensor = any_tensor();
  uint32_t kind = chance(8);
  if (kind == 0 && tensor && tensor->name) return tensor->name;
  if (kind == 1 && graph->n_input) {
    const char *name = graph->input[chance((uint32_t)graph->n_input)]->name;
    if (name) return name;
  }
  size_t before = 0;
  while (before < graph->n_node && graph->node[before] != reader) before++;
  if (chance(32) == 0) before = graph->n_node; /* perhaps a circle */
  const Onnx__NodeProto *node = before ? graph->node[chance((uint32_t)before)] : NULL;
  return node && node->n_output ? node->output[chance((uint32_t)node->n_output)] : "";
}

void add_int(Onnx__NodeProto *node, const char *name, const int64_t *values, size_t n) {
  Onnx__AttributeProto *attribute = made(sizeof *attribute);
  onnx__attribute_proto__init(attribute);
  attribute->name = copy_text(name);
  attribute->has_type = true;
  attribute->type = n > 0 ? 7 : 2;
  if (n == 0) {
    attribute->has_i = true;
    attribute->i = *values;
  } else {
    attribute->ints = made(n * sizeof *values);
    memcpy(attribute->ints, values, n * sizeof *values);
    attribute->n_ints = n;
  }
  *insert(&node->attribute, &node->n_attribute, node->n_attribute) = attribute;
}

const char *add_tensor(int type, const int64_t *dims, size_t rank, size_t n, double value) {
  Onnx__TensorProto *tensor = made(sizeof *tensor);
  onnx__tensor_proto__init(tensor);
  tensor->name = copy_text(new_name());
  tensor->has_data_type = true;
  tensor->data_type = type;
  tensor->n_dims = rank;
  tensor->dims = made((rank + 1) * sizeof *dims);
  if (rank > 0) memcpy(tensor->dims, dims, rank * sizeof *dims);
  if (type == WNI_TENSOR_FLOAT) {
    tensor->n_float_data = n;
    tensor->float_data = made(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
      tensor->float_data[i] = (float)(value * (1 + (double)chance(9) / 16));
  } else {
    tensor->n_int32_data = n;
    tensor->int32_data = made(n * sizeof(int32_t));
    for (size_t i = 0; i < n; i++) tensor->int32_data[i] = (int32_t)value;
  }
  *insert(&graph->initializer, &graph->n_initializer, graph->n_initializer) = tensor;
  return tensor->name;
}
