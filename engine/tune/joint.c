/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The search over all exits together (search.h).  MACs + lambda x errors is brought down one exit
 * at a time until no exit helps.  lambda, the MACs that an error is worth, goes from high to low
 * and back, each time from where the last one ended, so that the archive gets policies of every
 * boldness, reached from both sides.  Around the best of them for a given number of errors, pairs
 * of exits are then changed together: one stops more, another makes up for it.
 */
#include "tune/search.h"

#include <stdlib.h>
#include <string.h>

/* In units of the whole network's MACs. */
#define LAMBDA_MAX 4000.0
#define LAMBDA_STEP 0.8
enum { N_LAMBDAS = 48, MAX_ROUNDS = 12, MAX_POLISH = 4, REACH = 3 };

static double value(const WniSearch *search, WniSums sums, double lambda) {
  return (double)sums.macs +
         lambda * ((double)sums.errors + search->alarm_weight * (double)sums.alarms);
}

static void descend(WniSearch *search, double lambda, int *level) {
  const WniGrid *grid = search->grid;
  bool changed = true;
  for (int round = 0; changed && round < MAX_ROUNDS; round++) {
    changed = false;
    for (int k = 0; k < grid->n_exits; k++) {
      wni_search_try(search, level, k);
      int best = level[k];
      for (int l = 0; l < grid->n_levels; l++)
        if (value(search, search->sums[l], lambda) < value(search, search->sums[best], lambda))
          best = l;
      changed = changed || best != level[k];
      level[k] = best;
    }
  }
}

/* Far beyond what the archive keeps. */
static bool is_too_bold(WniSearch *search, const int *level) {
  int last = search->grid->n_exits - 1;
  wni_search_try(search, level, last);
  return search->sums[level[last]].errors - search->sweep.full.errors >
         2 * (int64_t)search->archive.size + 4;
}

void wni_search_path(WniSearch *search) {
  int *level = search->start, steps = 0;
  double unit = (double)search->grid->task->macs[search->grid->n_exits], lambda = LAMBDA_MAX * unit;
  memset(level, 0, (size_t)search->grid->n_exits * sizeof *level);
  for (; steps < N_LAMBDAS && !is_too_bold(search, level); steps++) {
    descend(search, lambda, level);
    lambda *= LAMBDA_STEP;
  }
  while (steps-- > 0) descend(search, lambda /= LAMBDA_STEP, level);
}

/* Every level near an exit's own, with every level of every other exit. */
static void try_pairs(WniSearch *search, int *level) {
  const WniGrid *grid = search->grid;
  for (int a = 0; a < grid->n_exits; a++) {
    int own = level[a];
    int first = own > REACH ? own - REACH : 0;
    for (int l = first; l < grid->n_levels && l <= own + REACH; l++) {
      level[a] = l;
      for (int b = 0; b < grid->n_exits; b++)
        if (b != a) wni_search_try(search, level, b);
    }
    level[a] = own;
  }
}

void wni_search_polish(WniSearch *search, int64_t extra_errors) {
  int *level = search->start;
  int64_t macs = wni_search_best(search, extra_errors, level), before;
  int rounds = 0;
  do {
    before = macs;
    try_pairs(search, level);
    macs = wni_search_best(search, extra_errors, level);
  } while (macs < before && ++rounds < MAX_POLISH);
}
