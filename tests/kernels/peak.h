/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the machine can do at most, measured: the roofline under which the kernels
 * and the networks stand.
 */
#ifndef TESTS_KERNELS_PEAK_H
#define TESTS_KERNELS_PEAK_H

/* Where the data of a kernel lies; PEAK_FLOPS: its arithmetic counts, not its data. */
typedef enum PeakLevel { PEAK_FLOPS, PEAK_L1, PEAK_L2, PEAK_L3, PEAK_MEMORY, PEAK_COUNT } PeakLevel;

/* Seconds that `call` takes at best: batches of at least a millisecond are repeated. */
double peak_seconds(void (*call)(void *context), void *context);

/* Operations a second (an addition and a multiplication are two) or bytes read a second, of
 * n_threads cores together, with the widest vectors that the processor and the mask allow. */
double peak_measure(PeakLevel level, int n_threads);

/* What the process may use. */
int peak_n_cores(void);

#endif
