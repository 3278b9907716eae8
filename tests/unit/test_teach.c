/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Teaching: pictures of stripes, rings and squares, in any colour, are told apart by heads behind
 * the taps of a small network; and the parts that it is made of.
 */
#include <winnow/teach.h>

#include "suite.h"
#include "teach/folds.h"
#include "teach/regression.h"
#include "teach/teacher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 96, N_CLASSES = 3, PHOTOS = 8 };

static const char *const labels[N_CLASSES] = {"rings", "squares", "stripes"};

/* A picture of a class, the how-manyth, in pixels that the caller frees. */
static uint8_t *draw(int class_index, unsigned number, int width, WnFrame *frame) {
  WniRandom random = wni_random_start(number * 31 + 7);
  double x0 = wni_random_next(&random) * SIDE, y0 = wni_random_next(&random) * SIDE;
  double step = 9 + 4 * wni_random_next(&random);
  uint8_t colour[2][3];
  for (int i = 0; i < 6; i++)
    colour[i / 3][i % 3] = (uint8_t)((i < 3 ? 0 : 100) + 100 * wni_random_next(&random));
  *frame = (WnFrame){.format = WN_PIXEL_RGB, .width = width, .height = SIDE, .pts_ns = WN_PTS_NONE};
  uint8_t *pixels = malloc(wn_frame_lay_out(frame, 1, NULL));
  ck_assert_ptr_nonnull(pixels);
  wn_frame_lay_out(frame, 1, pixels);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < width; x++) {
      double dx = x - x0, dy = y - y0;
      double at = class_index == 0   ? hypot(dx, dy)
                  : class_index == 1 ? (fmod(fabs(dx), 2 * step) < step) * step + fabs(dy)
                                     : dx + dy;
      bool on = fmod(fabs(at), 2 * step) < step;
      memcpy(pixels + 3 * (y * width + x), colour[on], 3);
    }
  return pixels;
}

static WnTeacher *open_teacher(double max_rejected, int32_t nothing) {
  WnTeacher *teacher;
  WnError error;
  const WnTeacherOptions options = {.labels = labels,
                                    .n_labels = N_CLASSES,
                                    .nothing = nothing,
                                    .threads = 2,
                                    .seed = 1,
                                    .max_rejected = max_rejected};
  ck_assert_msg(wn_teacher_new(BACKBONE_FILE, &options, &teacher, &error) == WN_OK, "%s",
                error.message);
  return teacher;
}

static void add(WnTeacher *teacher, int class_index, unsigned number, int width) {
  WnFrame frame;
  WnError error;
  const WnTeachPhoto photo = {.class_index = class_index, .when = (double)NAN};
  uint8_t *pixels = draw(class_index, number, width, &frame);
  ck_assert_msg(wn_teacher_add(teacher, &frame, NULL, &photo, &error) == WN_OK, "%s",
                error.message);
  free(pixels);
}

/* A model in a file that the caller unlinks. */
static WnTeaching teach(WnTeacher *teacher, char path[64]) {
  WnTeaching learnt;
  WnError error;
  for (unsigned i = 0; i < N_CLASSES * PHOTOS; i++) add(teacher, (int)i % N_CLASSES, i, SIDE);
  ck_assert_msg(wn_teacher_learn(teacher, &learnt, &error) == WN_OK, "%s", error.message);
  strcpy(path, "/tmp/winnow-taught-XXXXXX");
  int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  close(fd);
  ck_assert_msg(wn_teacher_write(teacher, path, &error) == WN_OK, "%s", error.message);
  return learnt;
}

static WnModel *open_model(const char *path) {
  WnModel *model;
  WnError error;
  ck_assert_msg(wn_model_open(path, NULL, &model, &error) == WN_OK, "%s", error.message);
  return model;
}

/* How many of `n` new pictures of each class are answered with it; MACs on average. */
static int count_right(WnModel *model, unsigned n, double *macs) {
  WnSession *session;
  int right = 0;
  ck_assert_int_eq(wn_session_new(model, NULL, &session, NULL), WN_OK);
  *macs = 0;
  for (unsigned i = 0; i < n * N_CLASSES; i++) {
    WnFrame frame;
    const WnResult *result;
    uint8_t *pixels = draw((int)(i % N_CLASSES), 1000 + i, SIDE, &frame);
    ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, NULL), WN_OK);
    right += result->class_index == (int)(i % N_CLASSES);
    *macs += (double)result->macs / (n * N_CLASSES);
    free(pixels);
  }
  wn_session_free(session);
  return right;
}

