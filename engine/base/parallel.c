/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The workers of parallel.h.
 *
 *   retain   -> a region: one thread opens an OpenMP region and is its primary thread; each
 *               thread of it, the primary too, becomes a worker and stays in the region
 *   run      -> takes free workers, gives each its orders, works, meets them, frees them
 *   release  -> the last one dismisses all workers; regions close, primary threads end
 *
 * Why not a region for each frame: the runtime's threads spin for milliseconds behind
 * a region, for which no program can be asked to set the environment.  Here they wait at a
 * gate of ours instead.  A process that asks for more gets a further region, so
 * growing disturbs nobody who is computing.
 *
 * Without OpenMP a region is its primary thread alone, and there are more of them.  So it is built
 * by compilers other than gcc: the runtime of LLVM keeps its threads when their region is over.
 */
#include "base/parallel.h"

#include "base/fpmode.h"
#include "base/gate.h"
#include "base/quiet.h"

#ifdef _OPENMP
#include <omp.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_WORKERS = WN_MAX_THREADS - 1,
  CACHE_LINE = 64,
  GONE_TRIES = 20000 /* 50 microseconds each; the end of a thread is a matter of one or two */
};

/* Lives in its first worker and is never freed: who leaves a barrier last may look at
 * it when its frame is over. */
typedef struct WniTeam {
  _Atomic unsigned arrived;                   /* at the barrier in progress */
  WniGate passed;                             /* counts barriers */
  _Alignas(CACHE_LINE) _Atomic uint64_t rest; /* of thread 0 */
} WniTeam;

typedef struct Worker {
  _Alignas(CACHE_LINE) atomic_bool taken; /* by a frame, which owns all that follows */
  struct Worker *next;                    /* in the same frame */
  WniParallelBody body;                   /* NULL: go home */
  void *context;
  WniThread thread;
  pid_t tid;
  _Alignas(CACHE_LINE) WniGate orders; /* counts frames; changed when the orders are written */
  _Alignas(CACHE_LINE) _Atomic uint64_t rest;
  _Alignas(CACHE_LINE) WniTeam team;
} Worker;

typedef struct Region {
  pthread_t primary; /* OpenMP's word for the thread that opens it */
  int first, asked;
  _Atomic int reported;
  WniGate complete;
} Region;

