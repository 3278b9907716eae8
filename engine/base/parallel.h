/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine's only door to OpenMP.  A frame is one parallel region: every
 * thread runs `body` once and meets the others at barriers inside it.
 */
#ifndef WNI_BASE_PARALLEL_H
#define WNI_BASE_PARALLEL_H

#include <stddef.h>

/* One thread of a team.  A thread alone needs no team. */
typedef struct WniThread {
  int index, count;
  struct WniTeam *team;
} WniThread;

typedef void (*WniParallelBody)(void *context, WniThread thread);

/* Runs body(context, {0..n-1}) with n <= n_threads, as many as the system
 * gives; with n_threads 1 it is a plain call.  Every thread sees the same count. */
void wni_parallel_run(int n_threads, WniParallelBody body, void *context);

/* Waits until all threads of the team are here; what they wrote is visible then.
 * Spins for a few microseconds and sleeps after that, so that a team on a busy machine
 * leaves the cores to those who work. */
void wni_parallel_barrier(WniThread thread);

/* The cores that this process may run on. */
int wni_parallel_cores(void);

/* The part [*begin, *end) of n units that falls to `thread`, cut at multiples
 * of `grain` units. */
void wni_parallel_range(WniThread thread, size_t n, size_t grain, size_t *begin, size_t *end);

#endif
