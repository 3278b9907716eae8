/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * state/: what a stream of results says, against the formula of winnow/state.h.
 */
#include <winnow/state.h>

#include "suite.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000000)
#define SET                                                                                        \
  "{\"labels\":[\"cat\",\"dog\",\"ship\",\"tram\"],\"groups\":{\"animal\":[\"cat\",\"dog\"],"      \
  "\"tram\":[\"ship\"]},\"watch\":[\"animal\",\"tram\"]}"

static WnResult result(const char *label, double confidence, int64_t pts_ns) {
  return (WnResult){.label = label,
                    .class_index = *label ? 1 : -1,
                    .confidence = confidence,
                    .group = "",
                    .stage_count = 1,
                    .stop_reason = *label ? WN_STOP_FINAL : WN_STOP_NOTHING,
                    .watched = -1,
                    .model_id = "m@00000000",
                    .pts_ns = pts_ns};
}

static WnState *make(int64_t stable_ms, double min_confidence, const char *description) {
  WnStateOptions options = {.stable_time_ns = stable_ms * MS,
                            .min_confidence = min_confidence,
                            .max_age_ns = 2000 * MS,
                            .description = description};
  WnState *state;
  WnError error;
  ck_assert_msg(wn_state_new(&options, &state, &error) == WN_OK, "%s", error.message);
  return state;
}

/* What a call reported, as "gone animal 0, seen tram 500" with times in ms. */
static const char *told(int32_t n, const WnStateChange *changes) {
  static char text[256];
  size_t used = 0;
  text[0] = 0;
  ck_assert(n >= 0 && n <= WN_STATE_MAX_CHANGES);
  for (int32_t i = 0; i < n; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s %d", i ? ", " : "",
                             wn_state_event_name(changes[i].event), changes[i].state,
                             (int)(changes[i].since_ns / MS));
  return text;
}

static const char *feed_result(WnState *state, const WnResult *r) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  return told(wn_state_feed(state, r, 0, changes), changes);
}

static const char *feed(WnState *state, const char *label, double confidence, int64_t ms) {
  WnResult r = result(label, confidence, ms * MS);
  return feed_result(state, &r);
}

static const char *end(WnState *state) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  return told(wn_state_end(state, changes), changes);
}

static const char *tick(WnState *state, int64_t ms) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  return told(wn_state_tick(state, ms * MS, changes), changes);
}

/* Cats of 0.9 from the beginning, dogs of 0.8 from t on: the levels are 0.9 exp(-x) and
 * 0.8 (1 - exp(-x)) with x = (now - t) / stable-time, however the frames lie; they differ by the
 * margin at x = log(1.7 / 0.7). */
START_TEST(levels_follow_the_formula) {
  static const int steps_ms[] = {1, 7, 33, 90, 2};
  for (int regular = 0; regular < 2; regular++) {
    WnState *state = make(500, 0, NULL);
    int64_t ms = 0, wanted = 3000 + (int64_t)(500 * log(1.7 / 0.7));
    for (; ms < 3000; ms += 20) {
      const char *said = feed(state, "cat", 0.9, ms);
      ck_assert_str_eq(said, ms == 500 ? "changed cat 500" : "");
    }
    ck_assert_str_eq(feed(state, "cat", 0.9, 3000), "");
    for (int i = 0, changed = 0; ms < 6000; i++) {
      ms += regular ? 1 : steps_ms[i % 5];
      if (ms <= 3000) continue;
      const char *said = feed(state, "dog", 0.8, ms);
      ck_assert_msg((*said != 0) == (!changed && ms > wanted), "'%s' at %d, not %d", said, (int)ms,
                    (int)wanted);
      if (*said) ck_assert_int_eq(wn_state_since(state), ms * MS);
      changed |= *said != 0;
    }
    ck_assert_str_eq(wn_state_name(state), "dog");
    wn_state_free(state);
  }
}
END_TEST

/* Two labels in turn: at the end their levels are 0.9 / (1 + r) and 0.9 r / (1 + r) with
 * r = exp(-dt / stable-time), too close for a change; whoever leads is told at the end. */
START_TEST(labels_in_turn_change_nothing_until_the_end) {
  WnState *state = make(500, 0, NULL);
  int n = 0;
  for (int i = 0; i < 301; i++) n += *feed(state, i % 2 ? "dog" : "cat", 0.9, i * 40) != 0;
  ck_assert_int_eq(n, 1); /* cat led when the time was over */
  ck_assert_str_eq(wn_state_name(state), "cat");
  ck_assert_str_eq(end(state), "");
  wn_state_reset(state);
  for (int i = 0; i < 300; i++) feed(state, i % 2 ? "dog" : "cat", 0.9, i * 40);
  ck_assert_str_eq(wn_state_name(state), "cat");
  ck_assert_str_eq(end(state), "changed dog 11960");
  wn_state_free(state);
}
END_TEST