static struct {
  /* Read and changed by frames. */
  _Atomic int n_workers;
  _Atomic int computing; /* threads in frames, callers included */
  _Atomic int cores;
  Worker workers[MAX_WORKERS];
  /* Under the lock. */
  pthread_mutex_t lock;
  int wanted; /* workers, summed over all who retain */
  int n_regions;
  Region regions[MAX_WORKERS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- frames --------------------------------------------------------------- */

void wni_parallel_barrier(WniThread thread) {
  WniTeam *team = thread.team;
  if (thread.count == 1) return;
  unsigned passed = team->passed.value;
  if (++team->arrived == (unsigned)thread.count) {
    team->arrived = 0;
    wni_gate_set(&team->passed, passed + 1);
  } else {
    wni_gate_wait(&team->passed, passed);
  }
}

unsigned wni_team_round(const WniTeam *team) {
  return team->passed.value;
}

_Atomic uint64_t *wni_team_rest(WniTeam *team, int index) {
  if (index == 0) return &team->rest;
  Worker *worker = (Worker *)(void *)((char *)team - offsetof(Worker, team));
  while (--index > 0) worker = worker->next;
  return &worker->rest;
}

/* Enters the calling thread and up to n - 1 more into `computing`; how many in all.  The
 * only frame gets what it asks for, even more threads than there are cores; others
 * share what is left of the cores. */
static int reserve(int n) {
  int cores = pool.cores, limit = n > cores ? n : cores;
  int computing = pool.computing, granted;
  do {
    int room = limit - computing;
    granted = n < room ? n : room;
    if (granted < 1) granted = 1;
  } while (!atomic_compare_exchange_weak(&pool.computing, &computing, computing + granted));
  return granted;
}

/* Takes up to n free workers; *count becomes how many.  A list, the last one taken first. */
static Worker *take_workers(int n, int *count) {
  Worker *list = NULL;
  *count = 0;
  for (int i = 0, last = pool.n_workers; i < last && *count < n; i++) {
    Worker *worker = &pool.workers[i];
    if (worker->taken || atomic_exchange(&worker->taken, true)) continue;
    worker->next = list;
    list = worker;
    (*count)++;
  }
  return list;
}

static void give_orders(Worker *worker, WniParallelBody body, void *context, WniThread thread) {
  worker->body = body;
  worker->context = context;
  worker->thread = thread;
  wni_gate_set(&worker->orders, worker->orders.value + 1);
}

static void free_workers(Worker *list) {
  for (Worker *next; list; list = next) {
    next = list->next;
    list->taken = false;
  }
}

void wni_parallel_run(int n_threads, WniParallelBody body, void *context) {
  int reserved = reserve(n_threads), n_workers;
  Worker *list = take_workers(reserved - 1, &n_workers);
  if (n_workers + 1 < reserved) pool.computing -= reserved - n_workers - 1;
  WniThread thread = {.count = n_workers + 1, .team = list ? &list->team : NULL};
  /* What the threads keep of other teams' rounds might be taken for this one's. */
  for (int i = 0; list && i < thread.count; i++)
    *wni_team_rest(&list->team, i) = (uint64_t)(list->team.passed.value - 1) << 32;
  for (Worker *worker = list; worker; worker = worker->next) {
    thread.index++;
    give_orders(worker, body, context, thread);
  }
  thread.index = 0;
  const WniFpMode mode = wni_fp_enter(true);
  body(context, thread);
  wni_fp_leave(&mode);
  wni_parallel_barrier(thread);
  free_workers(list);
  pool.computing -= thread.count;
}

/* A worker's life.  `done` was read before anybody could give orders. */
static void work(Worker *worker, unsigned done) {
  wni_fp_enter(true); /* for good: what it computes is ours */
  for (;;) {
    wni_gate_wait(&worker->orders, done++);
    if (!worker->body) break;
    WniThread thread = worker->thread;
    worker->body(worker->context, thread);
    wni_parallel_barrier(thread);
    /* From here on the worker may be another frame's. */
  }
  worker->taken = false; /* the last look at the orders was taken */
}

/* ---- regions -------------------------------------------------------------- */

/* The region is found anew by each thread, not passed on by OpenMP: only what goes through
 * our own atomics is synchronised in a way that a race checker sees. */
static void work_in_region(int index, int given) {
  Region *region = &pool.regions[pool.n_regions];
  Worker *worker = &pool.workers[region->first + index];
  unsigned done = worker->orders.value;
  worker->tid = (pid_t)syscall(SYS_gettid);
  if (++region->reported == given) wni_gate_set(&region->complete, (unsigned)given);
  work(worker, done);
}

#ifdef _OPENMP
enum { MAX_REGION = MAX_WORKERS };
static void *open_region(void *asked) {
  omp_set_dynamic(0);
#pragma omp parallel num_threads(*(int *)asked)
  work_in_region(omp_get_thread_num(), omp_get_num_threads());
  return NULL;
}
#else
enum { MAX_REGION = 1 };
static void *open_region(void *asked) {
  (void)asked;
  work_in_region(0, 1);
  return NULL;
}
#endif

static void *stand_by(void *gate) {
  wni_gate_wait(gate, 0);
  return NULL;
}

/* How many of n threads the system gives.  It has to be asked, because the OpenMP
 * runtime ends the program when it is refused one. */
static int count_available(int n) {
  pthread_t threads[MAX_WORKERS];
  WniGate gate = {0};
  int count = 0;
  while (count < n && pthread_create(&threads[count], NULL, stand_by, &gate) == 0) count++;
  wni_gate_set(&gate, 1);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  return count;
}

/* Starts up to n workers; how many.  The program's signals are for its own threads. */
static int start_region(int n) {
  Region *region = &pool.regions[pool.n_regions];
  sigset_t others, signals;
  wni_signals_of_others(&others);
  pthread_sigmask(SIG_SETMASK, &others, &signals);
  *region =
      (Region){.first = pool.n_workers, .asked = count_available(n < MAX_REGION ? n : MAX_REGION)};
  if (region->asked > 0 &&
      pthread_create(&region->primary, NULL, open_region, &region->asked) == 0) {
    wni_gate_wait(&region->complete, 0);
    pool.n_workers += (int)region->complete.value;
    pool.n_regions++;
  }
  pthread_sigmask(SIG_SETMASK, &signals, NULL);
  return (int)region->complete.value;
}

/* The runtime's threads end some time behind their region.  Until then its code, and ours, must
 * not be unloaded. */
static void wait_until_gone(const Worker *worker) {
  struct timespec pause = {.tv_nsec = 50000};
  for (int i = 0; i < GONE_TRIES; i++) {
    if (!worker->taken && syscall(SYS_tgkill, getpid(), worker->tid, 0) != 0) return;
    nanosleep(&pause, NULL);
  }
}

static void dismiss_all(void) {
  int n_workers = pool.n_workers;
  pool.n_workers = 0;
  for (int i = 0; i < n_workers; i++) {
    pool.workers[i].taken = true;
    give_orders(&pool.workers[i], NULL, NULL, (WniThread){.count = 1});
  }
  for (int i = 0; i < pool.n_regions; i++) pthread_join(pool.regions[i].primary, NULL);
  for (int i = 0; i < n_workers; i++) wait_until_gone(&pool.workers[i]);
  pool.n_regions = 0;
}

static void lock_pool(void) {
  pthread_mutex_lock(&pool.lock);
}

static void unlock_pool(void) {
  pthread_mutex_unlock(&pool.lock);
}

/* A forked child has none of the threads.  Its sessions are single-threaded until one
 * that it opens itself starts workers of the child's own. */
static void forget_workers(void) {
  memset(pool.workers, 0, (size_t)pool.n_workers * sizeof *pool.workers);
  pool.n_workers = pool.computing = 0;
  pool.n_regions = 0;
  unlock_pool();
}

static void watch_forks(void) {
  pthread_atfork(lock_pool, unlock_pool, forget_workers);
}

/* The workers that all users together can keep busy: what they want, but one
 * user's wish may exceed the cores and the sum may not. */
static int workers_needed(int n_threads) {
  int cores = pool.cores, limit = (n_threads > cores ? n_threads : cores) - 1;
  if (limit > MAX_WORKERS) limit = MAX_WORKERS;
  return pool.wanted < limit ? pool.wanted : limit;
}

void wni_parallel_retain(int n_threads) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (n_threads <= 1) return;
  pthread_once(&once, watch_forks);
  lock_pool();
  pool.cores = wni_parallel_cores();
  pool.wanted += n_threads - 1;
  int missing = workers_needed(n_threads) - pool.n_workers;
  for (int more = 1; missing > 0 && more > 0; missing -= more) more = start_region(missing);
  unlock_pool();
}

void wni_parallel_release(int n_threads) {
  if (n_threads <= 1) return;
  lock_pool();
  pool.wanted -= n_threads - 1;
  if (pool.wanted == 0) dismiss_all();
  unlock_pool();
}

/* ---- the machine ---------------------------------------------------------- */

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
