/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `winnow eval` found, and its two ways to print it.
 */
#ifndef EVAL_REPORT_H
#define EVAL_REPORT_H

#include "tally.h"

/* One model and what it did with the images. */
typedef struct Candidate {
  WnModel *model;
  WnSession *session;
  Tally total;
} Candidate;

/* `second` is the model compared with, NULL without one. */
typedef struct Evaluation {
  Candidate first, *second;
  Tally *classes; /* [n_classes] of the first model */
  Tally nothing;  /* of it, on pictures of nothing that it knows; no images: there are none */
  uint64_t same_class, same_exit;
  unsigned n_broken; /* pictures that could not be read, which count nowhere else */
} Evaluation;

void eval_print_json(const Evaluation *evaluation);
void eval_print_text(const Evaluation *evaluation);

#endif
