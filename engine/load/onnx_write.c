/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See onnx_write.h.
 */
#include "load/onnx_write.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QDQ_IR_VERSION = 7 }; /* of the first format that knows opset 13 */

void *wni_writer_alloc(WniWriter *writer, size_t count, size_t size) {
  void *memory = wni_pieces_alloc(&writer->pieces, count, size);
  writer->failed = writer->failed || !memory;
  return memory;
}

/* `text` NULL: there was no memory for it either. */
static char *copy_text(WniWriter *writer, const char *text) {
  char *copy = text ? wni_writer_alloc(writer, strlen(text) + 1, 1) : NULL;
  return copy ? strcpy(copy, text) : NULL;
}

char *wni_writer_text(WniWriter *writer, const char *const *parts) {
  char *text = wni_pieces_text(&writer->pieces, parts);
  writer->failed = writer->failed || !text;
  return text;
}

void wni_writer_take(WniWriter *writer, const char *name) {
  if (name && *name && !wni_names_put(&writer->taken, name, 1)) writer->failed = true;
}

/* Makes room for one more pointer in a list that begins as somebody else's. */
static bool make_room(WniWriter *writer, void **list, size_t count, size_t *capacity) {
  if (count < *capacity) return true;
  size_t wanted = count < 8 ? 16 : count * 2;
  void *larger = wni_writer_alloc(writer, wanted, sizeof(void *));
  if (!larger) return false;
  if (count) memcpy(larger, *list, count * sizeof(void *));
  *list = larger;
  *capacity = wanted;
  return true;
}

void wni_writer_init(WniWriter *writer, const Onnx__ModelProto *from) {
  const Onnx__GraphProto *graph = from->graph;
  *writer = (WniWriter){.model = *from, .graph = *graph, .pieces = {.left = SIZE_MAX}};
  writer->model.n_functions = 0; /* they are nodes now (inline.h) */
  writer->model.graph = &writer->graph;
  writer->graph.n_node = 0;
  writer->graph.node = NULL;
  for (size_t i = 0; i < graph->n_input; i++) wni_writer_take(writer, graph->input[i]->name);
  for (size_t i = 0; i < graph->n_initializer; i++)
    wni_writer_take(writer, graph->initializer[i]->name);
  for (size_t i = 0; i < graph->n_node; i++)
    for (size_t k = 0; k < graph->node[i]->n_output; k++)
      wni_writer_take(writer, graph->node[i]->output[k]);
}

void wni_writer_clear(WniWriter *writer) {
  wni_pieces_clear(&writer->pieces);
  wni_names_clear(&writer->taken);
  *writer = (WniWriter){0};
}

char *wni_writer_name(WniWriter *writer, const char *base, const char *suffix) {
  size_t length = strlen(base) + strlen(suffix) + 12;
  char *name = wni_writer_alloc(writer, length, 1);
  if (!name) return NULL;
  snprintf(name, length, "%s%s", base, suffix);
  for (int i = 2; wni_names_find(&writer->taken, name) >= 0; i++)
    snprintf(name, length, "%s%s%d", base, suffix, i);
  wni_writer_take(writer, name);
  return name;
}

void wni_writer_metadata(WniWriter *writer, const char *key, const char *value) {
  Onnx__ModelProto *model = &writer->model;
  Onnx__StringStringEntryProto **props =
      wni_writer_alloc(writer, model->n_metadata_props + 1, sizeof *props);
  Onnx__StringStringEntryProto *entry = wni_writer_alloc(writer, 1, sizeof *entry);
  size_t n = 0;
  if (!props || !entry) return;
  for (size_t i = 0; i < model->n_metadata_props; i++)
    if (!model->metadata_props[i]->key || strcmp(model->metadata_props[i]->key, key) != 0)
      props[n++] = model->metadata_props[i];
  if (value) {
    onnx__string_string_entry_proto__init(entry);
    entry->key = copy_text(writer, key);
    entry->value = copy_text(writer, value);
    props[n++] = entry;
  }
  model->metadata_props = props;
  model->n_metadata_props = n;
}

