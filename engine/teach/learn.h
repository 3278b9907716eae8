/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heads from features.  Each tap has a regression of its own, which is blended with those before
 * it:
 *
 *   z_t = own_t + scale_{t-1} z_{t-1} / 2        logits_t = told_t z_t
 *
 * L2 and the scales (one over the temperature) are those with the least loss on photos held out.
 * Where all are right the scale would grow without end, and it is told smaller: as by Platt (1999)
 * each photo may be another class's with 1 / (n + 2), since so many photos cannot tell more.
 */
#ifndef WNI_TEACH_LEARN_H
#define WNI_TEACH_LEARN_H

#include "teach/backbone.h"

/* What is learnt from.  A photo has `n_views` rows, its own first. */
typedef struct WniLesson {
  size_t n, n_views, n_classes;
  int n_taps;
  size_t width[WNI_MAX_TAPS];                /* features of each tap */
  const float *features;                     /* [n * n_views][sum of width] */
  const int32_t *truth;                      /* [n] */
  const int *fold;                           /* [n] */
  int threads;                               /* retained by the caller */
  void (*progress)(void *user, double done); /* NULL: none */
  void *user;
} WniLesson;

/* Writes logits [n][n_taps][n_classes] of the photos by heads that have not seen their folds,
 * scale_t / told_t to sharpness [n_taps], and the heads learnt from all photos, to be cleared
 * whatever happens; NULL: not wanted.  False: no memory. */
bool wni_learn(const WniLesson *lesson, float *logits, double *sharpness, WniHeads *heads);

void wni_heads_clear(WniHeads *heads);

#endif
