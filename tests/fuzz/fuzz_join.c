/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pairs of model files that nobody meant, joined.  An input is the length of the first file, four
 * bytes, and the two files.  They may be refused, in one sentence; what is made of them must be a
 * graph: everything that is read has been made before, once, and there is an input and an output
 * for each file.  AddressSanitizer sees reads beyond what was given.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_join [INPUTS
 * [SEED]] makes its inputs itself.
 */
#include "join/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_FILE = 1 << 14, LONGEST = 2 * MAX_FILE + 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int files[2] = {-1, -1};

static void put_file(int i, const uint8_t *data, size_t size) {
  if (files[i] < 0) files[i] = memfd_create("fuzz", 0);
  if (files[i] < 0 || pwrite(files[i], data, size, 0) != (ssize_t)size ||
      ftruncate(files[i], (off_t)size) != 0)
    abort();
}

static void must_be_known(const WniNames *known, const char *name) {
  if (*name && wni_names_find(known, name) < 0) abort();
}

static void make_known(WniNames *known, const char *name) {
  if (!*name) return;
  if (wni_names_find(known, name) >= 0 || !wni_names_put(known, name, 1)) abort();
}

static void check_graph(const Onnx__GraphProto *graph) {
  WniNames known = {0};
  if (graph->n_input != 2 || graph->n_output != 2) abort();
  for (size_t i = 0; i < graph->n_input; i++) make_known(&known, graph->input[i]->name);
  for (size_t i = 0; i < graph->n_initializer; i++) make_known(&known, graph->initializer[i]->name);
  for (size_t n = 0; n < graph->n_node; n++) {
    const Onnx__NodeProto *node = graph->node[n];
    for (size_t i = 0; i < node->n_input; i++) must_be_known(&known, node->input[i]);
    for (size_t i = 0; i < node->n_output; i++) make_known(&known, node->output[i]);
  }
  for (size_t i = 0; i < graph->n_output; i++) must_be_known(&known, graph->output[i]->name);
  wni_names_clear(&known);
}

/* What is written can be read. */
static void check_file(const WniWriter *writer) {
  size_t size = onnx__model_proto__get_packed_size(&writer->model);
  uint8_t *bytes = malloc(size);
  if (!bytes || onnx__model_proto__pack(&writer->model, bytes) != size) abort();
  Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, size, bytes);
  if (!model) abort();
  check_graph(model->graph);
  onnx__model_proto__free_unpacked(model, NULL);
  free(bytes);
}

static bool made; /* the last input was no error */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[2][32];
  uint32_t first;
  WniJoin join;
  WnError error = {0};
  if (size < sizeof first) return 0;
  memcpy(&first, data, sizeof first);
  data += sizeof first;
  size -= sizeof first;
  if (first > size) first = (uint32_t)size;
  put_file(0, data, first);
  put_file(1, data + first, size - first);
  for (int i = 0; i < 2; i++) snprintf(path[i], sizeof path[i], "/proc/self/fd/%d", files[i]);
  made = wni_join_make((const char *const[]){path[0], path[1]}, 2, &(WnJoinOptions){0}, &join,
                       &error) == WN_OK;
  if (made)
    check_file(&join.writer);
  else if (!*error.message || strchr(error.message, '\n'))
    abort();
  wni_join_clear(&join);
  return 0;
}

#ifndef FUZZER

enum { FEATURES = 3, N_ENDS = 5, N_SEEDS = 2 * N_ENDS };

typedef struct Seed {
  uint8_t bytes[MAX_FILE];
  size_t size;
} Seed;

static Seed seeds[N_SEEDS];
#include "draw.h"

static void add_tensor(WniWriter *w, const char *name, int type, int rank, const int64_t *dim) {
  static const float floats[64] = {0.5f, -1, 2, 0.25f, 1, -3};
  static const int8_t bytes[64] = {1, -2, 3, 127, -128};
  wni_writer_tensor(w, name, type, rank, dim, type == WNI_TENSOR_FLOAT ? floats : (void *)bytes);
}

static Onnx__NodeProto *add_node(WniWriter *w, const char *op, const char *a, const char *b,
                                 const char *c, const char *out) {
  const char *in[] = {a, b, c};
  return wni_writer_add(w, op, out, 1 + (b != NULL) + (c != NULL), in, out);
}

