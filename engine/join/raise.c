/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nodes in a newer opset (wni_part_raise() in join.h).  load/ops.inc has the last opset that
 * changed what an operator's nodes say; one row here for each that can be said in the new way.
 */
#include "join/join.h"
#include "load/onnx_raise.h"

#include "base/error.h"

#include <stdio.h>

typedef struct Raising {
  const WniPart *part;
  WniWriter *writer;
  int node;
  Onnx__NodeProto *copy;
  int64_t from, to;
} Raising;

/* NULL, or what stands in the way. */
typedef const char *Raise(Raising *r);

static const WniShape *input_shape(const Raising *r, size_t i) {
  int v = wni_part_input(r->part, r->node, i);
  return v < 0 ? NULL : &r->part->graph.values[v].shape;
}

static const char *move_attributes(Raising *r) {
  wni_raise_attributes(r->writer, r->copy, r->part->graph.nodes[r->node].op, r->from, r->to);
  return NULL;
}

/* Before opset 7 the second operand may begin at any dimension of the first. */
static const char *raise_broadcast(Raising *r) {
  const WniShape *a = input_shape(r, 0), *b = input_shape(r, 1);
  const WniNode *node = &r->part->graph.nodes[r->node];
  int offset = wni_broadcast_offset(&r->part->graph, node, a->rank, b->rank);
  int64_t axis[WNI_MAX_RANK], n = a->rank - offset - b->rank;
  wni_node_drop_attribute(r->copy, "axis");
  wni_node_drop_attribute(r->copy, "broadcast");
  if (n <= 0) return NULL;
  for (int64_t i = 0; i < n; i++) axis[i] = b->rank + i;
  const char *in[2] = {r->copy->input[1], wni_writer_name(r->writer, r->copy->output[0], "_axes")};
  char *out = wni_writer_name(r->writer, r->copy->output[0], "_operand");
  wni_writer_tensor(r->writer, in[1], WNI_TENSOR_INT64, 1, &n, axis);
  wni_writer_add(r->writer, "Unsqueeze", out ? out : "", 2, in, out);
  r->copy->input[1] = out;
  return NULL;
}

/* Outputs behind the first are those of training. */
static const char *raise_batch_normalization(Raising *r) {
  wni_node_drop_attribute(r->copy, "spatial");
  wni_node_drop_attribute(r->copy, "is_test");
  r->copy->n_output = 1;
  return NULL;
}

static const char *raise_dropout(Raising *r) {
  wni_node_drop_attribute(r->copy, "is_test");
  return move_attributes(r);
}

static const char *raise_gemm(Raising *r) {
  wni_node_drop_attribute(r->copy, "broadcast");
  return NULL;
}

/* Upsample and Resize before opset 11 count from a corner; the nearest neighbour is the one below
 * where the image grows, the one above where it shrinks. */
static const char *nearest_mode(const float *scale, size_t n) {
  bool grows = false, shrinks = false;
  for (size_t i = 0; i < n; i++) {
    grows = grows || scale[i] > 1;
    shrinks = shrinks || scale[i] < 1;
  }
  return grows && shrinks ? NULL : shrinks ? "ceil" : "floor";
}

static const char *raise_resize(Raising *r) {
  Onnx__NodeProto *copy = r->copy;
  const Onnx__AttributeProto *told = wni_attr(copy, "scales"); /* of Upsample before opset 9 */
  int v = told ? -1 : wni_part_input(r->part, r->node, 1);
  const WniConstant *given = v < 0 ? NULL : &r->part->graph.values[v].constant;
  const char *nearest = told ? nearest_mode(told->floats, told->n_floats)
                             : nearest_mode(given ? given->f : NULL, given ? given->count : 0);
  if (!nearest) return "it shrinks one side and enlarges another";
  if (told) {
    int64_t count = (int64_t)told->n_floats;
    copy->input[1] = wni_writer_name(r->writer, copy->output[0], "_scales");
    wni_writer_tensor(r->writer, copy->input[1], WNI_TENSOR_FLOAT, 1, &count, told->floats);
    wni_node_drop_attribute(copy, "scales");
  }
  copy->op_type = (char *)(uintptr_t) "Resize";
  copy->input[2] = copy->input[1];
  copy->input[1] = (char *)(uintptr_t) "";
  copy->n_input = 3;
  wni_writer_string(r->writer, copy, "coordinate_transformation_mode", "asymmetric");
  if (!wni_attr_is(copy, "mode", "linear"))
    wni_writer_string(r->writer, copy, "nearest_mode", nearest);
  return NULL;
}

