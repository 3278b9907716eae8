/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See winnow/join.h: reads the networks, agrees on names, classes and opset, and writes one after
 * the other into one file.
 */
#include "join/join.h"

#include "base/error.h"
#include "base/fpmode.h"
#include "base/list.h"
#include "base/utf8.h"
#include "session/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 16 };
_Static_assert((int)WN_JOIN_MAX_NETWORKS <= (int)WNI_MAX_INPUTS, "what is written can be opened");
enum { MIN_OPSET = 13, MIN_IR_VERSION = 7 }; /* IR 7 is the first that knows opset 13 */

static WnStatus name_file(const WniPart *part, WnStatus status, WnError *error) {
  return status == WN_OK ? status : wni_model_name_file(part->path, NULL, status, error);
}

/* ---- names ---- */

/* "dir/edge.onnx" is "edge".  What would end a name in a list or an option becomes `_`. */
static char *name_of(const char *path) {
  const char *base = strrchr(path, '/');
  base = base ? base + 1 : path;
  size_t length = strlen(base);
  if (length >= 5 && strcmp(base + length - 5, ".onnx") == 0) length -= 5;
  char *name = calloc(length + sizeof "network" + NUMBER_BYTES, 1);
  if (!name) return NULL;
  memcpy(name, base, length);
  if (length == 0) strcpy(name, "network");
  for (char *c = name; *c;) {
    size_t n = wni_utf8_length((const unsigned char *)c);
    bool is_end = c == name || !c[1];
    if (n == 0 || (unsigned char)*c < ' ' || *c == 127 || strchr(",=", *c) || (*c == ' ' && is_end))
      *c = '_';
    c += n ? n : 1;
  }
  return name;
}

static bool is_taken(const WniJoin *join, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(join->parts[i].name, name) == 0) return true;
  return false;
}

/* A name for network n that none before it has. */
static WnStatus name_part(WniJoin *join, size_t n, WnError *error) {
  WniPart *part = &join->parts[n];
  part->name = name_of(part->path);
  if (!part->name) return wni_fail_memory(error, "a name");
  char *end = part->name + strlen(part->name);
  for (int i = 2; is_taken(join, n, part->name); i++) snprintf(end, NUMBER_BYTES, "-%d", i);
  return WN_OK;
}

/* ---- sizes ---- */

/* "WxH" for this part as options->input_size has it: by its name, else for all; "": nobody says it.
 * Names are checked when all are known. */
static WnStatus find_size(const WnJoinOptions *options, const char *name, char *out, size_t room,
                          WnError *error) {
  const char *text = options->input_size && *options->input_size ? options->input_size : NULL;
  const char *end = text ? text + strlen(text) : NULL, *item;
  size_t length;
  bool named = false;
  *out = 0;
  while (text && wni_list_next(&text, end, ',', &item, &length)) {
    const char *equals = memrchr(item, '=', length);
    size_t name_length = equals ? (size_t)(equals - item) : 0;
    size_t skip = equals ? name_length + 1 : 0;
    bool own = equals && strlen(name) == name_length && memcmp(name, item, name_length) == 0;
    if (length == skip || length - skip >= room)
      return wni_fail(error, WN_ERROR_ARGUMENT, "input-size: '%.*s' is not WIDTHxHEIGHT in pixels",
                      length > 60 ? 60 : (int)length, item);
    if (!own && (equals || named)) continue;
    memcpy(out, item + skip, length - skip);
    out[length - skip] = 0;
    named = named || own;
  }
  return WN_OK;
}

/* Every name in the list is that of a network. */
static WnStatus check_sizes(const WniJoin *join, const WnJoinOptions *options, WnError *error) {
  const char *text = options->input_size && *options->input_size ? options->input_size : NULL;
  const char *end = text ? text + strlen(text) : NULL, *item;
  size_t length;
  while (text && wni_list_next(&text, end, ',', &item, &length)) {
    const char *equals = memrchr(item, '=', length);
    bool known = !equals;
    for (size_t i = 0; i < join->n_parts && !known; i++) {
      size_t n = strlen(join->parts[i].name);
      known = n == (size_t)(equals - item) && memcmp(join->parts[i].name, item, n) == 0;
    }
    if (!known)
      return wni_fail(error, WN_ERROR_ARGUMENT, "input-size: no network is called '%.*s'",
                      equals - item > 100 ? 100 : (int)(equals - item), item);
  }
  return WN_OK;
}

static WnStatus open_part(WniJoin *join, size_t i, const WnJoinOptions *options, WnError *error) {
  WniPart *part = &join->parts[i];
  char size[16];
  const WnMeaning given = {.input_size = size};
  WnStatus status = name_part(join, i, error);
  if (status == WN_OK) status = find_size(options, part->name, size, sizeof size, error);
  return status == WN_OK ? name_file(part, wni_part_open(part, part->path, &given, error), error)
                         : status;
}

/* ---- the file ---- */

static void begin_file(WniJoin *join) {
  Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT, *sets[] = {&set};
  Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  graph.name = "cascade";
  set.domain = "";
  model.graph = &graph;
  model.opset_import = sets;
  model.n_opset_import = 1;
  model.ir_version = MIN_IR_VERSION;
  join->opset = MIN_OPSET;
  for (size_t i = 0; i < join->n_parts; i++) {
    const WniOnnx *file = &join->parts[i].file;
    if (file->opset > join->opset) join->opset = file->opset;
    if (file->proto->ir_version > model.ir_version) model.ir_version = file->proto->ir_version;
  }
  wni_writer_init(&join->writer, &model);
  wni_writer_set_opset(&join->writer, join->opset); /* copies the list */
}

