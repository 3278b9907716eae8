/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See parallel.h.
 */
#include "base/parallel.h"

#include <omp.h>
#include <sched.h>

void wni_parallel_run(int n_threads, WniParallelBody body, void *context) {
  if (n_threads <= 1) {
    body(context, (WniThread){0, 1});
    return;
  }
#pragma omp parallel num_threads(n_threads)
  body(context, (WniThread){omp_get_thread_num(), omp_get_num_threads()});
}

void wni_parallel_barrier(WniThread thread) {
  if (thread.count == 1) return;
#pragma omp barrier
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
