/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See precision.h.
 */
#include "session/precision.h"

#include "base/clock.h"
#include "base/memory.h"
#include "session/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 2, STEPS = 8 }; /* that are enough to tell */

bool wni_precision_goes_by_rule(void) {
  const char *how = getenv("WINNOW_AUTO");
  return how && strcmp(how, "rule") == 0;
}

bool wni_precision_is_open(const WniPlan *plan, WnPrecision asked) {
  return !wni_precision_goes_by_rule() && asked == WN_PRECISION_AUTO &&
         plan->precision == WN_PRECISION_BF16;
}

static int64_t system_clock(void *user) {
  (void)user;
  return wni_clock_ns();
}

/* Every `stride`-th step; their operations. */
static double run_some(const WniPlan *plan, size_t stride, void *arena) {
  double work = 0;
  for (size_t s = 0; s < plan->n_steps; s += stride) {
    wni_step_run(&plan->steps[s], arena, NULL, 0, (WniThread){.count = 1});
    work += plan->steps[s].work;
  }
  return work;
}

double wni_precision_cost(const WniPlan *plan, WnClock clock, void *clock_user) {
  double least = INFINITY;
  void *arena = wni_alloc_aligned(plan->arena_bytes, 1);
  /* Odd: blocks of two steps follow each other. */
  size_t stride = plan->n_steps / STEPS | 1;
  wni_plan_pack_now(plan);
  if (!clock) clock = system_clock;
  for (int run = 0; run < RUNS && arena; run++) {
    int64_t start_ns = clock(clock_user);
    double work = run_some(plan, stride, arena), took_ns = (double)(clock(clock_user) - start_ns);
    if (work > 0 && took_ns / work < least) least = took_ns / work;
  }
  free(arena);
  return least;
}

bool wni_precision_is_worth(double bf16, double fp32) {
  return bf16 < 0.95 * fp32;
}
