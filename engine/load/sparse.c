/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sparse.h.  A short file can ask for large tensors: their elements are counted over all of
 * them, and every place is checked before it is written to.
 */
#include "load/sparse.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A message of the parser's as it was. */
struct WniSaved {
  struct WniSaved *next;
  void *message;
  size_t size;
  max_align_t was[];
};

typedef struct Reader {
  WniOnnx *onnx;
  size_t left; /* bytes */
  WnError *error;
} Reader;

static bool save(WniOnnx *onnx, void *message, size_t size) {
  struct WniSaved *saved = wni_pieces_alloc(&onnx->pieces, 1, sizeof *saved + size);
  if (!saved) return false;
  saved->message = message;
  saved->size = size;
  memcpy(saved->was, message, size);
  saved->next = onnx->saved;
  onnx->saved = saved;
  return true;
}

void wni_sparse_clear(WniOnnx *onnx) {
  for (struct WniSaved *saved = onnx->saved; saved; saved = saved->next)
    memcpy(saved->message, saved->was, saved->size);
  onnx->saved = NULL;
}

static const char *name_of(const Onnx__SparseTensorProto *sparse) {
  return sparse->values && sparse->values->name ? sparse->values->name : "";
}

static WnStatus fail(const Reader *reader, const Onnx__SparseTensorProto *sparse, WnStatus status,
                     const char *why) {
  return wni_fail(reader->error, status, "sparse tensor '%.200s' %s", name_of(sparse), why);
}

/* ---- one tensor ---- */

static WnStatus find_values(Reader *reader, const Onnx__SparseTensorProto *sparse,
                            WniElementList *values, size_t *count) {
  if (!sparse->values || !sparse->indices)
    return fail(reader, sparse, WN_ERROR_MODEL, "has no values or no indices");
  if (sparse->values->data_location == 1 || sparse->indices->data_location == 1)
    return fail(reader, sparse, WN_ERROR_UNSUPPORTED,
                "lies in another file; only dense ones may; export the model as one file");
  if (sparse->n_dims > WNI_MAX_RANK)
    return fail(reader, sparse, WN_ERROR_UNSUPPORTED, "has too many dimensions");
  WnStatus status = wni_onnx_elements(sparse->values, name_of(sparse), values, reader->error);
  if (status != WN_OK) return status;
  if (!wni_constant_shape((int)sparse->n_dims, sparse->dims, reader->left / values->bytes, count))
    return fail(reader, sparse, WN_ERROR_MEMORY,
                "has a negative dimension, or makes those of the model too large");
  reader->left -= *count * values->bytes;
  return WN_OK;
}

/* Where value k belongs: indices are [n] places in the row-major order or [n][dimensions]. */
static bool find_place(const Onnx__SparseTensorProto *sparse, const WniConstant *indices,
                       size_t count, size_t k, size_t *at) {
  int64_t place = 0;
  if (indices->rank == 1) {
    place = indices->i[k];
    if (place < 0 || place >= (int64_t)count) return false;
  }
  for (size_t d = 0; indices->rank == 2 && d < sparse->n_dims; d++) {
    int64_t index = indices->i[k * sparse->n_dims + d];
    if (index < 0 || index >= sparse->dims[d]) return false;
    place = place * sparse->dims[d] + index;
  }
  *at = (size_t)place;
  return true;
}

static WnStatus scatter(const Reader *reader, const Onnx__SparseTensorProto *sparse,
                        const WniElementList *values, const WniConstant *indices, size_t count,
                        uint8_t *to) {
  bool good =
      indices->type == WNI_TENSOR_INT64 &&
      (indices->rank == 1 || (indices->rank == 2 && indices->dim[1] == (int64_t)sparse->n_dims)) &&
      indices->dim[0] == (int64_t)values->count;
  if (!good)
    return fail(reader, sparse, WN_ERROR_MODEL,
                "needs indices of int64, one a value or one a value and dimension");
  for (size_t k = 0; k < values->count; k++) {
    size_t at;
    if (!find_place(sparse, indices, count, k, &at))
      return fail(reader, sparse, WN_ERROR_MODEL, "has an index outside of its shape");
    memcpy(to + at * values->bytes, values->data + k * values->step_bytes, values->bytes);
  }
  return WN_OK;
}

