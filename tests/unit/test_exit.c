/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * session/exit.c on logits made by hand: each sentence of the exclusion rule.
 */
#include "session/exit.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { N = 5 };

typedef struct Case {
  WniExitRule rule;
  double thresholds[4];
  bool watched[N], alive[N];
  double log_p[N];
  int groups[N];
  WniSurvivors survivors;
  WnStopReason reason;
} Case;

static void start(Case *c, WnStrategy strategy, double threshold) {
  *c = (Case){.reason = WN_STOP_REASON_COUNT};
  for (int i = 0; i < 4; i++) c->thresholds[i] = threshold;
  c->rule = (WniExitRule){.strategy = strategy,
                          .softmax = true,
                          .n_classes = N,
                          .thresholds = c->thresholds,
                          .watched = c->watched,
                          .group_of = c->groups};
  for (int i = 0; i < N; i++) c->groups[i] = -1;
  c->survivors = (WniSurvivors){.alive = c->alive, .log_p = c->log_p};
  wni_survivors_reset(&c->survivors, N);
}

static bool test(Case *c, int exit, const float *logits) {
  return wni_exit_test(&c->rule, exit, logits, 1, &c->survivors, &c->reason);
}

static void expect_alive(const Case *c, const char *bits) {
  int count = 0;
  for (int i = 0; i < N; i++) {
    ck_assert_msg(c->alive[i] == (bits[i] == '1'), "class %d", i);
    count += c->alive[i];
  }
  ck_assert_int_eq(c->survivors.count, count);
}

START_TEST(far_classes_are_excluded_for_good) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, exp(-2.5));
  const float first[N] = {4, 3, 2, 1, 0}, second[N] = {4, 4, 4, 4, 3.9f};
  ck_assert(!test(&c, 0, first));
  expect_alive(&c, "11100");
  ck_assert(!test(&c, 1, second)); /* 3 and 4 are near again, but gone */
  expect_alive(&c, "11100");
}
END_TEST

START_TEST(the_best_class_is_readmitted) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, exp(-1.5));
  const float first[N] = {4, 3, 2, 1, 0}, second[N] = {3.5f, 3.2f, 0, 0, 4};
  test(&c, 0, first);
  expect_alive(&c, "11000");
  ck_assert(!test(&c, 1, second));
  expect_alive(&c, "11001"); /* the set grew by one */
}
END_TEST

START_TEST(the_limit_itself_is_excluded) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.5);
  const float logits[N] = {0, 0, -100, -100, -100};
  c.rule.softmax = true;
  ck_assert(!test(&c, 0, logits)); /* p_1 = p_0 > 0.5 p_0 */
  expect_alive(&c, "11000");
  c.thresholds[1] = 0; /* beta 0 excludes nothing that is still there */
  ck_assert(!test(&c, 1, logits));
  expect_alive(&c, "11000");
}
END_TEST

START_TEST(beta_zero_excludes_nothing) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0);
  const float logits[N] = {1000, 0, -1000, -3e38f, 0};
  ck_assert(!test(&c, 0, logits));
  expect_alive(&c, "11111");
}
END_TEST

START_TEST(ties_go_to_the_lowest_index) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.9);
  const float logits[N] = {1, 7, 7, 7, 1};
  int32_t order[N];
  ck_assert(!test(&c, 0, logits));
  ck_assert_int_eq(c.survivors.best, 1);
  wni_survivors_order(&c.survivors, N, order);
  ck_assert(order[0] == 1 && order[1] == 2 && order[2] == 3);
}
END_TEST

START_TEST(one_survivor_stops) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.5);
  const float logits[N] = {0, 0, 9, 0, 0};
  ck_assert(test(&c, 0, logits));
  ck_assert_int_eq(c.reason, WN_STOP_SINGLE_CLASS);
  expect_alive(&c, "00100");
}
END_TEST

START_TEST(sigmoid_saturates_and_softmax_does_not) {
  Case c;
  const float logits[N] = {20, 14, -20, -20, -20};
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.5);
  c.rule.softmax = false;
  ck_assert(!test(&c, 0, logits)); /* both sigmoids are almost 1 */
  expect_alive(&c, "11000");
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.5);
  ck_assert(test(&c, 0, logits)); /* odds exp(-6) */
  expect_alive(&c, "10000");
}
END_TEST

START_TEST(scores_that_underflow_are_still_told_apart) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.1);
  c.rule.softmax = false;
  const float logits[N] = {-2000, -2001, -2003, -2004, -2005};
  ck_assert(!test(&c, 0, logits));
  expect_alive(&c, "11000");
}
END_TEST

START_TEST(watch_stops_when_no_watched_class_survives) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.2);
  c.rule.watching = true;
  c.watched[4] = true;
  const float first[N] = {4, 3.9f, 0, 0, 3.5f}, second[N] = {4, 3.9f, 0, 0, 0};
  ck_assert(!test(&c, 0, first));
  ck_assert(test(&c, 1, second));
  ck_assert_int_eq(c.reason, WN_STOP_WATCH);
  const float alone[N] = {9, 0, 0, 0, 0};
  ck_assert(test(&c, 2, alone));
  ck_assert_int_eq(c.reason, WN_STOP_SINGLE_CLASS); /* tested before watch */
}
END_TEST

