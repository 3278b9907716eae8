/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * base/parallel.c: teams, barriers, how frames share the workers, and that workers
 * come and go with those who want them.  Bodies note what they see; the test's own thread judges.
 */
#include "base/share.h"

#include "child.h"
#include "suite.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 9, ROUNDS = 300, CALLERS = 4, NOBODY = 65534 };

/* What one frame saw; each thread writes its own entries. */
typedef struct Seen {
  int times[MOST], count[MOST], round[MOST];
  int out_of_step[MOST]; /* others were not in the same round behind a barrier */
} Seen;

static void note(void *context, WniThread thread) {
  Seen *seen = context;
  seen->times[thread.index]++;
  seen->count[thread.index] = thread.count;
}

/* The number of threads; checks that each ran once and knew it. */
static int run_and_count(int asked) {
  Seen seen = {0};
  wni_parallel_run(asked, note, &seen);
  int count = seen.count[0];
  ck_assert_int_ge(count, 1);
  ck_assert_int_le(count, asked);
  for (int i = 0; i < MOST; i++) {
    ck_assert_int_eq(seen.times[i], i < count);
    ck_assert_int_eq(seen.count[i], i < count ? count : 0);
  }
  return count;
}

static int look_for_tasks(void) {
  int n = 0;
  DIR *tasks = opendir("/proc/self/task");
  ck_assert_ptr_nonnull(tasks);
  for (struct dirent *entry; (entry = readdir(tasks));) n += entry->d_name[0] != '.';
  closedir(tasks);
  return n;
}

/* A thread that has ended may be listed a little longer: how many there are once that settles. */
static int count_tasks(void) {
  enum { SETTLED = 20, PAUSE_US = 5000 };
  int n = look_for_tasks();
  for (int same = 0; same < SETTLED;) {
    usleep(PAUSE_US);
    int now = look_for_tasks();
    same = now == n ? same + 1 : 0;
    n = now;
  }
  return n;
}

/* Once threads have been started before: a sanitizer adds one of its own with the first. */
static int tasks_of_this_process(void) {
  wni_parallel_retain(2);
  wni_parallel_release(2);
  return count_tasks();
}

START_TEST(a_frame_alone_gets_what_it_asks_for) {
  for (int asked = 1; asked <= MOST; asked++) {
    wni_parallel_retain(asked);
    for (int i = 0; i < ROUNDS; i++) ck_assert_int_eq(run_and_count(asked), asked);
    if (asked > 1) ck_assert_int_eq(run_and_count(asked - 1), asked - 1);
    wni_parallel_release(asked);
  }
}
END_TEST

/* Plain integers: the barrier alone makes them visible. */
static void keep_step(void *context, WniThread thread) {
  Seen *seen = context;
  for (int round = 1; round <= ROUNDS; round++) {
    seen->round[thread.index] = round;
    wni_parallel_barrier(thread);
    for (int i = 0; i < thread.count; i++)
      seen->out_of_step[thread.index] += seen->round[i] != round;
    wni_parallel_barrier(thread);
  }
}

START_TEST(nobody_passes_a_barrier_before_all_are_there) {
  for (int asked = 1; asked <= 5; asked++) {
    Seen seen = {0};
    wni_parallel_retain(asked);
    for (int i = 0; i < 10; i++) wni_parallel_run(asked, keep_step, &seen);
    wni_parallel_release(asked);
    for (int i = 0; i < asked; i++) {
      ck_assert_int_eq(seen.round[i], ROUNDS);
      ck_assert_int_eq(seen.out_of_step[i], 0);
    }
  }
}
END_TEST

/* ---- work that is shared ----------------------------------------------------- */

enum { UNITS = 70000 };

typedef struct Shared {
  size_t n, least;
  atomic_uchar times[UNITS];
  atomic_size_t taken, too_few;
  int slow; /* the thread that stays with its first units until all others are taken; -1: none */
} Shared;

static void take_all(Shared *shared, WniThread thread) {
  WniShare share = wni_share(thread, shared->n, shared->least);
  for (size_t begin, end; wni_share_take(&share, &begin, &end);) {
    for (size_t unit = begin; unit < end; unit++) shared->times[unit]++;
    size_t taken = atomic_fetch_add(&shared->taken, end - begin) + (end - begin);
    time_t until = time(NULL) + 20;
    while (thread.index == shared->slow && taken < shared->n && time(NULL) < until) {
      sched_yield();
      taken = shared->taken;
    }
  }
}

