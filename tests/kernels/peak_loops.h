/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The loops of peak_loops.c; the build gives WNI_ISA, the suffix of their names.
 */
#ifndef TESTS_KERNELS_PEAK_LOOPS_H
#define TESTS_KERNELS_PEAK_LOOPS_H

#include <stddef.h>

/* Multiplies and adds; the number of operations.  out[0] and out[1]: factor and
 * summand; something is written to out[0]. */
typedef double PeakFma(size_t n_rounds, float *out);

/* Reads `data`, aligned to 64 bytes, n_rounds times; something is written to `out`. */
typedef void PeakRead(const void *data, size_t n_bytes, size_t n_rounds, int *out);

#define PEAK_JOIN_(name, isa) peak_##name##__##isa
#define PEAK_JOIN(name, isa) PEAK_JOIN_(name, isa)
#define PEAK_NAME(name) PEAK_JOIN(name, WNI_ISA)

#ifdef WNI_ISA
PeakFma PEAK_NAME(fma);
PeakRead PEAK_NAME(read);
#endif

#endif
