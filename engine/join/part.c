/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One network of a cascade as its file has it (join.h): which value is the image, which are the
 * class scores, and what leads there.
 */
#include "join/join.h"

#include "base/error.h"
#include "graph/output.h"
#include "session/meaning.h"

#include <stdlib.h>
#include <string.h>

static int find(const WniPart *part, const char *name) {
  return name && *name ? wni_names_find(&part->graph.names, name) : -1;
}

int wni_part_input(const WniPart *part, int node, size_t i) {
  const Onnx__NodeProto *proto = part->graph.nodes[node].proto;
  return i < proto->n_input ? find(part, proto->input[i]) : -1;
}

int wni_part_output(const WniPart *part, int node, size_t i) {
  const Onnx__NodeProto *proto = part->graph.nodes[node].proto;
  return i < proto->n_output ? find(part, proto->output[i]) : -1;
}

WnStatus wni_part_fail(const WniPart *part, int node, const char *reason, WnError *error) {
  return wni_node_fail(&part->graph, &part->graph.nodes[node], WN_ERROR_UNSUPPORTED, error, "%s",
                       reason);
}

/* ---- which networks can be joined ---- */

static const Onnx__ValueInfoProto *image_of(const WniOnnx *onnx, int *count) {
  const Onnx__GraphProto *proto = onnx->proto->graph;
  const Onnx__ValueInfoProto *image = NULL;
  WniNames initializers = {0};
  *count = 0;
  for (size_t i = 0; i < proto->n_initializer; i++)
    if (proto->initializer[i]->name &&
        !wni_names_put(&initializers, proto->initializer[i]->name, 1))
      *count = -1;
  for (size_t i = 0; i < proto->n_input && *count >= 0; i++) {
    const char *name = proto->input[i]->name ? proto->input[i]->name : "";
    if (wni_names_find(&initializers, name) >= 0) continue;
    image = proto->input[i];
    ++*count;
  }
  wni_names_clear(&initializers);
  return image;
}

/* What the file itself says. */
static WnStatus check_file(const WniPart *part, WnError *error) {
  const char *inputs = wni_onnx_metadata(&part->file, "winnow.inputs");
  const char *scores = wni_onnx_metadata(&part->file, "winnow.scores");
  int n_inputs;
  image_of(&part->file, &n_inputs);
  if (n_inputs < 0) return wni_fail_memory(error, "the network");
  if ((inputs && *inputs) || n_inputs > 1)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "it has several inputs, as a cascade has; give its networks' own files");
  if (part->metadata.n_exits > 0)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "it has exits (winnow.exits); only networks without exits will do");
  if (scores && strcmp(scores, "sigmoid") == 0)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "winnow.scores is sigmoid: its classes do not exclude each other");
  return WN_OK;
}

/* One image, and a list of scores [1][classes] with further dimensions of 1. */
static WnStatus check_shapes(WniPart *part, int output, WnError *error) {
  const WniShape *image = &part->graph.values[part->image].shape;
  const WniShape *scores = &part->graph.values[output].shape;
  bool good = scores->rank >= 2 && scores->dim[0] == 1;
  if (image->rank != 4 || image->dim[0] != 1)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "input '%.100s' is not one image [1, channels, height, width]",
                    part->graph.values[part->image].name);
  for (int d = 2; d < scores->rank; d++) good = good && scores->dim[d] == 1;
  if (!good || scores->dim[1] < 2 || scores->dim[1] > 1 << 20)
    return wni_fail(error, WN_ERROR_MODEL,
                    "output '%.100s' is not a list of class scores [1, classes]",
                    part->graph.values[output].name);
  part->n_classes = (int)scores->dim[1];
  return WN_OK;
}

/* ---- reading ---- */

