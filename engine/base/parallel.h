/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine's only use of OpenMP.  A frame is one wni_parallel_run(): every
 * thread of a team runs `body` once and meets the others at barriers inside it.
 *
 * The process has one set of workers, threads of long OpenMP regions that sleep between
 * frames.  A frame leases those that are free; when frames of several sessions meet, they
 * share the cores, and a frame that finds none left is computed by its caller only.  What a body
 * computes must therefore not depend on the number of threads.  Every thread is in our
 * floating-point mode meanwhile (fpmode.h).
 */
#ifndef WNI_BASE_PARALLEL_H
#define WNI_BASE_PARALLEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/winnow.h>

/* What may end a frame early: thread 0 asks between the turns of long layers (share.h). */
typedef struct WniHalt {
  bool (*due)(void *context);
  void *context;
  atomic_bool halted; /* from here on all that is computed is void */
} WniHalt;

/* One thread of a team.  A single thread needs no team. */
typedef struct WniThread {
  int index, count;
  struct WniTeam *team;
  WniHalt *halt; /* NULL: this is done to its end */
} WniThread;

typedef void (*WniParallelBody)(void *context, WniThread thread);

/* Announces a user of wni_parallel_run(n_threads, ...), n_threads up to WN_MAX_THREADS, and
 * starts what workers are missing; fewer if the system refuses; none for a single thread.
 * release() takes it back; with the last one all workers end before it returns.
 * Thread-safe; not for the inside of a body. */
void wni_parallel_retain(int n_threads);
void wni_parallel_release(int n_threads);

/* Runs body(context, {0..n-1}) with 1 <= n <= n_threads, which the caller has retained:
 * thread 0 is the caller, the others are workers that were free.  A caller that is the only one
 * at the time gets all it asks for.  Every thread sees the same count.  Neither allocates nor
 * locks. */
void wni_parallel_run(int n_threads, WniParallelBody body, void *context);

/* Waits until all threads of the team are here; what they wrote is visible then.
 * Spins for some microseconds and sleeps after that, so that a team on a busy machine
 * leaves the cores to those who work. */
void wni_parallel_barrier(WniThread thread);

/* The cores that this process may run on. */
int wni_parallel_cores(void);

/* The part [*begin, *end) of n units that falls to `thread`, cut at multiples
 * of `grain` units. */
void wni_parallel_range(WniThread thread, size_t n, size_t grain, size_t *begin, size_t *end);

/* For share.h: the barriers that a team has passed, modulo 2^32, and the word in which each of its
 * threads keeps what is left of its part. */
unsigned wni_team_round(const struct WniTeam *team);
_Atomic uint64_t *wni_team_rest(struct WniTeam *team, int index);

#endif
