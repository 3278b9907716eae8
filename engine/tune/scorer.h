/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Log scores of stored logits, as the exits of a session compute them.
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

/* False: no memory; what there is, is to be cleared all the same. */
bool wni_scorer_init(WniScorer *out, const WniTask *task);
void wni_scorer_clear(WniScorer *scorer);

void wni_scorer_score(WniScorer *scorer, size_t image, int exit);

/* The number that decides at this exit whether the image stops there when it comes with all
 * classes, smaller for those that stop earlier: class-exclusion: the largest log p_c - log p_m
 * that has to be excluded (for a watch query over the watched classes); confidence: -p_m;
 * entropy: the entropy. */
double wni_scorer_critical(const WniScorer *scorer);

#endif
