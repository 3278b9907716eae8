/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a teacher's photos to what has been learnt (wn_teacher_learn()): what of them the network
 * sees, further views of each, heads, thresholds, the report.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "teach/folds.h"
#include "teach/regression.h"
#include "teach/teacher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The views of a photo that are learnt from, the first as it is. */
enum { N_VIEWS = 4 };

/* How small a crop may be, and how much the light changes. */
#define LEAST_CROP 0.75
#define MOST_GAIN 1.25

static WnStatus check_photos(const WnTeacher *teacher, WnError *error) {
  WnStatus status = WN_OK;
  size_t *count = calloc((size_t)teacher->options.n_labels, sizeof *count);
  if (!count) return wni_fail_memory(error, "the photos");
  for (size_t i = 0; i < teacher->n; i++) count[teacher->photos[i].given.class_index]++;
  for (int c = 0; c < teacher->options.n_labels && status == WN_OK; c++)
    if (count[c] < WN_TEACH_FEWEST_PHOTOS)
      status =
          wni_fail(error, WN_ERROR_DATA,
                   "class '%.100s' has %zu photo%s; %d of each class are the fewest to learn "
                   "from, and 20 or more are better",
                   teacher->labels[c], count[c], count[c] == 1 ? "" : "s", WN_TEACH_FEWEST_PHOTOS);
  free(count);
  return status;
}

/* What all steps of learning share. */
typedef struct Course {
  WnTeacher *teacher;
  int32_t *truth;
  int *fold;
  float *features; /* [n * views][n_features] */
  float *logits;   /* [n][n_taps][n_classes] */
  size_t n_views;
  double from, to; /* the part of all progress that this step is */
} Course;

static void tell(const WnTeacher *teacher, double done) {
  if (teacher->options.progress) teacher->options.progress(teacher->options.user, done);
}

static void tell_step(void *user, double done) {
  const Course *course = user;
  tell(course->teacher, course->from + (course->to - course->from) * done);
}

static WniLesson lesson_of(Course *course, size_t n_views) {
  const WnTeacher *teacher = course->teacher;
  WniLesson lesson = {.n = teacher->n,
                      .n_views = n_views,
                      .n_classes = (size_t)teacher->options.n_labels,
                      .n_taps = teacher->backbone.n_taps,
                      .features = course->features,
                      .truth = course->truth,
                      .fold = course->fold,
                      .threads = teacher->extractor.session->threads,
                      .progress = tell_step,
                      .user = course};
  for (int t = 0; t < lesson.n_taps; t++) lesson.width[t] = teacher->backbone.taps[t].features;
  return lesson;
}

/* How good the whole network is with photos seen in one way: -log of the probability of each one's
 * class, and which are right. */
typedef struct Trial {
  double *losses; /* [n] */
  bool *right;    /* [n] */
} Trial;

static bool try_resize(Course *course, WniResize resize, Trial *trial) {
  WnTeacher *teacher = course->teacher;
  size_t width = teacher->extractor.n_features, k = (size_t)teacher->options.n_labels;
  size_t n_taps = (size_t)teacher->backbone.n_taps;
  for (size_t i = 0; i < teacher->n; i++)
    memcpy(course->features + i * width, teacher->photos[i].views[resize], width * sizeof(float));
  WniLesson lesson = lesson_of(course, 1);
  if (!wni_learn(&lesson, course->logits, teacher->sharpness, NULL)) return false;
  for (size_t i = 0; i < teacher->n; i++) {
    const float *end = course->logits + (i * n_taps + n_taps - 1) * k;
    trial->losses[i] = wni_softmax_loss(end, k, (size_t)course->truth[i], 1);
    trial->right[i] = wni_arg_max(end, (int)k) == course->truth[i];
  }
  return true;
}

/* Whether `a` is better than `b` by more than chance: right more often, by more than two photos and
 * half a deviation of those on which they differ, and with less loss, by a deviation of the mean.
 */
