/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How good what has been taught is, by photos that the heads in question had not seen.
 */
#include "base/error.h"
#include "teach/teacher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DOUBTFUL = 20 };

/* Wilson's interval (1927), wider by STRETCH: the photos that are validated share their teachers,
 * and new ones are of other days.  Over 200 draws of 5 to 60 photos a class the plain one held what
 * new photos gave 7 to 9 times of 10. */
#define Z 1.959963984540054
#define STRETCH 1.45

void wni_accuracy_interval(uint64_t right, uint64_t n, double *low, double *high) {
  double m = (double)n, p = n ? (double)right / m : 0.5;
  double centre = (p + Z * Z / (2 * m)) / (1 + Z * Z / m);
  double half = Z / (1 + Z * Z / m) * sqrt(p * (1 - p) / m + Z * Z / (4 * m * m));
  *low = right > 0 ? fmax(0, p - STRETCH * (p - centre + half)) : 0;
  *high = right < n ? fmin(1, p + STRETCH * (centre + half - p)) : 1;
}

/* By the end's logits: how probable the photo's own class is, and what is answered. */
typedef struct Doubt {
  WnTeachDoubt told;
  double own;
} Doubt;

static Doubt doubt_of(const WniScores *scores, size_t photo) {
  const float *end = wni_scores_at(scores, photo, scores->n_exits);
  int best = wni_arg_max(end, scores->n_classes);
  double sum = 0;
  for (int c = 0; c < scores->n_classes; c++) sum += exp((double)(end[c] - end[best]));
  return (Doubt){{photo, best, 1 / sum},
                 exp((double)(end[scores->truth[photo]] - end[best])) / sum};
}

static int compare_doubts(const void *a, const void *b) {
  const Doubt *x = a, *y = b;
  if (x->own != y->own) return x->own < y->own ? -1 : 1;
  return x->told.photo < y->told.photo ? -1 : x->told.photo > y->told.photo;
}

static bool find_doubtful(WnTeacher *teacher) {
  size_t n = teacher->n, most = n < MOST_DOUBTFUL ? n : MOST_DOUBTFUL;
  Doubt *doubts = calloc(n, sizeof *doubts);
  free(teacher->doubtful);
  teacher->doubtful = calloc(most, sizeof *teacher->doubtful);
  bool enough = doubts && teacher->doubtful;
  for (size_t i = 0; enough && i < n; i++) doubts[i] = doubt_of(&teacher->scores, i);
  if (enough) {
    qsort(doubts, n, sizeof *doubts, compare_doubts);
    for (size_t i = 0; i < most; i++) teacher->doubtful[i] = doubts[i].told;
    teacher->report.doubtful = teacher->doubtful;
    teacher->report.n_doubtful = (int32_t)most;
  }
  free(doubts);
  return enough;
}

/* Answers by true class; what a floor rejects is in the last column. */
static WnStatus fill_confusion(WnTeacher *teacher, WniImages images, WnError *error) {
  size_t k = (size_t)teacher->options.n_labels;
  int32_t *answers = calloc(teacher->n + 1, sizeof *answers);
  free(teacher->confusion);
  free(teacher->per_class);
  teacher->confusion = calloc(k * (k + 1), sizeof *teacher->confusion);
  teacher->per_class = calloc(k, sizeof *teacher->per_class);
  WnStatus status =
      answers && teacher->confusion && teacher->per_class
          ? wni_simulate_answers(&teacher->task, images, teacher->policy.thresholds, answers, error)
          : wni_fail_memory(error, "the report");
  for (size_t i = 0; status == WN_OK && i < teacher->n; i++) {
    size_t truth = (size_t)teacher->scores.truth[i];
    teacher->confusion[truth * (k + 1) + (answers[i] < 0 ? k : (size_t)answers[i])]++;
    teacher->per_class[truth]++;
  }
  free(answers);
  return status;
}

/* Known photos that a floor rejects; those that look like the class of nothing are not among them.
 */
static uint64_t count_floored(const WnTeacher *teacher) {
  size_t k = (size_t)teacher->options.n_labels;
  uint64_t n = 0;
  for (size_t c = 0; c < k; c++)
    if ((int)c != teacher->nothing) n += teacher->confusion[c * (k + 1) + k];
  return n;
}

static void describe_taps(WnTeacher *teacher) {
  const WniBackbone *backbone = &teacher->backbone;
  int last = backbone->n_taps - 1;
  for (int t = 0; t <= last; t++) {
    teacher->taps[t] = backbone->network.graph.values[backbone->taps[t].value].name;
    teacher->tap_macs[t] = (double)teacher->macs[t] / (double)teacher->macs[last];
  }
}

WnStatus wni_teacher_report(WnTeacher *teacher, WnError *error) {
  WniImages images = wni_teacher_images(teacher);
  WnTeaching *r = &teacher->report;
  WniOutcome o;
  int last = teacher->backbone.n_taps - 1;
  WnStatus status = images.index ? WN_OK : wni_fail_memory(error, "the report");
  *r = (WnTeaching){0};
  if (status == WN_OK)
    status = wni_simulate(&teacher->task, images, teacher->policy.thresholds, &o, teacher->exits,
                          NULL, error);
  if (status == WN_OK) status = fill_confusion(teacher, images, error);
  if (status == WN_OK && !find_doubtful(teacher)) status = wni_fail_memory(error, "the report");
  free((uint32_t *)images.index);
  if (status != WN_OK) return status;
  describe_taps(teacher);
  double n = (double)o.images;
  r->photos = o.images;
  r->n_classes = teacher->options.n_labels;
  r->n_exits = last;
  r->photos_per_class = teacher->per_class;
  r->accuracy = (double)o.right / n;
  wni_accuracy_interval(o.right, o.images, &r->accuracy_low, &r->accuracy_high);
  r->accuracy_full = (double)o.right_full / n;
  r->macs_full = teacher->macs[last];
  r->macs_mean = (double)o.macs / n;
  r->rejected = o.known ? (double)count_floored(teacher) / (double)o.known : 0;
  r->max_rejected = teacher->policy.max_rejected;
  r->exits = teacher->exits;
  r->thresholds = teacher->policy.thresholds;
  r->confusion = teacher->confusion;
  r->taps = teacher->taps;
  r->tap_macs = teacher->tap_macs;
  r->resize = (WnTeachResize)(teacher->resize + 1);
  return WN_OK;
}