START_TEST(new_pictures_are_told_apart) {
  char path[64];
  double macs;
  WnTeacher *teacher = open_teacher(0, 0);
  WnTeaching learnt = teach(teacher, path);
  WnModel *model = open_model(path);
  const WnModelInfo *info = wn_model_info(model);
  unlink(path);
  ck_assert_int_eq(info->n_classes, N_CLASSES);
  ck_assert_int_eq(info->n_stages, learnt.n_exits + 1);
  ck_assert_uint_eq(info->macs_full, learnt.macs_full);
  for (int c = 0; c < N_CLASSES; c++) ck_assert_str_eq(info->labels[c], labels[c]);
  ck_assert_uint_eq(learnt.photos, N_CLASSES * PHOTOS);
  ck_assert_double_ge(learnt.accuracy, 0.9);
  ck_assert_double_le(learnt.accuracy_low, learnt.accuracy);
  ck_assert_double_ge(learnt.accuracy_high, learnt.accuracy);
  ck_assert_int_ge(count_right(model, 8, &macs), 22); /* of 24 */
  ck_assert_double_lt(macs, 0.9 * (double)learnt.macs_full);
  wn_model_unref(model);
  wn_teacher_free(teacher);
}
END_TEST

/* What the report counts is what a session does. */
START_TEST(the_report_adds_up) {
  char path[64];
  WnTeacher *teacher = open_teacher(0, 0);
  WnTeaching learnt = teach(teacher, path);
  uint64_t answers = 0, stops = 0, right = 0;
  unlink(path);
  for (int c = 0; c < N_CLASSES; c++) {
    ck_assert_uint_eq(learnt.photos_per_class[c], PHOTOS);
    right += learnt.confusion[c * (N_CLASSES + 1) + c];
    for (int a = 0; a <= N_CLASSES; a++) answers += learnt.confusion[c * (N_CLASSES + 1) + a];
  }
  for (int s = 0; s <= learnt.n_exits; s++) stops += learnt.exits[s];
  ck_assert_uint_eq(answers, learnt.photos);
  ck_assert_uint_eq(stops, learnt.photos);
  ck_assert_double_eq_tol(learnt.accuracy, (double)right / (double)learnt.photos, 1e-12);
  ck_assert_double_eq_tol(learnt.tap_macs[learnt.n_exits], 1, 1e-12);
  ck_assert_double_lt(learnt.tap_macs[0], 0.1);
  wn_teacher_free(teacher);
}
END_TEST

static long read_file(const char *path, char **bytes) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  *bytes = malloc((size_t)size);
  ck_assert_uint_eq(fread(*bytes, 1, (size_t)size, file), size);
  fclose(file);
  return size;
}

START_TEST(the_same_photos_make_the_same_file) {
  char path[2][64], *bytes[2];
  long size[2];
  for (int i = 0; i < 2; i++) {
    WnTeacher *teacher = open_teacher(-1, 0);
    teach(teacher, path[i]);
    wn_teacher_free(teacher);
    size[i] = read_file(path[i], &bytes[i]);
    unlink(path[i]);
  }
  ck_assert_int_eq(size[0], size[1]);
  ck_assert_int_eq(memcmp(bytes[0], bytes[1], (size_t)size[0]), 0);
  free(bytes[0]);
  free(bytes[1]);
}
END_TEST

/* A class of nothing is answered as such, and a floor keeps its promise on the photos. */
START_TEST(a_class_of_nothing_answers_nothing) {
  char path[64];
  WnTeacher *teacher = open_teacher(0.2, 1 + 2);
  WnTeaching learnt = teach(teacher, path);
  WnModel *model = open_model(path);
  WnSession *session;
  const WnResult *result;
  WnFrame frame;
  unlink(path);
  ck_assert_double_le(learnt.rejected, 0.2);
  ck_assert_double_eq(learnt.max_rejected, 0.2);
  ck_assert_int_eq(wn_session_new(model, NULL, &session, NULL), WN_OK);
  uint8_t *pixels = draw(2, 5000, SIDE, &frame);
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, NULL), WN_OK);
  ck_assert_int_eq(result->class_index, -1);
  ck_assert_str_eq(result->label, "");
  free(pixels);
  wn_session_free(session);
  wn_model_unref(model);
  wn_teacher_free(teacher);
}
END_TEST

