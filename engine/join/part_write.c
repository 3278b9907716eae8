/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes what a network needs into the cascade (wni_part_write() in join.h): its nodes and
 * initialisers under the network's name, in the cascade's opset.
 */
#include "join/join.h"
#include "load/onnx_raise.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

/* [1, classes], as an output is, and not of more dimensions. */
static bool is_flat(const WniPart *part) {
  return part->graph.values[part->logits].shape.rank == 2;
}

/* NAME/logits, or another one if a value besides them is called so. */
static char *name_logits(const WniPart *part, WniWriter *writer) {
  char own[32] = "logits";
  for (int i = 2; wni_names_find(&part->graph.names, own) >= 0 &&
                  (!is_flat(part) || wni_names_find(&part->graph.names, own) != part->logits);
       i++)
    snprintf(own, sizeof own, "logits%d", i);
  return wni_writer_text(writer, (const char *const[]){part->name, "/", own, NULL});
}

static WnStatus name_values(WniPart *part, WniWriter *writer, WnError *error) {
  const WniGraph *graph = &part->graph;
  part->as = wni_writer_alloc(writer, graph->n_values, sizeof *part->as);
  part->moved = wni_writer_alloc(writer, graph->n_values, sizeof *part->moved);
  for (size_t v = 0; part->as && v < graph->n_values; v++) {
    const char *const parts[] = {part->name, "/", graph->values[v].name, NULL};
    if (part->same[v] == (int)v && *graph->values[v].name)
      part->as[v] = wni_writer_text(writer, parts);
  }
  if (writer->failed || !part->as) return wni_fail_memory(error, "the cascade");
  part->as[part->image] = part->name;
  part->scores = name_logits(part, writer);
  if (is_flat(part)) part->as[part->logits] = part->scores;
  for (size_t v = 0; v < graph->n_values; v++) {
    part->as[v] = part->as[part->same[v]];
    if (part->same[v] == (int)v) wni_writer_take(writer, part->as[v]);
  }
  wni_writer_take(writer, part->scores);
  return writer->failed ? wni_fail_memory(error, "the cascade") : WN_OK;
}

static void keep_tensors(WniPart *part, WniWriter *writer) {
  for (size_t v = 0; v < part->graph.n_values; v++) {
    if (!part->tensor[v]) continue;
    Onnx__TensorProto *copy = wni_writer_alloc(writer, 1, sizeof *copy);
    if (!copy) return;
    *copy = *part->tensor[v];
    copy->name = part->as[v];
    wni_writer_keep_tensor(writer, copy);
  }
}

static WnStatus write_node(const WniPart *part, WniWriter *writer, int index, int64_t opset,
                           WnError *error) {
  const Onnx__NodeProto *proto = part->graph.nodes[index].proto;
  Onnx__NodeProto *node = wni_writer_copy(writer, proto, proto->n_input + WNI_RAISED_INPUTS);
  WnStatus status = WN_OK;
  if (!node) return wni_fail_memory(error, "the cascade");
  node->n_input = proto->n_input; /* there is room for more */
  for (size_t i = 0; i < proto->n_input; i++) {
    int v = wni_part_input(part, index, i);
    if (v >= 0) node->input[i] = part->as[v];
  }
  for (size_t i = 0; i < proto->n_output; i++) {
    int v = wni_part_output(part, index, i);
    if (v >= 0) node->output[i] = part->as[v];
  }
  if (proto->name && *proto->name)
    node->name = wni_writer_text(writer, (const char *const[]){part->name, "/", proto->name, NULL});
  node->domain = NULL; /* the default one, whose other name runtimes may not know */
  if (part->row && part->tail[index]) status = wni_part_move_rows(part, writer, index, node, error);
  if (status == WN_OK) status = wni_part_raise(part, writer, index, node, opset, error);
  wni_writer_keep(writer, node);
  return status;
}

static void flatten(const WniPart *part, WniWriter *writer) {
  const char *in[] = {part->as[part->logits]};
  if (is_flat(part)) return;
  Onnx__NodeProto *node = wni_writer_add(writer, "Flatten", part->scores, 1, in, part->scores);
  if (node) wni_writer_int(writer, node, "axis", 1);
}

WnStatus wni_part_write(WniPart *part, WniWriter *writer, int64_t opset, WnError *error) {
  WnStatus status = part->row ? wni_part_find_tail(part, error) : WN_OK;
  if (status == WN_OK) status = name_values(part, writer, error);
  if (status == WN_OK) keep_tensors(part, writer);
  for (int n = 0; n < part->graph.n_nodes && status == WN_OK; n++)
    if (part->needed[n]) status = write_node(part, writer, n, opset, error);
  if (status == WN_OK) flatten(part, writer);
  if (status == WN_OK && writer->failed) status = wni_fail_memory(error, "the cascade");
  return status;
}
