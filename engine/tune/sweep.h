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
  int threads;
  WniSums full;      /* the whole network, all heads included */
  WniSums *partial;  /* [threads][n_levels] */
  uint64_t *scratch; /* [threads][2][n_words] */
} WniSweep;

/* `threads` have been retained by the caller.  Errors: MEMORY; on failure `out` is empty. */
WnStatus wni_sweep_init(WniSweep *out, const WniGrid *grid, int threads, WnError *error);
void wni_sweep_clear(WniSweep *sweep);

/* sums [n_levels] for `exit` at each level and every other exit at level[exit]. */
void wni_sweep_run(WniSweep *sweep, const int *level, int exit, WniSums *sums);

#endif
