/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the drivers over strided tensors are in their loops (WniLoop in layers.h).
 */
#ifndef WNI_KERNELS_LOOP_H
#define WNI_KERNELS_LOOP_H

#include "kernels/layers.h"

/* Points of the first `rank` dimensions. */
static inline size_t wni_loop_count(const WniLoop *loop, int rank) {
  size_t count = 1;
  for (int d = 0; d < rank; d++) count *= loop->dim[d];
  return count;
}

/* Offset of operand `operand` at flat index `flat` over the first `rank` dimensions. */
static inline ptrdiff_t wni_loop_offset(const WniLoop *loop, int operand, int rank, size_t flat) {
  ptrdiff_t offset = 0;
  for (int d = rank; d-- > 0; flat /= loop->dim[d])
    offset += (ptrdiff_t)(flat % loop->dim[d]) * loop->stride[operand][d];
  return offset;
}

#endif
