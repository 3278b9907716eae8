/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thresholds and floors of what has been taught (wni_taught_policy_find() in teacher.h).
 */
#include "base/error.h"
#include "teach/teacher.h"
#include "tune/method.h"

#include <math.h>
#include <stdlib.h>

/* Of known photos, unless so few of them allow no less. */
#define DEFAULT_REJECTED 0.01

/* Thresholds found on few photos overfit: those that lose nothing out of fold lost 9 points of new
 * photos of two classes, 60 of each.  So the search is a little bold and then steps back: each
 * excluded class must be less likely still by MARGIN / sqrt(photos) nats, the way an estimate's
 * uncertainty shrinks.  That lost less and saved more than a shy search without a margin: with
 * 12 pairs, 10 and 13 kinds of things and both backbones, at most 1 point each. */
#define BOLD_DROP 0.02
#define MARGIN 14.0

/* What is nothing is to come to the end, where the floor is: with one the step is larger by so many
 * nats. */
#define MARGIN_FOR_FLOOR 1.25

/* The floor is not above what this share of all known photos fall below at the end, however few of
 * them come to it. */
#define HIGHEST_FLOOR 0.2

/* The scores as they are blended, not as they are told: a margin is one of evidence. */
static WnStatus sharpen(const WnTeacher *teacher, WniScores *out, WnError *error) {
  const WniScores *told = &teacher->scores;
  *out = (WniScores){.n_exits = told->n_exits, .n_classes = told->n_classes};
  for (size_t i = 0; i < told->n; i++) {
    const float *from = wni_scores_at(told, i, 0);
    float *to = wni_scores_add(out, told->truth[i]);
    if (!to) return wni_fail_memory(error, "the photos' scores");
    for (int t = 0; t <= told->n_exits; t++)
      for (int c = 0; c < told->n_classes; c++) *to++ = (float)teacher->sharpness[t] * *from++;
  }
  return WN_OK;
}

/* The search leaves a threshold at 0 where no photo was left to stop.  New ones may come there, and
 * a later head, which knows what the earlier ones do, needs no more evidence than they. */
static void fill_gaps(double *thresholds, int n) {
  double least = 0;
  for (int k = 0; k < n; k++) {
    if (thresholds[k] > 0)
      least = least > 0 ? fmin(least, thresholds[k]) : thresholds[k];
    else
      thresholds[k] = least;
  }
}

static WnStatus find_thresholds(WnTeacher *teacher, WniImages images, WnError *error) {
  double *thresholds = teacher->policy.thresholds;
  double margin = MARGIN / sqrt((double)images.n);
  if (teacher->policy.max_rejected > 0) margin += MARGIN_FOR_FLOOR;
  WniScores sharp;
  WniTask task = teacher->task;
  task.scores = &sharp;
  WnStatus status = sharpen(teacher, &sharp, error);
  if (status == WN_OK)
    status = wni_method_joint(&task, images, (WniAllowed){BOLD_DROP, 0},
                              teacher->extractor.session->threads, thresholds, error);
  if (status == WN_OK) fill_gaps(thresholds, teacher->scores.n_exits);
  /* beta compares logits: a scale is an exponent */
  for (int k = 0; status == WN_OK && k < teacher->scores.n_exits; k++)
    thresholds[k] = pow(thresholds[k] * exp(-margin), 1 / teacher->sharpness[k]);
  wni_scores_clear(&sharp);
  return status;
}

static bool is_known(const WnTeacher *teacher, size_t photo) {
  return teacher->scores.truth[photo] != teacher->nothing;
}

static double choose_rejected(const WnTeacher *teacher) {
  size_t known = 0;
  for (size_t i = 0; i < teacher->n; i++) known += is_known(teacher, i);
  double wanted = teacher->options.max_rejected;
  return wanted < 0 ? fmax(DEFAULT_REJECTED, 1 / ((double)known + 1)) : wanted;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* What the end says of the known photos: `came` of those that come to it, `all` of all. */
typedef struct Ends {
  double *came, *all;
  size_t n_came, n_all;
} Ends;

static void sort_ends(const WnTeacher *teacher, const int *stages, const int *answers, Ends *ends) {
  const WniScores *scores = &teacher->scores;
  for (size_t i = 0; i < teacher->n; i++) {
    const float *end = wni_scores_at(scores, i, scores->n_exits);
    if (!is_known(teacher, i)) continue;
    ends->all[ends->n_all++] = (double)end[wni_arg_max(end, scores->n_classes)];
    if (stages[i] == scores->n_exits) ends->came[ends->n_came++] = (double)end[answers[i]];
  }
  qsort(ends->came, ends->n_came, sizeof *ends->came, compare_doubles);
  qsort(ends->all, ends->n_all, sizeof *ends->all, compare_doubles);
}

/* Split conformal, with a single floor at the end: the k-th smallest, k = floor(R (n + 1)).  Known
 * photos that stop before are not lost, so k counts among those that come there.  On pictures of
 * nothing in particular the largest logit of the end told them from 12 kinds of objects better than
 * a standardised one and than anything at earlier taps (85 to 96, 61 to 80 and 20 to 70 % of them
 * at R = 5 %). */
static double find_floor(const Ends *ends, double rejected) {
  size_t k = (size_t)(rejected * ((double)ends->n_all + 1) + 1e-9);
  size_t highest = (size_t)(HIGHEST_FLOOR * (double)ends->n_all);
  if (k == 0 || ends->n_all == 0) return (double)NAN;
  double most = ends->all[highest], floor = most;
  if (k <= ends->n_came) floor = fmin(ends->came[k - 1], most);
  return nextafterf((float)floor, -INFINITY); /* it is not lost itself, and k - 1 are */
}

static WnStatus find_floors(WnTeacher *teacher, WniImages images, WnError *error) {
  WniTaughtPolicy *policy = &teacher->policy;
  size_t n = teacher->n;
  int last = teacher->scores.n_exits;
  int *stages = calloc(n, sizeof *stages), *answers = calloc(n, sizeof *answers);
  Ends ends = {.came = calloc(n, sizeof(double)), .all = calloc(n, sizeof(double))};
  WnStatus status =
      stages && answers && ends.came && ends.all
          ? wni_simulate_stops(&teacher->task, images, policy->thresholds, stages, answers, error)
          : wni_fail_memory(error, "the floor");
  if (status == WN_OK) {
    sort_ends(teacher, stages, answers, &ends);
    for (int t = 0; t < last; t++) policy->floors[t] = (double)NAN;
    policy->floors[last] = find_floor(&ends, policy->max_rejected);
    policy->has_floors = !isnan(policy->floors[last]);
  }
  free(stages);
  free(answers);
  free(ends.came);
  free(ends.all);
  return status;
}

WnStatus wni_taught_policy_find(WnTeacher *teacher, WnError *error) {
  WniImages images = wni_teacher_images(teacher);
  teacher->policy = (WniTaughtPolicy){.max_rejected = choose_rejected(teacher)};
  WnStatus status = images.index ? WN_OK : wni_fail_memory(error, "the photos");
  if (status == WN_OK) status = find_thresholds(teacher, images, error);
  if (status == WN_OK && teacher->policy.max_rejected > 0)
    status = find_floors(teacher, images, error);
  if (status == WN_OK && teacher->policy.has_floors) teacher->task.floors = teacher->policy.floors;
  free((uint32_t *)images.index);
  return status;
}
