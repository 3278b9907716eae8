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

/* What one image comes to. */
typedef struct Decision {
  int stage;  /* at which it stops */
  int answer; /* -1: nothing */
  int rows;   /* of the final classifier that are computed */
} Decision;

static Decision decide(Simulator *s, size_t image) {
  const WniScores *scores = s->task->scores;
  WnStopReason reason;
  Decision d = {0};
  bool stop = false;
  wni_survivors_reset(&s->survivors, scores->n_classes);
  for (; !stop && d.stage < scores->n_exits; d.stage += !stop)
    stop = wni_exit_test(&s->rule, d.stage, wni_scores_at(scores, image, d.stage), 1, &s->survivors,
                         &reason);
  d.rows = wni_exit_final_needs_all(&s->rule) ? scores->n_classes : s->survivors.count;
  if (!stop) wni_exit_final(&s->rule, wni_scores_at(scores, image, d.stage), 1, &s->survivors);
  d.answer = s->survivors.nothing ? -1 : s->survivors.best;
  return d;
}

/* Whether the answer is right. */
static bool count(const WniTask *task, int truth, int answer, int full, uint64_t macs,
                  WniOutcome *out) {
  bool nothing = answer < 0 || (task->nothing && answer == *task->nothing);
  if (nothing) answer = task->nothing ? *task->nothing : -1;
  int verdict = wni_task_verdict(task, truth, answer);
  int verdict_full = wni_task_verdict(task, truth, full);
  bool counts = wni_task_counts(task, truth);
  bool known = truth >= 0 && !(task->nothing && truth == *task->nothing);
  out->images++;
  out->nothing += nothing;
  out->macs_nothing += nothing ? macs : 0;
  out->known += known;
  out->rejected += known && nothing;
  out->right += answer == truth;
  out->right_full += full == truth;
  out->macs += macs;
  if (!task->watched) return answer == truth;
  out->watched += !counts;
  out->others += counts;
  out->macs_others += counts ? macs : 0;
  out->misses += verdict == WNI_ERROR;
  out->misses_full += verdict_full == WNI_ERROR;
  out->losses += verdict == WNI_ERROR && verdict_full != WNI_ERROR;
  out->alarms += verdict == WNI_ALARM;
  out->alarms_full += verdict_full == WNI_ALARM;
  return answer == truth;
}

static void simulate_image(Simulator *s, size_t image, WniOutcome *out, uint64_t *exits,
                           int8_t *drop) {
  const WniTask *task = s->task;
  const WniScores *scores = task->scores;
  Decision d = decide(s, image);
  int truth = scores->truth[image];
  int full = wni_arg_max(wni_scores_at(scores, image, scores->n_exits), scores->n_classes);
  uint64_t macs = task->macs[d.stage];
  if (d.stage == scores->n_exits)
    macs -= (uint64_t)(scores->n_classes - d.rows) * task->macs_per_row;
  bool right = count(task, truth, d.answer, full, macs, out);
  if (exits) exits[d.stage]++;
  if (drop) *drop = (int8_t)((full == truth) - right);
}

static void close_simulator(Simulator *s) {
  free(s->rule.thresholds);
  free(s->survivors.alive);
  free(s->survivors.log_p);
}

static WnStatus open_simulator(Simulator *s, const WniTask *task, const double *thresholds,
                               WnError *error) {
  size_t n_classes = (size_t)task->scores->n_classes, n_exits = (size_t)task->scores->n_exits;
  *s = (Simulator){.task = task,
                   .rule = {.strategy = task->strategy,
                            .softmax = task->softmax,
                            .n_classes = (int)n_classes,
                            .thresholds = malloc((n_exits + 1) * sizeof *thresholds),
                            .n_exits = (int)n_exits,
                            .floors = task->floors,
                            .standardised = task->standardised,
                            .watched = (bool *)task->watched,
                            .watching = task->watched != NULL},
                   .survivors = {.alive = malloc(n_classes * sizeof(bool)),
                                 .log_p = malloc(n_classes * sizeof(double))}};
  if (!s->rule.thresholds || !s->survivors.alive || !s->survivors.log_p) {
    close_simulator(s);
    return wni_fail_memory(error, "the simulation");
  }
  memcpy(s->rule.thresholds, thresholds, n_exits * sizeof *thresholds);
  return WN_OK;
}

WnStatus wni_simulate(const WniTask *task, WniImages images, const double *thresholds,
                      WniOutcome *outcome, uint64_t *exits, int8_t *drops, WnError *error) {
  Simulator s;
  *outcome = (WniOutcome){0};
  if (exits) memset(exits, 0, ((size_t)task->scores->n_exits + 1) * sizeof *exits);
  WnStatus status = open_simulator(&s, task, thresholds, error);
  if (status != WN_OK) return status;
  for (size_t i = 0; i < images.n; i++)
    simulate_image(&s, images.index[i], outcome, exits, drops ? &drops[i] : NULL);
  close_simulator(&s);
  return WN_OK;
}

WnStatus wni_simulate_stops(const WniTask *task, WniImages images, const double *thresholds,
                            int *stages, int *answers, WnError *error) {
  Simulator s;
  WnStatus status = open_simulator(&s, task, thresholds, error);
  if (status != WN_OK) return status;
  s.rule.floors = NULL;
  for (size_t i = 0; i < images.n; i++) {
    Decision d = decide(&s, images.index[i]);
    stages[i] = d.stage;
    answers[i] = d.answer;
  }
  close_simulator(&s);
  return WN_OK;
}

WnStatus wni_simulate_answers(const WniTask *task, WniImages images, const double *thresholds,
                              int32_t *answers, WnError *error) {
  Simulator s;
  WnStatus status = open_simulator(&s, task, thresholds, error);
  if (status != WN_OK) return status;
  for (size_t i = 0; i < images.n; i++) answers[i] = decide(&s, images.index[i]).answer;
  close_simulator(&s);
  return WN_OK;
}