static const char *raise_softmax(Raising *r) {
  const WniShape *shape = input_shape(r, 0);
  return wni_raise_softmax(r->writer, r->copy, shape->rank, shape->dim)
             ? NULL
             : "it is over several dimensions";
}

static const char *raise_split(Raising *r) {
  move_attributes(r);
  bool told = r->copy->n_input > 1 && *r->copy->input[1];
  if (r->to >= 18 && !told && !wni_attr(r->copy, "num_outputs"))
    wni_writer_int(r->writer, r->copy, "num_outputs", (int64_t)r->copy->n_output);
  return NULL;
}

/* NULL: what changed about it cannot be said in another way. */
static Raise *const rules[WNI_OP_COUNT] = {
    [WNI_OP_ADD] = raise_broadcast,
    [WNI_OP_AND] = raise_broadcast,
    [WNI_OP_BATCH_NORMALIZATION] = raise_batch_normalization,
    [WNI_OP_CLIP] = move_attributes,
    [WNI_OP_DIV] = raise_broadcast,
    [WNI_OP_DROPOUT] = raise_dropout,
    [WNI_OP_EQUAL] = raise_broadcast,
    [WNI_OP_GEMM] = raise_gemm,
    [WNI_OP_GREATER] = raise_broadcast,
    [WNI_OP_LESS] = raise_broadcast,
    [WNI_OP_MUL] = raise_broadcast,
    [WNI_OP_OR] = raise_broadcast,
    [WNI_OP_PAD] = move_attributes,
    [WNI_OP_POW] = raise_broadcast,
    [WNI_OP_PRELU] = raise_broadcast,
    [WNI_OP_REDUCE_L1] = move_attributes,
    [WNI_OP_REDUCE_L2] = move_attributes,
    [WNI_OP_REDUCE_LOG_SUM] = move_attributes,
    [WNI_OP_REDUCE_LOG_SUM_EXP] = move_attributes,
    [WNI_OP_REDUCE_MAX] = move_attributes,
    [WNI_OP_REDUCE_MEAN] = move_attributes,
    [WNI_OP_REDUCE_MIN] = move_attributes,
    [WNI_OP_REDUCE_PROD] = move_attributes,
    [WNI_OP_REDUCE_SUM] = move_attributes,
    [WNI_OP_REDUCE_SUM_SQUARE] = move_attributes,
    [WNI_OP_RESIZE] = raise_resize,
    [WNI_OP_SLICE] = move_attributes,
    [WNI_OP_SOFTMAX] = raise_softmax,
    [WNI_OP_SPLIT] = raise_split,
    [WNI_OP_SQUEEZE] = move_attributes,
    [WNI_OP_SUB] = raise_broadcast,
    [WNI_OP_UNSQUEEZE] = move_attributes,
    [WNI_OP_UPSAMPLE] = raise_resize,
    [WNI_OP_XOR] = raise_broadcast,
};

WnStatus wni_part_raise(const WniPart *part, WniWriter *writer, int node, Onnx__NodeProto *copy,
                        int64_t opset, WnError *error) {
  WniOp op = part->graph.nodes[node].op;
  Raising r = {part, writer, node, copy, part->file.opset, opset};
  const char *problem = NULL;
  char reason[160];
  wni_node_drop_attribute(copy, "consumed_inputs"); /* see onnx_ops.c */
  if (r.from == opset) return WN_OK;
  if (opset > WNI_NEWEST_OPSET)
    problem = "what has changed is not known";
  else if (r.from < wni_op_info(op)->changed)
    problem = rules[op] ? rules[op](&r) : "it says something else there";
  if (!problem) return WN_OK;
  snprintf(reason, sizeof reason, "it cannot be written in opset %lld, which another file has: %s",
           (long long)opset, problem);
  return wni_part_fail(part, node, reason, error);
}