START_TEST(what_cannot_be_taught_is_refused) {
  WnTeacher *teacher;
  WnTeaching learnt;
  WnError error;
  WnFrame frame;
  const char *const twice[] = {"a", "a"};
  WnTeacherOptions options = {.labels = twice, .n_labels = 2};
  ck_assert_int_eq(wn_teacher_new(BACKBONE_FILE, &options, &teacher, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "'a' stands there twice"));
  options.labels = labels;
  options.n_labels = 1;
  ck_assert_int_eq(wn_teacher_new(BACKBONE_FILE, &options, &teacher, &error), WN_ERROR_ARGUMENT);
  options.n_labels = N_CLASSES;
  ck_assert_int_eq(wn_teacher_new(MODEL_FILE, &options, &teacher, &error), WN_ERROR_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "it has exits"));
  ck_assert_int_eq(wn_teacher_new("/none.onnx", &options, &teacher, &error), WN_ERROR_IO);
  teacher = open_teacher(0, 0);
  ck_assert_int_eq(wn_teacher_write(teacher, "/tmp/never.onnx", &error), WN_ERROR_ARGUMENT);
  uint8_t *pixels = draw(0, 1, SIDE, &frame);
  const WnTeachPhoto strange = {.class_index = N_CLASSES};
  ck_assert_int_eq(wn_teacher_add(teacher, &frame, NULL, &strange, &error), WN_ERROR_ARGUMENT);
  free(pixels);
  for (unsigned i = 0; i < 5; i++) add(teacher, 0, i, SIDE);
  for (unsigned i = 0; i < 5; i++) add(teacher, 1, i, SIDE);
  for (unsigned i = 0; i < 4; i++) add(teacher, 2, i, SIDE);
  ck_assert_int_eq(wn_teacher_learn(teacher, &learnt, &error), WN_ERROR_DATA);
  ck_assert_ptr_nonnull(strstr(error.message, "'stripes' has 4 photos"));
  wn_teacher_free(teacher);
}
END_TEST

/* Of wide photos, where the ways of looking at them differ, one is chosen. */
START_TEST(one_way_of_looking_is_chosen) {
  WnTeacher *teacher = open_teacher(0, 0);
  WnTeaching learnt;
  for (unsigned i = 0; i < 5 * N_CLASSES; i++) add(teacher, (int)i % N_CLASSES, i, 2 * SIDE);
  ck_assert_int_eq(wn_teacher_learn(teacher, &learnt, NULL), WN_OK);
  ck_assert_int_ne(learnt.resize, WN_TEACH_RESIZE_AUTO);
  wn_teacher_free(teacher);
}
END_TEST

/* ---- parts ---- */

START_TEST(neighbours_and_groups_stay_together) {
  enum { N = 40 };
  WnTeachPhoto photos[N] = {0};
  int fold[N];
  bool blocks;
  for (int i = 0; i < N; i++) photos[i] = (WnTeachPhoto){.class_index = i % 2, .when = N - i};
  ck_assert(wni_folds_make(photos, N, 1, fold, &blocks));
  ck_assert(blocks);
  for (int i = 2; i < N; i++) ck_assert_int_le(fold[i], fold[i - 2]); /* later ones come first */
  ck_assert_int_eq(fold[0], WNI_FOLDS - 1);
  ck_assert_int_eq(fold[N - 1], 0);
  for (int i = 0; i < N; i++)
    photos[i] = (WnTeachPhoto){.class_index = i % 2, .when = (double)NAN, .group = 1 + i / 4 % 7};
  ck_assert(wni_folds_make(photos, N, 1, fold, &blocks));
  ck_assert(blocks);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < i; k++)
      if (photos[i].group == photos[k].group && i % 2 == k % 2) ck_assert_int_eq(fold[i], fold[k]);
  int count[WNI_FOLDS] = {0};
  for (int i = 0; i < N; i++) photos[i].group = 0;
  ck_assert(wni_folds_make(photos, N, 1, fold, &blocks));
  ck_assert(!blocks);
  for (int i = 0; i < N; i++) count[fold[i]]++;
  for (int f = 0; f < WNI_FOLDS; f++) ck_assert_int_eq(count[f], N / WNI_FOLDS);
}
END_TEST

