/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of float32, compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

#define KERNEL dwconv_f32
#define TYPE WNI_F32
typedef float Element;

static inline WniVector load(const Element *x) {
  return wni_load(x);
}
static inline void store(WniType type, void *row, size_t c, WniVector x) {
  (void)type; /* kernels.h: no other */
  wni_store((float *)row + c, x);
}

#include "kernels/dwconv_vector.h"
