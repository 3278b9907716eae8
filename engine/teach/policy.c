/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Thresholds and floors of what has been taught (wni_taught_policy_find() in teacher.h).
 */
#include "base/error.h"
#include "teach/teacher.h"
#include "tune/floor_find.h"
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

static WnStatus find_thresholds(WnTeacher *teacher, WniImages images, WnError *error) {
  double *thresholds = teacher->policy.thresholds;
  double back = exp(-MARGIN / sqrt((double)images.n));
  WniScores sharp;
  WniTask task = teacher->task;
  task.scores = &sharp;
  WnStatus status = sharpen(teacher, &sharp, error);
  if (status == WN_OK)
    status = wni_method_joint(&task, images, (WniAllowed){BOLD_DROP, 0},
                              teacher->extractor.session->threads, thresholds, error);
  /* beta compares logits: a scale is an exponent */
  for (int k = 0; status == WN_OK && k < teacher->scores.n_exits; k++)
    thresholds[k] = pow(thresholds[k] * back, 1 / teacher->sharpness[k]);
  wni_scores_clear(&sharp);
  return status;
}

static size_t count_known(const WnTeacher *teacher) {
  size_t n = 0;
  for (size_t i = 0; i < teacher->n; i++)
    n += teacher->photos[i].given.class_index != teacher->nothing;
  return n;
}

static WnStatus find_floors(WnTeacher *teacher, WniImages images, WnError *error) {
  WniTaughtPolicy *policy = &teacher->policy;
  const WniScores none = {.n_exits = teacher->scores.n_exits,
                          .n_classes = teacher->scores.n_classes};
  double wanted = teacher->options.max_rejected;
  /* one half of the photos calibrates */
  if (wanted < 0)
    wanted = fmax(DEFAULT_REJECTED, 1 / (floor((double)count_known(teacher) / 2) + 1));
  policy->max_rejected = wanted;
  if (wanted == 0) return WN_OK;
  WniFloors found = {.floors = policy->floors};
  const WniFloorRequest request = {wanted, 0, &none};
  WnStatus status =
      wni_floors_find(&teacher->task, images, policy->thresholds, &request, &found, error);
  policy->has_floors = status == WN_OK;
  policy->standardised = found.standardised;
  return status;
}

WnStatus wni_taught_policy_find(WnTeacher *teacher, WnError *error) {
  WniImages images = wni_teacher_images(teacher);
  teacher->policy = (WniTaughtPolicy){0};
  WnStatus status = images.index ? WN_OK : wni_fail_memory(error, "the photos");
  if (status == WN_OK) status = find_thresholds(teacher, images, error);
  if (status == WN_OK) status = find_floors(teacher, images, error);
  if (status == WN_OK && teacher->policy.has_floors) {
    teacher->task.floors = teacher->policy.floors;
    teacher->task.standardised = teacher->policy.standardised;
  }
  free((uint32_t *)images.index);
  return status;
}
