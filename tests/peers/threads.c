/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the thread team costs and gains: a barrier, one stream at full speed, one
 * at 30 frames a second (time of the processor), several side by side.  Blocks with
 * one and two threads alternate; figures are medians over the rounds.  Where a block is
 * made of many equal pieces its figure is that of the fastest tenth: other programs can
 * only add to it.
 *
 *   threads MODEL [ROUNDS]
 */
#include <winnow/winnow.h>

#include "base/parallel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
  SIDE = 64,
  PIECES = 400,
  BARRIERS = 50,
  MAX_FRAMES = 100000,
  FPS = 30,
  PACED_FRAMES = 60,
  MAX_STREAMS = 4,
  MAX_ROUNDS = 99
};
static const double BLOCK_S = 1; /* of frames at full speed */

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, compare);
  return values[n / 2];
}

/* ---- a stream ------------------------------------------------------------- */

typedef struct Stream {
  WnSession *session;
  double until;
  long frames;
} Stream;

static void die(const char *what) {
  fprintf(stderr, "threads: %s\n", what);
  exit(1);
}

static void stream_open(Stream *stream, WnModel *model, int threads) {
  WnSessionOptions options = {.threads = threads, .policy = {.strategy = WN_STRATEGY_NONE}};
  WnError error;
  if (wn_session_new(model, &options, &stream->session, &error) != WN_OK) die(error.message);
}

/* All of the network for each frame, so that every block does the same work. */
static void stream_frame(Stream *stream) {
  static uint8_t pixels[SIDE * SIDE * 3];
  WnFrame frame = {.format = WN_PIXEL_RGB,
                   .width = SIDE,
                   .height = SIDE,
                   .plane = {pixels},
                   .stride_bytes = {SIDE * 3}};
  const WnResult *result;
  WnError error;
  if (wn_session_classify(stream->session, &frame, NULL, &result, &error) != WN_OK)
    die(error.message);
  stream->frames++;
}

static void *stream_run(void *context) {
  Stream *stream = context;
  while (seconds(CLOCK_MONOTONIC) < stream->until) stream_frame(stream);
  return NULL;
}

/* ---- what is measured, each with one block's figure ------------------------- */

typedef struct Barriers {
  double ns[PIECES];
} Barriers;

static double fastest_tenth(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, compare);
  return values[n / 10];
}

static void pass_barriers(void *context, WniThread thread) {
  Barriers *barriers = context;
  for (int piece = 0; piece < PIECES; piece++) {
    double start = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < BARRIERS; i++) wni_parallel_barrier(thread);
    if (thread.index == 0)
      barriers->ns[piece] = (seconds(CLOCK_MONOTONIC) - start) / BARRIERS * 1e9;
  }
}

static void pass_none(void *context, WniThread thread) {
}

static double barrier_ns(WnModel *model, int threads) {
  Barriers barriers;
  wni_parallel_retain(threads);
  wni_parallel_run(threads, pass_barriers, &barriers);
  wni_parallel_release(threads);
  return fastest_tenth(barriers.ns, PIECES);
}

static double empty_frame_ns(WnModel *model, int threads) {
  double ns[PIECES];
  wni_parallel_retain(threads);
  for (int piece = 0; piece < PIECES; piece++) {
    double start = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < BARRIERS; i++) wni_parallel_run(threads, pass_none, NULL);
    ns[piece] = (seconds(CLOCK_MONOTONIC) - start) / BARRIERS * 1e9;
  }
  wni_parallel_release(threads);
  return fastest_tenth(ns, PIECES);
}

/* One stream at full speed. */
static double full_speed_ms(WnModel *model, int threads) {
  static double ms[MAX_FRAMES];
  Stream stream = {0};
  int n = 0;
  stream_open(&stream, model, threads);
  stream_frame(&stream);
  double start = seconds(CLOCK_MONOTONIC), last = start;
  while (n < MAX_FRAMES && last - start < BLOCK_S) {
    stream_frame(&stream);
    double now = seconds(CLOCK_MONOTONIC);
    ms[n++] = (now - last) * 1e3;
    last = now;
  }
  wn_session_free(stream.session);
  return fastest_tenth(ms, n);
}

