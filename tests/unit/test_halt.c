/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames that are given up inside long layers: at the deadline in a later stage, by the caller in
 * any.
 */
#include "suite.h"

#include <winnow/winnow.h>

#include <stdio.h>
#include <string.h>

enum { SIDE = 160, CLASSES = 4 };

typedef struct Asked {
  int64_t now, step;     /* a clock that advances each time it is read */
  int clock_reads, asks; /* how often */
  int cancel_at;         /* the how-manyth time; 0: never */
} Asked;

static int64_t read_clock(void *user) {
  Asked *asked = user;
  asked->clock_reads++;
  return asked->now += asked->step;
}

static bool is_cancelled(void *user) {
  Asked *asked = user;
  return ++asked->asks == asked->cancel_at;
}

static WnSession *open_session(const char *name, int threads, int64_t deadline_ns, Asked *asked) {
  char path[512];
  WnModel *model;
  WnSession *session;
  WnError error;
  WnModelOptions model_options = {.precision = WN_PRECISION_FP32};
  WnSessionOptions options = {.threads = threads,
                              .policy = {.deadline_ns = deadline_ns},
                              .clock = read_clock,
                              .clock_user = asked,
                              .cancelled = is_cancelled,
                              .cancelled_user = asked};
  snprintf(path, sizeof path, LONG_DIR "/%s.onnx", name);
  ck_assert_msg(wn_model_open(path, &model_options, &model, &error) == WN_OK, "%s", error.message);
  ck_assert_msg(wn_session_new(model, &options, &session, &error) == WN_OK, "%s", error.message);
  wn_model_unref(model);
  return session;
}

static WnFrame make_frame(void) {
  static uint8_t pixels[SIDE * SIDE];
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i >> 5);
  return (WnFrame){.format = WN_PIXEL_GRAY8,
                   .width = SIDE,
                   .height = SIDE,
                   .plane = {pixels},
                   .stride_bytes = {SIDE},
                   .pts_ns = WN_PTS_NONE};
}

/* What the whole network makes of the frame. */
static void compute_scores(float *scores) {
  Asked asked = {.step = 0};
  WnSession *session = open_session("late", 1, 0, &asked);
  WnFrame frame = make_frame();
  const WnResult *result;
  const float *all;
  WnError error;
  ck_assert(wn_session_classify(session, &frame, NULL, &result, &error) == WN_OK);
  ck_assert_int_eq(result->exit_stage, 1);
  ck_assert(wn_session_complete(session, &frame, &all, &error) == WN_OK);
  memcpy(scores, all, CLASSES * sizeof *scores);
  wn_session_free(session);
}

/* The deadline passes at any time: the answer is that of a stage that was computed to its end, and
 * the rest can be had all the same. */
START_TEST(late_stages_are_given_up) {
  float want[CLASSES];
  int given_up = 0, most_reads = 0, finer = suite_rounds(10);
  compute_scores(want);
  for (int threads = 1; threads <= 3; threads += 2)
    for (int64_t deadline = 25; deadline <= 2000; deadline += deadline * 3 / finer) {
      Asked asked = {.step = 10};
      WnSession *session = open_session("late", threads, deadline, &asked);
      WnFrame frame = make_frame();
      const WnResult *result;
      const float *scores;
      WnError error;
      ck_assert(wn_session_classify(session, &frame, NULL, &result, &error) == WN_OK);
      bool final = result->stop_reason == WN_STOP_FINAL;
      ck_assert_int_eq(result->exit_stage, final);
      ck_assert_int_eq(result->n_stages_evaluated, 1 + final);
      ck_assert_int_eq(result->n_survivors, CLASSES);
      if (!final) ck_assert_int_eq(result->stop_reason, WN_STOP_DEADLINE);
      if (!final && asked.clock_reads > most_reads) most_reads = asked.clock_reads;
      given_up += !final && asked.clock_reads > 3;
      if (!final && asked.clock_reads > 3)
        ck_assert(wn_session_complete(session, NULL, &scores, &error) == WN_ERROR_ARGUMENT);
      ck_assert(wn_session_complete(session, &frame, &scores, &error) == WN_OK);
      for (int c = 0; c < CLASSES; c++) ck_assert_float_eq_tol(scores[c], want[c], 1e-4F);
      wn_session_free(session);
    }
  ck_assert_int_ge(given_up, 2); /* inside a layer, not in front of it */
  ck_assert_int_ge(most_reads, 6);
}
END_TEST

START_TEST(callers_give_up_any_stage) {
  static const char *const names[] = {"early", "late"};
  for (int m = 0; m < 2; m++)
    for (int threads = 1; threads <= 3; threads++) {
      Asked asked = {.step = 1, .cancel_at = 3};
      WnSession *session = open_session(names[m], threads, 0, &asked);
      WnFrame frame = make_frame();
      const WnResult *result;
      const float *scores;
      WnError error;
      ck_assert(wn_session_classify(session, &frame, NULL, &result, &error) == WN_ERROR_CANCELLED);
      ck_assert_int_eq(asked.asks, 3); /* nothing is begun after that */
      ck_assert_ptr_null(result);
      ck_assert(wn_session_complete(session, &frame, &scores, &error) == WN_ERROR_ARGUMENT);
      ck_assert(wn_session_classify(session, &frame, NULL, &result, &error) == WN_OK);
      ck_assert_int_eq(result->exit_stage, 1);
      wn_session_free(session);
    }
}
END_TEST

SUITE_MAIN("halt", late_stages_are_given_up, callers_give_up_any_stage)
