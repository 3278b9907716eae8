/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TensorProto to WniConstant.  ONNX keeps elements either as little-endian raw
 * bytes or in one of several typed lists; one table row per element type says
 * how wide it is raw, which list it uses and how to widen it.
 */
#include "load/onnx.h"

#include "base/error.h"
#include "base/half.h"
#include "base/memory.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw tensor data is read as little-endian"
#endif

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
  return wni_half_to_f32(v);
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
DEFINE_READ_INT(uint16)
DEFINE_READ_INT(int16)
DEFINE_READ_INT(uint32)
DEFINE_READ_INT(int32)
DEFINE_READ_INT(int64)
#undef DEFINE_READ_INT

/* Beyond int64 there are no sizes; what is larger is as large as can be. */
static int64_t read_uint64(const void *at) {
  uint64_t v;
  memcpy(&v, at, sizeof v);
  return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static const int64_t MAX_ELEMENTS = (int64_t)4 << 30; /* two in each byte of the largest file */

/* In which list elements lie that are not raw. */
typedef enum List { FLOATS, INT32S, INT64S, DOUBLES, UINT64S } List;

typedef struct ElementType {
  size_t raw_bytes;
  List list;
  float (*read_f)(const void *);   /* floating types */
  int64_t (*read_i)(const void *); /* all others */
  bool is_byte;                    /* stays as it is: WniConstant.bytes */
  bool is_signed, packed;          /* of bytes; two in a byte, the first in its low half */
} ElementType;

static const ElementType types[] = {
    [WNI_TENSOR_FLOAT] = {4, FLOATS, .read_f = read_float},
    [WNI_TENSOR_UINT8] = {1, INT32S, .is_byte = true},
    [WNI_TENSOR_INT8] = {1, INT32S, .is_byte = true, .is_signed = true},
    [WNI_TENSOR_UINT16] = {2, INT32S, .read_i = read_uint16},
    [WNI_TENSOR_INT16] = {2, INT32S, .read_i = read_int16},
    [WNI_TENSOR_INT32] = {4, INT32S, .read_i = read_int32},
    [WNI_TENSOR_INT64] = {8, INT64S, .read_i = read_int64},
    [WNI_TENSOR_BOOL] = {1, INT32S, .read_i = read_uint8},
    [WNI_TENSOR_FLOAT16] = {2, INT32S, .read_f = read_half},
    [WNI_TENSOR_DOUBLE] = {8, DOUBLES, .read_f = read_double},
    [WNI_TENSOR_UINT32] = {4, UINT64S, .read_i = read_uint32},
    [WNI_TENSOR_UINT64] = {8, UINT64S, .read_i = read_uint64},
    [WNI_TENSOR_BFLOAT16] = {2, INT32S, .read_f = read_bfloat},
    [WNI_TENSOR_UINT4] = {1, INT32S, .is_byte = true, .packed = true},
    [WNI_TENSOR_INT4] = {1, INT32S, .is_byte = true, .is_signed = true, .packed = true},
};

/* NULL: a type that is not read. */
static const ElementType *find_type(int32_t data_type) {
  size_t index = data_type < 0 ? 0 : (size_t)data_type;
  return index < sizeof types / sizeof *types && types[index].raw_bytes ? &types[index] : NULL;
}

/* Where the elements lie, little-endian, each at the beginning of its step. */
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
  case UINT64S:
    return (Source){(const uint8_t *)tensor->uint64_data, tensor->n_uint64_data, 8};
  }
  return (Source){0};
}

static WnStatus check_shape(const Onnx__TensorProto *tensor, const char *what, size_t *count,
                            WnError *error) {
  if (tensor->n_dims > WNI_MAX_RANK)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "tensor '%.200s' has %zu dimensions; at most %d are supported", what,
                    tensor->n_dims, WNI_MAX_RANK);
  if (wni_constant_shape((int)tensor->n_dims, tensor->dims, MAX_ELEMENTS, count)) return WN_OK;
  return wni_fail(error, WN_ERROR_MODEL,
                  "tensor '%.200s' has a negative dimension, or more than %lld elements", what,
                  (long long)MAX_ELEMENTS);
}