START_TEST(one_picture_is_told_at_the_end) {
  WnState *state = make(500, 0.5, NULL);
  ck_assert_str_eq(end(state), "");
  ck_assert_int_eq(wn_state_since(state), WN_PTS_NONE);
  ck_assert_str_eq(feed(state, "cat", 0.6, 7), "");
  ck_assert_str_eq(wn_state_name(state), WN_STATE_UNKNOWN);
  ck_assert_str_eq(wn_state_leader(state), "cat");
  ck_assert(!wn_state_is_settled(state));
  ck_assert_str_eq(end(state), "changed cat 7");
  ck_assert_str_eq(end(state), "");
  wn_state_reset(state);
  ck_assert_str_eq(feed(state, "cat", 0.4, 8), "");
  ck_assert_str_eq(wn_state_leader(state), WN_STATE_UNKNOWN);
  ck_assert_str_eq(end(state), "changed unknown 8");
  wn_state_reset(state);
  WnResult image = result("dog", 0.7, WN_PTS_NONE);
  ck_assert_str_eq(feed_result(state, &image), "");
  ck_assert_str_eq(end(state), "changed dog 0");
  wn_state_free(state);
}
END_TEST

START_TEST(a_state_of_little_confidence_is_unknown) {
  WnState *state = make(100, 0.5, NULL);
  for (int64_t ms = 0; ms < 100; ms += 10) ck_assert_str_eq(feed(state, "cat", 0.4, ms), "");
  ck_assert_str_eq(feed(state, "cat", 0.4, 100), "");
  ck_assert(wn_state_is_settled(state));
  /* 0.9 - 0.5 exp(-x) is 0.5 at x = log(0.5 / 0.4) */
  for (int64_t ms = 101; ms < 300; ms++)
    ck_assert_str_eq(feed(state, "cat", 0.9, ms),
                     ms == 101 + (int64_t)(100 * log(0.5 / 0.4)) ? "changed cat 123" : "");
  ck_assert_str_eq(feed(state, "cat", 0.3, 5000), "changed unknown 5000");
  wn_state_free(state);
}
END_TEST

START_TEST(nothing_is_a_state) {
  WnState *state = make(100, 0.9, NULL);
  for (int64_t ms = 0; ms < 100; ms += 10) feed(state, "", 0, ms);
  ck_assert_str_eq(feed(state, "", 0, 100), "changed nothing 100");
  wn_state_free(state);
}
END_TEST

/* Of the clock, and of frames that carry an old result. */
START_TEST(without_results_the_state_is_unknown) {
  WnState *state = make(0, 0, NULL);
  WnResult r = result("cat", 0.9, WN_PTS_NONE), carried = result("cat", 0.9, 0);
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  ck_assert_str_eq(tick(state, 9000), "");
  ck_assert_str_eq(told(wn_state_feed(state, &r, 5 * MS, changes), changes), "changed cat 5");
  ck_assert_str_eq(tick(state, 2005), "");
  ck_assert_str_eq(tick(state, 2006), "changed unknown 5");
  ck_assert_str_eq(tick(state, 3000), "");
  ck_assert_str_eq(told(wn_state_feed(state, &r, 3000 * MS, changes), changes), "changed cat 3000");
  wn_state_reset(state);
  ck_assert_str_eq(feed_result(state, &carried), "changed cat 0");
  carried.age_ns = 2000 * MS;
  ck_assert_str_eq(feed_result(state, &carried), "");
  carried.age_ns++;
  ck_assert_str_eq(feed_result(state, &carried), "changed unknown 0");
  ck_assert_str_eq(feed(state, "cat", 0.9, 2500), "changed cat 2500");
  wn_state_free(state);
}
END_TEST

/* A result on the frames behind its own counts once; of a frame that looks the same it is true
 * again. */
