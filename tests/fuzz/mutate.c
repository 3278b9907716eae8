/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Changes of ONNX files (mutate.h): here those of attributes, weights, shapes and metadata.
 */
#include "mutate.h"

#include "mutate_message.h"

#include <math.h>
#include <stdio.h>

#include "draw.h"

uint32_t chance(uint32_t n) {
  return draw(n);
}

static float any_float(float old) {
  static const float values[] = {0, -0.0F, 1, -1, 0.5F, INFINITY, -INFINITY, NAN, 1e-40F, 3e38F};
  return chance(2) ? old * (0.5F + (float)chance(64) / 32) : PICK(values);
}

static void change_attribute(void) {
  static const char *const words[] = {"SAME_UPPER",  "SAME_LOWER",    "VALID",   "NOTSET",
                                      "constant",    "reflect",       "edge",    "wrap",
                                      "linear",      "nearest",       "cubic",   "half_pixel",
                                      "asymmetric",  "align_corners", "",        "DCR",
                                      "CRD",         "tanh",          "forward", "bidirectional",
                                      "bij,bjk->bik"};
  Onnx__NodeProto *node = any_node();
  if (!node || node->n_attribute == 0) return;
  Onnx__AttributeProto *a = node->attribute[chance((uint32_t)node->n_attribute)];
  if (a->has_i) a->i = any_integer(a->i);
  if (a->has_f) a->f = any_float(a->f);
  if (a->n_ints) {
    int64_t *at = &a->ints[chance((uint32_t)a->n_ints)];
    *at = any_integer(*at);
  }
  if (a->n_floats) {
    float *at = &a->floats[chance((uint32_t)a->n_floats)];
    *at = any_float(*at);
  }
  if (a->has_s) {
    free(a->s.data);
    a->s.data = (uint8_t *)copy_text(PICK(words));
    a->s.len = strlen((char *)a->s.data);
  }
}

static void add_attribute(void) {
  static const char *const names[] = {"axis",
                                      "keepdims",
                                      "group",
                                      "ceil_mode",
                                      "alpha",
                                      "count_include_pad",
                                      "transB",
                                      "transA",
                                      "to",
                                      "epsilon",
                                      "select_last_index",
                                      "largest",
                                      "blocksize",
                                      "mode",
                                      "spatial_scale",
                                      "storage_order",
                                      "allowzero",
                                      "approximate"};
  static const char *const lists[] = {"strides", "pads", "dilations",    "kernel_shape",
                                      "axes",    "perm", "output_shape", "shape",
                                      "starts",  "ends"};
  Onnx__NodeProto *node = any_node();
  if (!node) return;
  int64_t values[8];
  for (size_t i = 0; i < COUNT(values); i++) values[i] = chance(6) ? chance(3) : any_integer(1);
  if (chance(2))
    add_int(node, PICK(names), values, 0);
  else
    add_int(node, PICK(lists), values, chance((uint32_t)COUNT(values)) + 1);
}

static void change_weight(void) {
  Onnx__TensorProto *tensor = any_tensor();
  if (!tensor) return;
  if (tensor->n_float_data) {
    float *at = &tensor->float_data[chance((uint32_t)tensor->n_float_data)];
    *at = any_float(*at);
  } else if (tensor->n_int64_data) {
    int64_t *at = &tensor->int64_data[chance((uint32_t)tensor->n_int64_data)];
    *at = any_integer(*at);
  } else if (tensor->n_int32_data) {
    int32_t *at = &tensor->int32_data[chance((uint32_t)tensor->n_int32_data)];
    *at = (int32_t)any_integer(*at);
  } else if (tensor->data_type == WNI_TENSOR_FLOAT && tensor->raw_data.len >= sizeof(float)) {
    uint8_t *at = tensor->raw_data.data + 4 * chance((uint32_t)(tensor->raw_data.len / 4));
    float value;
    memcpy(&value, at, sizeof value);
    value = any_float(value);
    memcpy(at, &value, sizeof value);
  } else {
    change_bytes(tensor->raw_data.data, tensor->raw_data.len, 4);
  }
}

static void change_type(void) {
  Onnx__TensorProto *tensor = any_tensor();
  if (!tensor) return;
  if (tensor->data_type == WNI_TENSOR_FLOAT && tensor->n_float_data && chance(4)) {
    tensor->n_double_data = tensor->n_float_data; /* the same numbers */
    tensor->double_data = made(tensor->n_double_data * sizeof(double));
    for (size_t i = 0; i < tensor->n_double_data; i++)
      tensor->double_data[i] = (double)tensor->float_data[i];
    tensor->n_float_data = 0;
    tensor->data_type = WNI_TENSOR_DOUBLE;
    return;
  }
  tensor->has_data_type = true;
  tensor->data_type = (int32_t)chance(24);
}

