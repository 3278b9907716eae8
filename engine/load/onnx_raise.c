/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See onnx_raise.h.
 */
#include "load/onnx_raise.h"

enum { MAX_MOVED = WNI_RAISED_INPUTS - 1 };

/* Attributes that became inputs 1, 2, 3 in opset `since`. */
typedef struct Moved {
  WniOp op;
  int since;
  const char *attribute[MAX_MOVED];
} Moved;

static const Moved moved[] = {
    {WNI_OP_CLIP, 11, {"min", "max"}},     {WNI_OP_RESHAPE, 5, {"shape"}},
    {WNI_OP_PAD, 11, {"pads", "value"}},   {WNI_OP_SLICE, 10, {"starts", "ends", "axes"}},
    {WNI_OP_SPLIT, 13, {"split"}},         {WNI_OP_SQUEEZE, 13, {"axes"}},
    {WNI_OP_UNSQUEEZE, 13, {"axes"}},      {WNI_OP_DROPOUT, 12, {"ratio"}},
    {WNI_OP_REDUCE_L1, 18, {"axes"}},      {WNI_OP_REDUCE_L2, 18, {"axes"}},
    {WNI_OP_REDUCE_LOG_SUM, 18, {"axes"}}, {WNI_OP_REDUCE_LOG_SUM_EXP, 18, {"axes"}},
    {WNI_OP_REDUCE_MAX, 18, {"axes"}},     {WNI_OP_REDUCE_MEAN, 18, {"axes"}},
    {WNI_OP_REDUCE_MIN, 18, {"axes"}},     {WNI_OP_REDUCE_PROD, 18, {"axes"}},
    {WNI_OP_REDUCE_SUM, 13, {"axes"}},     {WNI_OP_REDUCE_SUM_SQUARE, 18, {"axes"}},
};

/* The attribute as an initialiser; its name. */
static char *move_attribute(WniWriter *writer, Onnx__NodeProto *node,
                            const Onnx__AttributeProto *attribute) {
  int64_t count = (int64_t)attribute->n_ints;
  char *name = wni_writer_name(writer, node->output[0], "_"); /* unlike the node's, its own */
  if (attribute->has_f)
    wni_writer_tensor(writer, name, WNI_TENSOR_FLOAT, 0, NULL, &attribute->f);
  else
    wni_writer_tensor(writer, name, WNI_TENSOR_INT64, 1, &count, attribute->ints);
  wni_node_drop_attribute(node, attribute->name);
  return name;
}

static void move_attributes(WniWriter *writer, const Moved *row, Onnx__NodeProto *node) {
  size_t n = node->n_input;
  for (size_t i = 0; i < MAX_MOVED; i++) {
    const Onnx__AttributeProto *attribute =
        row->attribute[i] ? wni_attr(node, row->attribute[i]) : NULL;
    if (!attribute) continue;
    node->input[i + 1] = move_attribute(writer, node, attribute);
    if (n < i + 2) n = i + 2;
  }
  node->n_input = n;
}

void wni_raise_attributes(WniWriter *writer, Onnx__NodeProto *node, WniOp op, int64_t from,
                          int64_t to) {
  for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
    if (moved[i].op == op && from < moved[i].since && moved[i].since <= to)
      move_attributes(writer, &moved[i], node);
}

bool wni_raise_softmax(WniWriter *writer, Onnx__NodeProto *node, int rank, const int64_t *dim) {
  int64_t axis = wni_attr_int(node, "axis", 1), behind = 1;
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) axis = rank - 1;
  for (int64_t d = axis + 1; d < rank; d++) behind *= dim[d];
  if (behind > 1) return false;
  wni_writer_int(writer, node, "axis", axis);
  return true;
}
