/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arithmetic of floors: how little an image's classes look like any of the model's, and how
 * much of that may be called nothing when a share of the known images is all that may be lost.
 *
 *   s_i  the image's floor-score at stage i: the largest over all classes (session/exit.h); at the
 *        end that of the best survivor
 *   u_i  its rank among known images at that stage, in (0, 1]
 *   t  = min of u_i / w_i over the stages that it comes to, with weights w_i that sum to 1
 *
 * An image is rejected where t < r: one number r stands for the floors of all stages.  Floors
 * change nothing else about an image, so which stages it comes to depends on the thresholds alone,
 * and r is calibrated as the threshold of a single score (floor_find.c).
 */
#ifndef WNI_TUNE_FLOOR_H
#define WNI_TUNE_FLOOR_H

#include "tune/simulate.h"

/* s [images.n] of one stage, of the classes [images.n]; NULL: the largest. */
void wni_floor_scores(const WniScores *scores, WniImages images, int stage, bool standardised,
                      const int *classes, double *out);

/* The distribution of known images' scores at one stage: the empirical one, linear between two
 * scores that differ, with an exponential tail below the lowest, so that it rises strictly and
 * images beyond all known ones still differ. */
typedef struct WniRank {
  const double *sorted; /* [n] ascending, n >= 1 */
  size_t n;
  double tail; /* the tail's scale, above 0 */
} WniRank;

/* Sorts the scores [n] in place and borrows them. */
WniRank wni_rank_make(double *scores, size_t n);
double wni_rank_of(const WniRank *rank, double score);
/* The score whose rank is `u`; for 1 or more the largest known one. */
double wni_rank_inverse(const WniRank *rank, double u);

/* The floor for `u`, in few digits: only scores whose ranks are below `u` are not above it. */
double wni_rank_floor(const WniRank *rank, double u);

/* I_x(k, n + 1 - k), the regularised incomplete beta function for 1 <= k <= n: the probability
 * that a Beta(k, n + 1 - k) is at most x. */
double wni_beta_share(size_t k, size_t n, double x);

/* Which of the n smallest calibration values bounds the rejected ones: the largest k such that new
 * known images are below the k-th smallest with probability `rejected` at most; `confidence` above
 * 0: so that with this probability over the calibration images the share of new ones is.  0: n is
 * too few. */
size_t wni_conformal_count(size_t n, double rejected, double confidence);

/* The least n for which that is 1. */
size_t wni_conformal_needed(double rejected, double confidence);

#endif