static bool is_better(const Trial *a, const Trial *b, size_t n) {
  double gained = 0, lost = 0, sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) {
    gained += a->right[i] && !b->right[i];
    lost += b->right[i] && !a->right[i];
    sum += b->losses[i] - a->losses[i];
  }
  double mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) {
    double d = b->losses[i] - a->losses[i] - mean;
    squares += d * d;
  }
  return gained - lost > fmax(2, sqrt(gained + lost) / 2) && mean > sqrt(squares) / (double)n;
}

/* The whole frame, unless something else cross-validates better. */
static WnStatus choose_resize(Course *course, WnError *error) {
  static const WniResize order[WNI_RESIZES] = {WNI_RESIZE_STRETCH, WNI_RESIZE_LETTERBOX,
                                               WNI_RESIZE_CROP};
  WnTeacher *teacher = course->teacher;
  bool fixed = teacher->options.resize != WN_TEACH_RESIZE_AUTO, differ = false;
  teacher->resize = fixed ? (WniResize)(teacher->options.resize - 1) : order[0];
  for (size_t i = 0; i < teacher->n; i++) differ = differ || !teacher->photos[i].whole;
  if (fixed || !differ) return WN_OK;
  Trial best = {calloc(teacher->n, sizeof *best.losses), calloc(teacher->n, sizeof *best.right)};
  Trial trial = {calloc(teacher->n, sizeof *trial.losses), calloc(teacher->n, sizeof *trial.right)};
  bool done = best.losses && best.right && trial.losses && trial.right &&
              try_resize(course, order[0], &best);
  for (int i = 1; done && i < WNI_RESIZES; i++) {
    done = try_resize(course, order[i], &trial);
    if (!done || !is_better(&trial, &best, teacher->n)) continue;
    teacher->resize = order[i];
    memcpy(best.losses, trial.losses, teacher->n * sizeof *best.losses);
    memcpy(best.right, trial.right, teacher->n * sizeof *best.right);
  }
  free(best.losses);
  free(best.right);
  free(trial.losses);
  free(trial.right);
  return done ? WN_OK : wni_fail_memory(error, "the features");
}

/* View number `number` of a copy: mirrored, cut, in another light. */
static WniGlance draw_view(const WnFrame *copy, int number, WniResize resize, WnRect *region,
                           WniRandom *random) {
  WniGlance view = {.region = region, .resize = resize, .mirror = number % 2 == 1, .gain = 1};
  double side = LEAST_CROP + (1 - LEAST_CROP) * wni_random_next(random);
  double x = wni_random_next(random), y = wni_random_next(random);
  double light = (2 * wni_random_next(random) - 1) * log(MOST_GAIN);
  *region = (WnRect){0, 0, copy->width, copy->height};
  if (number < 2) return view;
  region->width = (int32_t)fmax(1, round(copy->width * side));
  region->height = (int32_t)fmax(1, round(copy->height * side));
  region->x = (int32_t)floor(x * (copy->width - region->width));
  region->y = (int32_t)floor(y * (copy->height - region->height));
  view.gain = (float)exp(light);
  return view;
}

static WnStatus augment(Course *course, WnError *error) {
  WnTeacher *teacher = course->teacher;
  size_t width = teacher->extractor.n_features, n_views = course->n_views;
  WniRandom random = wni_random_start(teacher->options.seed);
  WnStatus status = WN_OK;
  for (size_t i = 0; i < teacher->n && status == WN_OK; i++) {
    const WniPhoto *photo = &teacher->photos[i];
    float *to = course->features + i * n_views * width;
    memcpy(to, photo->views[teacher->resize], width * sizeof *to);
    for (int v = 1; v < (int)n_views && status == WN_OK; v++) {
      WnRect region;
      WniGlance view = draw_view(&photo->copy, v, teacher->resize, &region, &random);
      status = wni_extract(&teacher->extractor, &photo->copy, &view, to + (size_t)v * width, error);
    }
    tell_step(course, (double)(i + 1) / (double)teacher->n);
  }
  return status;
}

