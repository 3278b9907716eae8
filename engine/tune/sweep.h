/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One step of every search: with the levels of all other exits fixed, what each level of
 * one exit would give.
 */
#ifndef WNI_TUNE_SWEEP_H
#define WNI_TUNE_SWEEP_H

#include "tune/grid.h"

/* Sums over the grid's images. */
typedef struct WniSums {
  int64_t macs; /* of the images that count */
  int64_t errors, alarms;
} WniSums;

typedef struct WniSweep {
  const WniGrid *grid;
  WniSums full;      /* the whole network, all heads included */
  uint64_t *scratch; /* [2][n_words] */
} WniSweep;

/* Errors: MEMORY; on failure `out` is empty. */
WnStatus wni_sweep_init(WniSweep *out, const WniGrid *grid, WnError *error);
void wni_sweep_clear(WniSweep *sweep);

/* sums [n_levels] for `exit` at each level and every other exit at level[exit]. */
void wni_sweep_run(WniSweep *sweep, const int *level, int exit, WniSums *sums);

#endif
