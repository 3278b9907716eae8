/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long the searches of `winnow tune` take: tune_bench [IMAGES EXITS CLASSES [THREADS]]
 *
 * On made-up scores, 10,000 images, 6 exits and 100 classes unless given; a measure, not a test.
 */
#include "base/parallel.h"
#include "tune/method.h"
#include "tune/risk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_EXITS = 64 };

static uint64_t state = 1;

static double uniform(void) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return (double)(state >> 11) / 9007199254740992.0;
}

static double normal(void) {
  return sqrt(-2 * log(uniform() + 1e-300)) * cos(6.283185307179586 * uniform());
}

/* The right class stands out more at each exit, and more in some images than in others. */
static bool make(WniScores *scores, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int truth = (int)(uniform() * scores->n_classes);
    float *logits = wni_scores_add(scores, truth);
    if (!logits) return false;
    double ease = uniform() * 8;
    for (int k = 0; k <= scores->n_exits; k++)
      for (int c = 0; c < scores->n_classes; c++)
        *logits++ = (float)(normal() + (c == truth ? ease * (k + 2) / (scores->n_exits + 1.0) : 0));
  }
  return true;
}

static double now_s(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void report(const char *name, const WniTask *task, WniImages images,
                   const double *thresholds, double wall_s, double cpu_s) {
  WniOutcome o;
  if (wni_simulate(task, images, thresholds, &o, NULL, NULL, NULL) != WN_OK) return;
  printf("%-7s %7.2f s (processor time %7.2f s): drop %.2f %%, %.1f %% of the MACs saved\n", name,
         wall_s, cpu_s, 100 * ((double)o.right_full - (double)o.right) / (double)o.images,
         100 * (1 - (double)o.macs / (double)o.images / (double)task->macs[task->scores->n_exits]));
}

static void bench(const WniTask *task, WniImages images, int threads) {
  static const char *const names[] = {"joint", "greedy", "risk"};
  for (int method = 0; method < 3; method++) {
    double thresholds[MAX_EXITS], drop, wall = now_s(CLOCK_MONOTONIC);
    double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t n_tested;
    WnError error = {0};
    const WniAllowed allowed = {0.005, 0};
    WnStatus status =
        method == 0 ? wni_method_joint(task, images, allowed, threads, thresholds, &error)
        : method == 1
            ? wni_method_greedy(task, images, allowed, thresholds, &error)
            : wni_risk_search(task, images, 0.02, 0.9, thresholds, &n_tested, &drop, &error);
    if (status == WN_OK)
      report(names[method], task, images, thresholds, now_s(CLOCK_MONOTONIC) - wall,
             now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    else
      printf("%-7s %s\n", names[method], error.message);
  }
}

int main(int argc, char **argv) {
  size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
  int n_exits = argc > 2 ? atoi(argv[2]) : 6, n_classes = argc > 3 ? atoi(argv[3]) : 100;
  int threads = argc > 4 ? atoi(argv[4]) : wni_parallel_cores();
  WniScores scores = {.n_exits = n_exits, .n_classes = n_classes};
  uint64_t macs[MAX_EXITS];
  if (n_exits < 1 || n_exits >= MAX_EXITS || n_classes < 2 || threads < 1) return 2;
  for (int k = 0; k <= n_exits; k++) macs[k] = 20000000 * (uint64_t)(k + 1);
  WniTask task = {.scores = &scores,
                  .strategy = WN_STRATEGY_CLASS_EXCLUSION,
                  .softmax = true,
                  .macs = macs,
                  .macs_per_row = 256};
  uint32_t *index = calloc(n + 1, sizeof *index);
  bool made = index && make(&scores, n);
  for (size_t i = 0; made && i < n; i++) index[i] = (uint32_t)i;
  printf("%zu images, %d exits, %d classes, %d threads\n", n, n_exits, n_classes, threads);
  wni_parallel_retain(threads);
  if (made) bench(&task, (WniImages){index, n}, threads);
  wni_parallel_release(threads);
  wni_scores_clear(&scores);
  free(index);
  return made ? 0 : 1;
}