/* N streams at full speed: milliseconds a frame, all of them together. */
static double side_by_side_ms(WnModel *model, int threads, int n) {
  Stream streams[MAX_STREAMS] = {0};
  pthread_t callers[MAX_STREAMS];
  long frames = 0;
  for (int i = 0; i < n; i++) stream_open(&streams[i], model, threads);
  for (int i = 0; i < n; i++) stream_frame(&streams[i]);
  double start = seconds(CLOCK_MONOTONIC);
  for (int i = 0; i < n; i++) {
    streams[i].frames = 0;
    streams[i].until = start + BLOCK_S;
    if (pthread_create(&callers[i], NULL, stream_run, &streams[i]) != 0) die("no thread");
  }
  for (int i = 0; i < n; i++) pthread_join(callers[i], NULL);
  double took = seconds(CLOCK_MONOTONIC) - start;
  for (int i = 0; i < n; i++) {
    frames += streams[i].frames;
    wn_session_free(streams[i].session);
  }
  return took / (double)frames * 1e3;
}

static double two_streams_ms(WnModel *model, int threads) {
  return side_by_side_ms(model, threads, 2);
}

static double three_streams_ms(WnModel *model, int threads) {
  return side_by_side_ms(model, threads, 3);
}

static double four_streams_ms(WnModel *model, int threads) {
  return side_by_side_ms(model, threads, 4);
}

/* Milliseconds of processor time a frame of a stream at 30 frames a second. */
static double paced_cpu_ms(WnModel *model, int threads) {
  Stream stream = {0};
  struct timespec next;
  stream_open(&stream, model, threads);
  stream_frame(&stream);
  clock_gettime(CLOCK_MONOTONIC, &next);
  double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < PACED_FRAMES; i++) {
    next.tv_nsec += 1000000000 / FPS;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    stream_frame(&stream);
  }
  double used = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
  wn_session_free(stream.session);
  return used / PACED_FRAMES * 1e3;
}

static const struct {
  const char *name;
  double (*measure)(WnModel *model, int threads);
} table[] = {
    {"barrier, ns", barrier_ns},
    {"empty frame, ns", empty_frame_ns},
    {"1 stream, ms/frame", full_speed_ms},
    {"1 stream at 30 fps, CPU ms/frame", paced_cpu_ms},
    {"2 streams, ms/frame", two_streams_ms},
    {"3 streams, ms/frame", three_streams_ms},
    {"4 streams, ms/frame", four_streams_ms},
};

int main(int argc, char **argv) {
  WnModel *model;
  WnError error;
  int rounds = argc > 2 ? atoi(argv[2]) : 5;
  if (argc < 2 || argc > 3 || rounds < 1 || rounds > MAX_ROUNDS) {
    fprintf(stderr, "usage: threads MODEL [ROUNDS, 1 to %d]\n", MAX_ROUNDS);
    return 2;
  }
  if (wn_model_open(argv[1], NULL, &model, &error) != WN_OK) die(error.message);
  printf("| %s | 1 thread | 2 threads | ratio | lowest | highest |\n|---|---|---|---|---|---|\n",
         wn_model_info(model)->id);
  for (size_t row = 0; row < sizeof table / sizeof *table; row++) {
    double one[MAX_ROUNDS], two[MAX_ROUNDS], ratio[MAX_ROUNDS];
    for (int r = 0; r < rounds; r++) {
      one[r] = table[row].measure(model, 1);
      two[r] = table[row].measure(model, 2);
      ratio[r] = two[r] / one[r];
    }
    double middle = median(ratio, rounds);
    printf("| %s | %.3f | %.3f | %.2f | %.2f | %.2f |\n", table[row].name, median(one, rounds),
           median(two, rounds), middle, ratio[0], ratio[rounds - 1]);
    fflush(stdout);
  }
  wn_model_unref(model);
  return 0;
}
