/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An ONNX file in memory: parsed within bounds, every operator known by name
 * and opset, attributes readable.  Shapes and meaning are the plan's business.
 * Everything here may come from a hostile file; lengths are checked on access.
 */
#ifndef WNI_LOAD_ONNX_H
#define WNI_LOAD_ONNX_H

#include <winnow/winnow.h>

#include "load/constant.h"
#include "load/onnx.pb-c.h"
#include "load/onnx_ops.h"
#include "load/pieces.h"

enum { WNI_NEWEST_OPSET = 28 }; /* of ONNX 1.23 */

/* TensorProto.DataType */
enum {
  WNI_TENSOR_FLOAT = 1,
  WNI_TENSOR_UINT8,
  WNI_TENSOR_INT8,
  WNI_TENSOR_UINT16,
  WNI_TENSOR_INT16,
  WNI_TENSOR_INT32,
  WNI_TENSOR_INT64,
  WNI_TENSOR_STRING,
  WNI_TENSOR_BOOL,
  WNI_TENSOR_FLOAT16,
  WNI_TENSOR_DOUBLE,
  WNI_TENSOR_UINT32,
  WNI_TENSOR_UINT64,
  WNI_TENSOR_BFLOAT16 = 16,
  WNI_TENSOR_UINT4 = 21,
  WNI_TENSOR_INT4
};

enum { WNI_MAX_INPUTS = 16 }; /* of a graph that are no initialisers */

/* The bytes of tensors that lie in other files, and who points there (external.h). */
typedef struct WniExternal {
  uint8_t *data; /* mapped */
  size_t size;
  Onnx__TensorProto **tensor; /* [n_tensor] */
  size_t n_tensor, capacity;
} WniExternal;

/* What the parser may still allocate, and why it got something no more. */
typedef struct WniBudget {
  size_t bytes;   /* left */
  size_t refused; /* bytes that were beyond it; 0: none */
  size_t missing; /* bytes that the system did not have; 0: none */
} WniBudget;

typedef struct WniOnnx {
  /* owned; proto->graph is never NULL, its nodes are in order (order.h) and call no function
   * (functions.h) */
  Onnx__ModelProto *proto;
  int64_t opset;  /* 1..WNI_NEWEST_OPSET */
  uint32_t crc32; /* of the whole file */
  WniBudget budget;
  uint8_t *file; /* owned; what initialisers point into, NULL: they own their bytes */
  size_t file_bytes;
  WniExternal external;
  Onnx__GraphProto
      *parsed_graph;      /* what the parser made where proto->graph is another; else NULL */
  WniPieces pieces;       /* what was made after parsing */
  struct WniSaved *saved; /* of the parser's, what sparse.c has changed */
} WniOnnx;

/* Reads and parses `path` (at most 2 GiB).  Errors: IO, MEMORY, MODEL (not an
 * ONNX file, no graph), UNSUPPORTED (opset).  On failure `out` is empty. */
WnStatus wni_onnx_load(const char *path, WniOnnx *out, WnError *error);
void wni_onnx_clear(WniOnnx *onnx);

/* Frees all but the bytes that large initialisers point into: they are there until
 * wni_onnx_clear(). */
void wni_onnx_strip(WniOnnx *onnx);

/* Whether data[0..size) is part of these. */
bool wni_onnx_holds(const WniOnnx *onnx, const void *data, size_t size);

/* Gives the memory of data[0..size) back to the system if it is part of a file that was read:
 * nobody will read these weights again. */
void wni_onnx_release(const WniOnnx *onnx, const void *data, size_t size);

/* The value of a metadata_props key, NULL if it is missing. */
const char *wni_onnx_metadata(const WniOnnx *onnx, const char *key);

/* A node's name for messages: its own, else that of its first output. */
const char *wni_node_name(const Onnx__NodeProto *node);

/* The domain of a node's operator, "" for ONNX's own. */
const char *wni_node_domain(const Onnx__NodeProto *node);

/* Attributes; the fallback is returned when the node has none of that name. */
const Onnx__AttributeProto *wni_attr(const Onnx__NodeProto *node, const char *name);
int64_t wni_attr_int(const Onnx__NodeProto *node, const char *name, int64_t fallback);
float wni_attr_float(const Onnx__NodeProto *node, const char *name, float fallback);
/* *count = 0 and NULL when missing. */
const int64_t *wni_attr_ints(const Onnx__NodeProto *node, const char *name, size_t *count);
/* True when the string attribute is there and equals `text`. */
bool wni_attr_is(const Onnx__NodeProto *node, const char *name, const char *text);

/* Converts a tensor to float32 or int64, or leaves it as it is where constant.h says so.  `what`
 * names it in messages.  The constant may point into `tensor`, which must outlive it. */
WnStatus wni_onnx_tensor(const Onnx__TensorProto *tensor, const char *what, WniConstant *out,
                         WnError *error);

/* Where the elements of a tensor lie: little-endian, as raw data has them, in the first `bytes` of
 * each step. */
typedef struct WniElementList {
  const uint8_t *data;
  size_t count, bytes, step_bytes;
} WniElementList;

/* As many elements as the shape says, of types that a byte or more belongs to. */
WnStatus wni_onnx_elements(const Onnx__TensorProto *tensor, const char *what, WniElementList *out,
                           WnError *error);

#endif