START_TEST(group_stops_when_all_are_of_one_kind) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.2);
  c.rule.grouping = true;
  c.groups[0] = c.groups[1] = 7;
  const float mixed[N] = {4, 3.9f, 3.8f, 0, 0}, pure[N] = {4, 3.9f, 0, 0, 0};
  ck_assert(!test(&c, 0, mixed));
  ck_assert(test(&c, 1, pure));
  ck_assert_int_eq(c.reason, WN_STOP_GROUP);
  ck_assert_int_eq(c.survivors.group, 7);
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.2);
  c.rule.grouping = true;
  ck_assert(!test(&c, 0, pure)); /* classes without a group never stop */
}
END_TEST

START_TEST(confidence_needs_exactly_one) {
  Case c;
  const float clear[N] = {5, 0, 0, 0, 0}, torn[N] = {5, 5, 0, 0, 0};
  start(&c, WN_STRATEGY_CONFIDENCE, 0.3);
  ck_assert(!test(&c, 0, torn)); /* two are above 0.3 */
  expect_alive(&c, "11111");
  ck_assert(test(&c, 0, clear));
  ck_assert_int_eq(c.reason, WN_STOP_CONFIDENT);
  expect_alive(&c, "10000");
}
END_TEST

START_TEST(entropy_is_in_nats) {
  Case c;
  const float even[N] = {1, 1, 1, 1, 1};
  start(&c, WN_STRATEGY_ENTROPY, log(5) - 1e-9);
  ck_assert(!test(&c, 0, even));
  start(&c, WN_STRATEGY_ENTROPY, log(5) + 1e-9);
  ck_assert(test(&c, 0, even));
  ck_assert_int_eq(c.reason, WN_STOP_CONFIDENT);
}
END_TEST

START_TEST(the_end_chooses_among_survivors) {
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, exp(-1.5));
  const float first[N] = {4, 3, 2, 1, 0}, final[N] = {0, 1, 99, 0, 0};
  int32_t order[N];
  test(&c, 0, first);
  wni_exit_final(&c.rule, final, 1, &c.survivors);
  ck_assert_int_eq(c.survivors.best, 1); /* 2 is out and is not readmitted */
  wni_survivors_order(&c.survivors, N, order);
  ck_assert(order[0] == 1 && order[1] == 0);
  ck_assert_double_eq_tol(exp(c.log_p[1]) + exp(c.log_p[0]), 1, 1e-12);
}
END_TEST

/* Not above the floor is nothing, in every strategy that looks at the exit, before its own test. */
START_TEST(nothing_is_not_above_the_floor) {
  static const WnStrategy strategies[] = {WN_STRATEGY_CLASS_EXCLUSION, WN_STRATEGY_CONFIDENCE,
                                          WN_STRATEGY_ENTROPY, WN_STRATEGY_NONE};
  const float logits[N] = {3, -9, -9, -9, -9};
  for (size_t i = 0; i < 4; i++)
    for (int at = 0; at < 2; at++) {
      const double floors[] = {3 - at * 1e-6, NAN};
      bool none = strategies[i] == WN_STRATEGY_NONE;
      Case c;
      start(&c, strategies[i], 0.5);
      c.rule.floors = floors;
      c.rule.n_exits = 1;
      ck_assert(test(&c, 0, logits) == !none);
      expect_alive(&c, none ? "11111" : at ? "10000" : "00000");
      ck_assert(c.survivors.nothing == (!none && !at));
      if (!none) ck_assert((c.reason == WN_STOP_NOTHING) == !at);
    }
}
END_TEST

START_TEST(a_floor_excludes_no_class) {
  const float logits[N] = {4, 3.9f, 3.8f, 3.7f, 3.6f};
  const double floors[] = {3.75, NAN};
  const WnStrategy strategies[] = {WN_STRATEGY_CLASS_EXCLUSION, WN_STRATEGY_CONFIDENCE};
  for (int i = 0; i < 2; i++) {
    Case c;
    start(&c, strategies[i], i ? 0.99 : 0);
    c.rule.floors = floors;
    ck_assert(!test(&c, 0, logits));
    expect_alive(&c, "11111"); /* two of them are not above it */
  }
}
END_TEST

START_TEST(the_end_has_a_floor_for_its_best_survivor) {
  const float first[N] = {9, 8.9f, 0, 0, 0}, final[N] = {2, 1, 99, 0, 0};
  const double floors[] = {NAN, 2};
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.5);
  c.rule.floors = floors;
  c.rule.n_exits = 1;
  ck_assert(!test(&c, 0, first));
  wni_exit_final(&c.rule, final, 1, &c.survivors);
  ck_assert(c.survivors.nothing); /* 99 is of a class that is out */
  expect_alive(&c, "00000");
}
END_TEST