START_TEST(a_result_counts_once) {
  WnState *state = make(100, 0, NULL);
  WnResult late = result("dog", 0.9, 200 * MS);
  for (int64_t ms = 0; ms <= 200; ms += 10) feed(state, "cat", 0.9, ms);
  for (int64_t ms = 1; ms < 1000; ms += 10) {
    late.age_ns = ms * MS;
    ck_assert_str_eq(feed_result(state, &late), "");
  }
  /* Where every frame carries an older result each counts all the same. */
  wn_state_reset(state);
  for (int64_t ms = 0; ms <= 100; ms += 10) {
    late.pts_ns = ms * MS;
    late.age_ns = 30 * MS;
    ck_assert_str_eq(feed_result(state, &late), ms == 100 ? "changed dog 100" : "");
  }
  WnResult same = result("cat", 0.9, 0);
  same.stop_reason = WN_STOP_UNCHANGED;
  int n = 0;
  for (int64_t ms = 110; ms <= 400; ms += 10) {
    same.age_ns = ms * MS;
    n += *feed_result(state, &same) != 0;
  }
  ck_assert_int_eq(n, 1);
  ck_assert_str_eq(wn_state_name(state), "cat");
  wn_state_free(state);
}
END_TEST

START_TEST(without_a_stable_time_every_answer_is_a_state) {
  WnState *state = make(0, 0.2, NULL);
  ck_assert_str_eq(feed(state, "cat", 0.9, 0), "changed cat 0");
  ck_assert_str_eq(feed(state, "cat", 0.3, 1), "");
  ck_assert_str_eq(feed(state, "dog", 0.25, 2), "changed dog 2");
  ck_assert_str_eq(feed(state, "cat", 0.1, 3), "changed unknown 3");
  ck_assert_str_eq(feed(state, "cat", 0.3, 3), "changed cat 3"); /* of the same time */
  WnResult group = result("cat", 0.9, 4 * MS);
  group.group = "animal";
  ck_assert_str_eq(feed_result(state, &group), "changed animal 4");
  wn_state_free(state);
}
END_TEST

/* A group is one entry, whichever of its labels is seen; tram is a label first.  With frames every
 * 10 ms the margin is reached log(0.9 / 0.4) x 100 ms after the last ship, and log(1.434 / 0.8) x
 * 100 ms after the last animal, whose level was 0.534 by then. */
START_TEST(entries_are_seen_and_gone) {
  WnState *state = make(100, 0, SET);
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "dog", .group = ""}), "animal");
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "tram", .group = ""}), "tram");
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "ship", .group = ""}), "other");
  int64_t ms = 0;
  for (; ms < 500; ms += 10) ck_assert_str_eq(feed(state, ms % 20 ? "ship" : "bus", 0.9, ms), "");
  ck_assert_str_eq(wn_state_name(state), WN_STATE_OTHER);
  const char *said = "";
  for (; ms < 1000 && !*said; ms += 10) said = feed(state, ms % 20 ? "cat" : "dog", 0.9, ms);
  ck_assert_str_eq(said, "seen animal 580");
  said = "";
  for (; ms < 2000 && !*said; ms += 10) said = feed(state, "tram", 0.9, ms);
  ck_assert_str_eq(said, "gone animal 580, seen tram 640");
  said = "";
  for (; ms < 3000 && !*said; ms += 10) said = feed(state, "", 0, ms);
  ck_assert_str_eq(said, "gone tram 640");
  ck_assert_str_eq(end(state), "");
  wn_state_free(state);
}
END_TEST

/* The group that ended the network is an entry before the label is, the label before a group. */
START_TEST(the_entry_is_the_closest) {
  WnState *state = make(0, 0,
                        "{\"groups\":{\"pet\":[\"cat\"],\"animal\":[\"cat\",\"dog\"]},"
                        "\"watch\":[\"pet\",\"animal\",\"cat\"]}");
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "cat", .group = ""}), "cat");
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "cat", .group = "animal"}),
                   "animal");
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "dog", .group = ""}), "animal");
  wn_state_free(state);
  state = make(0, 0, "{\"watch\":[\"animal\"]}"); /* what the group is was left out */
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "dog", .group = "", .watched = 1}),
                   "dog");
  ck_assert_str_eq(wn_state_answer(state, &(WnResult){.label = "ship", .group = ""}), "other");
  wn_state_free(state);
}
END_TEST

