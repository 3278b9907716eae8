/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See sweep.h.  A level that keeps the same classes as the one below has the same end, which is not
 * computed again: differences are summed, and added up last.
 */
#include "tune/sweep.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct Job {
  const WniSweep *sweep;
  const int *level;
  int exit;
} Job;

static inline const uint64_t *mask_at(const WniGrid *g, size_t i, int exit, int level, int words) {
  size_t row = (i * (size_t)g->n_exits + (size_t)exit) * (size_t)g->n_levels + (size_t)level;
  return g->masks + row * (size_t)words;
}

static inline void fill(const WniGrid *g, uint64_t *set, int words) {
  for (int w = 0; w < words; w++) set[w] = ~(uint64_t)0;
  if (g->n_bits % 64) set[words - 1] = ((uint64_t)1 << g->n_bits % 64) - 1;
}

static inline int count_bits(const uint64_t *set, int words) {
  int count = 0;
  for (int w = 0; w < words; w++) count += __builtin_popcountll(set[w]);
  return count;
}

/* `set` after this exit, into `out`; whether the image stops. */
static inline bool step(const WniGrid *g, size_t i, int exit, int level, const uint64_t *set,
                        uint64_t *out, int words) {
  const uint64_t *mask = mask_at(g, i, exit, level, words);
  int best = g->best[i * (size_t)g->n_exits + (size_t)exit];
  uint64_t watched = 0, more = 0, first = 0;
  for (int w = 0; w < words; w++) {
    uint64_t readmitted = best / 64 == w ? (uint64_t)1 << best % 64 : 0;
    uint64_t word = (set[w] | readmitted) & mask[w];
    out[w] = word;
    watched |= word & g->watched[w];
    more |= (word & (word - 1)) | (first ? word : 0);
    first |= word;
  }
  return !more || (g->task->watched && !watched);
}

static inline WniSums sums_of(const WniGrid *g, size_t i, uint64_t macs, int verdict) {
  if (g->count == WNI_COUNT_LOSSES && verdict == g->verdict_full[i]) verdict = 0;
  return (WniSums){.macs = g->counts[i] ? (int64_t)macs : 0,
                   .errors = verdict == WNI_ERROR,
                   .alarms = verdict == WNI_ALARM};
}

static inline WniSums stopped(const WniGrid *g, size_t i, int exit) {
  return sums_of(g, i, g->task->macs[exit], g->verdict[i * (size_t)g->n_exits + (size_t)exit]);
}

static int final_verdict(const WniGrid *g, size_t i, const uint64_t *set) {
  const WniScores *scores = g->task->scores;
  size_t image = g->images.index[i];
  const float *logits = wni_scores_at(scores, image, g->n_exits);
  int answer = -1;
  for (int w = 0; w < g->n_words; w++)
    for (uint64_t rest = set[w]; rest; rest &= rest - 1) {
      int c = w * 64 + __builtin_ctzll(rest);
      if (answer < 0 || logits[c] > logits[answer]) answer = c;
    }
  return wni_task_verdict(g->task, scores->truth[image], answer);
}

static inline WniSums finished(const WniGrid *g, size_t i, const uint64_t *set, int words) {
  int left_out = g->n_bits - count_bits(set, words);
  int verdict = left_out ? final_verdict(g, i, set) : g->verdict_full[i];
  uint64_t macs = g->task->macs[g->n_exits] - (uint64_t)left_out * g->task->macs_per_row;
  return sums_of(g, i, macs, verdict);
}

static inline void add(WniSums *to, WniSums a, WniSums minus) {
  to->macs += a.macs - minus.macs;
  to->errors += a.errors - minus.errors;
  to->alarms += a.alarms - minus.alarms;
}

/* One image: the exits before, then each level that differs from the one below and what follows
 * from it.  `set` and `next` [words] are scratch. */
static inline void sweep_image(const Job *job, size_t i, uint64_t *set, uint64_t *next,
                               WniSums *differences, int words) {
  const WniGrid *g = job->sweep->grid;
  WniSums before = {0};
  fill(g, set, words);
  for (int k = 0; k < job->exit; k++)
    if (step(g, i, k, job->level[k], set, set, words)) {
      add(&differences[0], stopped(g, i, k), before);
      return;
    }
  for (int level = 0; level < g->n_levels; level++) {
    const uint64_t *mask = mask_at(g, i, job->exit, level, words);
    if (level > 0 && memcmp(mask, mask - words, (size_t)words * sizeof *mask) == 0) continue;
    bool stop = step(g, i, job->exit, level, set, next, words);
    int k = job->exit;
    for (bool stopping = stop; !stopping && ++k < g->n_exits;)
      stopping = step(g, i, k, job->level[k], next, next, words);
    WniSums now = k < g->n_exits ? stopped(g, i, k) : finished(g, i, next, words);
    add(&differences[level], now, before);
    before = now;
    if (stop && g->monotonic) return;
  }
}

void wni_sweep_run(WniSweep *sweep, const int *level, int exit, WniSums *sums) {
  const WniGrid *g = sweep->grid;
  uint64_t *set = sweep->scratch, *next = set + g->n_words;
  Job job = {sweep, level, exit};
  memset(sums, 0, (size_t)g->n_levels * sizeof *sums);
  for (size_t i = 0; i < g->images.n; i++) { /* copies for the usual sizes */
    if (g->n_words == 1)
      sweep_image(&job, i, set, next, sums, 1);
    else if (g->n_words == 2)
      sweep_image(&job, i, set, next, sums, 2);
    else
      sweep_image(&job, i, set, next, sums, g->n_words);
  }
  for (int l = 1; l < g->n_levels; l++) add(&sums[l], sums[l - 1], (WniSums){0});
}

WnStatus wni_sweep_init(WniSweep *out, const WniGrid *grid, WnError *error) {
  *out = (WniSweep){.grid = grid};
  out->scratch = calloc(2 * (size_t)grid->n_words, sizeof *out->scratch);
  if (!out->scratch) return wni_fail_memory(error, "the search");
  for (size_t i = 0; i < grid->images.n; i++)
    add(&out->full, sums_of(grid, i, grid->task->macs[grid->n_exits], grid->verdict_full[i]),
        (WniSums){0});
  return WN_OK;
}

void wni_sweep_clear(WniSweep *sweep) {
  free(sweep->scratch);
  *sweep = (WniSweep){0};
}
