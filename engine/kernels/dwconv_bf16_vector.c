/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of bfloat16 with sums in float32, compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

#define KERNEL dwconv_bf16
#define TYPE WNI_BF16
typedef uint16_t Element;

static inline WniVector load(const Element *x) {
  return wni_load_bf16(x);
}
static inline void store(WniType type, void *row, size_t c, WniVector x) {
  if (type == WNI_BF16)
    wni_store_bf16((uint16_t *)row + c, x);
  else
    wni_store((float *)row + c, x);
}

#include "kernels/dwconv_vector.h"
