/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `auto` goes by where two kinds of arithmetic would do: the time that a network takes in each
 * on this processor, measured when a model is opened.
 */
#ifndef WNI_SESSION_PRECISION_H
#define WNI_SESSION_PRECISION_H

#include "plan/plan.h"

/* Whether a plan that was made for `asked` is one of two that would do: `auto`, which took bfloat16
 * by its rule, and $WINNOW_AUTO is not "rule", which gives the same results each time. */
bool wni_precision_is_open(const WniPlan *plan, WnPrecision asked);

/* Nanoseconds by `clock` (NULL: the system's) for all steps on one thread, the least of a few runs;
 * INT64_MAX: no memory to run in. */
int64_t wni_precision_time(const WniPlan *plan, WnClock clock, void *clock_user);

/* Whether bfloat16, which rounds, is faster by more than measurements differ. */
bool wni_precision_is_worth(int64_t bf16_ns, int64_t fp32_ns);

#endif
