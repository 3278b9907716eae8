/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the machine can do at most, measured: the roofline under which the kernels
 * and the networks stand.
 */
#ifndef TESTS_KERNELS_PEAK_H
#define TESTS_KERNELS_PEAK_H

/* Where the data of a kernel lies; PEAK_FLOPS: its arithmetic counts, not its data. */
typedef enum PeakLevel { PEAK_FLOPS, PEAK_L1, PEAK_L2, PEAK_L3, PEAK_MEMORY, PEAK_COUNT } PeakLevel;

/* Operations a second (an addition and a multiplication are two) or bytes read a
 * second, of all the cores together. */
typedef struct Peak {
  double per_second[PEAK_COUNT];
} Peak;

/* Seconds that `call` takes at best: batches of at least a millisecond are repeated. */
double peak_seconds(void (*call)(void *context), void *context);

/* Measures with `n_threads` at once and the widest float vectors that the processor
 * and the mask allow.  About a second. */
Peak peak_measure(int n_threads);

/* What the process may use. */
int peak_n_cores(void);

#endif
