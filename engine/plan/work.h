/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much a frame may ask for: a file of a few hundred bytes can want a window of millions of
 * elements around each of millions.
 */
#ifndef WNI_PLAN_WORK_H
#define WNI_PLAN_WORK_H

#include "plan/plan.h"

/* What a model may take where nobody says it: fifty times a ViT-L. */
#define WNI_USUAL_MAX_WORK 1e13

/* What a model may take: `given`; 0: the number in the environment variable WINNOW_MAX_WORK, or
 * WNI_USUAL_MAX_WORK.  Errors: ARGUMENT (the variable is no number from 1 on). */
WnStatus wni_work_limit(uint64_t given, double *out, WnError *error);

/* Sets `work` of all steps; whether they, heads included, stay within `limit` elementary
 * operations: a multiply-accumulate, or an element that is read, written, compared or put into a
 * function. Errors: UNSUPPORTED, with the node that takes most. */
WnStatus wni_work_check(WniPlan *plan, double limit, WnError *error);

#endif
