/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See work.h.  Counted in double: no product of sizes overflows it.
 */
#include "plan/work.h"

#include "base/error.h"
#include "base/list.h"
#include "kernels/loop.h"

#include <stdlib.h>
#include <string.h>

static double points(const WniLoop *loop) {
  return (double)wni_loop_count(loop, loop->rank);
}

static double smaller(double a, double b) {
  return a < b ? a : b;
}

/* Elements of the window that lie in the image. */
static double window(const WniPool *pool) {
  return smaller((double)pool->kernel_size[0], (double)pool->in.h) *
         smaller((double)pool->kernel_size[1], (double)pool->in.w);
}

/* What a step does with what it reads, beside multiplying, for an element of its output, or for
 * all of them where its loops say how many there are. */
static double visits(const WniStep *step) {
  double out = (double)wni_shape_count(&step->shape);
  switch (step->kind) {
  case WNI_STEP_POOL:
    return out * window(&step->layer.pool);
  case WNI_STEP_LRN:
    return out * smaller((double)step->layer.lrn.size, (double)step->layer.lrn.in.c);
  case WNI_STEP_TOP:
    return points(&step->layer.top.loop) * (double)step->layer.top.length *
           (double)step->layer.top.k;
  case WNI_STEP_INTERPOLATE:
    return points(&step->layer.interpolate.loop) * (double)step->layer.interpolate.n_out *
           (double)step->layer.interpolate.n_taps;
  case WNI_STEP_REDUCE:
    return points(&step->layer.reduce.kept) * points(&step->layer.reduce.reduced);
  case WNI_STEP_NORMALIZE: /* mean, variance, result */
    return 3 * points(&step->layer.normalize.kept) * points(&step->layer.normalize.reduced);
  case WNI_STEP_SOFTMAX: /* the largest, exponentials, their sum, result */
    return 4 * points(&step->layer.softmax.loop) * (double)step->layer.softmax.length;
  case WNI_STEP_PLACES:
    return (double)step->layer.places.n * (double)step->layer.places.run;
  case WNI_STEP_LSTM: /* gates and cells */
    return 8 * out;
  default:
    return out;
  }
}

static double work_of(const WniStep *step) {
  return (double)step->macs + visits(step) + (double)step->bytes / sizeof(float);
}

WnStatus wni_work_limit(uint64_t given, double *out, WnError *error) {
  const char *environment = getenv("WINNOW_MAX_WORK");
  *out = given ? (double)given : WNI_USUAL_MAX_WORK;
  if (given || !environment) return WN_OK;
  WnStatus status =
      wni_list_numbers(environment, strlen(environment), out, 1, "WINNOW_MAX_WORK", error);
  if (status == WN_OK && !(*out >= 1))
    return wni_fail(error, WN_ERROR_ARGUMENT, "WINNOW_MAX_WORK: %g is not a number from 1 on",
                    *out);
  return status;
}

WnStatus wni_work_check(WniPlan *plan, double limit, WnError *error) {
  const WniStep *most = NULL;
  double all = 0, of_most = -1;
  for (size_t s = 0; s < plan->n_steps; s++) {
    double work = plan->steps[s].work = work_of(&plan->steps[s]);
    all += work;
    if (work <= of_most) continue;
    of_most = work;
    most = &plan->steps[s];
  }
  if (!most || all <= limit) return WN_OK;
  return wni_fail(error, WN_ERROR_UNSUPPORTED,
                  "a frame would take %.3g operations, most of them node '%.100s' (%.40s, %.3g), "
                  "but no more than %.3g are allowed; the environment variable WINNOW_MAX_WORK (in "
                  "programs: WnModelOptions.max_work) raises that",
                  all, most->name, most->op, of_most, limit);
}
