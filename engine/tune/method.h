/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The methods of wn_tuner_search(), from a task to thresholds.
 */
#ifndef WNI_TUNE_METHOD_H
#define WNI_TUNE_METHOD_H

#include "tune/simulate.h"

/* What is allowed beyond the whole network's errors, as fractions: of all images, or with a watch
 * query of those of watched classes; and of the other images false alarms. */
typedef struct WniAllowed {
  double errors, alarms;
} WniAllowed;

/* The paper's search, by steps of a hundredth (winnow/tune.h).  For this and all below: thresholds
 * [n_exits] or more are the caller's.  Errors: MEMORY. */
WnStatus wni_method_greedy(const WniTask *task, WniImages images, WniAllowed allowed,
                           double *thresholds, WnError *error);

/* All exits together, such that the allowed errors are to be expected on new images (method.c).
 * Uses `threads` threads, which the caller has retained. */
WnStatus wni_method_joint(const WniTask *task, WniImages images, WniAllowed allowed, int threads,
                          double *thresholds, WnError *error);

/* The joint search for several numbers of allowed errors on these very images, errors [n] in
 * ascending order; thresholds [n][n_exits]. */
WnStatus wni_method_curve(const WniTask *task, WniImages images, const double *errors, size_t n,
                          double alarms, double *thresholds, WnError *error);

/* The largest count that is at most `fraction` of `images`. */
int64_t wni_count_allowed(double fraction, size_t images);

/* The most losses, images that only the whole network gets right, that can come with so many errors
 * in all, as fractions of the relevant images. */
double wni_count_losses(const WniTask *task, WniImages images, double errors);

/* How many of the images errors can happen to; the others, with a watch query, are the rest. */
size_t wni_count_relevant(const WniTask *task, WniImages images);

#endif
