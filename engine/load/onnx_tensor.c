/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TensorProto to WniConstant.  ONNX keeps elements either as little-endian raw
 * bytes or in one of several typed lists; one table row per element type says
 * how wide it is raw, which list it uses and how to widen it.
 */
#include "load/onnx.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw tensor data is read as little-endian"
#endif

static float half_to_float(uint16_t h) {
  int exponent = (h >> 10) & 31, fraction = h & 1023;
  float magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                    : exponent     ? ldexpf((float)(fraction + 1024), exponent - 25)
                                   : ldexpf((float)fraction, -24);
  return (h & 0x8000) ? -magnitude : magnitude;
}

static float bfloat_to_float(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* `at` may be unaligned.  float16 in int32_data has its bits in the low half, as
 * it has in memory. */
static float read_half(const void *at) {
  uint16_t v;
  memcpy(&v, at, sizeof v);
  return half_to_float(v);
}
static float read_bfloat(const void *at) {
  uint16_t v;
  memcpy(&v, at, sizeof v);
  return bfloat_to_float(v);
}
static float read_float(const void *at) {
  float v;
  memcpy(&v, at, sizeof v);
  return v;
}
static float read_double(const void *at) {
  double v;
  memcpy(&v, at, sizeof v);
  return (float)v;
}
#define DEFINE_READ_INT(type)                                                                      \
  static int64_t read_##type(const void *at) {                                                     \
    type##_t v;                                                                                    \
    memcpy(&v, at, sizeof v);                                                                      \
    return (int64_t)v;                                                                             \
  }
DEFINE_READ_INT(uint8)
DEFINE_READ_INT(int8)
DEFINE_READ_INT(uint16)
DEFINE_READ_INT(int16)
DEFINE_READ_INT(int32)
DEFINE_READ_INT(int64)
#undef DEFINE_READ_INT

typedef enum List { FLOATS, INT32S, INT64S, DOUBLES } List;

typedef struct ElementType {
  size_t raw_bytes;
  List list;
  float (*read_f)(const void *);   /* floating types */
  int64_t (*read_i)(const void *); /* all others */
} ElementType;

enum { UINT8 = 2, INT8 = 3 };

/* Indexed by TensorProto.DataType. */
static const ElementType types[] = {
    [1] = {4, FLOATS, read_float, NULL},   [2] = {1, INT32S, NULL, read_uint8},
    [3] = {1, INT32S, NULL, read_int8},    [4] = {2, INT32S, NULL, read_uint16},
    [5] = {2, INT32S, NULL, read_int16},   [6] = {4, INT32S, NULL, read_int32},
    [7] = {8, INT64S, NULL, read_int64},   [9] = {1, INT32S, NULL, read_uint8} /* bool */,
    [10] = {2, INT32S, read_half, NULL},   [11] = {8, DOUBLES, read_double, NULL},
    [16] = {2, INT32S, read_bfloat, NULL},
};

typedef struct Source {
  const uint8_t *data;
  size_t count, step_bytes;
} Source;

static Source find_source(const Onnx__TensorProto *tensor, const ElementType *type) {
  if (tensor->has_raw_data)
    return (Source){tensor->raw_data.data, tensor->raw_data.len / type->raw_bytes, type->raw_bytes};
  switch (type->list) {
  case FLOATS:
    return (Source){(const uint8_t *)tensor->float_data, tensor->n_float_data, 4};
  case INT32S:
    return (Source){(const uint8_t *)tensor->int32_data, tensor->n_int32_data, 4};
  case INT64S:
    return (Source){(const uint8_t *)tensor->int64_data, tensor->n_int64_data, 8};
  case DOUBLES:
    return (Source){(const uint8_t *)tensor->double_data, tensor->n_double_data, 8};
  }
  return (Source){0};
}

static WnStatus check_shape(const Onnx__TensorProto *tensor, const char *what, size_t *count,
                            WnError *error) {
  if (tensor->n_dims > WNI_MAX_RANK)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "tensor '%.200s' has %zu dimensions; at most %d are supported", what,
                    tensor->n_dims, WNI_MAX_RANK);
  *count = 1;
  for (size_t d = 0; d < tensor->n_dims; d++)
    if (tensor->dims[d] < 0 || __builtin_mul_overflow(*count, (size_t)tensor->dims[d], count))
      return wni_fail(error, WN_ERROR_MODEL, "tensor '%.200s' has an impossible dimension %lld",
                      what, (long long)tensor->dims[d]);
  return WN_OK;
}

WnStatus wni_onnx_tensor(const Onnx__TensorProto *tensor, const char *what, WniConstant *out,
                         WnError *error) {
  size_t count = 0;
  size_t type_index = tensor->data_type < 0 ? 0 : (size_t)tensor->data_type;
  *out = (WniConstant){0};
  if (tensor->data_location == 1 || tensor->n_external_data)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "tensor '%.200s' lies in another file; save the model as one file", what);
  if (type_index >= sizeof types / sizeof *types || !types[type_index].raw_bytes)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "tensor '%.200s' has element type %d, which is not supported", what,
                    tensor->data_type);
  WnStatus status = check_shape(tensor, what, &count, error);
  if (status != WN_OK) return status;
  const ElementType *type = &types[type_index];
  Source source = find_source(tensor, type);
  if (source.count != count || (tensor->has_raw_data && tensor->raw_data.len % type->raw_bytes))
    return wni_fail(error, WN_ERROR_MODEL,
                    "tensor '%.200s' holds %zu elements where its shape says %zu", what,
                    source.count, count);

  /* Weights are large: float32 and 8-bit integers are used where they lie. */
  bool floats = type_index == 1 && (uintptr_t)source.data % _Alignof(float) == 0;
  bool bytes = (type_index == UINT8 || type_index == INT8) && source.step_bytes == 1;
  void *data = NULL;
  if (floats || bytes) {
    *out = (WniConstant){.rank = (int)tensor->n_dims,
                         .count = count,
                         .is_int = bytes,
                         .is_signed = type_index == INT8,
                         .type = bytes ? (int)type_index : 0};
    for (size_t d = 0; d < tensor->n_dims; d++) out->dim[d] = tensor->dims[d];
    if (floats)
      out->f = (const float *)(const void *)source.data;
    else
      out->bytes = source.data;
    return WN_OK;
  }
  if (!wni_constant_new(out, type->read_i != NULL, (int)tensor->n_dims, tensor->dims, &data))
    return wni_fail_memory(error, what);
  out->type = type->read_i ? (int)type_index : 0;
  for (size_t i = 0; i < count; i++) {
    const uint8_t *at = source.data + i * source.step_bytes;
    if (type->read_i)
      ((int64_t *)data)[i] = type->read_i(at);
    else
      ((float *)data)[i] = type->read_f(at);
  }
  if (!wni_constant_narrow(out)) return wni_fail_memory(error, what);
  return WN_OK;
}
