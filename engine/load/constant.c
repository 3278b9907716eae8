/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See constant.h.
 */
#include "load/constant.h"

#include "base/memory.h"

#include <stdlib.h>

/* A shape computation in a hostile file can ask for anything. */
enum { MAX_ELEMENTS = 1 << 28 };

bool wni_constant_new(WniConstant *out, bool is_int, int rank, const int64_t *dim, void **data) {
  int64_t count = 1;
  *out = (WniConstant){.is_int = is_int, .rank = rank};
  if (rank > WNI_MAX_RANK) return false;
  for (int d = 0; d < rank; d++) {
    if (dim[d] < 0 || !wni_mul_limited(count, dim[d], MAX_ELEMENTS, &count)) return false;
    out->dim[d] = dim[d];
  }
  out->count = (size_t)count;
  out->owned = *data = wni_alloc_aligned(out->count, is_int ? sizeof(int64_t) : sizeof(float));
  if (is_int)
    out->i = *data;
  else
    out->f = *data;
  return *data != NULL;
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
  if (!constant->bytes) return true;
  if (!wni_constant_new(&wide, true, constant->rank, constant->dim, &data)) return false;
  for (size_t i = 0; i < constant->count; i++)
    ((int64_t *)data)[i] = wni_constant_integer(constant, i);
  wni_constant_clear(constant);
  *constant = wide;
  return true;
}
