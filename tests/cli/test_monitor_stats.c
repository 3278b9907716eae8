/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnow monitor's figures are made of: results of inferences and of frames that have not
 * changed, but not those that frames carry on.
 */
#include "monitor_stats.h"

#include "suite.h"

#include <string.h>

static void add(MonitorStats *stats, uint64_t number, WnResult result) {
  result.macs_full = 100;
  if (!result.model_id) result.model_id = "a@0";
  WnSnapshot snapshot = {.number = number,
                         .published_ns = (int64_t)number * 100000000,
                         .n_results = 1,
                         .results = &result};
  stats_add(stats, &snapshot);
}

START_TEST(carried_results_do_not_count) {
  MonitorStats stats = {0};
  MonitorSummary summary;
  WnResult made = {.stop_reason = WN_STOP_FINAL, .exit_stage = 2, .macs = 80, .latency_ns = 1000};
  WnResult repeated = {
      .stop_reason = WN_STOP_UNCHANGED, .exit_stage = 2, .latency_ns = 10, .age_ns = 5};
  WnResult carried = made;
  carried.age_ns = 7;
  add(&stats, 1, made);
  for (uint64_t i = 2; i < 5; i++) add(&stats, i, repeated);
  for (uint64_t i = 5; i < 12; i++) add(&stats, i, carried);
  stats_summarise(&stats, &summary);
  ck_assert_int_eq(summary.n, 4);
  ck_assert_int_eq(summary.repeated, 3);
  ck_assert_int_eq(summary.exits[2], 1);
  ck_assert_double_eq_tol(summary.saved, (0.2 + 3) / 4, 1e-9);
  ck_assert_int_eq(summary.latency_median_ns, 10);
  ck_assert_double_eq_tol(summary.frames_per_second, 10, 1e-9); /* of all */
}
END_TEST

START_TEST(nothing_but_carried_results) {
  MonitorStats stats = {0};
  MonitorSummary summary;
  add(&stats, 1, (WnResult){.stop_reason = WN_STOP_FINAL, .age_ns = 1});
  stats_summarise(&stats, &summary);
  ck_assert_int_eq(summary.n, 0);
  ck_assert_double_eq(summary.saved, 0);
}
END_TEST

/* Its stages are others. */
START_TEST(another_model_is_counted_anew) {
  MonitorStats stats = {0};
  MonitorSummary summary;
  char longer[2 * STATS_MODEL_BYTES];
  memset(longer, 'm', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  const char *const models[] = {"a@0", "b@0", longer};
  for (uint64_t i = 0; i < 30; i++)
    add(&stats, i + 1,
        (WnResult){.stop_reason = WN_STOP_FINAL, .exit_stage = 1, .model_id = models[i / 10]});
  stats_summarise(&stats, &summary);
  ck_assert_int_eq(summary.n, 10);
  ck_assert_int_eq(summary.exits[1], 10);
}
END_TEST

/* The largest that a reader lets through. */
START_TEST(numbers_at_their_ends) {
  MonitorStats stats = {0};
  MonitorSummary summary;
  const int64_t most = INT64_MAX / 2;
  for (int i = 0; i < 2 * STATS_WINDOW; i++) {
    WnResult result = {.stop_reason = WN_STOP_FINAL,
                       .exit_stage = 4095,
                       .stage_count = 4096,
                       .macs = INT64_MAX,
                       .macs_full = 1,
                       .latency_ns = i % 2 ? most : -most,
                       .model_id = "a@0"};
    WnSnapshot snapshot = {.number = (uint64_t)i + 1,
                           .skipped = UINT64_MAX / 4,
                           .published_ns = i % 3 ? most : -most,
                           .n_results = 1,
                           .results = &result};
    stats_add(&stats, &snapshot);
    stats_summarise(&stats, &summary);
  }
  ck_assert_int_eq(summary.latency_p95_ns, most);
  ck_assert(summary.saved < -9e18 && summary.frames_per_second >= 0);
  ck_assert_int_eq(summary.exits[STATS_STAGES - 1], STATS_WINDOW);
}
END_TEST

SUITE_MAIN("monitor_stats", carried_results_do_not_count, nothing_but_carried_results,
           another_model_is_counted_anew, numbers_at_their_ends)