static void change_shape(void) {
  if (chance(2) && graph->n_input) {
    Onnx__ValueInfoProto *input = graph->input[chance((uint32_t)graph->n_input)];
    Onnx__TypeProto *type = input->type;
    if (!type || !type->tensor_type || !type->tensor_type->shape) return;
    Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    if (shape->n_dim == 0) return;
    Onnx__Dimension *dim = shape->dim[chance((uint32_t)shape->n_dim)];
    dim->has_dim_value = true;
    dim->dim_value = chance(4) ? 1 + chance(12) : any_integer(dim->dim_value);
    if (chance(8) == 0) type->tensor_type->elem_type = (int32_t)chance(17);
    return;
  }
  Onnx__TensorProto *tensor = any_tensor();
  if (!tensor || tensor->n_dims == 0) return;
  size_t a = chance((uint32_t)tensor->n_dims), b = chance((uint32_t)tensor->n_dims);
  if (chance(2)) {
    int64_t dim = tensor->dims[a]; /* as many elements */
    tensor->dims[a] = tensor->dims[b];
    tensor->dims[b] = dim;
  } else {
    tensor->dims[a] = any_integer(tensor->dims[a]);
  }
}

/* Into the file beside the model. */
static void move_outside(void) {
  static const char *const places[] = {"d", "d", "d", "../secret", "", "d/", "./d", "/etc/passwd"};
  Onnx__TensorProto *tensor = any_tensor();
  if (!tensor || tensor->n_external_data) return;
  const char *keys[] = {"location", "offset", "length"};
  char offset[24], length[24];
  size_t bytes = tensor->n_float_data ? tensor->n_float_data * 4 : tensor->raw_data.len;
  snprintf(offset, sizeof offset, "%u", chance(4) ? chance(4) * 64 : chance(UINT32_MAX >> 1));
  snprintf(length, sizeof length, "%zu", chance(8) ? bytes : chance(5000));
  const char *values[] = {PICK(places), offset, length};
  for (size_t i = 0; i < 3; i++) {
    Onnx__StringStringEntryProto *entry = made(sizeof *entry);
    onnx__string_string_entry_proto__init(entry);
    entry->key = copy_text(keys[i]);
    entry->value = copy_text(values[i]);
    *insert(&tensor->external_data, &tensor->n_external_data, tensor->n_external_data) = entry;
  }
  tensor->has_data_location = true;
  tensor->data_location = 1;
  tensor->n_float_data = 0;
  free(tensor->raw_data.data);
  tensor->raw_data = (ProtobufCBinaryData){0};
  tensor->has_raw_data = false;
}

/* ---- the file ---- */

static const char *const keys[][2] = {
    {"winnow.version", "1"},
    {"winnow.strategy", "class-exclusion"},
    {"winnow.strategy", "confidence"},
    {"winnow.strategy", "entropy"},
    {"winnow.exit-score", "sigmoid"},
    {"winnow.exit-score", "softmax"},
    {"winnow.thresholds", "0.1,0.3"},
    {"winnow.thresholds", "1e-10,0.999"},
    {"winnow.floors", "0.5,,-1"},
    {"winnow.floor-score", "standardised"},
    {"winnow.nothing", "0"},
    {"winnow.nothing", "c"},
    {"winnow.labels", "a\nb\nc"},
    {"winnow.labels", "cat\ncat, wild\n\xc3\xa9"},
    {"winnow.groups", "animal: a, b; rest: c"},
    {"winnow.groups", "animal: 0, 1"},
    {"winnow.watch-thresholds", "a: 0.1, 0.2; animal: 0.3, 0.4"},
    {"winnow.scores", "sigmoid"},
    {"winnow.scores", "probabilities"},
    {"winnow.output", "y"},
    {"winnow.exits", "e0,e1"},
    {"winnow.exits", "e0"},
    {"winnow.taught", "1"},
    {"winnow.taps", "r"},
    {"winnow.inputs", "x"},
    {"winnow.input.mean", "0.485,0.456,0.406"},
    {"winnow.input.std", "0.229,0.224,0.225"},
    {"winnow.input.range", "-1..1"},
    {"winnow.input.channels", "bgr"},
    {"winnow.input.resize", "letterbox"},
    {"winnow.input.crop", "0.875"},
    {"winnow.input.rounding", "down"},
    {"winnow.input.interpolation", "lanczos"},
    {"names", "{0: 'a', 1: 'b', 2: 'c'}"},
    {"imgsz", "[8, 8]"},
    {"Image.NominalPixelRange", "NominalRange_0_255"},
};

