/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See onnx_ops.h.  The one list of operators: who adds an operator adds its row
 * here, its shape in graph/shape.c and its lowering in plan/lower_table.c.
 */
#include "load/onnx_ops.h"

#include "base/error.h"
#include "load/onnx.h"

#include <string.h>

enum { ANY = 1 << 20 };

static const WniOpInfo ops[WNI_OP_COUNT] = {
    [WNI_OP_ADD] = {"Add", 2, 2, 1, "axis:i broadcast:i"},
    [WNI_OP_AVERAGE_POOL] =
        {"AveragePool", 1, 1, 1,
         "auto_pad:s ceil_mode:i count_include_pad:i dilations:I kernel_shape:I pads:I strides:I"},
    [WNI_OP_BATCH_NORMALIZATION] = {"BatchNormalization", 5, 5, 5,
                                    "epsilon:f momentum:f spatial:i training_mode:i is_test:i"},
    [WNI_OP_CAST] = {"Cast", 1, 1, 1, "to:i saturate:i"},
    [WNI_OP_CLIP] = {"Clip", 1, 3, 1, "min:f max:f"},
    [WNI_OP_CONCAT] = {"Concat", 1, ANY, 1, "axis:i"},
    [WNI_OP_CONSTANT] = {"Constant", 0, 0, 1,
                         "value:t value_float:f value_floats:F value_int:i value_ints:I"},
    [WNI_OP_CONSTANT_OF_SHAPE] = {"ConstantOfShape", 1, 1, 1, "value:t"},
    [WNI_OP_CONV] = {"Conv", 2, 3, 1,
                     "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    [WNI_OP_DEQUANTIZE_LINEAR] = {"DequantizeLinear", 2, 3, 1, "axis:i block_size:i"},
    [WNI_OP_DIV] = {"Div", 2, 2, 1, "axis:i broadcast:i"},
    [WNI_OP_DROPOUT] = {"Dropout", 1, 3, 2, "ratio:f seed:i is_test:i"},
    [WNI_OP_ELU] = {"Elu", 1, 1, 1, "alpha:f"},
    [WNI_OP_FLATTEN] = {"Flatten", 1, 1, 1, "axis:i"},
    [WNI_OP_GATHER] = {"Gather", 2, 2, 1, "axis:i"},
    [WNI_OP_GEMM] = {"Gemm", 2, 3, 1, "alpha:f beta:f transA:i transB:i broadcast:i"},
    [WNI_OP_GLOBAL_AVERAGE_POOL] = {"GlobalAveragePool", 1, 1, 1, ""},
    [WNI_OP_GLOBAL_MAX_POOL] = {"GlobalMaxPool", 1, 1, 1, ""},
    [WNI_OP_HARD_SIGMOID] = {"HardSigmoid", 1, 1, 1, "alpha:f beta:f"},
    [WNI_OP_HARD_SWISH] = {"HardSwish", 1, 1, 1, ""},
    [WNI_OP_IDENTITY] = {"Identity", 1, 1, 1, ""},
    [WNI_OP_LEAKY_RELU] = {"LeakyRelu", 1, 1, 1, "alpha:f"},
    [WNI_OP_LRN] = {"LRN", 1, 1, 1, "alpha:f beta:f bias:f size:i"},
    [WNI_OP_MATMUL] = {"MatMul", 2, 2, 1, ""},
    [WNI_OP_MAX_POOL] =
        {"MaxPool", 1, 1, 1,
         "auto_pad:s ceil_mode:i dilations:I kernel_shape:I pads:I storage_order:i strides:I"},
    [WNI_OP_MUL] = {"Mul", 2, 2, 1, "axis:i broadcast:i"},
    [WNI_OP_PAD] = {"Pad", 1, 4, 1, "mode:s pads:I value:f"},
    [WNI_OP_PRELU] = {"PRelu", 2, 2, 1, ""},
    [WNI_OP_QUANTIZE_LINEAR] = {"QuantizeLinear", 2, 3, 1,
                                "axis:i block_size:i output_dtype:i saturate:i"},
    [WNI_OP_REDUCE_MEAN] = {"ReduceMean", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    [WNI_OP_REDUCE_PROD] = {"ReduceProd", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    [WNI_OP_RELU] = {"Relu", 1, 1, 1, ""},
    [WNI_OP_RESHAPE] = {"Reshape", 2, 2, 1, "allowzero:i"},
    [WNI_OP_SHAPE] = {"Shape", 1, 1, 1, "start:i end:i"},
    [WNI_OP_SIGMOID] = {"Sigmoid", 1, 1, 1, ""},
    [WNI_OP_SLICE] = {"Slice", 1, 5, 1, "axes:I starts:I ends:I"},
    [WNI_OP_SOFTMAX] = {"Softmax", 1, 1, 1, "axis:i"},
    [WNI_OP_SPLIT] = {"Split", 1, 2, ANY, "axis:i split:I num_outputs:i"},
    [WNI_OP_SQUEEZE] = {"Squeeze", 1, 2, 1, "axes:I"},
    [WNI_OP_SUB] = {"Sub", 2, 2, 1, "axis:i broadcast:i"},
    [WNI_OP_SUM] = {"Sum", 1, ANY, 1, ""},
    [WNI_OP_TANH] = {"Tanh", 1, 1, 1, ""},
    [WNI_OP_TRANSPOSE] = {"Transpose", 1, 1, 1, "perm:I"},
    [WNI_OP_UNSQUEEZE] = {"Unsqueeze", 1, 2, 1, "axes:I"},
};

const WniOpInfo *wni_op_info(WniOp op) {
  return &ops[op];
}

/* Whether the attribute holds what `type` says (the letters of WniOpInfo). */
static bool has_type(const Onnx__AttributeProto *attribute, char type) {
  switch (type) {
  case 'i':
    return attribute->has_i;
  case 'f':
    return attribute->has_f;
  case 's':
    return attribute->has_s;
  case 't':
    return attribute->t != NULL;
  default: /* lists, which may be empty */
    return !attribute->has_i && !attribute->has_f && !attribute->has_s && !attribute->t &&
           !(type == 'I' ? attribute->n_floats : attribute->n_ints);
  }
}

/* The type letter of `name` in a list "name:type ..."; 0: it is not there. */
static char find_attribute(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *at = list; n && (at = strstr(at, name)); at += n)
    if ((at == list || at[-1] == ' ') && at[n] == ':') return at[n + 1];
  return 0;
}

static WnStatus check_attributes(const Onnx__NodeProto *node, int64_t opset, const WniOpInfo *op,
                                 WnError *error) {
  for (size_t i = 0; i < node->n_attribute; i++) {
    const char *name = node->attribute[i]->name ? node->attribute[i]->name : "";
    char type = find_attribute(op->attributes, name);
    /* consumed_inputs: a leaving of exporters before opset 6, without effect */
    if (!type && strcmp(name, "consumed_inputs") != 0)
      return wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "node '%.100s': attribute '%.60s' of operator %s (opset %lld) is not "
                      "supported",
                      wni_node_name(node), name, op->name, (long long)opset);
    if (type && !has_type(node->attribute[i], type))
      return wni_fail(
          error, WN_ERROR_MODEL,
          "node '%.100s': attribute '%.60s' of operator %s (opset %lld) has the wrong type",
          wni_node_name(node), name, op->name, (long long)opset);
  }
  return WN_OK;
}

/* Trailing optional inputs may be left empty; they do not count. */
static int count_inputs(const Onnx__NodeProto *node) {
  size_t n = node->n_input;
  while (n && !*node->input[n - 1]) n--;
  return n > ANY ? ANY + 1 : (int)n;
}

WnStatus wni_op_find(const Onnx__NodeProto *node, int64_t opset, WniOp *out, WnError *error) {
  const char *type = node->op_type ? node->op_type : "";
  const char *name = wni_node_name(node);
  int op = 0;
  if (node->domain && *node->domain && strcmp(node->domain, "ai.onnx") != 0)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "node '%.100s': operator %.60s of domain '%.60s' is not supported; export with "
                    "standard ONNX operators only",
                    name, type, node->domain);
  while (op < WNI_OP_COUNT && strcmp(ops[op].name, type) != 0) op++;
  if (op == WNI_OP_COUNT && (strstr(type, "QuantizeLinear") || strncmp(type, "QLinear", 7) == 0 ||
                             strstr(type, "Integer")))
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "node '%.100s': operator %.60s (opset %lld) is not supported; int8 models have "
                    "to be in the QuantizeLinear / DequantizeLinear form, as 'winnow quantize' "
                    "writes it",
                    name, type, (long long)opset);
  if (op == WNI_OP_COUNT)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "node '%.100s': operator %.60s (opset %lld) is not supported", name, type,
                    (long long)opset);
  int n_inputs = count_inputs(node);
  if (n_inputs < ops[op].min_inputs || n_inputs > ops[op].max_inputs || node->n_output < 1 ||
      node->n_output > (size_t)ops[op].max_outputs)
    return wni_fail(error, WN_ERROR_MODEL,
                    "node '%.100s': operator %s (opset %lld) with %d inputs and %zu outputs is not "
                    "valid ONNX",
                    name, type, (long long)opset, n_inputs, node->n_output);
  *out = (WniOp)op;
  return check_attributes(node, opset, &ops[op], error);
}
