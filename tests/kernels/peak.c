/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See peak.h.
 */
#include "peak.h"

#include "base/cpu.h"
#include "peak_loops.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256, BATCHES = 15, TOGETHER = 15, FMA_ROUNDS = 20000 };
static const double BATCH_S = 1e-3, THREADED_S = 0.02;

/* The sets that differ in their vectors are those that all portable kernels are compiled for. */
#define WNI_KERNEL(kind, type, tile, set, m, n, k, offset)
#define WNI_PORTABLE(set)                                                                          \
  extern PeakFma peak_fma__##set;                                                                  \
  extern PeakRead peak_read__##set;
#include "kernels/variants.inc"

/* Best first. */
static const struct Loops {
  uint32_t isa;
  PeakFma *fma;
  PeakRead *read;
} table[] = {
#define WNI_KERNEL(kind, type, tile, set, m, n, k, offset)
#define WNI_PORTABLE(set) {WNI_CPU_##set, peak_fma__##set, peak_read__##set},
#include "kernels/variants.inc"
};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double peak_seconds(void (*call)(void *context), void *context) {
  double best = 0;
  size_t repeats = 1;
  for (int batch = 0; batch < BATCHES;) {
    double start = seconds();
    for (size_t i = 0; i < repeats; i++) call(context);
    double took = seconds() - start;
    if (took < BATCH_S) {
      repeats *= 2;
      continue;
    }
    took /= (double)repeats;
    if (batch++ == 0 || took < best) best = took;
  }
  return best;
}

/* ---- one thread's work ---------------------------------------------------------- */

typedef struct Worker {
  const struct Loops *loops;
  PeakLevel level;
  size_t n_bytes; /* read again and again */
  void *data;
  double work_done, until; /* so long in seconds() */
  pthread_barrier_t *start;
  pthread_t thread;
} Worker;

/* Some operations, or bytes read: their number. */
static double work(Worker *worker) {
  if (worker->level == PEAK_FLOPS) {
    float out[2] = {0.5f, 0.25f};
    return worker->loops->fma(FMA_ROUNDS, out);
  }
  const size_t rounds = worker->n_bytes < (1u << 20) ? (1u << 22) / worker->n_bytes : 1;
  int out;
  worker->loops->read(worker->data, worker->n_bytes, rounds, &out);
  return (double)worker->n_bytes * (double)rounds;
}

static void call_work(void *context) {
  work(context);
}

static void *work_on(void *context) {
  Worker *worker = context;
  pthread_barrier_wait(worker->start);
  double start = seconds(), done = 0;
  do done += work(worker);
  while (seconds() < start + THREADED_S);
  worker->work_done = done / (seconds() - start);
  return NULL;
}

/* All workers at once: the sum of what they do in a second, the best of some tries. */
static double work_together(Worker *workers, int n) {
  pthread_barrier_t start;
  double best = 0;
  for (int round = 0; round < TOGETHER; round++) {
    double sum = 0;
    pthread_barrier_init(&start, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
      workers[i].start = &start;
      if (pthread_create(&workers[i].thread, NULL, work_on, &workers[i]) != 0) exit(EXIT_FAILURE);
    }
    for (int i = 0; i < n; i++) {
      pthread_join(workers[i].thread, NULL);
      sum += workers[i].work_done;
    }
    pthread_barrier_destroy(&start);
    if (sum > best) best = sum;
  }
  return best;
}

/* ---- the machine ---------------------------------------------------------------- */

static size_t cache_bytes(int level) {
  static const size_t usual[] = {0, 32 << 10, 512 << 10, 8 << 20};
  long known = -1;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  static const int names[] = {0, _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                              _SC_LEVEL3_CACHE_SIZE};
  known = sysconf(names[level]);
#endif
  return known > 0 ? (size_t)known : usual[level];
}

/* Half a cache of its own, a share of half the common one, or far more than that. */
static size_t bytes_to_read(PeakLevel level, int n_threads) {
  size_t bytes[PEAK_COUNT] = {[PEAK_L1] = cache_bytes(1) / 2,
                              [PEAK_L2] = cache_bytes(2) / 2,
                              [PEAK_L3] = cache_bytes(3) / 2 / (size_t)n_threads,
                              [PEAK_MEMORY] = cache_bytes(3) * 4 / (size_t)n_threads};
  return bytes[level] / 4096 * 4096 + 4096;
}

double peak_measure(PeakLevel level, int n_threads) {
  static Worker workers[MAX_THREADS];
  const struct Loops *loops = table;
  size_t n_bytes = level == PEAK_FLOPS ? 4096 : bytes_to_read(level, n_threads);
  while (loops->isa & ~wni_cpu_flags()) loops++;
  for (int i = 0; i < n_threads; i++) {
    workers[i] = (Worker){.loops = loops, .level = level, .n_bytes = n_bytes};
    workers[i].data = aligned_alloc(4096, n_bytes);
    if (workers[i].data == NULL) exit(EXIT_FAILURE);
    memset(workers[i].data, i + 1, n_bytes);
  }
  double amount = work(&workers[0]);
  double per_second = n_threads > 1 ? work_together(workers, n_threads)
                                    : amount / peak_seconds(call_work, &workers[0]);
  for (int i = 0; i < n_threads; i++) free(workers[i].data);
  return per_second;
}

int peak_n_cores(void) {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return n < MAX_THREADS ? n : MAX_THREADS;
}
