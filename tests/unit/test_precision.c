/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `auto` goes by: when there is a choice, how long a plan takes, and which time is the better.
 */
#include <math.h>

#include "session/model.h"
#include "session/precision.h"
#include "suite.h"

#include <winnow/winnow.h>

START_TEST(only_auto_has_a_choice) {
  WniPlan plan = {.precision = WN_PRECISION_BF16};
  ck_assert_int_eq(unsetenv("WINNOW_AUTO"), 0);
  ck_assert(wni_precision_is_open(&plan, WN_PRECISION_AUTO));
  ck_assert(!wni_precision_is_open(&plan, WN_PRECISION_BF16));
  setenv("WINNOW_AUTO", "rule", 1);
  ck_assert(!wni_precision_is_open(&plan, WN_PRECISION_AUTO));
  unsetenv("WINNOW_AUTO");
  plan.precision = WN_PRECISION_FP32;
  ck_assert(!wni_precision_is_open(&plan, WN_PRECISION_AUTO));
  plan.precision = WN_PRECISION_INT8;
  ck_assert(!wni_precision_is_open(&plan, WN_PRECISION_AUTO));
}
END_TEST

/* Runs seem to take 30 and 20 ns. */
static int64_t scripted_clock(void *user) {
  static const int64_t times[] = {100, 130, 200, 220};
  size_t *calls = user;
  ck_assert_uint_lt(*calls, sizeof times / sizeof *times);
  return times[(*calls)++];
}

START_TEST(the_least_of_some_runs) {
  WnModel *model;
  WnError error;
  size_t calls = 0;
  ck_assert(wn_model_open(MODEL_FILE, NULL, &model, &error) == WN_OK);
  double work = 0;
  for (size_t s = 0; s < model->plan.n_steps; s += model->plan.n_steps / 8 | 1)
    work += model->plan.steps[s].work;
  ck_assert_double_eq_tol(wni_precision_cost(&model->plan, scripted_clock, &calls), 20 / work,
                          1e-9 / work);
  double cost = wni_precision_cost(&model->plan, NULL, NULL);
  ck_assert(cost > 1e-4 && cost < 1e4);
  ck_assert(isinf(wni_precision_cost(&(WniPlan){0}, NULL, NULL)));
  wn_model_unref(model);
}
END_TEST

START_TEST(bf16_has_to_be_clearly_faster) {
  ck_assert(wni_precision_is_worth(900, 1000));
  ck_assert(!wni_precision_is_worth(960, 1000));
  ck_assert(!wni_precision_is_worth(1100, 1000));
  ck_assert(!wni_precision_is_worth(INFINITY, INFINITY));
  ck_assert(wni_precision_is_worth(900, INFINITY)); /* no memory for the other */
}
END_TEST

SUITE_MAIN("precision", only_auto_has_a_choice, the_least_of_some_runs,
           bf16_has_to_be_clearly_faster)
