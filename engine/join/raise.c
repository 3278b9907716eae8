/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nodes in a newer opset (wni_part_raise() in join.h): one row for every operator that is known,
 * with the last opset that changed what a node of inference says or how it says it.  An operator
 * without a row, and opsets behind the table, are refused: nobody has looked what changed.
 */
#include "join/join.h"
#include "load/onnx_raise.h"

#include "base/error.h"

#include <stdio.h>

enum { LOOKED_AT = 21, NEVER = 1 }; /* the newest opset of the table; nothing has changed */

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

static const struct {
  int since;
  Raise *raise;
} rules[WNI_OP_COUNT] = {
    [WNI_OP_ADD] = {7, raise_broadcast},
    [WNI_OP_AVERAGE_POOL] = {.since = NEVER},
    [WNI_OP_BATCH_NORMALIZATION] = {14, raise_batch_normalization},
    [WNI_OP_CAST] = {.since = NEVER},
    [WNI_OP_CLIP] = {11, move_attributes},
    [WNI_OP_CONCAT] = {.since = NEVER},
    [WNI_OP_CONSTANT] = {.since = NEVER},
    [WNI_OP_CONSTANT_OF_SHAPE] = {.since = NEVER},
    [WNI_OP_CONV] = {.since = NEVER},
    [WNI_OP_DEQUANTIZE_LINEAR] = {.since = NEVER},
    [WNI_OP_DIV] = {7, raise_broadcast},
    [WNI_OP_DROPOUT] = {12, raise_dropout},
    [WNI_OP_ELU] = {.since = NEVER},
    [WNI_OP_FLATTEN] = {.since = NEVER},
    [WNI_OP_GATHER] = {.since = NEVER},
    [WNI_OP_GEMM] = {7, raise_gemm},
    [WNI_OP_GLOBAL_AVERAGE_POOL] = {.since = NEVER},
    [WNI_OP_GLOBAL_MAX_POOL] = {.since = NEVER},
    [WNI_OP_HARD_SIGMOID] = {.since = NEVER},
    [WNI_OP_HARD_SWISH] = {.since = NEVER},
    [WNI_OP_IDENTITY] = {.since = NEVER},
    [WNI_OP_LEAKY_RELU] = {.since = NEVER},
    [WNI_OP_LRN] = {.since = NEVER},
    [WNI_OP_MATMUL] = {.since = NEVER},
    [WNI_OP_MAX_POOL] = {.since = NEVER},
    [WNI_OP_MUL] = {7, raise_broadcast},
    [WNI_OP_PAD] = {11, move_attributes},
    [WNI_OP_PRELU] = {7, raise_broadcast},
    [WNI_OP_QUANTIZE_LINEAR] = {.since = NEVER},
    [WNI_OP_REDUCE_MEAN] = {18, move_attributes},
    [WNI_OP_REDUCE_PROD] = {18, move_attributes},
    [WNI_OP_RELU] = {.since = NEVER},
    [WNI_OP_RESHAPE] = {.since = NEVER},
    [WNI_OP_SHAPE] = {.since = NEVER},
    [WNI_OP_SIGMOID] = {.since = NEVER},
    [WNI_OP_SLICE] = {10, move_attributes},
    [WNI_OP_SOFTMAX] = {13, raise_softmax},
    [WNI_OP_SPLIT] = {18, raise_split},
    [WNI_OP_SQUEEZE] = {13, move_attributes},
    [WNI_OP_SUB] = {7, raise_broadcast},
    [WNI_OP_SUM] = {.since = NEVER},
    [WNI_OP_TANH] = {.since = NEVER},
    [WNI_OP_TRANSPOSE] = {.since = NEVER},
    [WNI_OP_UNSQUEEZE] = {13, move_attributes},
};

WnStatus wni_part_raise(const WniPart *part, WniWriter *writer, int node, Onnx__NodeProto *copy,
                        int64_t opset, WnError *error) {
  WniOp op = part->graph.nodes[node].op;
  Raising r = {part, writer, node, copy, part->file.opset, opset};
  const char *problem = NULL;
  char reason[160];
  wni_node_drop_attribute(copy, "consumed_inputs"); /* see onnx_ops.c */
  if (r.from == opset) return WN_OK;
  if (!rules[op].since || opset > LOOKED_AT)
    problem = "what has changed is not known";
  else if (r.from < rules[op].since && rules[op].raise)
    problem = rules[op].raise(&r);
  if (!problem) return WN_OK;
  snprintf(reason, sizeof reason, "it cannot be written in opset %lld, which another file has: %s",
           (long long)opset, problem);
  return wni_part_fail(part, node, reason, error);
}
