/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See grid.h.
 */
#include "tune/grid.h"

#include "base/error.h"
#include "tune/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_LEVELS = 8 };
#define MAX_MASK_BYTES ((size_t)1 << 28)

static void set_bit(uint64_t *words, int bit) {
  words[bit / 64] |= (uint64_t)1 << bit % 64;
}

/* As exit.c's exclude(), for all classes alive. */
static void exclusion_mask(const WniScorer *scorer, double beta, int n, uint64_t *mask) {
  double limit = log(beta) + scorer->log_p[scorer->best];
  set_bit(mask, scorer->best);
  for (int c = 0; c < n; c++)
    if (scorer->log_p[c] > limit) set_bit(mask, c);
}

/* The two largest p; exactly one is above t when t is between them. */
static void two_best(const WniScorer *scorer, int n, double p[2]) {
  p[0] = exp(scorer->log_p[scorer->best]);
  p[1] = 0;
  for (int c = 0; c < n; c++)
    if (c != scorer->best) p[1] = fmax(p[1], exp(scorer->log_p[c]));
}

/* Confidence and entropy know two sets: the best class alone, and all. */
static void build_stops(const WniGrid *grid, const WniScorer *scorer, int exit, uint64_t *masks) {
  const double *t = grid->thresholds + (size_t)exit * (size_t)grid->n_levels;
  int n = grid->task->scores->n_classes;
  double p[2], entropy = 0;
  bool confidence = grid->task->strategy == WN_STRATEGY_CONFIDENCE;
  if (confidence)
    two_best(scorer, n, p);
  else
    entropy = wni_exit_entropy(scorer->log_p, n);
  for (int level = 0; level < grid->n_levels; level++) {
    bool stop = confidence ? p[0] > t[level] && !(p[1] > t[level]) : entropy < t[level];
    masks[level] = stop ? 1 : 3;
  }
}

static void build_image(const WniGrid *grid, WniScorer *scorer, size_t i) {
  const WniTask *task = grid->task;
  size_t image = grid->images.index[i], words = (size_t)grid->n_words;
  int truth = task->scores->truth[image], n = task->scores->n_classes;
  int full = wni_arg_max(wni_scores_at(task->scores, image, grid->n_exits), n);
  grid->verdict_full[i] = (uint8_t)wni_task_verdict(task, truth, full);
  for (int exit = 0; exit < grid->n_exits; exit++) {
    size_t at = i * (size_t)grid->n_exits + (size_t)exit;
    uint64_t *masks = grid->masks + at * (size_t)grid->n_levels * words;
    const double *t = grid->thresholds + (size_t)exit * (size_t)grid->n_levels;
    wni_scorer_score(scorer, image, exit);
    grid->verdict[at] = (uint8_t)wni_task_verdict(task, truth, scorer->best);
    if (task->strategy == WN_STRATEGY_CLASS_EXCLUSION) {
      grid->best[at] = scorer->best;
      for (int level = 0; level < grid->n_levels; level++)
        exclusion_mask(scorer, t[level], n, masks + (size_t)level * words);
    } else {
      build_stops(grid, scorer, exit, masks);
    }
  }
  grid->counts[i] = wni_task_counts(task, truth);
}

static bool allocate(WniGrid *grid) {
  size_t n = grid->images.n + 1, exits = (size_t)grid->n_exits;
  size_t words = exits * (size_t)grid->n_words, bytes;
  while (grid->n_levels > MIN_LEVELS && words * 8 * (size_t)grid->n_levels > MAX_MASK_BYTES / n)
    grid->n_levels--;
  if (__builtin_mul_overflow(n, words * 8 * (size_t)grid->n_levels, &bytes)) return false;
  grid->masks = calloc(bytes, 1);
  grid->thresholds = calloc(exits * (size_t)grid->n_levels, sizeof *grid->thresholds);
  grid->watched = calloc((size_t)grid->n_words, sizeof *grid->watched);
  grid->best = calloc(n * exits, sizeof *grid->best);
  grid->verdict = calloc(n * exits, 1);
  grid->verdict_full = calloc(n, 1);
  grid->counts = calloc(n, 1);
  return grid->masks && grid->thresholds && grid->watched && grid->best && grid->verdict &&
         grid->verdict_full && grid->counts;
}

WnStatus wni_grid_init(WniGrid *out, const WniTask *task, WniImages images, WniCount count,
                       int n_levels, const double *thresholds, WnError *error) {
  int n_classes = task->scores->n_classes;
  int n_bits = task->strategy == WN_STRATEGY_CLASS_EXCLUSION ? n_classes : 2;
  *out = (WniGrid){.task = task,
                   .count = count,
                   .images = images,
                   .n_exits = task->scores->n_exits,
                   .n_levels = n_levels,
                   .n_bits = n_bits,
                   .n_words = (n_bits + 63) / 64,
                   .monotonic = task->strategy != WN_STRATEGY_CONFIDENCE};
  WniScorer scorer;
  WnStatus status = wni_scorer_init(&scorer, task) && allocate(out)
                        ? WN_OK
                        : wni_fail_memory(error, "the search");
  if (status == WN_OK && !thresholds)
    status = wni_levels_choose(task, images, out->n_levels, out->thresholds, error);
  for (int exit = 0; status == WN_OK && thresholds && exit < out->n_exits; exit++)
    memcpy(out->thresholds + exit * out->n_levels, thresholds + exit * n_levels, /* maybe longer */
           (size_t)out->n_levels * sizeof *thresholds);
  for (int c = 0; status == WN_OK && task->watched && c < n_classes; c++)
    if (task->watched[c]) set_bit(out->watched, c);
  for (size_t i = 0; status == WN_OK && i < images.n; i++) build_image(out, &scorer, i);
  wni_scorer_clear(&scorer);
  if (status != WN_OK) wni_grid_clear(out);
  return status;
}

void wni_grid_clear(WniGrid *grid) {
  free(grid->thresholds);
  free(grid->masks);
  free(grid->watched);
  free(grid->best);
  free(grid->verdict);
  free(grid->verdict_full);
  free(grid->counts);
  *grid = (WniGrid){0};
}
