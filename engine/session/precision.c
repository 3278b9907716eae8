/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See precision.h.
 */
#include "session/precision.h"

#include "base/clock.h"
#include "base/memory.h"
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS = 3 };

bool wni_precision_is_open(const WniPlan *plan, WnPrecision asked) {
  const char *how = getenv("WINNOW_AUTO");
  if (how && strcmp(how, "rule") == 0) return false;
  return asked == WN_PRECISION_AUTO && plan->precision == WN_PRECISION_BF16;
}

static int64_t system_clock(void *user) {
  (void)user;
  return wni_clock_ns();
}

int64_t wni_precision_time(const WniPlan *plan, WnClock clock, void *clock_user) {
  int64_t least = INT64_MAX;
  void *arena = wni_alloc_aligned(plan->arena_bytes, 1);
  wni_plan_pack_now(plan);
  if (!clock) clock = system_clock;
  for (int run = 0; run < RUNS && arena; run++) {
    int64_t start_ns = clock(clock_user);
    for (size_t s = 0; s < plan->n_steps; s++)
      wni_step_run(&plan->steps[s], arena, NULL, 0, (WniThread){.count = 1});
    int64_t took_ns = clock(clock_user) - start_ns;
    if (took_ns < least) least = took_ns;
  }
  free(arena);
  return least;
}

bool wni_precision_is_worth(int64_t bf16_ns, int64_t fp32_ns) {
  return bf16_ns < fp32_ns - fp32_ns / 20;
}