/* At the minimum the gradient, here by differences of the objective, is zero. */
static double objective(const WniRows *rows, const float *w, size_t k, double l2) {
  double loss = 0, squares = 0;
  for (size_t i = 0; i < rows->n; i++) {
    float logits[4];
    wni_regression_apply(w, k, rows->width, rows->x + i * rows->width, logits);
    loss += wni_softmax_loss(logits, k, (size_t)rows->truth[i], 1) / (double)rows->n;
  }
  for (size_t i = 0; i < k * rows->width; i++) squares += (double)w[i] * (double)w[i];
  return loss + l2 / 2 * squares;
}

START_TEST(regression_finds_the_minimum) {
  enum { N = 60, WIDTH = 5, K = 3 };
  float x[N * WIDTH], columns[WIDTH * N], w[K * (WIDTH + 1)] = {0};
  int32_t truth[N];
  bool used[N];
  WniRandom random = wni_random_start(3);
  for (int i = 0; i < N; i++) {
    truth[i] = i % K;
    used[i] = true;
    for (int j = 0; j < WIDTH; j++) {
      x[i * WIDTH + j] = (float)(2 * wni_random_next(&random) - 1 + (j == truth[i]));
      columns[j * N + i] = x[i * WIDTH + j];
    }
  }
  const WniRows rows = {N, WIDTH, x, columns, truth};
  ck_assert(wni_regression_fit(&rows, used, K, 0.01, w));
  double least = objective(&rows, w, K, 0.01);
  ck_assert_double_lt(least, 0.8 * log(K));
  for (int i = 0; i < K * (WIDTH + 1); i++)
    for (int sign = -1; sign <= 1; sign += 2) {
      float kept = w[i];
      w[i] += (float)sign * 0.1f;
      ck_assert_double_gt(objective(&rows, w, K, 0.01), least - 1e-4);
      w[i] = kept;
    }
  /* rows that are not used do not count */
  float half[K * (WIDTH + 1)] = {0}, same[K * (WIDTH + 1)] = {0};
  for (int i = 0; i < N; i++) used[i] = i < N / 2;
  ck_assert(wni_regression_fit(&rows, used, K, 0.01, half));
  for (int i = N / 2; i < N; i++) truth[i] = 0;
  ck_assert(wni_regression_fit(&rows, used, K, 0.01, same));
  for (int i = 0; i < K * (WIDTH + 1); i++) ck_assert_float_eq_tol(half[i], same[i], 1e-5f);
}
END_TEST

/* Wider than the binomial interval (Wilson), by half of it at most. */
START_TEST(the_interval_is_wider_than_chance_alone) {
  static const uint64_t cases[][2] = {{5, 10}, {10, 10}, {57, 60}, {380, 400}, {0, 20}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double n = (double)cases[i][1], p = (double)cases[i][0] / n, z = 1.96, low, high;
    double wilson = 2 * z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    wni_accuracy_interval(cases[i][0], cases[i][1], &low, &high);
    ck_assert_double_le(low, p);
    ck_assert_double_ge(high, p);
    ck_assert_double_ge(high - low, 0.99 * wilson * (p > 0 && p < 1 ? 1 : 0.5));
    ck_assert_double_le(high - low, 1.5 * wilson);
  }
}
END_TEST

SUITE_MAIN("teach", new_pictures_are_told_apart, the_report_adds_up,
           the_same_photos_make_the_same_file, a_class_of_nothing_answers_nothing,
           what_cannot_be_taught_is_refused, one_way_of_looking_is_chosen,
           neighbours_and_groups_stay_together, regression_finds_the_minimum,
           the_interval_is_wider_than_chance_alone)