void wni_writer_set_opset(WniWriter *writer, int64_t opset) {
  size_t n = writer->model.n_opset_import;
  Onnx__OperatorSetIdProto **sets = wni_writer_alloc(writer, n, sizeof *sets);
  for (size_t i = 0; sets && i < n; i++) {
    const Onnx__OperatorSetIdProto *old = writer->model.opset_import[i];
    if (!(sets[i] = wni_writer_alloc(writer, 1, sizeof **sets))) return;
    *sets[i] = *old;
    if (!old->domain || !*old->domain || strcmp(old->domain, "ai.onnx") == 0) {
      sets[i]->has_version = 1;
      sets[i]->version = opset;
    }
  }
  if (!sets) return;
  writer->model.opset_import = sets;
  writer->model.has_ir_version = 1;
  if (writer->model.ir_version < QDQ_IR_VERSION) writer->model.ir_version = QDQ_IR_VERSION;
}

void wni_writer_meaning(WniWriter *writer, const WniMetadata *metadata) {
  const WniInputMeaning *input = metadata->inputs;
  for (int a = 0; a < WNI_N_ASPECTS && !metadata->cascade; a++) {
    char key[WNI_INPUT_KEY_BYTES], value[WNI_ASPECT_BYTES];
    wni_input_key(input, wni_aspect_name((WniAspect)a), key);
    if (wni_meaning_print(input, (WniAspect)a, value) &&
        strncmp(input->source[a], "winnow.", strlen("winnow.")) != 0)
      wni_writer_metadata(writer, key, value);
  }
  if (metadata->scores_source && strcmp(metadata->scores_source, "option") == 0)
    wni_writer_metadata(writer, "winnow.scores", wn_scores_name(metadata->scores));
  if (metadata->output_given) wni_writer_metadata(writer, "winnow.output", metadata->output);
}

void wni_writer_keep(WniWriter *writer, Onnx__NodeProto *node) {
  Onnx__GraphProto *graph = &writer->graph;
  if (make_room(writer, (void **)&graph->node, graph->n_node, &writer->node_capacity))
    graph->node[graph->n_node++] = node;
}

Onnx__NodeProto *wni_writer_copy(WniWriter *writer, const Onnx__NodeProto *node, size_t n_input) {
  if (n_input < node->n_input) n_input = node->n_input;
  Onnx__NodeProto *copy = wni_writer_alloc(writer, 1, sizeof *copy);
  char **input = wni_writer_alloc(writer, n_input + 1, sizeof *input);
  char **output = wni_writer_alloc(writer, node->n_output + 1, sizeof *output);
  enum { MORE = 2 }; /* that may be set */
  Onnx__AttributeProto **attribute =
      wni_writer_alloc(writer, node->n_attribute + MORE, sizeof *attribute);
  if (!copy || !input || !output || !attribute) return NULL;
  *copy = *node;
  for (size_t i = 0; i < n_input; i++) input[i] = i < node->n_input ? node->input[i] : "";
  for (size_t i = 0; i < node->n_output; i++) output[i] = node->output[i];
  for (size_t i = 0; i < node->n_attribute; i++) attribute[i] = node->attribute[i];
  copy->n_input = n_input;
  copy->input = input;
  copy->output = output;
  copy->attribute = attribute;
  return copy;
}

Onnx__NodeProto *wni_writer_add(WniWriter *writer, const char *op, const char *name, size_t n_input,
                                const char *const *input, const char *output) {
  Onnx__NodeProto bare = ONNX__NODE_PROTO__INIT;
  char *out[1] = {(char *)output};
  bare.input = (char **)input;
  bare.n_input = n_input;
  bare.output = out;
  bare.n_output = 1;
  Onnx__NodeProto *node = wni_writer_copy(writer, &bare, 0);
  if (!node) return NULL;
  node->op_type = copy_text(writer, op);
  node->name = copy_text(writer, name);
  if (!node->op_type || !node->name || !output) return NULL;
  for (size_t i = 0; i < n_input; i++)
    if (!node->input[i]) return NULL;
  wni_writer_keep(writer, node);
  return node;
}

