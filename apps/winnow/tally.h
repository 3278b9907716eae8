/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums over the results of an evaluation, for all images or for one class.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <winnow/winnow.h>

/* Read the sums through the functions below; a mean of nothing is NaN. */
typedef struct Tally {
  int32_t n_stages;
  int32_t nothing_class; /* of the model */
  bool several;          /* an image may be of several classes: right if its own is among them */
  uint64_t images, correct, correct_full;
  uint64_t nothing;         /* images answered with nothing */
  uint64_t known, rejected; /* images of classes that the model knows; those among `nothing` */
  double macs;
  uint64_t *exits;     /* [n_stages] images that stopped there */
  uint64_t *reached;   /* [n_stages] images for which the stage was evaluated */
  uint64_t *survivors; /* [n_stages] classes left after it, summed over those */
} Tally;

void tally_init(Tally *tally, const WnModelInfo *model);
void tally_clear(Tally *tally);

/* Counts one image whose class is `truth` (-1: none that the model knows); `right_full`: the whole
 * network is right about it. */
void tally_add(Tally *tally, const WnResult *result, int32_t truth, bool right_full);

double tally_accuracy(const Tally *tally);
double tally_accuracy_full(const Tally *tally);
double tally_rejected(const Tally *tally); /* of the known */
double tally_nothing(const Tally *tally);
double tally_macs_mean(const Tally *tally);
double tally_survivors(const Tally *tally, int32_t stage);

#endif
