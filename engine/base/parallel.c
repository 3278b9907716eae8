/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See parallel.h.
 */
#include "base/parallel.h"

#include <linux/futex.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS = 2000 }; /* some 20 microseconds: longer than threads of a step differ */

/* A barrier of our own: that of the OpenMP runtime spins for milliseconds.  All
 * threads of the team write all fields, by atomic operations only. */
typedef struct WniTeam {
  _Atomic unsigned arrived;    /* at the barrier in progress */
  _Atomic unsigned generation; /* barriers passed; what sleepers wait on */
  _Atomic unsigned sleepers;
} WniTeam;

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

static void sleep_until_passed(WniTeam *team, unsigned generation) {
  team->sleepers++;
  while (team->generation == generation)
    syscall(SYS_futex, &team->generation, FUTEX_WAIT_PRIVATE, generation, NULL, NULL, 0);
  team->sleepers--;
}

void wni_parallel_barrier(WniThread thread) {
  WniTeam *team = thread.team;
  if (thread.count == 1) return;
  unsigned generation = team->generation;
  if (++team->arrived == (unsigned)thread.count) {
    team->arrived = 0;
    team->generation++;
    if (team->sleepers) syscall(SYS_futex, &team->generation, FUTEX_WAKE_PRIVATE, thread.count);
    return;
  }
  for (int i = 0; i < SPINS; i++) {
    if (team->generation != generation) return;
    relax();
  }
  sleep_until_passed(team, generation);
}

void wni_parallel_run(int n_threads, WniParallelBody body, void *context) {
  WniTeam team = {0};
  if (n_threads <= 1) {
    body(context, (WniThread){0, 1, &team});
    return;
  }
#pragma omp parallel num_threads(n_threads)
  body(context, (WniThread){omp_get_thread_num(), omp_get_num_threads(), &team});
}

int wni_parallel_cores(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int n = CPU_COUNT(&set);
  return n > 0 ? n : 1;
}

void wni_parallel_range(WniThread thread, size_t n, size_t grain, size_t *begin, size_t *end) {
  size_t blocks = (n + grain - 1) / grain;
  size_t count = (size_t)thread.count, index = (size_t)thread.index;
  size_t first = blocks * index / count, last = blocks * (index + 1) / count;
  *begin = first * grain;
  *end = last * grain < n ? last * grain : n;
}