/* Behind a socket the watch set may be unknown: the results tell whether their label is in it. */
START_TEST(results_tell_whether_they_are_watched) {
  WnState *state = make(0, 0, NULL);
  WnResult r = result("cat", 0.9, 0);
  r.watched = 0;
  ck_assert_str_eq(feed_result(state, &r), "");
  ck_assert_str_eq(wn_state_name(state), WN_STATE_OTHER);
  r.watched = 1;
  r.pts_ns = MS;
  ck_assert_str_eq(feed_result(state, &r), "seen cat 1");
  r.watched = 0;
  r.pts_ns = 2 * MS;
  ck_assert_str_eq(feed_result(state, &r), "gone cat 1");
  ck_assert_str_eq(feed(state, "dog", 0.9, 3), "changed dog 3"); /* they are watched no more */
  r.pts_ns = 4 * MS;
  ck_assert_str_eq(feed_result(state, &r), ""); /* a dog that was never seen is not gone */
  wn_state_free(state);
}
END_TEST

START_TEST(options_change_what_is_to_come) {
  WnState *state = make(500, 0, SET);
  WnStateOptions options = {.stable_time_ns = 0, .description = SET};
  feed(state, "cat", 0.9, 0);
  ck_assert_int_eq(wn_state_set_options(state, &options, NULL), WN_OK);
  ck_assert_str_eq(feed(state, "cat", 0.9, 1), "seen animal 1");
  ck_assert_int_eq(wn_state_set_options(state, &options, NULL), WN_OK);
  ck_assert_str_eq(wn_state_name(state), "animal");
  options.description = "{\"watch\":[\"cat\"]}";
  ck_assert_int_eq(wn_state_set_options(state, &options, NULL), WN_OK);
  ck_assert_str_eq(wn_state_name(state), WN_STATE_UNKNOWN); /* another set */
  ck_assert_str_eq(feed(state, "cat", 0.9, 2), "gone animal 1, seen cat 2");
  wn_state_free(state);
}
END_TEST

static const char *feed_of(WnState *state, const char *model, const char *label, int64_t ms) {
  WnResult r = result(label, 0.9, ms * MS);
  r.model_id = model;
  return feed_result(state, &r);
}

/* The levels are of one model, and what was told of it ends with it. */
START_TEST(another_model_begins_anew) {
  WnState *state = make(500, 0, NULL);
  for (int64_t ms = 0; ms < 1000; ms += 100) feed_of(state, "a", "cat", ms);
  ck_assert_str_eq(wn_state_name(state), "cat");
  ck_assert_str_eq(feed_of(state, "b", "cat", 1000), "changed unknown 1000");
  ck_assert_str_eq(wn_state_name(state), WN_STATE_UNKNOWN);
  ck_assert(!wn_state_is_settled(state));
  for (int64_t ms = 1100; ms < 1500; ms += 100)
    ck_assert_str_eq(feed_of(state, "b", "cat", ms), "");
  ck_assert_str_eq(feed_of(state, "b", "cat", 1500), "changed cat 1500");
  ck_assert_str_eq(feed_of(state, "a", "dog", 1600), "changed unknown 1600");
  ck_assert_str_eq(feed_of(state, NULL, "dog", 1700), ""); /* it was never more than unknown */
  wn_state_free(state);

  state = make(0, 0, NULL); /* without a time to settle the answer is there at once */
  feed_of(state, "a", "cat", 0);
  ck_assert_str_eq(feed_of(state, "b", "dog", 1), "changed dog 1");
  wn_state_free(state);
}
END_TEST

/* With the description before the new results or behind them. */
START_TEST(what_was_seen_is_gone_with_its_model) {
  static const char other[] = "{\"labels\":[\"cat\"],\"groups\":{\"animal\":[\"cat\"]},"
                              "\"watch\":[\"animal\"]}";
  const WnStateOptions options = {
      .stable_time_ns = 100 * MS, .max_age_ns = 2000 * MS, .description = other};
  for (int how = 0; how < 4; how++) {
    WnState *state = make(100, 0, SET);
    for (int64_t ms = 0; ms <= 200; ms += 100) feed_of(state, "a", "dog", ms);
    ck_assert_str_eq(wn_state_name(state), "animal");
    if (how == 0) {
      ck_assert_str_eq(feed_of(state, "b", "cat", 300), "gone animal 100");
      ck_assert_str_eq(feed_of(state, "b", "cat", 400), "seen animal 400");
    } else {
      ck_assert_int_eq(wn_state_set_options(state, &options, NULL), WN_OK);
      ck_assert_str_eq(wn_state_name(state), WN_STATE_UNKNOWN);
      ck_assert_str_eq(how == 1   ? feed_of(state, "b", "cat", 300)
                       : how == 2 ? tick(state, 5000)
                                  : end(state),
                       "gone animal 100");
      ck_assert_str_eq(tick(state, 9000), "");
    }
    wn_state_free(state);
  }
}
END_TEST

