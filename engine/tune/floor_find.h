/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Floors for all stages from images: the search behind WnTuneRequest's max_rejected.
 */
#ifndef WNI_TUNE_FLOOR_FIND_H
#define WNI_TUNE_FLOOR_FIND_H

#include "tune/floor.h"

typedef struct WniFloorRequest {
  double rejected;          /* the share of known images that may be lost, in (0, 1) */
  double confidence;        /* 0: on average over calibration sets */
  const WniScores *nothing; /* pictures of nothing the model knows; n 0: none */
} WniFloorRequest;

typedef struct WniFloors {
  double *floors;  /* [n_exits + 1], the caller's; NaN: none at that stage */
  double *weights; /* [n_exits + 1], the caller's; NULL: not wanted */
  bool standardised;
  uint64_t n_calibrated; /* images that the promise was calibrated on */
  double rejected;       /* the most of them that is lost, a share */
} WniFloors;

/* Finds floors for `task` with `thresholds` [n_exits] in force: one random half of the known
 * images (all but those of the class that stands for nothing) gives ranks and weights, the other
 * calibrates.  The promise holds with these thresholds.  Errors: DATA (too few images), MEMORY. */
WnStatus wni_floors_find(const WniTask *task, WniImages images, const double *thresholds,
                         const WniFloorRequest *request, WniFloors *out, WnError *error);

#endif
