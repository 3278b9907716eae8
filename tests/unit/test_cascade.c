/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A cascade against its own networks, each in a file of its own: three that differ in all that an
 * input can be (tests/oracle/cascades.py made them).
 */
#include <winnow/winnow.h>

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_CLASSES = 7, N_NETWORKS = 3 };

static const char *const networks[N_NETWORKS] = {"small", "grey.v2", "big"};

static WnModel *open_model(const char *name, bool any_graph) {
  char path[512];
  WnModel *model;
  WnError error;
  snprintf(path, sizeof path, CASCADE_DIR "/%s.onnx", name);
  const WnModelOptions options = {.precision = WN_PRECISION_FP32, .any_graph = any_graph};
  ck_assert_msg(wn_model_open(path, &options, &model, &error) == WN_OK, "%s", error.message);
  return model;
}

static WnSession *open_session(WnModel *model, const char *thresholds, int threads) {
  WnSession *session;
  WnError error;
  const WnSessionOptions options = {.threads = threads, .policy = {.thresholds = thresholds}};
  ck_assert_msg(wn_session_new(model, &options, &session, &error) == WN_OK, "%s", error.message);
  return session;
}

/* Noise in one block, which the caller frees. */
static uint8_t *make_frame(WnPixelFormat format, int width, int height, unsigned seed,
                           WnFrame *frame) {
  *frame = (WnFrame){.format = format, .width = width, .height = height, .pts_ns = seed};
  size_t bytes = wn_frame_lay_out(frame, 16, NULL);
  uint8_t *block = malloc(bytes);
  ck_assert_ptr_nonnull(block);
  for (size_t i = 0; i < bytes; i++) block[i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
  wn_frame_lay_out(frame, 16, block);
  return block;
}

/* The logits of network `n` alone. */
static void run_alone(int n, const WnFrame *frame, const WnRect *region, float *logits) {
  WnModel *model = open_model(networks[n], false);
  WnSession *session = open_session(model, NULL, 1);
  size_t count = wn_model_info(model)->inputs[0].n_elements;
  float *tensor = calloc(count, sizeof *tensor);
  ck_assert_int_eq(wn_session_preprocess(session, frame, region, 0, tensor, count, NULL), WN_OK);
  ck_assert_int_eq(wn_session_set_input(session, 0, tensor, count, NULL), WN_OK);
  wn_session_run(session, true, NULL);
  ck_assert_int_eq(wn_session_output(session, 0, logits, N_CLASSES, NULL), WN_OK);
  free(tensor);
  wn_session_free(session);
  wn_model_unref(model);
}

static void check_same(WnSession *cascade, const WnFrame *frame, const WnRect *region) {
  const WnResult *result;
  WnError error;
  ck_assert_msg(wn_session_classify(cascade, frame, region, &result, &error) == WN_OK, "%s",
                error.message);
  ck_assert_int_eq(result->exit_stage, N_NETWORKS - 1);
  for (int n = 0; n < N_NETWORKS; n++) {
    float alone[N_CLASSES], joined[N_CLASSES];
    run_alone(n, frame, region, alone);
    ck_assert_int_eq(wn_session_output(cascade, n, joined, N_CLASSES, NULL), WN_OK);
    for (int c = 0; c < N_CLASSES; c++)
      ck_assert_msg(alone[c] == joined[c], "network %s, format %s", networks[n],
                    wn_pixel_format_name(frame->format));
  }
}

START_TEST(every_network_sees_what_it_sees_alone) {
  static const WnRect part = {5, 3, 20, 31};
  WnModel *model = open_model("joined", false);
  for (int threads = 1; threads <= 3; threads += 2) {
    WnSession *session = open_session(model, "0,0", threads);
    for (int format = 0; format < WN_PIXEL_FORMAT_COUNT; format++) {
      WnFrame frame;
      uint8_t *block = make_frame((WnPixelFormat)format, 41, 37, (unsigned)format + 1, &frame);
      check_same(session, &frame, NULL);
      check_same(session, &frame, &part);
      free(block);
    }
    wn_session_free(session);
  }
  wn_model_unref(model);
}
END_TEST

START_TEST(the_description_has_every_network) {
  WnModel *model = open_model("joined", false);
  const WnModelInfo *info = wn_model_info(model);
  ck_assert_int_eq(info->n_inputs, N_NETWORKS);
  ck_assert_int_eq(info->n_stages, N_NETWORKS);
  for (int n = 0; n < N_NETWORKS; n++) {
    WnModel *alone = open_model(networks[n], false);
    const WnModelInfo *its = wn_model_info(alone);
    ck_assert_str_eq(info->inputs[n].name, networks[n]);
    ck_assert_int_eq(info->inputs[n].stage, n);
    ck_assert_str_eq(info->inputs[n].resize, its->inputs[0].resize);
    ck_assert_mem_eq(info->inputs[n].mean, its->inputs[0].mean, sizeof its->inputs[0].mean);
    ck_assert_mem_eq(info->inputs[n].std, its->inputs[0].std, sizeof its->inputs[0].std);
    ck_assert_mem_eq(info->inputs[n].shape, its->inputs[0].shape, sizeof its->inputs[0].shape);
    ck_assert_uint_eq(info->stages[n].macs, its->macs_full);
    if (n == N_NETWORKS - 1) ck_assert_uint_eq(info->macs_full, its->macs_full);
    wn_model_unref(alone);
  }
  wn_model_unref(model);
}
END_TEST

START_TEST(an_early_answer_reads_no_later_network) {
  WnModel *model = open_model("joined", false);
  WnSession *session = open_session(model, "0.999,0.999", 1);
  const WnModelInfo *info = wn_model_info(model);
  const WnResult *result;
  const float *scores;
  WnFrame frame, other;
  uint8_t *block = make_frame(WN_PIXEL_NV12, 64, 48, 3, &frame), *small;
  float alone[N_CLASSES], later[N_CLASSES], before[N_CLASSES];
  ck_assert_int_eq(wn_session_output(session, 1, before, N_CLASSES, NULL), WN_OK);
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, NULL), WN_OK);
  ck_assert_int_eq(result->stop_reason, WN_STOP_SINGLE_CLASS);
  ck_assert_int_eq(result->exit_stage, 0);
  ck_assert_uint_eq(result->macs, info->stages[0].macs);
  ck_assert_uint_eq(result->macs_full, info->macs_full);
  ck_assert_int_eq(wn_session_output(session, 1, later, N_CLASSES, NULL), WN_OK);
  ck_assert_mem_eq(before, later, sizeof before);

  /* What is left out needs the frame again, and that frame. */
  small = make_frame(WN_PIXEL_NV12, 32, 24, 3, &other);
  ck_assert_int_eq(wn_session_complete(session, &other, &scores, NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_session_complete(session, NULL, &scores, NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_session_complete(session, &frame, &scores, NULL), WN_OK);
  run_alone(2, &frame, NULL, alone);
  ck_assert_mem_eq(scores, alone, sizeof alone);
  free(block);
  free(small);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

START_TEST(without_exits_the_last_network_runs_alone) {
  WnModel *model = open_model("joined", false);
  const WnSessionOptions options = {.threads = 1, .policy = {.strategy = WN_STRATEGY_NONE}};
  WnSession *session;
  const WnResult *result;
  WnFrame frame;
  uint8_t *block = make_frame(WN_PIXEL_RGB, 50, 60, 9, &frame);
  ck_assert_int_eq(wn_session_new(model, &options, &session, NULL), WN_OK);
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, NULL), WN_OK);
  ck_assert_uint_eq(result->macs, wn_model_info(model)->macs_full);
  float alone[N_CLASSES];
  run_alone(2, &frame, NULL, alone);
  int best = 0;
  for (int c = 1; c < N_CLASSES; c++)
    if (alone[c] > alone[best]) best = c;
  ck_assert_int_eq(result->class_index, best);
  free(block);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

START_TEST(inputs_are_set_one_by_one) {
  WnModel *model = open_model("joined", true);
  WnSession *session = open_session(model, NULL, 1);
  WnFrame frame;
  uint8_t *block = make_frame(WN_PIXEL_GRAY8, 31, 31, 5, &frame);
  for (int n = 0; n < N_NETWORKS; n++) {
    size_t count = wn_model_info(model)->inputs[n].n_elements;
    float *tensor = calloc(count + 1, sizeof *tensor);
    WnModel *alone = open_model(networks[n], false);
    WnSession *its = open_session(alone, NULL, 1);
    ck_assert_int_eq(wn_session_preprocess(its, &frame, NULL, 0, tensor, count, NULL), WN_OK);
    ck_assert_int_eq(wn_session_set_input(session, n, tensor, count + 1, NULL), WN_ERROR_ARGUMENT);
    ck_assert_int_eq(wn_session_set_input(session, n, tensor, count, NULL), WN_OK);
    wn_session_free(its);
    wn_model_unref(alone);
    free(tensor);
  }
  ck_assert_int_eq(wn_session_set_input(session, N_NETWORKS, NULL, 0, NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_session_set_input(session, -1, NULL, 0, NULL), WN_ERROR_ARGUMENT);
  wn_session_run(session, true, NULL);
  for (int n = 0; n < N_NETWORKS; n++) {
    float alone[N_CLASSES], joined[N_CLASSES];
    run_alone(n, &frame, NULL, alone);
    ck_assert_int_eq(wn_session_output(session, n, joined, N_CLASSES, NULL), WN_OK);
    ck_assert_mem_eq(alone, joined, sizeof alone);
  }
  free(block);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

SUITE_MAIN("cascade", every_network_sees_what_it_sees_alone, the_description_has_every_network,
           an_early_answer_reads_no_later_network, without_exits_the_last_network_runs_alone,
           inputs_are_set_one_by_one)