/* Of AttributeProto.AttributeType `type`, in place of one of that name; NULL: no memory. */
static Onnx__AttributeProto *new_attribute(WniWriter *writer, Onnx__NodeProto *node,
                                           const char *name, int type) {
  Onnx__AttributeProto *attribute = wni_writer_alloc(writer, 1, sizeof *attribute);
  if (!attribute) return NULL;
  wni_node_drop_attribute(node, name);
  onnx__attribute_proto__init(attribute);
  attribute->name = copy_text(writer, name);
  attribute->has_type = 1;
  attribute->type = type;
  node->attribute[node->n_attribute++] = attribute;
  return attribute;
}

void wni_writer_int(WniWriter *writer, Onnx__NodeProto *node, const char *name, int64_t value) {
  Onnx__AttributeProto *attribute = new_attribute(writer, node, name, 2);
  if (!attribute) return;
  attribute->has_i = 1;
  attribute->i = value;
}

void wni_writer_string(WniWriter *writer, Onnx__NodeProto *node, const char *name,
                       const char *value) {
  Onnx__AttributeProto *attribute = new_attribute(writer, node, name, 3);
  if (!attribute) return;
  attribute->has_s = 1;
  attribute->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
}

void wni_node_drop_attribute(Onnx__NodeProto *node, const char *name) {
  size_t kept = 0;
  for (size_t i = 0; i < node->n_attribute; i++)
    if (!node->attribute[i]->name || strcmp(node->attribute[i]->name, name) != 0)
      node->attribute[kept++] = node->attribute[i];
  node->n_attribute = kept;
}

static size_t element_bytes(int type) {
  return type == WNI_TENSOR_INT64                               ? 8
         : type == WNI_TENSOR_FLOAT || type == WNI_TENSOR_INT32 ? 4
                                                                : 1;
}

void wni_writer_tensor(WniWriter *writer, const char *name, int type, int rank, const int64_t *dim,
                       const void *data) {
  size_t count = 1;
  for (int d = 0; d < rank; d++) count *= (size_t)dim[d];
  Onnx__TensorProto *tensor = wni_writer_alloc(writer, 1, sizeof *tensor);
  int64_t *dims = wni_writer_alloc(writer, (size_t)rank + 1, sizeof *dims);
  void *raw = wni_writer_alloc(writer, count + 1, element_bytes(type));
  if (!tensor || !dims || !raw || !name || !data) {
    writer->failed = true;
    return;
  }
  onnx__tensor_proto__init(tensor);
  for (int d = 0; d < rank; d++) dims[d] = dim[d];
  if (count) memcpy(raw, data, count * element_bytes(type));
  tensor->name = (char *)name;
  tensor->has_data_type = tensor->has_raw_data = 1;
  tensor->data_type = type;
  tensor->n_dims = (size_t)rank;
  tensor->dims = dims;
  tensor->raw_data = (ProtobufCBinaryData){count * element_bytes(type), raw};
  wni_writer_keep_tensor(writer, tensor);
}

void wni_writer_keep_tensor(WniWriter *writer, Onnx__TensorProto *tensor) {
  Onnx__GraphProto *graph = &writer->graph;
  if (make_room(writer, (void **)&graph->initializer, graph->n_initializer,
                &writer->initializer_capacity))
    graph->initializer[graph->n_initializer++] = tensor;
}

static Onnx__Dimension *make_dimension(WniWriter *writer, int64_t value) {
  Onnx__Dimension *dimension = wni_writer_alloc(writer, 1, sizeof *dimension);
  if (!dimension) return NULL;
  onnx__dimension__init(dimension);
  dimension->has_dim_value = 1;
  dimension->dim_value = value;
  return dimension;
}

