/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See tally.h.
 */
#include "tally.h"

#include <glib.h>
#include <math.h>

void tally_init(Tally *tally, const WnModelInfo *model) {
  int32_t n_stages = model->n_stages;
  *tally = (Tally){.n_stages = n_stages,
                   .nothing_class = model->nothing_class,
                   .several = model->scores == WN_SCORES_SIGMOID,
                   .exits = g_new0(uint64_t, n_stages),
                   .reached = g_new0(uint64_t, n_stages),
                   .survivors = g_new0(uint64_t, n_stages)};
}

void tally_clear(Tally *tally) {
  g_free(tally->exits);
  g_free(tally->reached);
  g_free(tally->survivors);
  *tally = (Tally){0};
}

static bool survives(const WnResult *result, int32_t class_index) {
  for (int32_t i = 0; i < result->n_survivors; i++)
    if (result->survivors[i] == class_index) return true;
  return false;
}

/* An image of the class that stands for nothing is answered rightly with nothing. */
static bool is_right(const Tally *tally, const WnResult *result, int32_t truth) {
  if (result->class_index < 0) return truth == tally->nothing_class;
  return tally->several ? survives(result, truth) : truth == result->class_index;
}

void tally_add(Tally *tally, const WnResult *result, int32_t truth, bool right_full) {
  bool nothing = result->class_index < 0;
  bool known = truth >= 0 && truth != tally->nothing_class;
  tally->images++;
  tally->nothing += nothing;
  tally->known += known;
  tally->rejected += known && nothing;
  tally->correct += is_right(tally, result, truth);
  tally->correct_full += right_full;
  tally->macs += (double)result->macs;
  tally->exits[result->exit_stage]++;
  /* A strategy that evaluates no heads has entries for the last stages only. */
  int32_t first = result->exit_stage + 1 - result->n_stages_evaluated;
  for (int32_t i = 0; i < result->n_stages_evaluated; i++) {
    tally->reached[first + i]++;
    tally->survivors[first + i] += (uint64_t)result->survivors_per_stage[i];
  }
}

static double ratio(double sum, uint64_t n) {
  return n > 0 ? sum / (double)n : NAN;
}

double tally_accuracy(const Tally *tally) {
  return ratio((double)tally->correct, tally->images);
}

double tally_accuracy_full(const Tally *tally) {
  return ratio((double)tally->correct_full, tally->images);
}

double tally_rejected(const Tally *tally) {
  return ratio((double)tally->rejected, tally->known);
}

double tally_nothing(const Tally *tally) {
  return ratio((double)tally->nothing, tally->images);
}

double tally_macs_mean(const Tally *tally) {
  return ratio(tally->macs, tally->images);
}

double tally_survivors(const Tally *tally, int32_t stage) {
  return ratio((double)tally->survivors[stage], tally->reached[stage]);
}
