/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * base/fpmode.c and where it is entered: whatever the floating-point mode of the application is,
 * results are the same, no signal is raised, and the mode is as it was.
 */
#include "base/fpmode.h"

#include "base/parallel.h"
#include "suite.h"

#include <fenv.h>
#include <float.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/tune.h>
#include <winnow/winnow.h>

enum { THREADS = 3, SIDE = 32, MOST_OUTPUTS = 1000, N_CLASSES = 10 };

/* What makes no sound in a program that wants to hear of its errors; none of them is glibc's. */
#ifdef FE_DENORMAL
enum { WANTED = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW };
#else
enum { WANTED = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW };
#endif

static bool flushes(void) {
  volatile float least = FLT_MIN, half = least / 2, doubled = half * 2;
  return half == 0 || doubled == 0;
}

/* Some emulators do not know such a mode; the results are the same without it. */
static bool can_flush(void) {
  const WniFpMode mode = wni_fp_enter(true);
  bool can = flushes();
  wni_fp_leave(&mode);
#if !defined __x86_64__ && !defined __aarch64__
  ck_assert(!can);
#endif
  return can;
}

/* A mode as unlike ours as there is.  Arm processors may raise no signals. */
static void enter_foreign_mode(void) {
  feclearexcept(FE_ALL_EXCEPT);
  fesetround(FE_UPWARD);
  feenableexcept(WANTED);
}

static void check_foreign_mode(int traps) {
  ck_assert_int_eq(fegetround(), FE_UPWARD);
  ck_assert_int_eq(fegetexcept(), traps);
  ck_assert_int_eq(fetestexcept(FE_ALL_EXCEPT), 0);
  fedisableexcept(FE_ALL_EXCEPT);
  ck_assert(!flushes());
  fesetenv(FE_DFL_ENV);
}

typedef struct Seen {
  atomic_int rounded, flushed, raised;
} Seen;

/* Divides by zero, takes the root of a negative number and overflows on the way. */
static void look_around(void *context, WniThread thread) {
  Seen *seen = context;
  volatile float one = 1, three = 3, zero = 0, large = FLT_MAX, third = one / three;
  volatile float infinite = one / zero, none = zero / zero, over = large * large;
  seen->rounded += fegetround() == FE_TONEAREST && third == 0x1.555556p-2F;
  seen->flushed += flushes();
  seen->raised += !(infinite > large && none != none && over > large);
  wni_parallel_barrier(thread);
}

START_TEST(a_team_has_our_mode) {
  Seen seen = {0};
  const bool can = can_flush();
  wni_parallel_retain(THREADS);
  for (int i = 0; i < 10; i++) {
    enter_foreign_mode();
    const int traps = fegetexcept();
    wni_parallel_run(THREADS, look_around, &seen);
    check_foreign_mode(traps);
  }
  wni_parallel_release(THREADS);
  ck_assert_int_eq(seen.rounded, 10 * THREADS);
  ck_assert_int_eq(seen.flushed, can ? 10 * THREADS : 0);
  ck_assert_int_eq(seen.raised, 0);
}
END_TEST

/* All outputs of a network of matrix products, whose input is `value` everywhere. */
static size_t products_of(float value, float *out) {
  WnModelOptions how = {.any_graph = true, .precision = WN_PRECISION_FP32};
  WnSessionOptions options = {.threads = THREADS};
  WnModel *model;
  WnSession *session;
  WnError error;
  float input[4 * 3 * 5];
  size_t n = 0;
  for (size_t i = 0; i < sizeof input / sizeof *input; i++) input[i] = value;
  ck_assert_msg(wn_model_open(GOLDEN_DIR "/matmul/model.onnx", &how, &model, &error) == WN_OK, "%s",
                error.message);
  ck_assert_int_eq(wn_session_new(model, &options, &session, &error), WN_OK);
  ck_assert_int_eq(wn_session_set_input(session, 0, input, sizeof input / sizeof *input, &error),
                   WN_OK);
  wn_session_run(session, true, NULL);
  for (int i = 0; i < wn_model_n_outputs(model); i++) {
    const WnOutputInfo *info = wn_model_output(model, i);
    size_t count = 1;
    for (int d = 0; d < info->rank; d++) count *= (size_t)info->shape[d];
    ck_assert_uint_le(n + count, MOST_OUTPUTS);
    ck_assert_int_eq(wn_session_output(session, i, out + n, count, &error), WN_OK);
    n += count;
  }
  wn_session_free(session);
  wn_model_unref(model);
  return n;
}