/* Bytes of a list, or half-bytes of either. */
static WnStatus copy_bytes(const ElementType *type, const Source *source, const char *what,
                           WniConstant *out, WnError *error) {
  uint8_t *to = wni_alloc_raw(out->count);
  if (!to) return wni_fail_memory(error, what);
  for (size_t i = 0; i < out->count; i++) {
    uint8_t byte = source->data[(type->packed ? i / 2 : i) * source->step_bytes];
    if (type->packed) byte = (i % 2 ? byte >> 4 : byte) & 15;
    /* a half is negative from 8 on */
    to[i] = type->packed && type->is_signed ? (uint8_t)((byte ^ 8) - 8) : byte;
  }
  out->bytes = out->owned = to;
  return WN_OK;
}

static WnStatus widen(const ElementType *type, const Source *source, const char *what,
                      WniConstant *out, WnError *error) {
  void *data;
  WniConstant wide;
  if (!wni_constant_new(&wide, out->is_int, out->rank, out->dim, &data))
    return wni_fail_memory(error, what);
  wide.type = out->type;
  for (size_t i = 0; i < wide.count; i++) {
    const uint8_t *at = source->data + i * source->step_bytes;
    if (type->read_i)
      ((int64_t *)data)[i] = type->read_i(at);
    else
      ((float *)data)[i] = type->read_f(at);
  }
  *out = wide;
  return WN_OK;
}

static WnStatus refuse_type(const Onnx__TensorProto *tensor, const char *what, WnError *error) {
  return wni_fail(error, WN_ERROR_UNSUPPORTED,
                  "tensor '%.200s' has element type %d, which is not supported", what,
                  tensor->data_type);
}

/* Type and place of the elements, which are as many as the shape says. */
static WnStatus find_elements(const Onnx__TensorProto *tensor, const char *what,
                              const ElementType **type, Source *source, size_t *count,
                              WnError *error) {
  *type = find_type(tensor->data_type);
  if (tensor->data_location == 1) /* what external.c does not take */
    return wni_fail(error, WN_ERROR_MODEL,
                    "tensor '%.200s' says that it lies in another file, and has data", what);
  if (!*type) return refuse_type(tensor, what, error);
  WnStatus status = check_shape(tensor, what, count, error);
  if (status != WN_OK) return status;
  *source = find_source(tensor, *type);
  if (source->count == ((*type)->packed ? *count / 2 + *count % 2 : *count) &&
      !(tensor->has_raw_data && tensor->raw_data.len % (*type)->raw_bytes))
    return WN_OK;
  return wni_fail(error, WN_ERROR_MODEL,
                  "tensor '%.200s' holds %zu elements where its shape says %zu", what,
                  source->count, *count);
}

WnStatus wni_onnx_elements(const Onnx__TensorProto *tensor, const char *what, WniElementList *out,
                           WnError *error) {
  const ElementType *type = NULL;
  Source source = {0};
  size_t count = 0;
  WnStatus status = find_elements(tensor, what, &type, &source, &count, error);
  if (status != WN_OK) return status;
  if (type->packed) return refuse_type(tensor, what, error);
  *out = (WniElementList){source.data, count, type->raw_bytes, source.step_bytes};
  return WN_OK;
}

WnStatus wni_onnx_tensor(const Onnx__TensorProto *tensor, const char *what, WniConstant *out,
                         WnError *error) {
  const ElementType *type = NULL;
  Source source = {0};
  size_t count = 0;
  *out = (WniConstant){0};
  WnStatus status = find_elements(tensor, what, &type, &source, &count, error);
  if (status != WN_OK) return status;
  *out = (WniConstant){.rank = (int)tensor->n_dims,
                       .count = count,
                       .is_int = !type->read_f,
                       .type = type->read_f ? 0 : tensor->data_type,
                       .is_signed = type->is_signed};
  for (size_t d = 0; d < tensor->n_dims; d++) out->dim[d] = tensor->dims[d];
  /* Weights are large: float32, float16 and bytes are used where they lie. */
  if (tensor->data_type == WNI_TENSOR_FLOAT && (uintptr_t)source.data % _Alignof(float) == 0)
    out->f = (const float *)(const void *)source.data;
  else if (type->is_byte && !type->packed && source.step_bytes == 1)
    out->bytes = source.data;
  else if (tensor->data_type == WNI_TENSOR_FLOAT16 && source.step_bytes == 2 &&
           (uintptr_t)source.data % _Alignof(uint16_t) == 0)
    out->halves = (const uint16_t *)(const void *)source.data;
  else
    status = type->is_byte ? copy_bytes(type, &source, what, out, error)
                           : widen(type, &source, what, out, error);
  if (status != WN_OK) *out = (WniConstant){0};
  return status;
}