START_TEST(standardised_scores_are_over_all_classes) {
  const float logits[N] = {1, 2, 3, 4, 10}, even[N] = {7, 7, 7, 7, 7};
  WniFloorScale scale = wni_floor_scale(true, logits, 1, N);
  ck_assert_double_eq_tol(scale.centre, 4, 1e-12);
  ck_assert_double_eq_tol(scale.spread, sqrt(10), 1e-12); /* (9 + 4 + 1 + 0 + 36) / 5 */
  ck_assert_double_eq_tol(wni_floor_score(scale, 10), 6 / sqrt(10), 1e-12);
  ck_assert_double_eq(wni_floor_score(wni_floor_scale(true, even, 1, N), 7), 0);
  ck_assert_double_eq(wni_floor_score(wni_floor_scale(false, logits, 1, N), 10), 10);
}
END_TEST

START_TEST(classes_of_their_own_survive_above_a_half) {
  const float logits[N] = {-1, 0, 3, 0.1f, -90}, none[N] = {-3, -2, -5, -4, -6};
  Case c;
  start(&c, WN_STRATEGY_NONE, 0);
  c.rule.independent = true;
  ck_assert(!test(&c, 0, none)); /* for a deadline; softmax is not asked for */
  expect_alive(&c, "01000");
  ck_assert_double_eq_tol(exp(c.log_p[0]), 1 / (1 + exp(3)), 1e-12);
  ck_assert(wni_exit_final_needs_all(&c.rule));
  wni_exit_final(&c.rule, logits, 1, &c.survivors);
  expect_alive(&c, "00110"); /* a half is not above it */
  ck_assert_int_eq(c.survivors.best, 2);
  ck_assert_double_eq_tol(exp(c.log_p[3]), 1 / (1 + exp(-0.1)), 1e-8);
  ck_assert_double_eq(exp(c.log_p[4]), 0);
  wni_exit_final(&c.rule, none, 1, &c.survivors);
  expect_alive(&c, "01000"); /* the best alone */
}
END_TEST

START_TEST(probabilities_at_the_end_are_left_as_they_are) {
  const float first[N] = {9, 8.9f, 8.8f, 0, 0};
  const float final[N] = {logf(0.2f), logf(0.3f), (float)WNI_LOG_NEVER, logf(0.4f), logf(0.1f)};
  Case c;
  start(&c, WN_STRATEGY_CLASS_EXCLUSION, 0.5);
  c.rule.final_as_is = true;
  ck_assert(!test(&c, 0, first));
  wni_exit_final(&c.rule, final, 1, &c.survivors);
  expect_alive(&c, "11100");
  ck_assert_int_eq(c.survivors.best, 1);
  ck_assert_double_eq_tol(exp(c.log_p[1]), 0.3, 1e-7); /* not over the survivors */
  ck_assert_double_eq(exp(c.log_p[2]), 0);
  ck_assert_double_eq(exp(c.log_p[3]), 0);
}
END_TEST

START_TEST(order_sorts_any_number) {
  enum { MANY = 1000 };
  static bool alive[MANY];
  static double log_p[MANY];
  static int32_t order[MANY];
  unsigned seed = 3;
  for (int i = 0; i < MANY; i++) {
    alive[i] = i % 7 != 0;
    log_p[i] = -(double)(rand_r(&seed) % 50);
  }
  WniSurvivors survivors = {.alive = alive, .log_p = log_p, .count = MANY - (MANY + 6) / 7};
  wni_survivors_order(&survivors, MANY, order);
  for (int i = 1; i < survivors.count; i++)
    ck_assert(log_p[order[i - 1]] > log_p[order[i]] ||
              (log_p[order[i - 1]] == log_p[order[i]] && order[i - 1] < order[i]));
}
END_TEST

START_TEST(bad_scores_are_found) {
  const float nan_at_2[N] = {0, 1, NAN, 0, 0}, inf_at_4[N] = {0, 0, 0, 0, INFINITY};
  const bool among[N] = {true, true, false, true, true};
  ck_assert_int_eq(wni_exit_find_bad(nan_at_2, 1, N, NULL), 2);
  ck_assert_int_eq(wni_exit_find_bad(nan_at_2, 1, N, among), -1);
  ck_assert_int_eq(wni_exit_find_bad(inf_at_4, 1, N, NULL), 4);
}
END_TEST

SUITE_MAIN("exit", far_classes_are_excluded_for_good, the_best_class_is_readmitted,
           the_limit_itself_is_excluded, beta_zero_excludes_nothing, ties_go_to_the_lowest_index,
           one_survivor_stops, sigmoid_saturates_and_softmax_does_not,
           scores_that_underflow_are_still_told_apart, watch_stops_when_no_watched_class_survives,
           group_stops_when_all_are_of_one_kind, confidence_needs_exactly_one, entropy_is_in_nats,
           the_end_chooses_among_survivors, nothing_is_not_above_the_floor,
           a_floor_excludes_no_class, the_end_has_a_floor_for_its_best_survivor,
           standardised_scores_are_over_all_classes, classes_of_their_own_survive_above_a_half,
           probabilities_at_the_end_are_left_as_they_are, order_sorts_any_number,
           bad_scores_are_found)
