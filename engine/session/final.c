/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The scores at the end of the network in the one form that decisions know (exit.h): logits.
 */
#include "session/session.h"

#include <math.h>

/* A probability that is rounded to 0 or 1 gets a logit that is finite. */
static float logit_of(WnScores form, float score) {
  const double least = exp(WNI_LOG_NEVER);
  if (form == WN_SCORES_LOGITS || !isfinite(score)) return score;
  double p = fmin(fmax((double)score, least), 1);
  double others = form == WN_SCORES_SIGMOID ? log(fmax(1 - p, least)) : 0;
  return (float)(log(p) - others);
}

const float *wni_final_logits(WnSession *session, ptrdiff_t *stride) {
  const WniTensor *final = &session->model->plan.final;
  const WniScoring *scoring = &session->model->plan.scoring;
  const float *scores = wni_tensor_data(final, session->arena);
  float *logits = session->final_scores;
  *stride = final->stride[1];
  if (scoring->form == WN_SCORES_LOGITS && !scoring->one) return scores;
  for (int64_t c = 0; c < final->shape.dim[1]; c++)
    logits[c] = logit_of(scoring->form, scores[c * *stride]);
  if (scoring->one) {
    logits[1] = logits[0];
    logits[0] = -logits[1];
  }
  *stride = 1;
  return logits;
}
