/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a policy would do with images whose logits are known: decided by session/exit.c
 * itself, so that a session with the same thresholds does the same.
 */
#ifndef WNI_TUNE_SIMULATE_H
#define WNI_TUNE_SIMULATE_H

#include "session/exit.h"
#include "tune/scores.h"

/* What is tuned, for which images, at what cost.  Nothing in it is owned. */
typedef struct WniTask {
  const WniScores *scores;
  WnStrategy strategy;   /* class-exclusion, confidence or entropy; none is simulated only */
  bool softmax;          /* the exit score of class-exclusion; else sigmoid */
  const bool *watched;   /* [n_classes] a watch query; NULL: plain classification */
  bool in_order;         /* images that follow each other may show the same: no sample is random */
  const uint64_t *macs;  /* [n_exits + 1] of an image that stops at this stage */
  uint64_t macs_per_row; /* that the final classifier is spared by each excluded class */
  const double *floors;  /* [n_exits + 1] NaN: none; NULL: none at all.  Searches ignore them */
  bool standardised;     /* the floor-score */
  const int *nothing;    /* the class that answers `nothing`; NULL: none */
} WniTask;

/* Some of the images, by index. */
typedef struct WniImages {
  const uint32_t *index; /* [n] */
  size_t n;
} WniImages;

/* Sums over images; `full` stands for the whole network with all classes. */
typedef struct WniOutcome {
  uint64_t images, right, right_full;
  uint64_t nothing, macs_nothing; /* images answered with nothing, and what that cost */
  uint64_t known, rejected;       /* images of other classes; those answered with nothing */
  uint64_t macs;                  /* over all images */
  /* With a watch query: images of watched classes, and of the others. */
  uint64_t watched, misses, misses_full, losses; /* losses: misses that `full` does not make */
  uint64_t others, alarms, alarms_full, macs_others;
} WniOutcome;

enum { WNI_ERROR = 1, WNI_ALARM = 2 };

/* Whether a query's class; -1, nothing, never is. */
static inline bool wni_task_watches(const WniTask *task, int class_index) {
  return class_index >= 0 && task->watched[class_index];
}

/* What is wrong with answering `answer`, -1 for nothing, for an image of class `truth`: WNI_ERROR
 * (another class, or a watched class missed), WNI_ALARM (a watched class where there is none), 0.
 */
static inline int wni_task_verdict(const WniTask *task, int truth, int answer) {
  if (!task->watched) return answer != truth ? WNI_ERROR : 0;
  bool watched = wni_task_watches(task, answer);
  if (wni_task_watches(task, truth)) return watched ? 0 : WNI_ERROR;
  return watched ? WNI_ALARM : 0;
}

/* Whether the image's MACs are to become fewer: all but those of watched classes. */
static inline bool wni_task_counts(const WniTask *task, int truth) {
  return !task->watched || !wni_task_watches(task, truth);
}

/* arg max, ties to the lowest index */
int wni_arg_max(const float *logits, int n);

/* `exits` [n_exits + 1], the images that stop at each stage, and `drops` [images.n], 1 where only
 * the whole network is right, -1 where only the policy is, may be NULL.  Errors: MEMORY. */
WnStatus wni_simulate(const WniTask *task, WniImages images, const double *thresholds,
                      WniOutcome *outcome, uint64_t *exits, int8_t *drops, WnError *error);

/* Where each image stops were there no floors, stages [images.n], and the class that is the best
 * survivor there, answers [images.n].  Floors only end what would go on: an image that they do not
 * reject stops just so.  Errors: MEMORY. */
WnStatus wni_simulate_stops(const WniTask *task, WniImages images, const double *thresholds,
                            int *stages, int *answers, WnError *error);

/* What is answered for each image, floors and all: its class, -1 for nothing.  Errors: MEMORY. */
WnStatus wni_simulate_answers(const WniTask *task, WniImages images, const double *thresholds,
                              int32_t *answers, WnError *error);

#endif