static void share_again_and_again(void *context, WniThread thread) {
  Shared *shared = context;
  enum { TIMES = 20 };
  for (int i = 0; i < TIMES; i++) {
    take_all(shared, thread);
    wni_parallel_barrier(thread);
    if (thread.index == 0) {
      for (size_t unit = 0; unit < shared->n; unit++)
        shared->too_few += atomic_exchange(&shared->times[unit], 0) != 1;
      shared->taken = 0;
    }
    wni_parallel_barrier(thread);
  }
}

/* Teams of several sizes in turn: what one left must not be taken for another's. */
START_TEST(every_unit_is_taken_once) {
  static const size_t sizes[] = {0, 1, 2, 7, 64, 1000, UNITS};
  static Shared shared;
  wni_parallel_retain(5);
  for (size_t i = 0; i < 3 * sizeof sizes / sizeof *sizes; i++)
    for (int threads = 1; threads <= 5; threads++) {
      shared.n = sizes[i / 3];
      shared.least = (size_t[]){1, 3, 50}[i % 3];
      shared.slow = -1;
      wni_parallel_run(threads, share_again_and_again, &shared);
      ck_assert_uint_eq(shared.too_few, 0);
    }
  wni_parallel_release(5);
}
END_TEST

static void share_once(void *context, WniThread thread) {
  take_all(context, thread);
}

START_TEST(who_has_finished_takes_over) {
  static Shared shared;
  wni_parallel_retain(3);
  for (int slow = 0; slow < 3; slow++) {
    shared = (Shared){.n = 100, .least = 2, .slow = slow};
    wni_parallel_run(3, share_once, &shared);
    ck_assert_uint_eq(shared.taken, shared.n);
    for (size_t unit = 0; unit < shared.n; unit++) ck_assert_uint_eq(shared.times[unit], 1);
  }
  wni_parallel_release(3);
}
END_TEST

/* ---- several at once -------------------------------------------------------- */

static atomic_int lent, most_lent, callers_served, bad_counts;

static void count_lent(void *context, WniThread thread) {
  Seen *seen = context;
  note(seen, thread);
  if (thread.index == 0) return;
  int now = ++lent, most = most_lent;
  while (now > most && !atomic_compare_exchange_weak(&most_lent, &most, now)) {
  }
  sched_yield();
  lent--;
}

static void run_once(int asked) {
  Seen seen = {0};
  wni_parallel_run(asked, count_lent, &seen);
  for (int i = 0; i < MOST; i++) bad_counts += seen.times[i] != (i < seen.count[0]);
  bad_counts += seen.count[0] < 1 || seen.count[0] > asked;
}

static void *call_often(void *context) {
  for (int i = 0; i < ROUNDS; i++) run_once(*(int *)context);
  callers_served++;
  return NULL;
}

static void *open_run_close(void *context) {
  for (int i = 0; i < ROUNDS / 5; i++) {
    int asked = 1 + (i + *(int *)context) % 4;
    wni_parallel_retain(asked);
    run_once(asked);
    wni_parallel_release(asked);
  }
  callers_served++;
  return NULL;
}

static void side_by_side(void *(*caller)(void *), int *argument, int step) {
  pthread_t threads[CALLERS];
  callers_served = bad_counts = most_lent = 0;
  for (int i = 0; i < CALLERS; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, caller, argument + i * step), 0);
  for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
  ck_assert_int_eq(callers_served, CALLERS);
  ck_assert_int_eq(bad_counts, 0);
  ck_assert_int_eq(lent, 0);
}

START_TEST(callers_side_by_side_share_the_cores) {
  int asked = 3, cores = wni_parallel_cores();
  for (int i = 0; i < CALLERS; i++) wni_parallel_retain(asked);
  side_by_side(call_often, &asked, 0);
  /* With the caller who got the last of them, no more than the cores, or the team of one. */
  ck_assert_int_le(most_lent, (cores > asked ? cores : asked) - 1);
  ck_assert_int_eq(run_and_count(asked), asked); /* nothing is lost */
  for (int i = 0; i < CALLERS; i++) wni_parallel_release(asked);
}
END_TEST

