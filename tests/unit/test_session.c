/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * session/ on the shipped model: policies, deadline with a clock of the test's,
 * completion, threads.
 */
#include <winnow/winnow.h>

#include "session/model.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, N_CLASSES = 10, N_EXITS = 8 };

static uint8_t pixels[SIDE * SIDE * 3];

static WnFrame noise_frame(unsigned seed) {
  /* Smooth enough to look like something, different for each seed. */
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      for (int c = 0; c < 3; c++)
        pixels[(y * SIDE + x) * 3 + c] =
            (uint8_t)(128 + 100 * sin(seed * 1.7 + c + x * 0.1 * (seed % 5 + 1) + y * 0.07 * seed));
  return (WnFrame){.format = WN_PIXEL_RGB,
                   .width = SIDE,
                   .height = SIDE,
                   .plane = {pixels},
                   .stride_bytes = {SIDE * 3},
                   .pts_ns = (int64_t)seed};
}

/* Packed to its end: stages that are packed in a frame are not learnt from, and ask the clock. */
static WnModel *open_model(void) {
  WnModel *model;
  WnError error;
  ck_assert_msg(wn_model_open(MODEL_FILE, NULL, &model, &error) == WN_OK, "%s", error.message);
  wni_plan_pack_now(&model->plan);
  return model;
}

static WnSession *open_session(WnModel *model, const WnSessionOptions *options) {
  WnSession *session;
  WnError error;
  ck_assert_msg(wn_session_new(model, options, &session, &error) == WN_OK, "%s", error.message);
  return session;
}

static const WnResult *classify(WnSession *session, unsigned seed) {
  WnFrame frame = noise_frame(seed);
  const WnResult *result;
  WnError error;
  ck_assert_msg(wn_session_classify(session, &frame, NULL, &result, &error) == WN_OK, "%s",
                error.message);
  return result;
}

START_TEST(headers_and_library_have_one_version) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", WN_VERSION_MAJOR, WN_VERSION_MINOR, WN_VERSION_MICRO);
  ck_assert_str_eq(text, wn_version());
}
END_TEST

START_TEST(results_hold_together) {
  WnModel *model = open_model();
  WnSession *session = open_session(model, NULL);
  const WnModelInfo *info = wn_model_info(model);
  for (unsigned seed = 1; seed < 20; seed++) {
    const WnResult *r = classify(session, seed);
    ck_assert_int_eq(r->pts_ns, seed);
    ck_assert_int_eq(r->stage_count, N_EXITS + 1);
    ck_assert_int_eq(r->n_stages_evaluated, r->exit_stage + 1);
    ck_assert_int_eq(r->survivors[0], r->class_index);
    ck_assert_str_eq(r->label, info->labels[r->class_index]);
    ck_assert_double_eq(r->confidence, r->survivor_scores[0]);
    ck_assert_int_eq(r->survivors_per_stage[r->exit_stage], r->n_survivors);
    ck_assert_int_eq(r->stop_reason == WN_STOP_FINAL, r->exit_stage == N_EXITS);
    ck_assert_int_eq(r->stop_reason == WN_STOP_SINGLE_CLASS, r->n_survivors == 1);
    for (int i = 1; i < r->n_survivors; i++)
      ck_assert_double_ge(r->survivor_scores[i - 1], r->survivor_scores[i]);
    uint64_t macs = 0;
    for (int s = 0; s <= r->exit_stage; s++) macs += info->stages[s].macs;
    ck_assert_uint_le(r->macs, macs);
    ck_assert_uint_eq(r->macs_full, info->macs_full);
    if (r->exit_stage < N_EXITS) ck_assert_uint_eq(r->macs, macs);
  }
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

/* The network's own outputs for the same frame. */
static void run_whole(WnSession *session, unsigned seed, float logits[N_EXITS + 1][N_CLASSES]) {
  static float input[SIDE * SIDE * 3];
  WnFrame frame = noise_frame(seed);
  size_t n = SIDE * SIDE * 3;
  ck_assert_int_eq(wn_session_preprocess(session, &frame, NULL, 0, input, n, NULL), WN_OK);
  ck_assert_int_eq(wn_session_set_input(session, 0, input, n, NULL), WN_OK);
  wn_session_run(session, true, NULL);
  for (int32_t i = 0; i <= N_EXITS; i++)
    ck_assert_int_eq(wn_session_output(session, i, logits[i], N_CLASSES, NULL), WN_OK);
}

START_TEST(completion_gives_the_full_networks_scores) {
  WnModel *model = open_model();
  int final = -1, early = 0, late = 0;
  for (int32_t i = 0; i < wn_model_n_outputs(model); i++) {
    bool is_exit = false;
    for (int s = 0; s < N_EXITS; s++)
      is_exit = is_exit || strcmp(wn_model_output(model, i)->name,
                                  wn_model_info(model)->stages[s].exit_name) == 0;
    if (!is_exit) final = i;
  }
  /* with tiny betas most frames get to the end, where rows are left out */
  WnSessionOptions scaled = {.policy = {.threshold_scale = 0.05}};
  WnSession *sessions[] = {open_session(model, NULL), open_session(model, &scaled)};
  WnSession *all = open_session(model, NULL);
  for (unsigned seed = 1; seed < 16; seed++) {
    float whole[N_EXITS + 1][N_CLASSES];
    run_whole(all, seed, whole);
    for (int s = 0; s < 2; s++) {
      const float *scores;
      const WnResult *r = classify(sessions[s], seed);
      early += r->exit_stage < N_EXITS;
      late += r->exit_stage == N_EXITS && r->n_survivors < N_CLASSES;
      for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(wn_session_complete(sessions[s], NULL, &scores, NULL), WN_OK);
        ck_assert_mem_eq(scores, whole[final], sizeof whole[final]);
      }
    }
  }
  for (int s = 0; s < 2; s++) wn_session_free(sessions[s]);
  wn_session_free(all);
  ck_assert_int_gt(early, 0);
  ck_assert_int_gt(late, 0);
  wn_model_unref(model);
}
END_TEST

