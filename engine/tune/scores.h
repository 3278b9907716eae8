/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a network says about a labelled set of images: the logits of every exit and of the end,
 * kept in memory, so that any policy can be tried without running the network again.
 */
#ifndef WNI_TUNE_SCORES_H
#define WNI_TUNE_SCORES_H

#include <winnow/winnow.h>

typedef struct WniScores {
  int n_exits, n_classes;
  size_t n, capacity;
  float *logits;  /* [n][n_exits + 1][n_classes]: those of the exits, then of the end */
  int32_t *truth; /* [n] the image's class; -1: none that the model knows */
} WniScores;

/* Makes room for one image of class `truth` and returns its logits, to be filled in;
 * NULL: no memory, and nothing has changed. */
float *wni_scores_add(WniScores *scores, int32_t truth);
void wni_scores_clear(WniScores *scores);

/* The logits [n_classes] of one image at an exit, or at the end (stage n_exits). */
static inline const float *wni_scores_at(const WniScores *scores, size_t image, int stage) {
  size_t n_stages = (size_t)scores->n_exits + 1;
  return scores->logits + (image * n_stages + (size_t)stage) * (size_t)scores->n_classes;
}

#endif