static void change_metadata(void) {
  if (model->n_metadata_props && chance(2)) {
    uint32_t at = chance((uint32_t)model->n_metadata_props);
    Onnx__StringStringEntryProto *entry = model->metadata_props[at];
    uint32_t kind = chance(3);
    if (kind == 0) {
      take_out(&model->metadata_props, &model->n_metadata_props, at);
      onnx__string_string_entry_proto__free_unpacked(entry, NULL);
    } else if (kind == 1 && entry->value) {
      change_bytes((uint8_t *)entry->value, strlen(entry->value), 4);
    } else {
      set_text(&entry->value, PICK(keys)[1]);
    }
    return;
  }
  Onnx__StringStringEntryProto *entry = made(sizeof *entry);
  onnx__string_string_entry_proto__init(entry);
  uint32_t key = chance((uint32_t)COUNT(keys));
  entry->key = copy_text(keys[key][0]);
  entry->value = copy_text(keys[key][1]);
  *insert(&model->metadata_props, &model->n_metadata_props,
          chance((uint32_t)model->n_metadata_props + 1)) = entry;
}

static void change_opset(void) {
  if (model->n_opset_import == 0) return;
  Onnx__OperatorSetIdProto *set = model->opset_import[chance((uint32_t)model->n_opset_import)];
  set->has_version = true;
  set->version = chance(8) ? 6 + chance(WNI_NEWEST_OPSET - 5) : any_integer(set->version);
}

/* Any value as an output, one more exit perhaps, or one output less. */
static void change_outputs(void) {
  if (graph->n_output == 0) return;
  if (chance(3) == 0 && graph->n_output > 1) {
    onnx__value_info_proto__free_unpacked(
        take_out(&graph->output, &graph->n_output, chance((uint32_t)graph->n_output)), NULL);
    return;
  }
  Onnx__ValueInfoProto *output = made(sizeof *output);
  onnx__value_info_proto__init(output);
  output->name = copy_text(any_value(NULL));
  *insert(&graph->output, &graph->n_output, graph->n_output) = output;
}

static void drop_part(void) {
  Onnx__NodeProto *node = any_node();
  uint32_t kind = chance(3);
  if (!node) return;
  if (kind == 0 && node->n_input) {
    free(take_out(&node->input, &node->n_input, node->n_input - 1));
  } else if (kind == 1 && node->n_attribute) {
    uint32_t at = chance((uint32_t)node->n_attribute);
    onnx__attribute_proto__free_unpacked(take_out(&node->attribute, &node->n_attribute, at), NULL);
  } else if (node->n_input) {
    set_text(&node->input[chance((uint32_t)node->n_input)], "");
  }
}

static const Change other_changes[] = {
    {change_attribute, 6}, {add_attribute, 2}, {change_weight, 4},   {change_type, 1},
    {change_shape, 2},     {move_outside, 1},  {change_metadata, 8}, {change_opset, 2},
    {change_outputs, 2},   {drop_part, 2},
};

static void change_once(void) {
  const struct {
    const Change *changes;
    size_t n;
  } tables[] = {{node_changes, n_node_changes}, {other_changes, COUNT(other_changes)}};
  uint32_t sum = 0;
  for (size_t t = 0; t < COUNT(tables); t++)
    for (size_t i = 0; i < tables[t].n; i++) sum += tables[t].changes[i].weight;
  uint32_t at = chance(sum);
  for (size_t t = 0; t < COUNT(tables); t++)
    for (size_t i = 0; i < tables[t].n; i++) {
      uint32_t weight = tables[t].changes[i].weight;
      if (at < weight) {
        tables[t].changes[i].change();
        return;
      }
      at -= weight;
    }
}

/* Packs what is at `model` and frees it; its size, or 0. */
static size_t pack(uint8_t *data, size_t most) {
  size_t packed = onnx__model_proto__get_packed_size(model);
  if (packed <= most) onnx__model_proto__pack(model, data);
  onnx__model_proto__free_unpacked(model, NULL);
  return packed <= most ? packed : 0;
}

size_t mutate_model(uint8_t *data, size_t size, size_t most, uint32_t seed) {
  state = seed;
  model = onnx__model_proto__unpack(NULL, size, data);
  if (!model) return 0;
  graph = model->graph;
  if (graph) {
    do change_once();
    while (chance(2));
  }
  return pack(data, graph ? most : 0);
}

static bool is_of_exits(const char *key) {
  static const char *const of_exits[] = {"winnow.exits", "winnow.thresholds",
                                         "winnow.watch-thresholds", "winnow.floors"};
  for (size_t i = 0; key && i < COUNT(of_exits); i++)
    if (strcmp(key, of_exits[i]) == 0) return true;
  return false;
}

size_t mutate_forget_exits(uint8_t *data, size_t size, size_t most) {
  model = onnx__model_proto__unpack(NULL, size, data);
  if (!model) return 0;
  for (size_t i = model->n_metadata_props; i > 0; i--)
    if (is_of_exits(model->metadata_props[i - 1]->key))
      onnx__string_string_entry_proto__free_unpacked(
          take_out(&model->metadata_props, &model->n_metadata_props, i - 1), NULL);
  return pack(data, most);
}
