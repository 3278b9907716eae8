/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See scorer.h.
 */
#include "tune/scorer.h"

#include <math.h>
#include <stdlib.h>

bool wni_scorer_init(WniScorer *out, const WniTask *task) {
  size_t n_classes = (size_t)task->scores->n_classes;
  *out = (WniScorer){.task = task,
                     .unused = calloc((size_t)task->scores->n_exits + 1, sizeof(double)),
                     .alive = calloc(n_classes, sizeof(bool)),
                     .log_p = calloc(n_classes, sizeof(double))};
  return out->unused && out->alive && out->log_p;
}

void wni_scorer_clear(WniScorer *scorer) {
  free(scorer->unused);
  free(scorer->alive);
  free(scorer->log_p);
  *scorer = (WniScorer){0};
}

void wni_scorer_score(WniScorer *scorer, size_t image, int exit) {
  const WniTask *task = scorer->task;
  const WniExitRule rule = {.strategy = WN_STRATEGY_NONE, /* only scores */
                            .softmax =
                                task->softmax || task->strategy != WN_STRATEGY_CLASS_EXCLUSION,
                            .n_classes = task->scores->n_classes,
                            .thresholds = scorer->unused};
  WniSurvivors survivors = {.alive = scorer->alive, .log_p = scorer->log_p};
  WnStopReason reason;
  wni_exit_test(&rule, exit, wni_scores_at(task->scores, image, exit), 1, &survivors, &reason);
  scorer->best = survivors.best;
}

double wni_scorer_critical(const WniScorer *scorer) {
  const WniTask *task = scorer->task;
  int n = task->scores->n_classes;
  double best = scorer->log_p[scorer->best], critical = -INFINITY;
  if (task->strategy == WN_STRATEGY_CONFIDENCE) return -exp(best);
  if (task->strategy == WN_STRATEGY_ENTROPY) return wni_exit_entropy(scorer->log_p, n);
  bool query = task->watched && !task->watched[scorer->best];
  for (int c = 0; c < n; c++)
    if (c != scorer->best && (!query || task->watched[c]))
      critical = fmax(critical, scorer->log_p[c] - best);
  return critical;
}
