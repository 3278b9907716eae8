/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `test_kernels --bench`: the speed of every kernel variant that this processor can run.
 */
#ifndef TESTS_KERNELS_BENCH_H
#define TESTS_KERNELS_BENCH_H

/* Prints the measured peaks, then the variants whose name contains `filter` (NULL:
 * all; one that none contains: the peaks only); an exit status. */
int bench_run(const char *filter);

#endif