/* The ends of networks that are followed, weights of all kinds. */
static void add_end(WniWriter *w, int end, int64_t classes) {
  const int64_t matrix[] = {classes, FEATURES, 1, 1}, row[] = {classes};
  Onnx__NodeProto *node = NULL;
  add_tensor(w, "w", end == 2 ? WNI_TENSOR_INT8 : WNI_TENSOR_FLOAT, end == 1 ? 4 : 2, matrix);
  add_tensor(w, "b", WNI_TENSOR_FLOAT, 1, row);
  add_tensor(w, "zeros", WNI_TENSOR_INT8, 0, NULL);
  switch (end) {
  case 0:
    node = add_node(w, "Gemm", "flat", "w", "b", "y");
    if (node) wni_writer_int(w, node, "transB", 1);
    add_node(w, "Softmax", "y", NULL, NULL, "scores");
    break;
  case 1:
    add_node(w, "Conv", "pooled", "w", "b", "y");
    add_node(w, "Flatten", "y", NULL, NULL, "scores");
    break;
  case 2:
    wni_writer_tensor(w, "s", WNI_TENSOR_FLOAT, 1, row, (const float[]){1, 2, 3, 4, 5});
    node = add_node(w, "DequantizeLinear", "w", "s", NULL, "wf");
    if (node) wni_writer_int(w, node, "axis", 0);
    node = add_node(w, "Gemm", "flat", "wf", "b", "scores");
    if (node) wni_writer_int(w, node, "transB", 1);
    break;
  case 3:
    add_node(w, "Transpose", "w", NULL, NULL, "wt");
    add_node(w, "MatMul", "flat", "wt", NULL, "y");
    add_node(w, "Add", "b", "y", NULL, "scores");
    break;
  default:
    wni_writer_tensor(w, "shape", WNI_TENSOR_INT64, 1, (const int64_t[]){2},
                      (const int64_t[]){1, classes});
    node = add_node(w, "Gemm", "flat", "w", NULL, "y");
    if (node) wni_writer_int(w, node, "transB", 1);
    add_node(w, "Reshape", "y", "shape", NULL, "scores");
  }
}

static void init_float(Onnx__ValueInfoProto *info, Onnx__TypeProto *type,
                       Onnx__TensorTypeProto *tensor, Onnx__TensorShapeProto *shape) {
  onnx__value_info_proto__init(info);
  onnx__type_proto__init(type);
  onnx__tensor_type_proto__init(tensor);
  onnx__tensor_shape_proto__init(shape);
  info->type = type;
  type->tensor_type = tensor;
  tensor->shape = shape;
  tensor->has_elem_type = 1;
  tensor->elem_type = WNI_TENSOR_FLOAT;
}

static void make_seed(int i) {
  static const int64_t sides[] = {1, FEATURES, 2, 2};
  static const char *const labels[] = {"a\nb\nc\nd", "d\nbackground\nc\nb\na"};
  Onnx__Dimension dims[4], *dim[4];
  Onnx__ValueInfoProto info[2], *input = &info[0], *output = &info[1];
  Onnx__TypeProto type[2];
  Onnx__TensorTypeProto tensor[2];
  Onnx__TensorShapeProto shape[2];
  Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT, *sets = &set;
  Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  WniWriter w;
  for (int k = 0; k < 2; k++) init_float(&info[k], &type[k], &tensor[k], &shape[k]);
  for (int d = 0; d < 4; d++) {
    onnx__dimension__init(&dims[d]);
    dims[d].has_dim_value = 1;
    dims[d].dim_value = sides[d];
    dim[d] = &dims[d];
  }
  info[0].name = "image";
  info[1].name = "scores";
  shape[0].n_dim = 4;
  shape[0].dim = dim;
  set.has_version = 1;
  set.version = i % 4 == 2 ? 9 : 11 + i;
  graph.n_input = graph.n_output = 1;
  graph.input = &input;
  graph.output = &output;
  model.graph = &graph;
  model.n_opset_import = 1;
  model.opset_import = &sets;
  wni_writer_init(&w, &model);
  add_node(&w, "GlobalAveragePool", "image", NULL, NULL, "pooled");
  add_node(&w, "Flatten", "pooled", NULL, NULL, "flat");
  add_end(&w, i % N_ENDS, i < N_ENDS ? 4 : 5);
  wni_writer_metadata(&w, "winnow.labels", labels[i / N_ENDS]);
  wni_writer_metadata(&w, "winnow.groups", "g: a, 2; h: b");
  wni_writer_metadata(&w, "winnow.input.mean", "0.5");
  seeds[i].size = onnx__model_proto__get_packed_size(&w.model);
  if (w.failed || seeds[i].size > MAX_FILE) abort();
  onnx__model_proto__pack(&w.model, seeds[i].bytes);
  wni_writer_clear(&w);
}

/* A file with bytes changed, now and then cut; often as it was. */
static size_t damage(uint8_t *out) {
  const Seed *seed = &seeds[draw(N_SEEDS)];
  size_t size = draw(16) == 0 ? draw((uint32_t)seed->size + 1) : seed->size;
  memcpy(out, seed->bytes, size);
  change_bytes(out, size, 4);
  return size;
}

int main(int argc, char **argv) {
  static uint8_t input[LONGEST];
  unsigned long inputs = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000, n_made = 0;
  state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (int i = 0; i < N_SEEDS; i++) make_seed(i);
  for (unsigned long i = 0; i < inputs; i++) {
    uint32_t first = (uint32_t)damage(input + sizeof first);
    memcpy(input, &first, sizeof first);
    size_t second = damage(input + sizeof first + first);
    try_input(LLVMFuzzerTestOneInput, input, sizeof first + first + second);
    n_made += made;
  }
  printf("%lu inputs, %lu made a cascade\n", inputs, n_made);
  return n_made < inputs / 50;
}

#endif
