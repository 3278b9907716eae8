/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Arrays that notice a kernel beside them.  An array ends where a page begins that may not be
 * touched: reading or writing behind it ends the test with a signal.  In front of it lie bytes
 * that are checked when it is freed.
 */
#ifndef TESTS_KERNELS_FENCED_H
#define TESTS_KERNELS_FENCED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Fenced {
  void *data; /* [bytes], all of them FENCED_FILL at first */
  size_t bytes;
  void *block; /* what was mapped */
  size_t block_bytes;
} Fenced;

enum { FENCED_FILL = 0xA5 };

Fenced fenced_new(size_t bytes);
/* Fails the test if `who` wrote in front of the data. */
void fenced_free(Fenced *array, const char *who);

#endif
