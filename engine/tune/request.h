/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a caller asks of a tuner, checked and in numbers.
 */
#ifndef WNI_TUNE_REQUEST_H
#define WNI_TUNE_REQUEST_H

#include "tune/tuner.h"

/* Counts of images. */
typedef struct WniLimits {
  int64_t images;         /* that errors can happen to: all, or those of watched classes */
  int64_t errors, alarms; /* allowed beyond the whole network's */
} WniLimits;

/* The largest count that is at most `fraction` of `images`. */
int64_t wni_limit_count(double fraction, int64_t images);

/* Fills in tuner->task and the limits.  Errors: ARGUMENT, DATA, MEMORY. */
WnStatus wni_request_resolve(WnTuner *tuner, const WnTuneRequest *request, WniLimits *limits,
                             WnError *error);

#endif
