/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Repeated answers (WnPolicy.unchanged): what counts as unchanged, for how long, what a repeated
 * result says, and all that drops the frame it is compared with; and what tuning finds without
 * labels.
 */
#include <winnow/tune.h>

#include "suite.h"

#include <math.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

enum { SIDE = 32, WIDE = 64, N_CLASSES = 10, N_EXITS = 8 };

static uint8_t pixels[SIDE * WIDE * 3];
static WnModel *model;
static WnSession *session;
static int64_t now;

static int64_t read_clock(void *user) {
  return now;
}

static WnPolicy policy(double level, int64_t max_age_ns) {
  return (WnPolicy){.unchanged = level, .max_age_ns = max_age_ns};
}

static void open_session(WnPolicy wanted) {
  WnError error;
  WnSessionOptions options = {.threads = 2, .policy = wanted, .clock = read_clock};
  ck_assert_msg(wn_model_open(MODEL_FILE, NULL, &model, &error) == WN_OK, "%s", error.message);
  ck_assert_msg(wn_session_new(model, &options, &session, &error) == WN_OK, "%s", error.message);
}

static void close_session(void) {
  wn_session_free(session);
  wn_model_unref(model);
}

/* A picture whose every value is `shift` more than at 0. */
static WnFrame picture(int32_t width, int shift, int64_t pts_ns) {
  for (int i = 0; i < SIDE * width * 3; i++)
    pixels[i] = (uint8_t)(128 + shift + 60 * sin(i * 0.01 + i % 3));
  return (WnFrame){.format = WN_PIXEL_RGB,
                   .width = width,
                   .height = SIDE,
                   .plane = {pixels},
                   .stride_bytes = {width * 3},
                   .pts_ns = pts_ns};
}

static const WnResult *classify(const WnFrame *frame, const WnRect *region) {
  const WnResult *result;
  WnError error;
  ck_assert_msg(wn_session_classify(session, frame, region, &result, &error) == WN_OK, "%s",
                error.message);
  return result;
}

/* Whether a frame like `picture` repeats the last answer. */
static bool repeats(int shift, int64_t pts_ns) {
  WnFrame frame = picture(SIDE, shift, pts_ns);
  return classify(&frame, NULL)->stop_reason == WN_STOP_UNCHANGED;
}

START_TEST(off_unless_asked_for) {
  open_session(policy(0, 0));
  ck_assert(!repeats(0, 0));
  ck_assert(!repeats(0, 1));
  close_session();
}
END_TEST

