/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NumPy's .npy files as float32, for `winnow run` and `bench`.  Read: versions 1 to 3, C order,
 * little-endian floats or 8-bit integers.  Written: version 1, float32.
 */
#ifndef NPY_H
#define NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPY_MAX_RANK = 6 };

typedef struct NpyArray {
  int32_t rank;
  int64_t shape[NPY_MAX_RANK];
  float *data; /* n_elements, C order; freed with g_free() */
  size_t n_elements;
} NpyArray;

/* Reads `path`.  On failure reports it and returns false; there is nothing to
 * free then. */
bool npy_read(const char *path, NpyArray *array);

/* Writes `path`; on failure reports it and returns false. */
bool npy_write(const char *path, const NpyArray *array);

#endif
