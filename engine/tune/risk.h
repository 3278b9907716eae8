/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Risk control: thresholds with a guarantee for images that were not looked at.
 */
#ifndef WNI_TUNE_RISK_H
#define WNI_TUNE_RISK_H

#include "tune/simulate.h"

/* A random order, always the same. */
void wni_shuffle(uint32_t *index, size_t n);

/* Evidence that the mean of what `drops` [n] were drawn from, numbers -1, 0 and 1, is not above
 * `limit`: a p-value for the opposite, in (0, 1].  It is valid for any n, and sharpest where it is
 * near `delta`. */
double wni_risk_p_value(const int8_t *drops, size_t n, double limit, double delta);

/* Finds thresholds [n_exits] whose drop on new images is at most `limit` with probability
 * `confidence`, with a search on one random half of the images and a test on the other.  *n_tested
 * and *drop_tested describe the test. Errors: DATA (nothing passes the test), MEMORY. */
WnStatus wni_risk_search(const WniTask *task, WniImages images, double limit, double confidence,
                         double *thresholds, uint64_t *n_tested, double *drop_tested,
                         WnError *error);

#endif
