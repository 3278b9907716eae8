/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Float arrays that notice a kernel reading or writing beside them: what lies in
 * front and behind is NaN, so that reading it spoils a result, and is checked at the end.
 */
#ifndef TESTS_KERNELS_GUARDED_H
#define TESTS_KERNELS_GUARDED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Guarded {
  float *data; /* [count] at a 4-byte boundary of the test's choice */
  size_t count;
  float *block;
} Guarded;

/* Random values around 0; `special` mixes in zeros of both signs, tiny and huge ones. */
Guarded guarded_random(size_t count, unsigned *seed, bool special);
/* All NaN: for outputs. */
Guarded guarded_empty(size_t count);
/* False: something was written outside. */
bool guarded_intact(const Guarded *array);
void guarded_free(Guarded *array);

#endif