static WnStatus keep_scores(WnTeacher *teacher, const float *logits, WnError *error) {
  int k = teacher->options.n_labels, n_taps = teacher->backbone.n_taps;
  wni_scores_clear(&teacher->scores);
  teacher->scores = (WniScores){.n_exits = n_taps - 1, .n_classes = k};
  size_t each = (size_t)n_taps * (size_t)k;
  for (size_t i = 0; i < teacher->n; i++) {
    float *to = wni_scores_add(&teacher->scores, teacher->photos[i].given.class_index);
    if (!to) return wni_fail_memory(error, "the photos' scores");
    memcpy(to, logits + i * each, each * sizeof *to);
  }
  for (int t = 0; t < n_taps; t++)
    teacher->macs[t] = wni_backbone_macs(&teacher->backbone, t, (size_t)k);
  teacher->task =
      (WniTask){.scores = &teacher->scores,
                .strategy = WN_STRATEGY_CLASS_EXCLUSION,
                .softmax = true,
                .macs = teacher->macs,
                .macs_per_row = wni_head_inputs(&teacher->backbone, n_taps - 1, (size_t)k),
                .nothing = teacher->nothing >= 0 ? &teacher->nothing : NULL};
  return WN_OK;
}

static WnStatus teach(Course *course, WnError *error) {
  WnTeacher *teacher = course->teacher;
  course->to = 0.2;
  WnStatus status = choose_resize(course, error);
  course->from = 0.2;
  course->to = 0.6;
  if (status == WN_OK) status = augment(course, error);
  course->from = 0.6;
  course->to = 1;
  wni_heads_clear(&teacher->heads);
  WniLesson lesson = lesson_of(course, course->n_views);
  if (status == WN_OK && !wni_learn(&lesson, course->logits, teacher->sharpness, &teacher->heads))
    status = wni_fail_memory(error, "the heads");
  if (status == WN_OK) status = keep_scores(teacher, course->logits, error);
  if (status == WN_OK) status = wni_taught_policy_find(teacher, error);
  if (status == WN_OK) status = wni_teacher_report(teacher, error);
  return status;
}

static bool assemble(Course *course, bool *blocks) {
  const WnTeacher *teacher = course->teacher;
  size_t n = teacher->n, width = teacher->extractor.n_features;
  WnTeachPhoto *given = calloc(n, sizeof *given);
  course->truth = calloc(n, sizeof *course->truth);
  course->fold = calloc(n, sizeof *course->fold);
  course->features = malloc(n * course->n_views * width * sizeof(float));
  course->logits = malloc(n * (size_t)teacher->backbone.n_taps * (size_t)teacher->options.n_labels *
                          sizeof(float));
  bool enough = given && course->truth && course->fold && course->features && course->logits;
  for (size_t i = 0; enough && i < n; i++) {
    given[i] = teacher->photos[i].given;
    course->truth[i] = given[i].class_index;
  }
  enough = enough && wni_folds_make(given, n, teacher->options.seed, course->fold, blocks);
  free(given);
  return enough;
}

WnStatus wn_teacher_learn(WnTeacher *teacher, WnTeaching *out, WnError *error) {
  WNI_FP_SCOPE(mode);
  int64_t start = wni_clock_ns();
  Course course = {.teacher = teacher, .n_views = teacher->crowded ? 1 : N_VIEWS};
  bool blocks = false;
  teacher->learnt = false;
  WnStatus status = check_photos(teacher, error);
  if (status != WN_OK) return status;
  status =
      assemble(&course, &blocks) ? teach(&course, error) : wni_fail_memory(error, "the photos");
  free(course.truth);
  free(course.fold);
  free(course.features);
  free(course.logits);
  if (status != WN_OK) return status;
  tell(teacher, 1);
  teacher->learnt = true;
  teacher->report.blocks = blocks;
  teacher->report.learn_ns = wni_clock_ns() - start;
  *out = teacher->report;
  return WN_OK;
}
