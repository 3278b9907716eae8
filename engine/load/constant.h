/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tensor whose elements are known when the model is planned: weights, biases,
 * and the integers of shape computations.  Two element types are enough for most:
 * all floating types are widened or narrowed to float32, all others to int64.  The 8-bit
 * integers of quantized weights stay as they are until someone asks for more, and so does float16.
 */
#ifndef WNI_LOAD_CONSTANT_H
#define WNI_LOAD_CONSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WNI_MAX_RANK = 8 };

typedef struct WniConstant {
  bool is_int;
  int type; /* of integers: TensorProto.DataType, where the file said it or Cast does; else 0 */
  int rank;
  int64_t dim[WNI_MAX_RANK];
  size_t count;           /* product of dim; may be 0 */
  const float *f;         /* [count] in row-major order, unless is_int or there are halves */
  const int64_t *i;       /* [count] if is_int, unless there are bytes */
  const uint8_t *bytes;   /* [count] 8-bit integers; then is_int */
  bool is_signed;         /* the bytes are int8 */
  const uint16_t *halves; /* [count] float16, always borrowed */
  bool lent;              /* another constant has these halves, too */
  void *owned;            /* what to free; NULL: borrowed */
} WniConstant;

/* The number of elements; false: a dimension is negative, or the product is over `limit`.  So it is
 * where dimensions of 0 are taken for 1: whatever becomes of a shape without elements, the products
 * of its other dimensions are no larger either. */
bool wni_constant_shape(int rank, const int64_t *dim, size_t limit, size_t *count);

/* Allocates a zeroed constant of the given shape; *data is its writable
 * elements.  False: no memory, or more elements than a constant may have. */
bool wni_constant_new(WniConstant *out, bool is_int, int rank, const int64_t *dim, void **data);

/* The same with the elements of `like`: float32, int64 or bytes. */
bool wni_constant_new_like(WniConstant *out, const WniConstant *like, int rank, const int64_t *dim,
                           void **data);
size_t wni_constant_element_bytes(const WniConstant *constant);
const void *wni_constant_elements(const WniConstant *constant);
void wni_constant_clear(WniConstant *constant);

/* Element i of integers, 8-bit or other. */
int64_t wni_constant_integer(const WniConstant *constant, size_t i);

/* Turns halves into float32, or bytes into int64; false: no memory. */
bool wni_constant_widen(WniConstant *constant);

/* Turns int64 into bytes if it is of type int8 or uint8; false: no memory. */
bool wni_constant_narrow(WniConstant *constant);

#endif