START_TEST(every_block_lies_within_the_level) {
  open_session(policy(8.5, 0));
  ck_assert(!repeats(0, 0));
  ck_assert(repeats(8, 1));
  ck_assert(repeats(-8, 2));
  ck_assert(!repeats(9, 3));
  ck_assert(!repeats(0, 4));
  /* one block of 4x4 pixels, and in it one channel */
  WnFrame frame = picture(SIDE, 0, 5);
  for (int y = 20; y < 24; y++)
    for (int x = 28; x < 32; x++) pixels[(y * SIDE + x) * 3 + 2] += 20;
  ck_assert_int_ne(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  close_session();
}
END_TEST

/* Each is compared with the last one that was classified: nothing creeps by. */
START_TEST(slow_changes_are_noticed) {
  open_session(policy(8.5, 0));
  for (int step = 0; step < 12; step++) ck_assert(repeats(3 * step, step) == (step % 3 != 0));
  close_session();
}
END_TEST

START_TEST(only_what_the_network_sees_counts) {
  open_session(policy(8.5, 0));
  WnFrame frame = picture(WIDE, 0, 0);
  classify(&frame, NULL);
  frame = picture(WIDE, 0, 1);
  for (int y = 0; y < SIDE; y++) memset(pixels + (size_t)(y * WIDE * 3), 255, 15 * 3);
  ck_assert_int_eq(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  for (int y = 0; y < SIDE; y++) memset(pixels + (size_t)(y * WIDE * 3), 255, 19 * 3);
  ck_assert_int_ne(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  close_session();
}
END_TEST

START_TEST(a_repeated_result_says_the_same_and_its_age) {
  open_session(policy(8, 0));
  WnFrame frame = picture(SIDE, 0, 7 * SECOND);
  frame.time_ns = 12345;
  const WnResult *r = classify(&frame, NULL);
  WnResult *first = wn_result_copy(r);
  ck_assert_int_eq(first->age_ns, 0);
  ck_assert_uint_gt(first->macs, 0);
  frame = picture(SIDE, 2, 8 * SECOND);
  frame.time_ns = 67890;
  r = classify(&frame, NULL);
  ck_assert_int_eq(r->stop_reason, WN_STOP_UNCHANGED);
  ck_assert_uint_eq(r->macs, 0);
  ck_assert_int_eq(r->age_ns, SECOND);
  ck_assert_int_eq(r->pts_ns, 7 * SECOND);
  ck_assert_int_eq(r->time_ns, 12345);
  WnResult *again = wn_result_copy(r);
  again->stop_reason = first->stop_reason;
  again->macs = first->macs;
  again->latency_ns = first->latency_ns;
  again->age_ns = first->age_ns;
  char *text[] = {wn_result_json(first), wn_result_json(again)};
  ck_assert_str_eq(text[0], text[1]);
  for (int i = 0; i < 2; i++) free(text[i]);
  free(first);
  free(again);
  /* the next one that is classified is new again */
  frame = picture(SIDE, 40, 9 * SECOND);
  r = classify(&frame, NULL);
  ck_assert_int_eq(r->age_ns, 0);
  ck_assert_int_eq(r->pts_ns, 9 * SECOND);
  ck_assert_uint_gt(r->macs, 0);
  close_session();
}
END_TEST

START_TEST(age_is_bounded_by_timestamps) {
  open_session(policy(8, 2 * SECOND));
  ck_assert(!repeats(0, 0));
  now = 100 * SECOND; /* the clock says nothing where there are timestamps */
  ck_assert(repeats(0, 2 * SECOND - 1));
  ck_assert(!repeats(0, 2 * SECOND));
  ck_assert(repeats(0, 3 * SECOND));
  ck_assert(!repeats(0, SECOND)); /* time went back */
  ck_assert(!repeats(0, INT64_MAX));
  ck_assert(!repeats(0, -SECOND));
  close_session();
}
END_TEST

START_TEST(without_timestamps_the_clock_counts) {
  open_session(policy(8, SECOND));
  now = 0;
  ck_assert(!repeats(0, WN_PTS_NONE));
  now = SECOND - 1;
  WnFrame frame = picture(SIDE, 0, WN_PTS_NONE);
  ck_assert_int_eq(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  ck_assert_int_eq(classify(&frame, NULL)->age_ns, SECOND - 1);
  now = SECOND;
  ck_assert(!repeats(0, WN_PTS_NONE));
  ck_assert(repeats(0, 5)); /* one of the two has none */
  close_session();
}
END_TEST

START_TEST(without_max_age_it_lasts) {
  open_session(policy(8, 0));
  ck_assert(!repeats(0, 0));
  ck_assert(repeats(0, INT64_MAX));
  close_session();
}
END_TEST

START_TEST(what_drops_the_reference) {
  WnPolicy same = policy(8, 0), bad = policy(-1, 0);
  static float input[SIDE * SIDE * 3];
  open_session(same);
  ck_assert(!repeats(0, 0));
  ck_assert_int_eq(wn_session_set_policy(session, &bad, NULL), WN_ERROR_ARGUMENT);
  ck_assert(repeats(0, 1)); /* nothing has changed */
  ck_assert_int_eq(wn_session_set_policy(session, &same, NULL), WN_OK);
  ck_assert(!repeats(0, 2));
  ck_assert(repeats(0, 3));
  wn_session_forget(session);
  ck_assert(!repeats(0, 4));
  ck_assert_int_eq(wn_session_set_input(session, 0, input, SIDE * SIDE * 3, NULL), WN_OK);
  wn_session_run(session, true, NULL);
  ck_assert(!repeats(0, 5));
  WnFrame frame = picture(SIDE, 0, 6), none = {.format = WN_PIXEL_FORMAT_COUNT};
  const WnResult *result;
  ck_assert_int_eq(wn_session_classify(session, &none, NULL, &result, NULL), WN_ERROR_ARGUMENT);
  ck_assert(!repeats(0, 6));
  frame.format = WN_PIXEL_BGR;
  ck_assert_int_ne(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  ck_assert(!repeats(0, 7));
  close_session();
}
END_TEST

/* A grey picture looks the same wherever one looks. */
START_TEST(a_reference_is_of_one_region) {
  open_session(policy(8, 0));
  static const WnRect regions[] = {{0, 0, SIDE, SIDE}, {0, 0, 16, 16}, {16, 16, 16, 16}};
  WnFrame frame = picture(SIDE, 0, 0);
  memset(pixels, 99, sizeof pixels);
  ck_assert_int_ne(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  ck_assert_int_eq(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
    const WnResult *r = classify(&frame, &regions[i]);
    ck_assert_int_ne(r->stop_reason, WN_STOP_UNCHANGED);
    ck_assert(r->has_region);
    r = classify(&frame, &regions[i]);
    ck_assert_int_eq(r->stop_reason, WN_STOP_UNCHANGED);
    ck_assert_int_eq(r->region.width, regions[i].width);
  }
  ck_assert_int_ne(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  close_session();
}
END_TEST

/* The scores are those of the frame whose answer is repeated. */
START_TEST(completion_follows_the_reference) {
  float scores[2][N_CLASSES];
  for (int late = 0; late < 2; late++) {
    open_session(policy(8, 0));
    const float *found;
    ck_assert(!repeats(0, 0));
    if (late) ck_assert(repeats(5, 1));
    ck_assert_int_eq(wn_session_complete(session, NULL, &found, NULL), WN_OK);
    memcpy(scores[late], found, sizeof scores[late]);
    ck_assert(repeats(-5, 2));
    ck_assert_int_eq(wn_session_complete(session, NULL, &found, NULL), WN_OK);
    ck_assert_mem_eq(scores[late], found, sizeof scores[late]);
    close_session();
  }
  ck_assert_mem_eq(scores[0], scores[1], sizeof scores[0]);
}
END_TEST

/* A tuner's figures are what sessions with those levels do. */
START_TEST(a_tuner_counts_what_a_session_repeats) {
  enum { FRAMES = 20 };
  static const double levels[] = {0, 3, 8, 40, 255};
  static const int64_t ages[] = {0, 7};
  int64_t own[FRAMES];
  WnUnchangedTuner *tuner;
  WnUnchangedTuning found;
  bool differed = false;
  ck_assert_int_eq(wn_unchanged_tuner_new(MODEL_FILE, NULL, &tuner, NULL), WN_OK);
  ck_assert_int_eq(wn_unchanged_tuner_measure(tuner, 8, 0, &found, NULL), WN_OK);
  ck_assert_uint_eq(found.frames, 0);
  open_session(policy(0, 0));
  for (int i = 0; i < FRAMES; i++) {
    WnFrame frame = picture(SIDE, (int)(67 * sin(i * 0.6)), i);
    ck_assert_int_eq(wn_unchanged_tuner_add(tuner, &frame, NULL, NULL), WN_OK);
    own[i] = classify(&frame, NULL)->class_index;
  }
  for (size_t l = 0; l < 5; l++)
    for (size_t a = 0; a < 2; a++) {
      WnPolicy wanted = policy(levels[l], ages[a]);
      uint64_t unchanged = 0, same = 0;
      ck_assert_int_eq(wn_session_set_policy(session, &wanted, NULL), WN_OK);
      for (int i = 0; i < FRAMES; i++) {
        WnFrame frame = picture(SIDE, (int)(67 * sin(i * 0.6)), i);
        const WnResult *r = classify(&frame, NULL);
        unchanged += r->stop_reason == WN_STOP_UNCHANGED;
        same += r->class_index == own[i];
      }
      ck_assert_int_eq(wn_unchanged_tuner_measure(tuner, levels[l], ages[a], &found, NULL), WN_OK);
      ck_assert_uint_eq(found.frames, FRAMES);
      ck_assert_uint_eq(found.unchanged, unchanged);
      ck_assert_uint_eq(found.same, same);
      differed = differed || same < FRAMES;
    }
  ck_assert(differed);
  ck_assert_int_eq(wn_unchanged_tuner_measure(tuner, -1, 0, &found, NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_unchanged_tuner_measure(tuner, 1, -1, &found, NULL), WN_ERROR_ARGUMENT);
  wn_unchanged_tuner_free(tuner);
  close_session();
}
END_TEST

/* Without exits that stop, all agree; with thresholds, as many as sessions with those say. */
START_TEST(unlabelled_images_count_as_what_the_network_answers) {
  enum { FRAMES = 30 };
  static const double betas[N_EXITS] = {0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9};
  static const double none[N_EXITS] = {0};
  WnTuner *tuner;
  WnTuning tuning;
  WnTuneRequest request = {0};
  uint64_t same = 0;
  ck_assert_int_eq(wn_tuner_new(MODEL_FILE, NULL, &tuner, NULL), WN_OK);
  open_session((WnPolicy){.thresholds = "0.9,0.9,0.9,0.9,0.9,0.9,0.9,0.9"});
  for (int i = 0; i < FRAMES; i++) {
    WnFrame frame = picture(SIDE, 0, i);
    const float *scores;
    int32_t best = 0;
    for (int at = 0; at < SIDE * SIDE * 3; at++)
      pixels[at] = (uint8_t)(128 + 100 * sin(i + at % 3 + at * 0.001 * (i + 1)));
    ck_assert_int_eq(wn_tuner_add_unlabelled(tuner, &frame, NULL, NULL), WN_OK);
    int32_t answer = classify(&frame, NULL)->class_index;
    ck_assert_int_eq(wn_session_complete(session, NULL, &scores, NULL), WN_OK);
    for (int c = 1; c < N_CLASSES; c++)
      if (scores[c] > scores[best]) best = c;
    same += answer == best;
  }
  ck_assert_int_eq(wn_tuner_measure(tuner, &request, none, &tuning, NULL), WN_OK);
  ck_assert_double_eq(tuning.accuracy_full, 1);
  ck_assert_double_eq(tuning.accuracy, 1);
  ck_assert_int_eq(wn_tuner_measure(tuner, &request, betas, &tuning, NULL), WN_OK);
  ck_assert_double_eq(tuning.accuracy_full, 1);
  ck_assert_double_eq_tol(tuning.accuracy, (double)same / FRAMES, 1e-12);
  ck_assert_uint_lt(same, FRAMES);
  wn_tuner_free(tuner);
  close_session();
}
END_TEST

SUITE_MAIN("unchanged", off_unless_asked_for, every_block_lies_within_the_level,
           slow_changes_are_noticed, only_what_the_network_sees_counts,
           a_repeated_result_says_the_same_and_its_age, age_is_bounded_by_timestamps,
           without_timestamps_the_clock_counts, without_max_age_it_lasts, what_drops_the_reference,
           a_reference_is_of_one_region, completion_follows_the_reference,
           a_tuner_counts_what_a_session_repeats,
           unlabelled_images_count_as_what_the_network_answers)