Onnx__ValueInfoProto *wni_writer_scores(WniWriter *writer, const char *name, Onnx__Dimension *batch,
                                        int64_t count) {
  Onnx__ValueInfoProto *info = wni_writer_alloc(writer, 1, sizeof *info);
  Onnx__TypeProto *type = wni_writer_alloc(writer, 1, sizeof *type);
  Onnx__TensorTypeProto *tensor = wni_writer_alloc(writer, 1, sizeof *tensor);
  Onnx__TensorShapeProto *shape = wni_writer_alloc(writer, 1, sizeof *shape);
  Onnx__Dimension **dims = wni_writer_alloc(writer, 2, sizeof *dims);
  if (!info || !type || !tensor || !shape || !dims) return NULL;
  onnx__value_info_proto__init(info);
  onnx__type_proto__init(type);
  onnx__tensor_type_proto__init(tensor);
  onnx__tensor_shape_proto__init(shape);
  dims[0] = batch ? batch : make_dimension(writer, 1);
  dims[1] = make_dimension(writer, count);
  info->name = (char *)name;
  info->type = type;
  type->tensor_type = tensor;
  tensor->has_elem_type = 1;
  tensor->elem_type = WNI_TENSOR_FLOAT;
  tensor->shape = shape;
  shape->n_dim = 2;
  shape->dim = dims;
  return writer->failed ? NULL : info;
}

/* ---- removing what leads nowhere ---- */

static bool is_read(const WniNames *read, const char *name) {
  return name && *name && wni_names_find(read, name) >= 0;
}

static void note_read(WniWriter *writer, WniNames *read, const char *name) {
  if (name && *name && !wni_names_put(read, name, 1)) writer->failed = true;
}

/* Backwards, so that a reader is decided on before what it reads. */
static void prune_nodes(WniWriter *writer, WniNames *read) {
  Onnx__GraphProto *graph = &writer->graph;
  size_t first = graph->n_node;
  for (size_t i = graph->n_node; i-- > 0;) {
    Onnx__NodeProto *node = graph->node[i];
    bool keep = false;
    for (size_t k = 0; k < node->n_output; k++) keep = keep || is_read(read, node->output[k]);
    if (!keep) continue;
    for (size_t k = 0; k < node->n_input; k++) note_read(writer, read, node->input[k]);
    graph->node[--first] = node;
  }
  graph->n_node -= first;
  graph->node += first;
  writer->node_capacity -= first;
}

void wni_writer_prune(WniWriter *writer) {
  Onnx__GraphProto *graph = &writer->graph;
  WniNames read = {0}, initializers = {0};
  size_t n_input = 0, n_initializer = 0;
  Onnx__ValueInfoProto **input = wni_writer_alloc(writer, graph->n_input + 1, sizeof *input);
  Onnx__TensorProto **initializer =
      wni_writer_alloc(writer, graph->n_initializer + 1, sizeof *initializer);
  if (!input || !initializer) return;
  for (size_t i = 0; i < graph->n_output; i++) note_read(writer, &read, graph->output[i]->name);
  prune_nodes(writer, &read);
  for (size_t i = 0; i < graph->n_initializer; i++) {
    note_read(writer, &initializers, graph->initializer[i]->name);
    if (is_read(&read, graph->initializer[i]->name))
      initializer[n_initializer++] = graph->initializer[i];
  }
  for (size_t i = 0; i < graph->n_input; i++)
    if (!is_read(&initializers, graph->input[i]->name)) input[n_input++] = graph->input[i];
  graph->initializer = initializer;
  graph->n_initializer = writer->initializer_capacity = n_initializer;
  graph->input = input;
  graph->n_input = n_input;
  wni_names_clear(&read);
  wni_names_clear(&initializers);
}

/* ---- the file ---- */

typedef struct File {
  ProtobufCBuffer base;
  FILE *stream;
} File;

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data) {
  if (size) fwrite(data, 1, size, ((File *)(void *)buffer)->stream); /* the opener asks ferror() */
}

static void pack(FILE *stream, const void *model) {
  File file = {{append}, stream};
  onnx__model_proto__pack_to_buffer(model, &file.base);
}

WnStatus wni_writer_save(WniWriter *writer, const char *path, WnError *error) {
  if (writer->failed) return wni_fail_memory(error, path);
  return wni_file_write(path, pack, &writer->model, error);
}