START_TEST(completion_needs_a_frame) {
  WnModel *model = open_model();
  WnSession *session = open_session(model, NULL);
  const float *scores;
  ck_assert_int_eq(wn_session_complete(session, NULL, &scores, NULL), WN_ERROR_ARGUMENT);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

START_TEST(threads_do_not_change_results) {
  WnModel *model = open_model();
  WnSessionOptions one = {.threads = 1}, three = {.threads = 3};
  WnSession *a = open_session(model, &one), *b = open_session(model, &three);
  ck_assert_int_eq(wn_session_threads(b), 3);
  for (unsigned seed = 1; seed < 10; seed++) {
    const WnResult *ra = classify(a, seed), *rb = classify(b, seed);
    ck_assert_int_eq(ra->class_index, rb->class_index);
    ck_assert_int_eq(ra->exit_stage, rb->exit_stage);
    ck_assert_double_eq(ra->confidence, rb->confidence);
  }
  wn_session_free(a);
  wn_session_free(b);
  wn_model_unref(model);
}
END_TEST

/* A clock that advances by `step` each time it is read. */
typedef struct TestClock {
  int64_t now, step;
} TestClock;

static int64_t read_clock(void *user) {
  TestClock *clock = user;
  int64_t now = clock->now;
  clock->now += clock->step;
  return now;
}

START_TEST(deadline_stops_before_a_stage_that_would_be_late) {
  WnModel *model = open_model();
  TestClock clock = {.step = 10};
  WnSessionOptions options = {.clock = read_clock,
                              .clock_user = &clock,
                              .policy = {.strategy = WN_STRATEGY_NONE, .deadline_ns = 35}};
  WnSession *session = open_session(model, &options);
  /* Nothing is measured yet: each stage costs 10, and a stage starts while elapsed <= 35. */
  const WnResult *r = classify(session, 3);
  ck_assert_int_eq(r->exit_stage, 3);
  ck_assert_int_eq(r->stop_reason, WN_STOP_DEADLINE);
  ck_assert_int_eq(r->latency_ns, 40);
  ck_assert_int_eq(r->n_survivors, N_CLASSES);
  ck_assert_double_gt(r->confidence, 0);
  /* Now stages 1..3 are known to take 10: elapsed 30 + 10 is over 35. */
  r = classify(session, 3);
  ck_assert_int_eq(r->exit_stage, 2);
  ck_assert_int_eq(r->latency_ns, 30);
  /* Stage 0 runs however short the time is. */
  WnPolicy hurry = {.strategy = WN_STRATEGY_NONE, .deadline_ns = 1};
  ck_assert_int_eq(wn_session_set_policy(session, &hurry, NULL), WN_OK);
  r = classify(session, 3);
  ck_assert_int_eq(r->exit_stage, 0);
  ck_assert_int_eq(r->stop_reason, WN_STOP_DEADLINE);
  /* What other regions of the frame took counts, for one call. */
  hurry.deadline_ns = 85;
  ck_assert_int_eq(wn_session_set_policy(session, &hurry, NULL), WN_OK);
  wn_session_spend(session, 70);
  ck_assert_int_eq(classify(session, 3)->exit_stage, 0);
  ck_assert_int_gt(classify(session, 3)->exit_stage, 4);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

START_TEST(expected_durations_are_moving_averages) {
  WnModel *model = open_model();
  TestClock clock = {.step = 80};
  WnSessionOptions options = {.clock = read_clock,
                              .clock_user = &clock,
                              .policy = {.strategy = WN_STRATEGY_NONE, .deadline_ns = 1000000}};
  WnSession *session = open_session(model, &options);
  classify(session, 3); /* every stage: 80 */
  clock.step = 0;
  classify(session, 3); /* every stage: 80 + (0 - 80) / 8 = 70 */
  WnPolicy policy = {.strategy = WN_STRATEGY_NONE, .deadline_ns = 69};
  ck_assert_int_eq(wn_session_set_policy(session, &policy, NULL), WN_OK);
  ck_assert_int_eq(classify(session, 3)->exit_stage, 0); /* 0 + 70 > 69 */
  policy.deadline_ns = 70;
  ck_assert_int_eq(wn_session_set_policy(session, &policy, NULL), WN_OK);
  ck_assert_int_gt(classify(session, 3)->exit_stage, 0); /* 0 + 70 is not over 70 */
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

START_TEST(bad_policies_change_nothing) {
  static const struct {
    WnPolicy policy;
    const char *says;
  } bad[] = {
      {{.strategy = WN_STRATEGY_CONFIDENCE}, "thresholds"},
      {{.thresholds = "0.1"}, "thresholds"},
      {{.thresholds = "0,0,0,0,0,1"}, "thresholds"},
      {{.strategy = WN_STRATEGY_NONE, .thresholds = "0,0,0,0,0,0"}, "thresholds"},
      {{.threshold_scale = -1}, "threshold-scale"},
      {{.watch = "unicorn"}, "unicorn"},
      {{.strategy = WN_STRATEGY_NONE, .watch = "cat"}, "watch"},
      {{.strategy = WN_STRATEGY_NONE, .group_exit = true}, "group-exit"},
      {{.deadline_ns = -5}, "deadline"},
      {{.unchanged = -1}, "unchanged"},
      {{.unchanged = (double)NAN}, "unchanged"},
      {{.unchanged = 256}, "unchanged"},
      {{.max_age_ns = -1}, "max-age"},
      {{.strategy = (WnStrategy)77}, "strategy"},
  };
  WnModel *model = open_model();
  WnSession *session = open_session(model, NULL);
  double before[N_EXITS];
  memcpy(before, wn_session_thresholds(session), sizeof before);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    WnError error = {0};
    WnSessionOptions options = {.policy = bad[i].policy};
    WnSession *none;
    ck_assert_msg(wn_session_set_policy(session, &bad[i].policy, &error) == WN_ERROR_ARGUMENT,
                  "policy %zu was taken", i);
    ck_assert_msg(strstr(error.message, bad[i].says), "'%s' does not say %s", error.message,
                  bad[i].says);
    ck_assert_int_eq(wn_session_new(model, &options, &none, &error), WN_ERROR_ARGUMENT);
    ck_assert_ptr_null(none);
    ck_assert_mem_eq(before, wn_session_thresholds(session), sizeof before);
    ck_assert_int_eq(wn_session_strategy(session), WN_STRATEGY_CLASS_EXCLUSION);
  }
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

/* A group is its labels; others are told the list as it was written. */
START_TEST(groups_can_be_watched) {
  enum { N_FRAMES = 60 };
  WnModel *model = open_model();
  WnPolicy by_group = {.watch = "vehicle, 3"},
           by_label = {.watch = "airplane,automobile,ship,truck,cat"};
  WnSession *session = open_session(model, &(WnSessionOptions){.policy = by_label});
  WnSession *group = open_session(model, &(WnSessionOptions){.policy = by_group});
  int n_watched = 0;
  for (unsigned seed = 0; seed < N_FRAMES; seed++) {
    const WnResult *r = classify(session, seed);
    int stage = r->exit_stage, watched = r->watched, class_index = r->class_index;
    r = classify(group, seed);
    ck_assert(r->exit_stage == stage && r->watched == watched && r->class_index == class_index);
    n_watched += watched;
  }
  ck_assert(n_watched > 0 && n_watched < N_FRAMES);
  char *text = wn_session_describe(group, 65536);
  ck_assert_msg(strstr(text, "\"watch\":[\"vehicle\",\"cat\"]"), "%s", text);
  free(text);
  ck_assert_ptr_null(wn_session_watch_warning(group));
  wn_session_free(group);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

START_TEST(strategy_none_computes_no_heads) {
  WnModel *model = open_model();
  WnSessionOptions options = {.policy = {.strategy = WN_STRATEGY_NONE}};
  WnSession *session = open_session(model, &options);
  const WnResult *r = classify(session, 4);
  ck_assert_int_eq(r->exit_stage, N_EXITS);
  ck_assert_int_eq(r->stop_reason, WN_STOP_FINAL);
  ck_assert_int_eq(r->n_survivors, N_CLASSES);
  ck_assert_uint_lt(r->macs, r->macs_full);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

/* The smallest frame, and a large one that a real camera could give. */
START_TEST(any_size_of_frame) {
  WnModel *model = open_model();
  WnSession *session = open_session(model, NULL);
  const WnResult *result;
  uint8_t one = 77;
  WnFrame tiny = {.format = WN_PIXEL_GRAY8,
                  .width = 1,
                  .height = 1,
                  .plane = {&one},
                  .stride_bytes = {1},
                  .range = WN_RANGE_FULL};
  ck_assert_int_eq(wn_session_classify(session, &tiny, NULL, &result, NULL), WN_OK);
  uint8_t *large = calloc(8192, 8192);
  ck_assert_ptr_nonnull(large);
  WnFrame huge = {.format = WN_PIXEL_GRAY8,
                  .width = 8192,
                  .height = 8192,
                  .plane = {large},
                  .stride_bytes = {8192}};
  ck_assert_int_eq(wn_session_classify(session, &huge, NULL, &result, NULL), WN_OK);
  WnRect corner = {8190, 8190, 100, 100};
  ck_assert_int_eq(wn_session_classify(session, &huge, &corner, &result, NULL), WN_OK);
  ck_assert(result->has_region && result->region.width == 2 && result->region.height == 2);
  free(large);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

/* A stage so small that one thread computes and decides it while the others are still on their way
 * out of the stage before: all have to agree where the frame ends. */
START_TEST(threads_agree_on_the_last_stage) {
  WnModel *model;
  WnError error;
  ck_assert_msg(
      wn_model_open(GOLDEN_DIR "/exit_through_transpose/model.onnx", NULL, &model, &error) == WN_OK,
      "%s", error.message);
  WnSessionOptions options = {.threads = 3,
                              .policy = {.strategy = WN_STRATEGY_ENTROPY, .thresholds = "0,100"}};
  WnSession *session = open_session(model, &options);
  for (int seed = suite_rounds(3000); seed > 0; seed--)
    ck_assert_int_eq(classify(session, (unsigned)seed)->exit_stage, 1);
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

/* Output 0 of an int8 network on numbers of every size, by the instruction sets of the mask. */
static size_t integer_scores(const char *mask, float *scores, size_t most) {
  WnModelOptions any = {.any_graph = true};
  WnSessionOptions options = {.threads = 1};
  const char *path = GOLDEN_DIR "/quantized_network/model.onnx";
  WnModel *model;
  WnSession *session;
  ck_assert_int_eq(wn_cpu_set_mask(mask, NULL), WN_OK);
  ck_assert_int_eq(wn_model_open(path, &any, &model, NULL), WN_OK);
  ck_assert_int_eq(wn_session_new(model, &options, &session, NULL), WN_OK);
  size_t n = wn_model_info(model)->inputs[0].n_elements;
  size_t n_scores = wn_model_output(model, 0)->n_elements;
  ck_assert_uint_le(n_scores, most);
  float *x = calloc(n, sizeof *x);
  ck_assert_ptr_nonnull(x);
  for (size_t i = 0; i < n; i++) x[i] = (float)(3 * sin((double)(i * i)));
  ck_assert_int_eq(wn_session_set_input(session, 0, x, n, NULL), WN_OK);
  wn_session_run(session, true, NULL);
  ck_assert_int_eq(wn_session_output(session, 0, scores, n_scores, NULL), WN_OK);
  free(x);
  wn_session_free(session);
  wn_model_unref(model);
  return n_scores;
}

START_TEST(integers_are_the_same_on_every_processor) {
  float want[1024], got[1024];
  char sets[256];
  snprintf(sets, sizeof sets, "%s", wn_cpu_flags());
  size_t n = integer_scores("none", want, 1024);
  integer_scores(*sets ? sets : "none", got, 1024);
  ck_assert_mem_eq(got, want, n * sizeof *want);
}
END_TEST

SUITE_MAIN("session", headers_and_library_have_one_version, results_hold_together,
           completion_gives_the_full_networks_scores, completion_needs_a_frame,
           threads_do_not_change_results, threads_agree_on_the_last_stage,
           deadline_stops_before_a_stage_that_would_be_late, expected_durations_are_moving_averages,
           bad_policies_change_nothing, groups_can_be_watched, strategy_none_computes_no_heads,
           any_size_of_frame, integers_are_the_same_on_every_processor)
