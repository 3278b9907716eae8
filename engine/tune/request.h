/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a caller asks of a tuner, checked and in numbers.
 */
#ifndef WNI_TUNE_REQUEST_H
#define WNI_TUNE_REQUEST_H

#include "tune/method.h"
#include "tune/tuner.h"

/* Fills in tuner->task and what is allowed.  Errors: ARGUMENT, DATA, MEMORY. */
WnStatus wni_request_resolve(WnTuner *tuner, const WnTuneRequest *request, WniAllowed *allowed,
                             WnError *error);

#endif