START_TEST(opening_and_closing_at_once) {
  static int start[CALLERS] = {0, 1, 2, 3};
  int before = tasks_of_this_process();
  side_by_side(open_run_close, start, 1);
  ck_assert_int_eq(tasks_of_this_process(), before);
}
END_TEST

static atomic_bool enough;

static void *call_until_enough(void *context) {
  while (!enough) run_once(2);
  return NULL;
}

START_TEST(growing_disturbs_no_frame) {
  pthread_t other;
  bad_counts = 0;
  enough = false;
  wni_parallel_retain(2);
  ck_assert_int_eq(pthread_create(&other, NULL, call_until_enough, NULL), 0);
  for (int asked = 3; asked <= MOST; asked++) {
    wni_parallel_retain(asked);
    run_and_count(asked);
  }
  enough = true;
  pthread_join(other, NULL);
  ck_assert_int_eq(bad_counts, 0);
  for (int asked = 2; asked <= MOST; asked++) ck_assert_int_eq(run_and_count(asked), asked);
  for (int asked = 2; asked <= MOST; asked++) wni_parallel_release(asked);
}
END_TEST

/* ---- coming and going ------------------------------------------------------- */

START_TEST(one_thread_starts_none) {
  int before = tasks_of_this_process();
  wni_parallel_retain(1);
  ck_assert_int_eq(run_and_count(1), 1);
  ck_assert_int_eq(tasks_of_this_process(), before);
  wni_parallel_release(1);
}
END_TEST

START_TEST(no_worker_outlives_the_last_user) {
  int before = tasks_of_this_process();
  for (int asked = 2; asked <= MOST; asked++) {
    wni_parallel_retain(asked);
    wni_parallel_retain(2);
    run_and_count(asked);
    wni_parallel_release(asked);
    ck_assert_int_gt(tasks_of_this_process(), before);
    ck_assert_int_eq(run_and_count(2), 2);
    wni_parallel_release(2);
    ck_assert_int_eq(tasks_of_this_process(), before);
  }
}
END_TEST

static int count_of_frame(int asked) {
  Seen seen = {0};
  wni_parallel_run(asked, note, &seen);
  return seen.count[0];
}

static bool alone_then_with_own_workers(void) {
  int before = count_tasks(); /* an emulator has one of its own */
  if (count_of_frame(3) != 1) return false;
  wni_parallel_retain(3);
  if (count_of_frame(3) != 3) return false;
  wni_parallel_release(3);
  wni_parallel_release(3); /* what the parent retained before */
  return tasks_of_this_process() == before;
}

START_TEST(a_forked_child_has_no_workers) {
  wni_parallel_retain(3);
  ck_assert_int_eq(run_and_count(3), 3);
  in_child(alone_then_with_own_workers);
  ck_assert_int_eq(run_and_count(3), 3);
  wni_parallel_release(3);
}
END_TEST

static bool run_without_threads(void) {
  struct rlimit one = {1, 1};
  if (getuid() == 0 && setuid(NOBODY) != 0) return false; /* root has no limit */
  if (setrlimit(RLIMIT_NPROC, &one) != 0) return false;
  wni_parallel_retain(3);
  bool alone = count_of_frame(3) == 1;
  wni_parallel_release(3);
  return alone;
}

START_TEST(without_threads_a_frame_runs_alone) {
  in_child(run_without_threads);
}
END_TEST

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Spinning workers would use as much processor time as the machine gives. */
START_TEST(workers_sleep_between_frames) {
  struct timespec settle = {.tv_nsec = 100000000}, idle = {.tv_sec = 1};
  wni_parallel_retain(4);
  for (int i = 0; i < ROUNDS; i++) run_and_count(4);
  nanosleep(&settle, NULL);
  double before = cpu_seconds();
  nanosleep(&idle, NULL);
  ck_assert_double_lt(cpu_seconds() - before, 0.1);
  wni_parallel_release(4);
}
END_TEST

SUITE_MAIN("parallel", a_frame_alone_gets_what_it_asks_for,
           nobody_passes_a_barrier_before_all_are_there, every_unit_is_taken_once,
           who_has_finished_takes_over, callers_side_by_side_share_the_cores,
           opening_and_closing_at_once, growing_disturbs_no_frame, one_thread_starts_none,
           no_worker_outlives_the_last_user, a_forked_child_has_no_workers,
           without_threads_a_frame_runs_alone, workers_sleep_between_frames)
