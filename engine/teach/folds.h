/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which photos are held out together.  Photos of one minute show almost the same; were some of them
 * learnt from and others judged by, every figure would be too good.
 */
#ifndef WNI_TEACH_FOLDS_H
#define WNI_TEACH_FOLDS_H

#include <winnow/teach.h>

enum { WNI_FOLDS = 5 };

/* Writes each photo's fold [n], 0 .. WNI_FOLDS - 1: per class blocks of neighbours in time; whole
 * groups; what stands for itself at random.  *blocks: some are not at random.  False: no memory. */
bool wni_folds_make(const WnTeachPhoto *photos, size_t n, uint32_t seed, int *fold, bool *blocks);

/* Numbers at random, the same for the same seed on every machine. */
typedef struct WniRandom {
  uint64_t state;
} WniRandom;
WniRandom wni_random_start(uint64_t seed);
double wni_random_next(WniRandom *random); /* [0, 1) */

#endif
