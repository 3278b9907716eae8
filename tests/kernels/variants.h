/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the kernel tests share: the rows of variants.inc one after the other, random operands in
 * every type, comparisons.
 */
#ifndef TESTS_KERNELS_VARIANTS_H
#define TESTS_KERNELS_VARIANTS_H

#include "fenced.h"
#include "kernels/kernels.h"

#include <stdbool.h>

/* The C reference of a kind and type: the last row. */
const WniKernel *reference(WniKernelKind kind, WniType type);

/* The next variant behind `at` that can run here; NULL: no more. */
const WniKernel *next_variant(WniKernelKind kind, WniType type, const WniKernel *at);

#define EACH_VARIANT(k, kind, type) (const WniKernel *k = NULL; (k = next_variant(kind, type, k));)

/* Prints what this processor can and cannot run. */
void report_skipped(void);

/* What is in an array of random numbers. */
typedef enum Contents {
  SMALL,   /* floats within -2 .. 2; any bytes */
  SPECIAL, /* also zeros of both signs, tiny and huge floats */
  LOWEST,  /* bytes: 0, or -128 */
  HIGHEST, /* bytes: 255, or 127 */
  CONTENTS_COUNT
} Contents;

/* n activations of a type; weights beside them: int8 for U8, else the type. */
Fenced random_activations(WniType type, size_t n, Contents contents, unsigned *seed);
Fenced random_weights(WniType type, size_t n, Contents contents, unsigned *seed);
Fenced random_floats(size_t n, Contents contents, unsigned *seed);
/* Biases of products: int32 for U8, else float32. */
Fenced random_bias(WniType type, size_t n, unsigned *seed);

/* Scales of products; halves among them make ties of the rounding. */
Fenced random_scales(size_t n, unsigned *seed);

/* An output of a type; floats are clamped to 0 .. 6 or not at all, bytes to what they hold. */
WniOutput output_of(WniType type, int zero, bool clamp);

/* Element i as a number; `weight`: int8 rather than uint8. */
double element(WniType type, bool weight, const void *data, size_t i);

/* Fails unless got is within `bound` of want; NaN equals NaN, an infinity itself. */
void expect_near(const WniKernel *kernel, double got, double want, double bound, const char *where,
                 size_t i);

/* Fails unless n bytes are the same. */
void expect_bits(const WniKernel *kernel, const void *got, const void *want, size_t n,
                 const char *where);

/* What storing x as a type may add to its error: half a unit in the last place. */
double storage_error(WniType type, double x);

#endif