static WnStatus make_lists(WniPart *part, WnError *error) {
  const Onnx__GraphProto *proto = part->file.proto->graph;
  size_t n_values = part->graph.n_values, n_nodes = (size_t)part->graph.n_nodes;
  part->producer = calloc(n_values, sizeof *part->producer);
  part->tensor = calloc(n_values, sizeof *part->tensor);
  part->same = calloc(n_values, sizeof *part->same);
  part->needed = calloc(n_nodes, sizeof *part->needed);
  part->tail = calloc(n_nodes, sizeof *part->tail);
  if (!part->producer || !part->tensor || !part->same || !part->needed || !part->tail)
    return wni_fail_memory(error, "the network");
  for (int v = 0; v < (int)n_values; v++) {
    part->producer[v] = -1;
    part->same[v] = v;
  }
  for (size_t i = 0; i < proto->n_initializer; i++) {
    int v = find(part, proto->initializer[i]->name);
    if (v >= 0) part->tensor[v] = proto->initializer[i];
  }
  for (int n = 0; n < (int)n_nodes; n++)
    for (size_t i = 0; i < part->graph.nodes[n].proto->n_output; i++) {
      int v = wni_part_output(part, n, i);
      if (v >= 0) part->producer[v] = n;
    }
  return WN_OK;
}

/* Backwards, so that a reader is decided on before what it reads. */
static void mark_needed(WniPart *part) {
  if (part->producer[part->logits] >= 0) part->needed[part->producer[part->logits]] = true;
  for (int n = part->graph.n_nodes; n-- > 0;)
    for (size_t i = 0; part->needed[n] && i < part->graph.nodes[n].proto->n_input; i++) {
      int v = wni_part_input(part, n, i), p = v < 0 ? -1 : part->producer[part->same[v]];
      if (p >= 0) part->needed[p] = true;
    }
}

/* A size that somebody says of a network that has another counts no more. */
static void drop_wrong_size(WniPart *part) {
  const WniShape *shape = &part->graph.values[part->image].shape;
  WniInputMeaning *meaning = &part->metadata.inputs[0];
  int channels, rows;
  if (wni_shape_image(shape, &channels, &rows) && shape->dim[rows] == meaning->height &&
      shape->dim[rows + 1] == meaning->width)
    return;
  meaning->source[WNI_SIZE] = NULL;
}

static WnStatus read_network(WniPart *part, const WnMeaning *given, WnError *error) {
  int output, n_images;
  int64_t count;
  WnStatus status = wni_metadata_read(&part->file, part->path, given, &part->metadata, error);
  if (status == WN_OK) status = check_file(part, error);
  if (status == WN_OK)
    status = wni_graph_build(&part->file,
                             (WniImageSizes){part->metadata.inputs, part->metadata.n_inputs},
                             WNI_GRAPH_OF_FILE, &part->graph, error);
  if (status == WN_OK) status = make_lists(part, error);
  if (status == WN_OK)
    status = wni_output_find(&part->graph, &part->metadata, wni_labels_count(&part->file, NULL),
                             &output, &count, error);
  if (status != WN_OK) return status;
  const Onnx__ValueInfoProto *image = image_of(&part->file, &n_images);
  if (!image) return wni_fail_memory(error, "the network");
  part->image = find(part, image->name);
  status = part->image < 0 ? wni_fail(error, WN_ERROR_MODEL, "its input has no name")
                           : check_shapes(part, part->graph.outputs[output], error);
  if (status == WN_OK)
    status = wni_metadata_bind(&part->metadata, &part->file, part->n_classes, NULL, error);
  if (status == WN_OK) status = wni_part_find_logits(part, part->graph.outputs[output], error);
  if (status != WN_OK) return status;
  int at = wni_graph_input(&part->graph, part->image);
  wni_meaning_settle(&part->graph.values[part->image].shape, part->graph.input_types[at],
                     &part->graph.fronts[at], part->metadata.own, &part->metadata.inputs[0]);
  drop_wrong_size(part);
  mark_needed(part);
  return status;
}

WnStatus wni_part_open(WniPart *part, const char *path, const WnMeaning *given, WnError *error) {
  part->path = path;
  WnStatus status = wni_onnx_load(path, &part->file, error);
  return status == WN_OK ? read_network(part, given, error) : status;
}

void wni_part_clear(WniPart *part) {
  free(part->name);
  free(part->producer);
  free(part->tensor);
  free(part->same);
  free(part->needed);
  free(part->tail);
  free(part->row);
  wni_graph_clear(&part->graph);
  wni_metadata_clear(&part->metadata);
  wni_onnx_clear(&part->file);
}
