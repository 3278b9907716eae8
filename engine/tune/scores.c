/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See scores.h.
 */
#include "tune/scores.h"

#include <stdlib.h>

static bool resize(void **array, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return false;
  void *larger = realloc(*array, bytes);
  if (!larger) return false;
  *array = larger;
  return true;
}

float *wni_scores_add(WniScores *scores, int32_t truth) {
  size_t row = ((size_t)scores->n_exits + 1) * (size_t)scores->n_classes;
  if (scores->n == scores->capacity) {
    size_t wanted = scores->capacity ? scores->capacity * 2 : 256;
    if (!resize((void **)&scores->logits, wanted, row * sizeof *scores->logits) ||
        !resize((void **)&scores->truth, wanted, sizeof *scores->truth))
      return NULL;
    scores->capacity = wanted;
  }
  scores->truth[scores->n] = truth;
  return scores->logits + scores->n++ * row;
}

void wni_scores_clear(WniScores *scores) {
  free(scores->logits);
  free(scores->truth);
  *scores = (WniScores){0};
}
