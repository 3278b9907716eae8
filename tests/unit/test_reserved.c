/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Words that later versions will give a meaning are refused by this one, in every structure that a
 * program fills in.
 */
#include "suite.h"

#include <string.h>
#include <winnow/ipc.h>
#include <winnow/join.h>
#include <winnow/quantize.h>
#include <winnow/state.h>
#include <winnow/tune.h>

static WnModel *model;
static WnSession *session;

static void set_up(void) {
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, NULL), WN_OK);
  ck_assert_int_eq(wn_session_new(model, &(WnSessionOptions){.threads = 1}, &session, NULL), WN_OK);
}

static void tear_down(void) {
  wn_session_free(session);
  wn_model_unref(model);
}

/* Calls `call` with each word of `structure` set alone: an error that says what to do. */
#define REFUSES(structure, call)                                                                   \
  for (size_t i = 0; i < sizeof structure.reserved / sizeof *structure.reserved; i++) {            \
    WnError error = {0};                                                                           \
    structure.reserved[i] = 1;                                                                     \
    ck_assert_int_eq(call, WN_ERROR_ARGUMENT);                                                     \
    ck_assert_ptr_nonnull(strstr(error.message, "zero-initialise"));                               \
    structure.reserved[i] = 0;                                                                     \
  }

START_TEST(options) {
  WnModelOptions of_model = {0};
  WnSessionOptions of_session = {.threads = 1};
  WnTunerOptions of_tuner = {0};
  WnQuantizerOptions of_quantizer = {0};
  WnJoinOptions of_join = {0};
  WnPublisherOptions of_publisher = {0};
  WnStateOptions of_state = {0};
  WnModel *other;
  WnSession *another;
  WnTuner *tuner;
  WnUnchangedTuner *looks;
  WnQuantizer *quantizer;
  WnPublisher *publisher;
  WnState *state;
  set_up();
  REFUSES(of_model, wn_model_open(MODEL_FILE, &of_model, &other, &error));
  REFUSES(of_session, wn_session_new(model, &of_session, &another, &error));
  REFUSES(of_session.policy, wn_session_new(model, &of_session, &another, &error));
  REFUSES(of_tuner, wn_tuner_new(MODEL_FILE, &of_tuner, &tuner, &error));
  REFUSES(of_tuner.model, wn_tuner_new(MODEL_FILE, &of_tuner, &tuner, &error));
  REFUSES(of_tuner, wn_unchanged_tuner_new(MODEL_FILE, &of_tuner, &looks, &error));
  REFUSES(of_quantizer, wn_quantizer_new(MODEL_FILE, &of_quantizer, &quantizer, &error));
  REFUSES(of_join,
          wn_join((const char *const[]){MODEL_FILE, MODEL_FILE}, 2, &of_join, "/nowhere", &error));
  REFUSES(of_state, wn_state_new(&of_state, &state, &error));
  REFUSES(of_publisher, wn_publisher_new("/nowhere", &of_publisher, &publisher, &error));
  tear_down();
}
END_TEST

START_TEST(policies_and_requests) {
  WnPolicy policy = {0};
  WnTuneRequest request = {0};
  set_up();
  REFUSES(policy, wn_session_set_policy(session, &policy, &error));
  REFUSES(request, wn_tune_request_check(&request, &error));
  tear_down();
}
END_TEST

START_TEST(frames) {
  uint8_t pixel[3] = {0};
  WnFrame frame = {.format = WN_PIXEL_RGB,
                   .width = 1,
                   .height = 1,
                   .plane = {pixel},
                   .stride_bytes = {3},
                   .pts_ns = WN_PTS_NONE};
  const WnResult *result;
  set_up();
  REFUSES(frame, wn_session_classify(session, &frame, NULL, &result, &error));
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, NULL), WN_OK);
  tear_down();
}
END_TEST

SUITE_MAIN("reserved", options, policies_and_requests, frames)