START_TEST(bad_options_are_refused) {
  static const struct {
    WnStateOptions options;
    WnStatus status;
    const char *says;
  } bad[] = {
      {{.stable_time_ns = -1}, WN_ERROR_ARGUMENT, "stable-time"},
      {{.max_age_ns = -1}, WN_ERROR_ARGUMENT, "max-age"},
      {{.min_confidence = 1.5}, WN_ERROR_ARGUMENT, "min-confidence"},
      {{.min_confidence = (double)NAN}, WN_ERROR_ARGUMENT, "min-confidence"},
      {{.description = "{"}, WN_ERROR_DATA, "JSON"},
      {{.description = "[]"}, WN_ERROR_DATA, "watch"},
      {{.description = "{\"watch\":\"cat\"}"}, WN_ERROR_DATA, "watch"},
      {{.description = "{\"watch\":[1]}"}, WN_ERROR_DATA, "watch"},
      {{.description = "{\"watch\":[\"a\"],\"groups\":{\"a\":7}}"}, WN_ERROR_DATA, "'a'"},
      {{.description = "{\"watch\":[\"a\"],\"groups\":{\"a\":[7]}}"}, WN_ERROR_DATA, "'a'"},
  };
  WnState *kept = make(0, 0, SET);
  feed(kept, "cat", 0.9, 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    WnError error = {0};
    WnState *state;
    ck_assert_int_eq(wn_state_new(&bad[i].options, &state, &error), bad[i].status);
    ck_assert_ptr_null(state);
    ck_assert_msg(strstr(error.message, bad[i].says), "'%s' does not say %s", error.message,
                  bad[i].says);
    ck_assert_int_eq(wn_state_set_options(kept, &bad[i].options, NULL), bad[i].status);
  }
  ck_assert_str_eq(wn_state_name(kept), "animal");
  wn_state_free(kept);
}
END_TEST

/* Far more labels than slots, and numbers that no session gives. */
START_TEST(any_result_is_taken) {
  WnState *state = make(1000, 0, NULL);
  char label[16];
  for (int i = 0; i < 5000; i++) {
    snprintf(label, sizeof label, "%d", i % 997);
    WnResult r = result(i % 2 ? "often" : label, 0.5, i * MS);
    wn_state_feed(state, &r, 0, NULL);
  }
  ck_assert_str_eq(wn_state_name(state), "often");
  static const int64_t times[] = {INT64_MAX, 0, -1, INT64_MIN + 1, INT64_MAX, WN_PTS_NONE};
  static const double numbers[] = {(double)NAN, (double)INFINITY, -1, 1e300};
  for (int i = 0; i < 6 * 6 * 4; i++) {
    WnResult r = result("odd", numbers[i % 4], times[i / 4 % 6]);
    r.age_ns = times[i / 24];
    r.stop_reason = i % 3 ? WN_STOP_UNCHANGED : WN_STOP_FINAL;
    wn_state_feed(state, &r, times[i % 6], NULL);
    wn_state_tick(state, times[i % 5], NULL);
    ck_assert_ptr_nonnull(wn_state_leader(state));
  }
  wn_state_free(state);
}
END_TEST

START_TEST(a_change_is_a_result_with_three_members) {
  WnStateChange change = {WN_STATE_GONE, "a\xFF", 5};
  WnResult r = result("cat", 0.5, 7);
  char *text = wn_state_change_json(&change, &r), *plain = wn_result_json(&r);
  size_t same = strlen(plain) - 1;
  ck_assert_mem_eq(text, plain, same);
  ck_assert_str_eq(text + same, ",\"event\":\"gone\",\"state\":\"a\xEF\xBF\xBD\",\"since\":5}");
  free(text);
  free(plain);
  ck_assert_ptr_null(wn_state_event_name(WN_STATE_EVENT_COUNT));
}
END_TEST

SUITE_MAIN("state", levels_follow_the_formula, labels_in_turn_change_nothing_until_the_end,
           one_picture_is_told_at_the_end, a_state_of_little_confidence_is_unknown,
           nothing_is_a_state, without_results_the_state_is_unknown, a_result_counts_once,
           without_a_stable_time_every_answer_is_a_state, entries_are_seen_and_gone,
           the_entry_is_the_closest, results_tell_whether_they_are_watched,
           options_change_what_is_to_come, another_model_begins_anew,
           what_was_seen_is_gone_with_its_model, bad_options_are_refused, any_result_is_taken,
           a_change_is_a_result_with_three_members)
