/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The search's view of the images: a few thresholds for every exit, its levels, and for every
 * image, exit and level the set of classes that survive there, as bits.  A decision is
 * then an AND, and it is the one that session/exit.c would make.
 *
 * Level 0 never stops an image; higher levels stop more of them.
 */
#ifndef WNI_TUNE_GRID_H
#define WNI_TUNE_GRID_H

#include "tune/simulate.h"

/* Which mistakes are counted. */
typedef enum WniCount {
  WNI_COUNT_ALL,   /* so that what an early exit happens to get right makes up for others */
  WNI_COUNT_LOSSES /* those that the whole network does not make */
} WniCount;

typedef struct WniGrid {
  const WniTask *task;
  WniCount count;
  WniImages images; /* those it is made of */
  int n_exits, n_levels;
  int n_bits;            /* n_classes; confidence and entropy: 2, the best class and all others */
  int n_words;           /* of 64 bits, for n_bits */
  bool monotonic;        /* what stops an image at some level does so at all higher ones */
  double *thresholds;    /* [n_exits][n_levels] */
  uint64_t *masks;       /* [n][n_exits][n_levels][n_words] survivors */
  uint64_t *watched;     /* [n_words]; all zero without a query */
  int32_t *best;         /* [n][n_exits] the bit of the best class, which is readmitted */
  uint8_t *verdict;      /* [n][n_exits] WNI_ERROR, WNI_ALARM or 0 of answering there */
  uint8_t *verdict_full; /* [n] of answering at the end among all classes */
  uint8_t *counts;       /* [n] the image's MACs are to become fewer */
} WniGrid;

/* Makes the grid with up to `n_levels` levels, fewer when memory would run out.  `thresholds`
 * [n_exits][n_levels] come from the caller, or NULL: from the images, between whose
 * critical values they lie (levels.c).  On failure `out` is empty.  Errors: MEMORY. */
WnStatus wni_grid_init(WniGrid *out, const WniTask *task, WniImages images, WniCount count,
                       int n_levels, const double *thresholds, WnError *error);
void wni_grid_clear(WniGrid *grid);

/* Chooses thresholds [n_exits][n_levels] from the images (levels.c).  Errors: MEMORY. */
WnStatus wni_levels_choose(const WniTask *task, WniImages images, int n_levels, double *thresholds,
                           WnError *error);

#endif
