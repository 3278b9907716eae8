/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * plan/packer.c: models whose later stages are packed while frames run.  The linker puts
 * __wrap_pthread_create in front of the system's, so that the packer's thread, the first that is
 * started, waits here until the test lets it go on, or is refused.
 */
#include <winnow/winnow.h>

#include "child.h"
#include "plan/packer.h"
#include "session/model.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

enum { SIDE = 32, N_CLASSES = 10, N_EXITS = 8, N_SCORES = (N_EXITS + 1) * N_CLASSES };

typedef enum Threads { FREE, HELD, REFUSED } Threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *context);

static Threads next = FREE;
static sem_t may_go_on;
static void *(*held_body)(void *);

static void *wait_and_run(void *context) {
  while (sem_wait(&may_go_on) != 0) continue; /* a signal */
  return held_body(context);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *),
                          void *context) {
  Threads how = next;
  next = FREE;
  if (how == REFUSED) return EAGAIN;
  if (how == FREE) return __real_pthread_create(thread, attr, body, context);
  held_body = body;
  return __real_pthread_create(thread, attr, wait_and_run, context);
}

static WnModel *open_model(Threads how) {
  WnModel *model;
  WnError error;
  WnModelOptions options = {.precision = WN_PRECISION_FP32};
  next = how;
  if (how == HELD) ck_assert_int_eq(sem_init(&may_go_on, 0, 0), 0);
  ck_assert_msg(wn_model_open(MODEL_FILE, &options, &model, &error) == WN_OK, "%s", error.message);
  return model;
}

static void let_go(void) {
  sem_post(&may_go_on);
}

static bool is_done(const WnModel *model) {
  return wni_packer_is_done(model->plan.packer);
}

static WnSession *open_session(WnModel *model, int threads, int64_t deadline_ns, WnClock clock) {
  WnSession *session;
  WnSessionOptions options = {.threads = threads,
                              .clock = clock,
                              .policy = {.strategy = WN_STRATEGY_NONE, .deadline_ns = deadline_ns}};
  ck_assert(wn_session_new(model, &options, &session, NULL) == WN_OK);
  return session;
}

/* Scores of all exits and of the end, for a picture of noise. */
static bool compute(WnModel *model, int threads, float *scores) {
  float input[3 * SIDE * SIDE];
  WnSession *session = open_session(model, threads, 0, NULL);
  uint32_t noise = 1;
  for (size_t i = 0; i < sizeof input / sizeof *input; i++) {
    noise = noise * 1664525 + 1013904223;
    input[i] = (float)(noise >> 8) / (1 << 23) - 1;
  }
  bool well = wn_session_set_input(session, 0, input, sizeof input / sizeof *input, NULL) == WN_OK;
  if (well) wn_session_run(session, true, NULL);
  for (int i = 0; i <= N_EXITS && well; i++)
    well =
        wn_session_output(session, i, scores + (ptrdiff_t)i * N_CLASSES, N_CLASSES, NULL) == WN_OK;
  wn_session_free(session);
  return well;
}

/* What a model gives that was packed when it was opened. */
static const float *expected(void) {
  static float scores[N_SCORES];
  WniOnnx onnx;
  WnModel *model;
  WnModelOptions options = {.precision = WN_PRECISION_FP32};
  ck_assert(wni_onnx_load(MODEL_FILE, &onnx, NULL) == WN_OK);
  ck_assert(wni_model_from_onnx(&onnx, MODEL_FILE, &options, &model, NULL) == WN_OK);
  wni_onnx_clear(&onnx);
  ck_assert_ptr_null(model->plan.packer);
  ck_assert(compute(model, 1, scores));
  wn_model_unref(model);
  return scores;
}

static bool gives(WnModel *model, int threads, const float *want) {
  float scores[N_SCORES];
  if (!compute(model, threads, scores)) return false;
  for (int i = 0; i < N_SCORES; i++)
    if (scores[i] != want[i]) return false;
  return true;
}

static void wait_until_done(const WnModel *model) {
  while (!is_done(model)) usleep(1000);
}

START_TEST(frames_pack_what_is_missing) {
  const float *want = expected();
  for (int threads = 1; threads <= 3; threads++) {
    WnModel *model = open_model(HELD);
    ck_assert(!is_done(model));
    ck_assert(gives(model, threads, want));
    ck_assert(is_done(model));
    ck_assert(gives(model, threads, want));
    let_go();
    wn_model_unref(model);
  }
}
END_TEST

START_TEST(the_thread_packs_all) {
  const float *want = expected();
  WnModel *model = open_model(HELD);
  ck_assert(!is_done(model));
  let_go();
  wait_until_done(model);
  ck_assert(gives(model, 1, want));
  wn_model_unref(model);
}
END_TEST