/* *out: as a dense one has it, the dimensions shared. */
static WnStatus make_dense(Reader *reader, const Onnx__SparseTensorProto *sparse,
                           Onnx__TensorProto **out) {
  WniPieces *pieces = &reader->onnx->pieces;
  WniElementList values;
  WniConstant indices = {0};
  size_t count;
  WnStatus status = find_values(reader, sparse, &values, &count);
  if (status == WN_OK)
    status = wni_onnx_tensor(sparse->indices, name_of(sparse), &indices, reader->error);
  if (status != WN_OK) return status;
  pieces->left += count * values.bytes; /* which have a bound of their own */
  uint8_t *data = wni_pieces_alloc(pieces, count, values.bytes);
  Onnx__TensorProto *dense = wni_pieces_alloc(pieces, 1, sizeof *dense);
  status = data && dense ? scatter(reader, sparse, &values, &indices, count, data)
                         : wni_fail_memory(reader->error, "a sparse tensor");
  wni_constant_clear(&indices);
  if (status != WN_OK) return status;
  onnx__tensor_proto__init(dense);
  dense->name = sparse->values->name;
  dense->n_dims = sparse->n_dims;
  dense->dims = sparse->dims;
  dense->has_data_type = dense->has_raw_data = 1;
  dense->data_type = sparse->values->data_type;
  dense->raw_data = (ProtobufCBinaryData){.len = count * values.bytes, .data = data};
  *out = dense;
  return WN_OK;
}

/* ---- where they stand ---- */

static WnStatus read_graph(Reader *reader, Onnx__GraphProto *graph);

static WnStatus read_attribute(Reader *reader, Onnx__AttributeProto *attribute) {
  Onnx__TensorProto *dense = NULL;
  if (attribute->g) return read_graph(reader, attribute->g);
  if (!attribute->sparse_tensor || attribute->t) return WN_OK;
  WnStatus status = make_dense(reader, attribute->sparse_tensor, &dense);
  if (status != WN_OK) return status;
  if (!save(reader->onnx, attribute, sizeof *attribute))
    return wni_fail_memory(reader->error, "a sparse tensor");
  attribute->name = (char *)"value";
  attribute->type = 4; /* AttributeProto.TENSOR */
  attribute->sparse_tensor = NULL;
  attribute->t = dense;
  return WN_OK;
}

static WnStatus read_nodes(Reader *reader, Onnx__NodeProto *const *node, size_t n_node) {
  WnStatus status = WN_OK;
  for (size_t i = 0; i < n_node && status == WN_OK; i++)
    for (size_t k = 0; k < node[i]->n_attribute && status == WN_OK; k++)
      status = read_attribute(reader, node[i]->attribute[k]);
  return status;
}

static WnStatus read_graph(Reader *reader, Onnx__GraphProto *graph) {
  size_t n = graph->n_initializer, n_sparse = graph->n_sparse_initializer;
  WnStatus status = read_nodes(reader, graph->node, graph->n_node);
  if (status != WN_OK || n_sparse == 0) return status;
  Onnx__TensorProto **all =
      wni_pieces_alloc(&reader->onnx->pieces, n + n_sparse, sizeof(Onnx__TensorProto *));
  if (!all || !save(reader->onnx, graph, sizeof *graph))
    return wni_fail_memory(reader->error, "a sparse tensor");
  if (n) memcpy(all, graph->initializer, n * sizeof(Onnx__TensorProto *));
  for (size_t i = 0; i < n_sparse && status == WN_OK; i++)
    status = make_dense(reader, graph->sparse_initializer[i], &all[n + i]);
  if (status != WN_OK) return status;
  graph->initializer = all;
  graph->n_initializer = n + n_sparse;
  graph->sparse_initializer = NULL;
  graph->n_sparse_initializer = 0;
  return WN_OK;
}

WnStatus wni_sparse_read(WniOnnx *onnx, WnError *error) {
  Reader reader = {onnx, WNI_MAX_SPARSE, error};
  WnStatus status = read_graph(&reader, onnx->proto->graph);
  for (size_t i = 0; i < onnx->proto->n_functions && status == WN_OK; i++)
    status =
        read_nodes(&reader, onnx->proto->functions[i]->node, onnx->proto->functions[i]->n_node);
  return status;
}
