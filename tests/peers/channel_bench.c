/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What readers cost a publisher: channel_bench [SECONDS]
 *
 * Publishes frames of 640 x 480 NV12 with a result as fast as it can, for SECONDS (10) without
 * readers and as long with eight: one stopped, one killed and started again every 50 ms, one that
 * reads without a copy, five that copy. The publisher has the first core, all readers the second.
 * Every frame and its result carry a checksum, which the readers check. Prints how long a publish
 * call takes; status 1: a frame was torn.
 */
#include <winnow/ipc.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, BYTES = WIDTH * HEIGHT * 3 / 2, N_FRAMES = 16, N_READERS = 8 };
enum { MAX_CALLS = 1 << 22, KILL_MS = 50 };
enum { STOPPED, KILLED, VIEWING };

/* Shared with the readers. */
typedef struct Counts {
  atomic_ulong read, torn, overwritten;
} Counts;

static Counts *counts;
static char path[64];
static uint8_t *pixels[N_FRAMES];
static int64_t *calls; /* [MAX_CALLS] ns */

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Also ends with the process that started it. */
static void pin(int core) {
  cpu_set_t set;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

/* Fletcher's, over 64-bit words: it sees words that change places. */
static uint64_t checksum(const uint8_t *bytes, size_t n) {
  uint64_t a = 1, b = 0, word;
  for (size_t i = 0; i + 8 <= n; i += 8) {
    memcpy(&word, bytes + i, 8);
    a += word;
    b += a;
  }
  return a ^ (b << 1);
}

/* The checksum is in the last eight bytes of a frame, and the result says it too. */
static void make_frames(void) {
  uint64_t random = 1;
  for (int f = 0; f < N_FRAMES; f++) {
    pixels[f] = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++) {
      random = random * 6364136223846793005 + 1442695040888963407;
      pixels[f][i] = (uint8_t)(random >> 56);
    }
    uint64_t sum = checksum(pixels[f], BYTES - 8);
    memcpy(pixels[f] + BYTES - 8, &sum, 8);
  }
}

static bool is_right(const WnSnapshot *got) {
  const WnFrame *f = &got->frame;
  const uint8_t *luma = f->plane[0];
  uint64_t sum;
  /* Rows of 640 bytes lie without gaps, and so do the planes. */
  memcpy(&sum, luma + BYTES - 8, 8);
  return f->stride_bytes[0] == WIDTH && checksum(luma, BYTES - 8) == sum &&
         got->results[0].macs == sum && got->results[0].macs_full == got->number;
}

static void read_for_ever(int reader) {
  WnReader *r;
  WnSnapshot got;
  pin(1);
  if (wn_reader_new(path, &r, NULL) != WN_OK) _exit(1);
  for (;;) {
    WnStatus status = reader == VIEWING ? wn_reader_view(r, 1000, &got, NULL)
                                        : wn_reader_read(r, 1000, &got, NULL);
    if (status != WN_OK) continue;
    bool right = is_right(&got), whole = reader != VIEWING || wn_reader_release(r);
    atomic_fetch_add(&counts->read, whole);
    atomic_fetch_add(&counts->overwritten, !whole);
    atomic_fetch_add(&counts->torn, whole && !right);
  }
}

static pid_t start_reader(int reader) {
  pid_t child = fork();
  if (child == 0) read_for_ever(reader);
  return child;
}

/* Kills and starts again reader KILLED until it is killed itself. */
static void torment(void) {
  pin(1);
  for (;;) {
    pid_t victim = start_reader(KILLED);
    usleep(KILL_MS * 1000);
    kill(victim, SIGKILL);
    waitpid(victim, NULL, 0);
  }
}

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Publishes for so long; returns the 99th percentile of a call in ns. */
static int64_t publish(WnPublisher *publisher, double seconds, const char *name) {
  static const int32_t survivors[] = {3}, per_stage[] = {1};
  static const char *const labels[] = {"cat"};
  static const double scores[] = {1};
  WnResult result = {.label = "cat",
                     .group = "",
                     .model_id = "bench",
                     .stage_count = 1,
                     .n_survivors = 1,
                     .survivors = survivors,
                     .survivor_labels = labels,
                     .survivor_scores = scores,
                     .n_stages_evaluated = 1,
                     .survivors_per_stage = per_stage};
  static uint64_t number;
  size_t n = 0;
  int64_t end = now_ns() + (int64_t)(seconds * 1e9), begin;
  while ((begin = now_ns()) < end) {
    uint8_t *p = pixels[number % N_FRAMES];
    WnFrame frame = {.format = WN_PIXEL_NV12,
                     .width = WIDTH,
                     .height = HEIGHT,
                     .plane = {p, p + WIDTH * HEIGHT},
                     .stride_bytes = {WIDTH, WIDTH},
                     .pts_ns = WN_PTS_NONE};
    WnError error;
    memcpy(&result.macs, p + BYTES - 8, 8);
    result.macs_full = ++number;
    begin = now_ns();
    if (wn_publisher_publish(publisher, &frame, &result, 1, &error) != WN_OK) {
      fprintf(stderr, "%s\n", error.message);
      exit(1);
    }
    calls[n++ % MAX_CALLS] = now_ns() - begin;
  }
  size_t kept = n < MAX_CALLS ? n : MAX_CALLS, middle = kept / 2, high = kept * 99 / 100;
  qsort(calls, kept, sizeof *calls, compare);
  printf("%-15s %9zu frames, %8.0f /s, a call: median %6.1f us, 99 %% under %6.1f us\n", name, n,
         (double)n / seconds, (double)calls[middle] / 1e3, (double)calls[high] / 1e3);
  fflush(stdout);
  return calls[high];
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? atof(argv[1]) : 10;
  pid_t readers[N_READERS];
  WnPublisher *publisher;
  WnError error;
  snprintf(path, sizeof path, "/tmp/winnow-channel-bench-%d", (int)getpid());
  counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  calls = calloc(MAX_CALLS, sizeof *calls);
  if (wn_publisher_new(path, NULL, &publisher, &error) != WN_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  make_frames();
  pin(0);
  publish(publisher, 1, "warming up");
  int64_t alone = publish(publisher, seconds, "no reader");
  for (int r = 0; r < N_READERS; r++)
    if (r != KILLED) readers[r] = start_reader(r);
  while (wn_publisher_readers(publisher) < N_READERS - 1) wn_publisher_serve(publisher);
  kill(readers[STOPPED], SIGSTOP);
  readers[KILLED] = fork();
  if (readers[KILLED] == 0) torment();
  int64_t watched = publish(publisher, seconds, "eight readers");
  for (int r = 0; r < N_READERS; r++) kill(readers[r], SIGKILL);
  printf("ratio of the 99th percentiles %.2f; %lu frames read whole, %lu views overwritten, %lu "
         "torn\n",
         (double)watched / (double)alone, atomic_load(&counts->read),
         atomic_load(&counts->overwritten), atomic_load(&counts->torn));
  wn_publisher_free(publisher);
  return atomic_load(&counts->torn) > 0;
}