START_TEST(denormal_activations_are_zeros) {
  float zeros[MOST_OUTPUTS], least[MOST_OUTPUTS];
  if (!can_flush()) return;
  size_t n = products_of(0, zeros);
  ck_assert_uint_eq(products_of(1e-39F, least), n);
  ck_assert_uint_gt(n, 100);
  for (size_t i = 0; i < n; i++) ck_assert_msg(zeros[i] == least[i], "element %zu", i);
  ck_assert(!flushes());
}
END_TEST

/* A frame with sharp and smooth parts, so that it has to be scaled and converted. */
static WnFrame made_frame(uint8_t *pixels, int side) {
  for (int i = 0; i < side * side * 3; i++) pixels[i] = (uint8_t)(i * i / 7 ^ i / 5);
  return (WnFrame){.format = WN_PIXEL_RGB,
                   .width = side,
                   .height = side,
                   .plane = {pixels},
                   .stride_bytes = {side * 3},
                   .pts_ns = WN_PTS_NONE};
}

typedef struct Answers {
  float scores[N_CLASSES];
  double confidence, thresholds[16], drop;
} Answers;

/* From opening on: constants are computed there too.  The search runs on the frame and its like. */
static Answers answers(void) {
  enum { LARGER = 45, FRAMES = 6 };
  static uint8_t pixels[LARGER * LARGER * 3];
  WnFrame frame = made_frame(pixels, LARGER);
  WnModel *model;
  WnSession *session;
  WnTuner *tuner;
  WnError error;
  const WnResult *result;
  const float *scores;
  WnTuning tuning;
  WnSessionOptions options = {.threads = THREADS};
  WnTunerOptions tuner_options = {.threads = THREADS};
  WnTuneRequest request = {.max_drop = 0.5};
  Answers answers = {0};
  ck_assert_int_eq(wn_model_open(MODEL_FILE, NULL, &model, &error), WN_OK);
  ck_assert_int_eq(wn_session_new(model, &options, &session, &error), WN_OK);
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, &error), WN_OK);
  answers.confidence = result->confidence;
  ck_assert_int_eq(wn_session_complete(session, &frame, &scores, &error), WN_OK);
  memcpy(answers.scores, scores, sizeof answers.scores);
  ck_assert_int_eq(wn_tuner_new(MODEL_FILE, &tuner_options, &tuner, &error), WN_OK);
  for (int i = 0; i < FRAMES; i++) {
    pixels[i * LARGER * 3] ^= 0xFF;
    ck_assert_int_eq(wn_tuner_add(tuner, &frame, NULL, i, &error), WN_OK);
  }
  ck_assert_msg(wn_tuner_search(tuner, &request, &tuning, &error) == WN_OK, "%s", error.message);
  memcpy(answers.thresholds, tuning.thresholds, (size_t)tuning.n_exits * sizeof *tuning.thresholds);
  answers.drop = tuning.accuracy_full - tuning.accuracy;
  wn_tuner_free(tuner);
  wn_session_free(session);
  wn_model_unref(model);
  return answers;
}

START_TEST(results_are_the_same_in_any_mode) {
  const Answers usual = answers();
  enter_foreign_mode();
  const int traps = fegetexcept();
  const Answers foreign = answers();
  check_foreign_mode(traps);
  ck_assert_mem_eq(&usual, &foreign, sizeof usual);
}
END_TEST

SUITE_MAIN("fpmode", a_team_has_our_mode, denormal_activations_are_zeros,
           results_are_the_same_in_any_mode)
