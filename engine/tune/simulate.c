/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See simulate.h.
 */
#include "tune/simulate.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct Simulator {
  const WniTask *task;
  WniExitRule rule;
  WniSurvivors survivors;
} Simulator;

int wni_arg_max(const float *logits, int n) {
  int best = 0;
  for (int c = 1; c < n; c++)
    if (logits[c] > logits[best]) best = c;
  return best;
}

/* The stage at which the image stops; survivors->best is the answer. */
static int decide(Simulator *s, size_t image) {
  const WniScores *scores = s->task->scores;
  WnStopReason reason;
  wni_survivors_reset(&s->survivors, scores->n_classes);
  for (int exit = 0; exit < scores->n_exits; exit++)
    if (wni_exit_test(&s->rule, exit, wni_scores_at(scores, image, exit), 1, &s->survivors,
                      &reason))
      return exit;
  wni_exit_final(&s->rule, wni_scores_at(scores, image, scores->n_exits), 1, &s->survivors);
  return scores->n_exits;
}

static void count(const WniTask *task, int truth, int answer, int full, uint64_t macs,
                  WniOutcome *out) {
  int verdict = wni_task_verdict(task, truth, answer);
  int verdict_full = wni_task_verdict(task, truth, full);
  bool counts = wni_task_counts(task, truth);
  out->images++;
  out->right += answer == truth;
  out->right_full += full == truth;
  out->macs += macs;
  if (!task->watched) return;
  out->watched += !counts;
  out->others += counts;
  out->macs_others += counts ? macs : 0;
  out->misses += verdict == WNI_ERROR;
  out->misses_full += verdict_full == WNI_ERROR;
  out->losses += verdict == WNI_ERROR && verdict_full != WNI_ERROR;
  out->alarms += verdict == WNI_ALARM;
  out->alarms_full += verdict_full == WNI_ALARM;
}

static void simulate_image(Simulator *s, size_t image, WniOutcome *out, uint64_t *exits,
                           int8_t *drop) {
  const WniTask *task = s->task;
  const WniScores *scores = task->scores;
  int truth = scores->truth[image], stage = decide(s, image), answer = s->survivors.best;
  int full = wni_arg_max(wni_scores_at(scores, image, scores->n_exits), scores->n_classes);
  uint64_t macs = task->macs[stage];
  if (stage == scores->n_exits)
    macs -= (uint64_t)(scores->n_classes - s->survivors.count) * task->macs_per_row;
  count(task, truth, answer, full, macs, out);
  if (exits) exits[stage]++;
  if (drop) *drop = (int8_t)((full == truth) - (answer == truth));
}

WnStatus wni_simulate(const WniTask *task, WniImages images, const double *thresholds,
                      WniOutcome *outcome, uint64_t *exits, int8_t *drops, WnError *error) {
  size_t n_classes = (size_t)task->scores->n_classes;
  size_t n_stages = (size_t)task->scores->n_exits + 1;
  Simulator s = {.task = task,
                 .rule = {.strategy = task->strategy,
                          .softmax = task->softmax,
                          .n_classes = (int)n_classes,
                          .thresholds = malloc(n_stages * sizeof *thresholds),
                          .watched = (bool *)task->watched,
                          .watching = task->watched != NULL},
                 .survivors = {.alive = malloc(n_classes * sizeof(bool)),
                               .log_p = malloc(n_classes * sizeof(double))}};
  bool enough = s.rule.thresholds && s.survivors.alive && s.survivors.log_p;
  *outcome = (WniOutcome){0};
  if (exits) memset(exits, 0, n_stages * sizeof *exits);
  if (enough) memcpy(s.rule.thresholds, thresholds, (n_stages - 1) * sizeof *thresholds);
  for (size_t i = 0; enough && i < images.n; i++)
    simulate_image(&s, images.index[i], outcome, exits, drops ? &drops[i] : NULL);
  free(s.rule.thresholds);
  free(s.survivors.alive);
  free(s.survivors.log_p);
  return enough ? WN_OK : wni_fail_memory(error, "the simulation");
}