START_TEST(without_a_thread_all_is_packed_at_once) {
  const float *want = expected();
  WnModel *model = open_model(REFUSED);
  ck_assert(is_done(model));
  ck_assert(gives(model, 1, want));
  wn_model_unref(model);
}
END_TEST

typedef struct Side {
  pthread_t thread;
  WnModel *model;
  int threads;
  const float *want;
  bool well;
} Side;

static void *compute_beside(void *context) {
  Side *side = context;
  side->well = gives(side->model, side->threads, side->want);
  return NULL;
}

START_TEST(sessions_pack_side_by_side) {
  enum { N = 3 };
  const float *want = expected();
  for (int round = 0; round < suite_rounds(20); round++) {
    Side sides[N];
    WnModel *model = open_model(FREE);
    for (int i = 0; i < N; i++) {
      sides[i] = (Side){.model = model, .threads = i + 1, .want = want};
      ck_assert_int_eq(__real_pthread_create(&sides[i].thread, NULL, compute_beside, &sides[i]), 0);
    }
    for (int i = 0; i < N; i++) pthread_join(sides[i].thread, NULL);
    for (int i = 0; i < N; i++) ck_assert(sides[i].well);
    wn_model_unref(model);
  }
}
END_TEST

/* At any time, at once included. */
START_TEST(models_are_closed_while_they_are_packed) {
  for (int round = 0; round < suite_rounds(20); round++) {
    WnModel *model = open_model(FREE);
    usleep((useconds_t)round * 400);
    wn_model_unref(model);
  }
}
END_TEST

static WnModel *inherited;
static const float *inherited_want;

static bool packs_for_itself(void) {
  bool well = gives(inherited, 1, inherited_want) && is_done(inherited);
  wn_model_unref(inherited);
  return well;
}

START_TEST(a_forked_child_packs_for_itself) {
  inherited_want = expected();
  for (int round = 0; round < suite_rounds(20); round++) {
    inherited = open_model(round == 0 ? HELD : FREE);
    usleep((useconds_t)round * 400);
    in_child(packs_for_itself);
    if (round == 0) let_go();
    ck_assert(gives(inherited, 2, inherited_want));
    wn_model_unref(inherited);
  }
}
END_TEST

static int64_t now_ns, step_ns; /* a clock that advances each time it is read */

static int64_t read_clock(void *user) {
  return now_ns += step_ns;
}

static const WnResult *classify(WnSession *session) {
  static uint8_t pixels[SIDE * SIDE * 3];
  WnFrame frame = {.format = WN_PIXEL_RGB,
                   .width = SIDE,
                   .height = SIDE,
                   .plane = {pixels},
                   .stride_bytes = {SIDE * 3},
                   .pts_ns = WN_PTS_NONE};
  const WnResult *result;
  ck_assert(wn_session_classify(session, &frame, NULL, &result, NULL) == WN_OK);
  return result;
}

/* How long a stage takes that has to be packed first says nothing about the next frame: a deadline
 * would leave it out for good. */
START_TEST(packing_is_no_measure_of_a_stage) {
  WnModel *model = open_model(HELD);
  WnSession *session = open_session(model, 1, 0, read_clock);
  step_ns = 1000;
  ck_assert_int_eq(classify(session)->exit_stage, N_EXITS);
  WnPolicy policy = {.strategy = WN_STRATEGY_NONE, .deadline_ns = 1035};
  ck_assert(wn_session_set_policy(session, &policy, NULL) == WN_OK);
  step_ns = 10;
  ck_assert_int_gt(classify(session)->exit_stage, 3);
  let_go();
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

/* Nor does a frame pack what it has no time for.  The clock is read once or twice a stage, and
 * between portions. */
START_TEST(a_deadline_ends_packing) {
  WnModel *model = open_model(HELD);
  WnSession *session = open_session(model, 2, 3 * N_EXITS, read_clock);
  step_ns = 1;
  const WnResult *result = classify(session);
  ck_assert_int_eq(result->stop_reason, WN_STOP_DEADLINE);
  ck_assert_int_lt(result->exit_stage, N_EXITS);
  ck_assert(!is_done(model));
  let_go();
  wait_until_done(model);
  ck_assert(gives(model, 1, expected()));
  wn_session_free(session);
  wn_model_unref(model);
}
END_TEST

SUITE_MAIN("packer", frames_pack_what_is_missing, the_thread_packs_all,
           without_a_thread_all_is_packed_at_once, sessions_pack_side_by_side,
           models_are_closed_while_they_are_packed, a_forked_child_packs_for_itself,
           packing_is_no_measure_of_a_stage, a_deadline_ends_packing)
