/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `auto` goes by where two kinds of arithmetic would do: the time that a network takes in each
 * on this processor, measured when a model is opened.
 */
#ifndef WNI_SESSION_PRECISION_H
#define WNI_SESSION_PRECISION_H

#include "plan/plan.h"

/* Whether nothing is to be measured: $WINNOW_AUTO is "rule". */
bool wni_precision_goes_by_rule(void);

/* Whether a plan that was made for `asked` is one of two that would do: `auto`, which took bfloat16
 * by its rule, and $WINNOW_AUTO is not "rule", which gives the same results each time. */
bool wni_precision_is_open(const WniPlan *plan, WnPrecision asked);

/* Nanoseconds by `clock` (NULL: the system's) that an elementary operation takes on one thread, the
 * least of two runs of steps from all over the network; INFINITY: no memory to run in, or nothing
 * to run. */
double wni_precision_cost(const WniPlan *plan, WnClock clock, void *clock_user);

/* Whether bfloat16, which rounds, is faster by more than measurements differ. */
bool wni_precision_is_worth(double bf16, double fp32);

#endif