static void add_interface(WniJoin *join, const WniPart *part) {
  WniWriter *writer = &join->writer;
  Onnx__GraphProto *graph = &writer->graph;
  const Onnx__GraphProto *from = part->file.proto->graph;
  const char *name = part->graph.values[part->image].name;
  const Onnx__ValueInfoProto *image = NULL;
  for (size_t i = 0; i < from->n_input; i++)
    if (from->input[i]->name && strcmp(from->input[i]->name, name) == 0) image = from->input[i];
  Onnx__ValueInfoProto *copy = wni_writer_alloc(writer, 1, sizeof *copy);
  Onnx__ValueInfoProto *output =
      image ? wni_writer_scores(writer, part->scores, image->type->tensor_type->shape->dim[0],
                                part->row ? part->n_rows : part->n_classes)
            : NULL;
  if (!copy || !output) return;
  *copy = *image;
  copy->name = part->name;
  graph->input[graph->n_input++] = copy;
  graph->output[graph->n_output++] = output;
}

static WnStatus write_parts(WniJoin *join, WnError *error) {
  WniWriter *writer = &join->writer;
  begin_file(join);
  writer->graph.input = wni_writer_alloc(writer, join->n_parts, sizeof *writer->graph.input);
  writer->graph.output = wni_writer_alloc(writer, join->n_parts, sizeof *writer->graph.output);
  if (writer->failed) return wni_fail_memory(error, "the cascade");
  for (size_t i = 0; i < join->n_parts; i++) {
    WniPart *part = &join->parts[i];
    WnStatus status = name_file(part, wni_part_write(part, writer, join->opset, error), error);
    if (status != WN_OK) return status;
    add_interface(join, part);
  }
  wni_writer_prune(writer);
  return writer->failed ? wni_fail_memory(error, "the cascade") : WN_OK;
}

/* What was given for the classes has to fit them. */
static WnStatus check_groups(const WniJoin *join, WnError *error) {
  Onnx__ModelProto model = join->writer.model;
  const WniOnnx file = {.proto = &model};
  const WniPart *last = &join->parts[join->n_parts - 1];
  WniMetadata metadata;
  WnStatus status = wni_metadata_read(&file, NULL, NULL, &metadata, error);
  if (status != WN_OK) return status;
  status =
      wni_metadata_bind(&metadata, &file, last->row ? last->n_rows : last->n_classes, NULL, error);
  wni_metadata_clear(&metadata);
  if (status != WN_ERROR_MODEL) return status;
  if (error) error->status = WN_ERROR_ARGUMENT;
  return WN_ERROR_ARGUMENT;
}

WnStatus wni_join_make(const char *const *paths, size_t n_paths, const WnJoinOptions *options,
                       WniJoin *join, WnError *error) {
  WnStatus status = WN_OK;
  *join = (WniJoin){.parts = calloc(n_paths, sizeof *join->parts), .groups = options->groups};
  if (!join->parts) return wni_fail_memory(error, "the cascade");
  for (size_t i = 0; i < n_paths && status == WN_OK; i++) {
    join->parts[join->n_parts++].path = paths[i];
    status = open_part(join, i, options, error);
  }
  if (status == WN_OK) status = check_sizes(join, options, error);
  if (status == WN_OK) status = wni_join_classes(join, error);
  if (status == WN_OK) status = write_parts(join, error);
  if (status == WN_OK) status = wni_join_write_keys(join, error);
  if (status == WN_OK && join->groups) status = check_groups(join, error);
  return status;
}

void wni_join_clear(WniJoin *join) {
  wni_writer_clear(&join->writer);
  for (size_t i = 0; i < join->n_parts; i++) wni_part_clear(&join->parts[i]);
  free(join->parts);
  *join = (WniJoin){0};
}

WnStatus wn_join(const char *const *paths, size_t n_paths, const WnJoinOptions *options,
                 const char *out_path, WnError *error) {
  WNI_FP_SCOPE(mode);
  static const WnJoinOptions defaults;
  WniJoin join;
  if (!options) options = &defaults;
  WnStatus status = WNI_RESERVED_CHECK(options, "join options", error);
  if (status != WN_OK) return status;
  if (n_paths < 2 || n_paths > WN_JOIN_MAX_NETWORKS)
    return wni_fail(error, WN_ERROR_ARGUMENT, "a cascade has 2 to %d networks, not %zu",
                    WN_JOIN_MAX_NETWORKS, n_paths);
  for (size_t i = 0; i < n_paths; i++)
    if (!paths[i] || !*paths[i])
      return wni_fail(error, WN_ERROR_ARGUMENT, "no model file is given");
  if (!out_path || !*out_path)
    return wni_fail(error, WN_ERROR_ARGUMENT, "no file to write is given");
  status = wni_join_make(paths, n_paths, options, &join, error);
  if (status == WN_OK) status = wni_writer_save(&join.writer, out_path, error);
  wni_join_clear(&join);
  return status;
}
