/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of floats with rows of float32 (fc_rows.h), compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

#define KERNEL fc_f32
typedef float Weight;

static inline WniVector load(const Weight *at) {
  return wni_load(at);
}
static inline WniVector load_some(const Weight *at, int n) {
  return wni_load_some(at, n);
}

#include "kernels/fc_rows.h"
