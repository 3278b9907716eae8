/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See constant.h.
 */
#include "load/constant.h"

#include "base/half.h"
#include "base/memory.h"

#include <stdlib.h>

/* A shape computation in a hostile file can ask for anything. */
enum { MAX_ELEMENTS = 1 << 28 };

enum { UINT8 = 2, INT8 = 3 }; /* of TensorProto.DataType */

bool wni_constant_shape(int rank, const int64_t *dim, size_t limit, size_t *count) {
  int64_t room = 1;
  bool empty = false;
  for (int d = 0; d < rank; d++) {
    if (dim[d] < 0 || !wni_mul_limited(room, dim[d] ? dim[d] : 1, (int64_t)limit, &room))
      return false;
    empty = empty || dim[d] == 0;
  }
  *count = empty ? 0 : (size_t)room;
  return true;
}

/* `out` has no shape and no elements yet. */
static bool allocate(WniConstant *out, size_t element_bytes, int rank, const int64_t *dim,
                     void **data) {
  out->rank = rank;
  if (rank > WNI_MAX_RANK || !wni_constant_shape(rank, dim, MAX_ELEMENTS, &out->count))
    return false;
  for (int d = 0; d < rank; d++) out->dim[d] = dim[d];
  out->owned = *data = wni_alloc_aligned(out->count, element_bytes);
  return *data != NULL;
}

bool wni_constant_new(WniConstant *out, bool is_int, int rank, const int64_t *dim, void **data) {
  *out = (WniConstant){.is_int = is_int};
  bool ok = allocate(out, is_int ? sizeof(int64_t) : sizeof(float), rank, dim, data);
  if (ok && is_int)
    out->i = *data;
  else if (ok)
    out->f = *data;
  return ok;
}

bool wni_constant_new_like(WniConstant *out, const WniConstant *like, int rank, const int64_t *dim,
                           void **data) {
  WniConstant made = {.is_int = like->is_int, .type = like->type, .is_signed = like->is_signed};
  *out = made;
  if (!allocate(out, wni_constant_element_bytes(like), rank, dim, data)) return false;
  if (like->bytes)
    out->bytes = *data;
  else if (like->is_int)
    out->i = *data;
  else
    out->f = *data;
  return true;
}

size_t wni_constant_element_bytes(const WniConstant *constant) {
  return constant->bytes ? 1 : constant->is_int ? sizeof(int64_t) : sizeof(float);
}

const void *wni_constant_elements(const WniConstant *constant) {
  return constant->bytes    ? (const void *)constant->bytes
         : constant->is_int ? (const void *)constant->i
                            : (const void *)constant->f;
}

void wni_constant_clear(WniConstant *constant) {
  free(constant->owned);
  *constant = (WniConstant){0};
}

int64_t wni_constant_integer(const WniConstant *constant, size_t i) {
  if (!constant->bytes) return constant->i[i];
  return constant->is_signed ? (int8_t)constant->bytes[i] : constant->bytes[i];
}

bool wni_constant_widen(WniConstant *constant) {
  WniConstant wide;
  void *data;
  if (!constant->bytes && !constant->halves) return true;
  if (!wni_constant_new(&wide, constant->is_int, constant->rank, constant->dim, &data))
    return false;
  if (constant->halves) wni_half_widen(constant->halves, constant->count, data);
  for (size_t i = 0; constant->bytes && i < constant->count; i++)
    ((int64_t *)data)[i] = wni_constant_integer(constant, i);
  wide.type = constant->type;
  wni_constant_clear(constant);
  *constant = wide;
  return true;
}

bool wni_constant_narrow(WniConstant *constant) {
  if (constant->bytes || (constant->type != UINT8 && constant->type != INT8)) return true;
  WniConstant narrow = {
      .is_int = true, .type = constant->type, .is_signed = constant->type == INT8};
  void *data;
  if (!allocate(&narrow, 1, constant->rank, constant->dim, &data)) return false;
  for (size_t i = 0; i < constant->count; i++) ((uint8_t *)data)[i] = (uint8_t)constant->i[i];
  narrow.bytes = data;
  wni_constant_clear(constant);
  *constant = narrow;
  return true;
}
