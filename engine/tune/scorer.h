/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Log scores of stored logits, as the exits of a session compute them; one scorer per thread.
 */
#ifndef WNI_TUNE_SCORER_H
#define WNI_TUNE_SCORER_H

#include "tune/simulate.h"

typedef struct WniScorer {
  const WniTask *task;
  double *unused; /* [n_exits] thresholds that scoring alone does not look at */
  bool *alive;    /* [n_classes] */
  double *log_p;  /* [n_classes] what wni_scorer_score() has found */
  int best;       /* arg max of it */
} WniScorer;

/* [count] scorers; NULL: no memory. */
WniScorer *wni_scorers_new(const WniTask *task, int count);
void wni_scorers_free(WniScorer *scorers, int count);

void wni_scorer_score(WniScorer *scorer, size_t image, int exit);

/* The number that decides at this exit whether the image stops there when it comes with all
 * classes, smaller for those that stop earlier: class-exclusion: the largest log p_c - log p_m
 * that has to be excluded (for a watch query over the watched classes); confidence: -p_m;
 * entropy: the entropy. */
double wni_scorer_critical(const WniScorer *scorer);

#endif
