/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the file says about an input of the graph (graph.h), and what has to be filled in: a batch
 * that it leaves open is 1, height and width are what the caller knows, channels what the first
 * convolution reads.
 */
#include "graph/graph.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum {
  CHANNELS = 3, /* of an image of which nobody says it */
  HOPS = 8      /* from an image, or weights, to the convolution */
};

bool wni_shape_is_nhwc(const WniShape *shape) {
  const int64_t *dim = shape->dim + (shape->rank == 4);
  return (shape->rank == 3 || shape->rank == 4) && (dim[2] == 1 || dim[2] == 3) &&
         !(dim[0] == 1 || dim[0] == 3);
}

bool wni_shape_image(const WniShape *shape, int *channels, int *rows) {
  bool nhwc = wni_shape_is_nhwc(shape);
  int first = shape->rank - 3;
  *channels = nhwc ? first + 2 : first;
  *rows = nhwc ? first : first + 1;
  return (shape->rank == 3 || shape->rank == 4) &&
         (shape->dim[*channels] == 1 || shape->dim[*channels] == 3);
}

/* Leaves its input's shape as it is; quantized networks have it before images and weights. */
static bool keeps_shape(const Onnx__NodeProto *node) {
  static const char *const ops[] = {"QuantizeLinear", "DequantizeLinear", "Cast", "Identity"};
  for (size_t i = 0; node->op_type && i < sizeof ops / sizeof *ops; i++)
    if (strcmp(node->op_type, ops[i]) == 0) return node->n_input > 0 && node->n_output > 0;
  return false;
}

/* Which reads `image`, or what becomes of it; NULL: none. */
static const Onnx__NodeProto *find_conv(const Onnx__GraphProto *graph, const char *image) {
  for (int hop = 0; image && hop < HOPS; hop++) {
    const char *next = NULL;
    for (size_t i = 0; i < graph->n_node; i++) {
      const Onnx__NodeProto *node = graph->node[i];
      if (node->n_input < 1 || strcmp(node->input[0], image) != 0) continue;
      if (node->n_input > 1 && node->op_type && strcmp(node->op_type, "Conv") == 0) return node;
      if (!next && keeps_shape(node)) next = node->output[0];
    }
    image = next;
  }
  return NULL;
}

/* Which `name` is, or is made of; NULL: none. */
static const Onnx__TensorProto *find_weights(const Onnx__GraphProto *graph, const char *name) {
  for (int hop = 0; name && hop < HOPS; hop++) {
    const char *next = NULL;
    for (size_t i = 0; i < graph->n_initializer; i++)
      if (graph->initializer[i]->name && strcmp(graph->initializer[i]->name, name) == 0)
        return graph->initializer[i];
    for (size_t i = 0; i < graph->n_node && !next; i++) {
      const Onnx__NodeProto *node = graph->node[i];
      if (keeps_shape(node) && strcmp(node->output[0], name) == 0) next = node->input[0];
    }
    name = next;
  }
  return NULL;
}

/* Of the weights of the convolution that reads `image`. */
static int64_t read_channels(const Onnx__GraphProto *graph, const char *image) {
  const Onnx__NodeProto *conv = find_conv(graph, image);
  const Onnx__TensorProto *weights = conv ? find_weights(graph, conv->input[1]) : NULL;
  if (!weights || weights->n_dims < 2) return CHANNELS;
  return weights->dims[1] * wni_attr_int(conv, "group", 1);
}

/* What is known of the input; nothing: zeros. */
static const WniInputMeaning *find_meaning(const WniGraph *graph, const char *name) {
  static const WniInputMeaning nothing;
  for (int i = 0; i < graph->sizes.n; i++) {
    const WniInputMeaning *input = &graph->sizes.inputs[i];
    if (!input->name || strcmp(input->name, name) == 0) return input;
  }
  return &nothing;
}

/* Fills in dimensions that are 0. */
static WnStatus fill_in(const WniGraph *graph, const char *name, WniShape *shape, WnError *error) {
  int64_t *dim = shape->dim;
  if (!dim[0]) dim[0] = 1;
  if (shape->rank == 4) {
    bool nhwc = wni_shape_is_nhwc(shape);
    int64_t *height = &dim[nhwc ? 1 : 2], *width = &dim[nhwc ? 2 : 3];
    if (!nhwc && !dim[1]) dim[1] = read_channels(graph->onnx->proto->graph, name);
    const WniInputMeaning *known = find_meaning(graph, name);
    char key[WNI_INPUT_KEY_BYTES];
    wni_input_key(known, wni_aspect_name(WNI_SIZE), key);
    if (!*height) *height = known->height;
    if (!*width) *width = known->width;
    if (!*height || !*width)
      return wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "input '%.200s': the file leaves height and width open; say them with "
                      "--input-size WxH or the metadata key %.200s",
                      name, key);
  }
  for (int d = 1; d < shape->rank; d++)
    if (!dim[d])
      return wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "input '%.200s': dimension %d has no fixed size; export the model with a "
                      "fixed one",
                      name, d);
  return WN_OK;
}

static WnStatus check_size(const char *name, const WniShape *shape, WnError *error) {
  int64_t count = 1;
  for (int d = 0; d < shape->rank; d++)
    if (shape->dim[d] < 1 || !wni_mul_limited(count, shape->dim[d], WNI_MAX_ELEMENTS, &count))
      return wni_fail(error, WN_ERROR_UNSUPPORTED, "input '%.200s' is larger than %d elements",
                      name, WNI_MAX_ELEMENTS);
  return WN_OK;
}

/* What a feeder turns into float32. */
static bool is_float(int type) {
  return type == WNI_TENSOR_FLOAT || type == WNI_TENSOR_FLOAT16 || type == WNI_TENSOR_DOUBLE;
}

static bool is_byte(int type) {
  return type == WNI_TENSOR_UINT8 || type == WNI_TENSOR_INT8;
}

WnStatus wni_input_read(const WniGraph *graph, const Onnx__ValueInfoProto *input, int *element_type,
                        WniValue *value, WnError *error) {
  const Onnx__TensorTypeProto *type = input->type ? input->type->tensor_type : NULL;
  const char *name = input->name ? input->name : "";
  if (!type || !type->shape || !(is_float(type->elem_type) || is_byte(type->elem_type)))
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "input '%.200s' is not a tensor of floats or 8-bit integers with a shape",
                    name);
  *element_type = type->elem_type;
  value->is_int = is_byte(type->elem_type);
  if (type->shape->n_dim < 1 || type->shape->n_dim > WNI_MAX_RANK)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "input '%.200s' has %zu dimensions; 1 to %d are supported", name,
                    type->shape->n_dim, WNI_MAX_RANK);
  WniShape *shape = &value->shape;
  shape->rank = (int)type->shape->n_dim;
  for (int d = 0; d < shape->rank; d++) {
    const Onnx__Dimension *dim = type->shape->dim[d];
    bool open = !dim->has_dim_value || dim->dim_value <= 0; /* 0, -1: old exporters' way */
    shape->dim[d] = open ? 0 : dim->dim_value;
  }
  WnStatus status = fill_in(graph, name, shape, error);
  return status == WN_OK ? check_size(name, shape, error) : status;
}
