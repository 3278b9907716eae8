/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The operators that Winnow knows, one row each in onnx_ops.c.
 */
#ifndef WNI_LOAD_ONNX_OPS_H
#define WNI_LOAD_ONNX_OPS_H

#include <winnow/winnow.h>

#include "load/onnx.pb-c.h"

typedef enum WniOp {
  WNI_OP_ADD,
  WNI_OP_AVERAGE_POOL,
  WNI_OP_BATCH_NORMALIZATION,
  WNI_OP_CAST,
  WNI_OP_CLIP,
  WNI_OP_CONCAT,
  WNI_OP_CONSTANT,
  WNI_OP_CONSTANT_OF_SHAPE,
  WNI_OP_CONV,
  WNI_OP_DEQUANTIZE_LINEAR,
  WNI_OP_DIV,
  WNI_OP_DROPOUT,
  WNI_OP_ELU,
  WNI_OP_FLATTEN,
  WNI_OP_GATHER,
  WNI_OP_GEMM,
  WNI_OP_GLOBAL_AVERAGE_POOL,
  WNI_OP_GLOBAL_MAX_POOL,
  WNI_OP_HARD_SIGMOID,
  WNI_OP_HARD_SWISH,
  WNI_OP_IDENTITY,
  WNI_OP_LEAKY_RELU,
  WNI_OP_LRN,
  WNI_OP_MATMUL,
  WNI_OP_MAX_POOL,
  WNI_OP_MUL,
  WNI_OP_PAD,
  WNI_OP_PRELU,
  WNI_OP_QUANTIZE_LINEAR,
  WNI_OP_REDUCE_MEAN,
  WNI_OP_REDUCE_PROD,
  WNI_OP_RELU,
  WNI_OP_RESHAPE,
  WNI_OP_SHAPE,
  WNI_OP_SIGMOID,
  WNI_OP_SLICE,
  WNI_OP_SOFTMAX,
  WNI_OP_SPLIT,
  WNI_OP_SQUEEZE,
  WNI_OP_SUB,
  WNI_OP_SUM,
  WNI_OP_TANH,
  WNI_OP_TRANSPOSE,
  WNI_OP_UNSQUEEZE,
  WNI_OP_COUNT
} WniOp;

typedef struct WniOpInfo {
  const char *name;
  int min_inputs, max_inputs, max_outputs;
  /* "name:type ..."; type i, f, s, t: int, float, string, tensor; I, F: lists */
  const char *attributes;
} WniOpInfo;

const WniOpInfo *wni_op_info(WniOp op);

/* The operator of `node`, with its number of inputs and outputs and the names
 * of its attributes checked.  Errors name node, operator and opset: UNSUPPORTED (operator,
 * domain, attribute), MODEL (counts). */
WnStatus wni_op_find(const Onnx__NodeProto *node, int64_t opset, WniOp *out, WnError *error);

#endif
