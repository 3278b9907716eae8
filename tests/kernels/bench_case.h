/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `test_kernels --bench` runs: kinds of kernels with typical sizes, and their data.
 */
#ifndef TESTS_KERNELS_BENCH_CASE_H
#define TESTS_KERNELS_BENCH_CASE_H

#include "kernels/kernels.h"
#include "peak.h"

#include <stdbool.h>

typedef struct BenchCase {
  WniKernelKind kind;
  const char *label;
  PeakLevel level; /* what its speed is held against */
  size_t a, b, c;  /* the kind's sizes, see its prepare function */
} BenchCase;

enum { BENCH_ARRAYS = 6 };

/* One kernel on one size: zero-initialise, name kernel and size, then prepare. */
typedef struct BenchWork {
  const WniKernel *kernel;
  const BenchCase *size;
  void (*run)(const struct BenchWork *work);
  double amount; /* operations or bytes of one run */
  void *array[BENCH_ARRAYS];
  ptrdiff_t tap[64];
} BenchWork;

const BenchCase *bench_case_table(size_t *count);

bool bench_case_fits(const BenchCase *size, const WniKernel *kernel);

/* Makes the data and sets what is below `size`. */
void bench_work_prepare(BenchWork *work);
void bench_work_run(void *work);
void bench_work_free(BenchWork *work);

#endif
