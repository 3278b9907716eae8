/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The insides of a tuner (winnow/tune.h).
 */
#ifndef WNI_TUNE_TUNER_H
#define WNI_TUNE_TUNER_H

#include <winnow/tune.h>

#include "session/session.h"
#include "tune/simulate.h"

struct WnTuner {
  WnModel *model;
  WnSession *session; /* runs to the end, all heads */
  WniScores scores;
  WniScores nothing; /* of pictures of nothing that the model knows */
  bool unlabelled;   /* some images are, as those of a stream */
  uint32_t *all;     /* 0, 1, 2, ... as many as there are images; made by each search */
  uint64_t *macs;    /* [n_exits + 1] see WniTask */

  /* the last request, resolved, and what was found for it; `found` when it may be written */
  WniTask task;
  bool *watched; /* [n_classes] */
  char *watch;   /* the set as the request has it; NULL: none yet */
  char watch_warning[256];
  double *thresholds; /* [n_exits] */
  double *floors;     /* [n_exits + 1] */
  bool standardised;  /* their floor-score */
  bool floors_found;  /* else those of the file, if any, are in force */
  uint64_t *exits;    /* [n_exits + 1] */
  bool found;
  bool kept; /* the thresholds are those of the file */
};

/* All images. */
WniImages wni_tuner_images(const WnTuner *tuner);

/* Whether the file's watch sets must go: their betas mean something else with the new score. */
bool wni_tuner_drops_watch(const WnTuner *tuner);

#endif
