/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How thresholds found on some images do on others: tune_splits MODEL DATASET [SPLITS [D [P]]]
 *
 * Runs the network once over the dataset, then SPLITS times (200):
 *   search   thresholds for a drop of D / 2 on a random half, measured on the other half, for the
 *            joint and the greedy method (a quarter of the splits)
 *   risk     thresholds with a drop of at most D (0.01) with probability P (0.9), found on images
 * drawn with replacement, half as many; the dataset is what they are drawn from, so the drop on all
 * of it is the true one.  And on a random half, measured on the other half.
 *
 * Status 1: the true drop was above D more often than 1 - P and three standard errors.
 */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataset.h"
#include "image.h"
#include "tune/method.h"
#include "tune/request.h"
#include "tune/risk.h"
#include "../results/random_splits.h"

enum { MAX_EXITS = 256 };

static bool load(const char *model, const char *folder, WnTuner **tuner) {
  WnError error = {0};
  Dataset dataset = {0};
  char *problem = NULL;
  if (wn_tuner_new(model, NULL, tuner, &error) != WN_OK) {
    fprintf(stderr, "%s\n", error.message);
    return false;
  }
  if (!dataset_list(folder, wn_tuner_model(*tuner), &dataset)) return false;
  for (guint i = 0; i < dataset.images->len && problem == NULL; i++) {
    const DatasetImage *item = &g_array_index(dataset.images, DatasetImage, i);
    Image image = {0};
    if (image_load(item->path, (PictureSize){0}, &image, &problem) &&
        wn_tuner_add(*tuner, &image.frame, NULL, item->class_index, &error) != WN_OK)
      problem = g_strdup(error.message);
    image_clear(&image);
  }
  if (problem != NULL) fprintf(stderr, "%s\n", problem);
  g_free(problem);
  dataset_clear(&dataset);
  return error.status == WN_OK;
}

static double drop_on(const WniTask *task, WniImages images, const double *thresholds,
                      double *saved) {
  WniOutcome o;
  if (wni_simulate(task, images, thresholds, &o, NULL, NULL, NULL) != WN_OK) exit(1);
  *saved += 1 - (double)o.macs / (double)o.images / (double)task->macs[task->scores->n_exits];
  return ((double)o.right_full - (double)o.right) / (double)o.images;
}

static void search_splits(const WniTask *task, uint32_t *index, size_t n, int splits, double drop) {
  double inside[2] = {0}, outside[2] = {0}, saved[2] = {0}, unused = 0;
  for (int s = 0; s < splits; s++) {
    random_shuffle(index, n);
    WniImages found = {index, n / 2}, fresh = {index + n / 2, n - n / 2};
    for (int greedy = 0; greedy < 2; greedy++) {
      double t[MAX_EXITS];
      WniAllowed allowed = {drop, 0};
      WnStatus status = greedy ? wni_method_greedy(task, found, allowed, t, NULL)
                               : wni_method_joint(task, found, allowed, 1, t, NULL);
      if (status != WN_OK) exit(1);
      inside[greedy] += drop_on(task, found, t, &unused) / splits;
      outside[greedy] += drop_on(task, fresh, t, &saved[greedy]) / splits;
    }
  }
  for (int greedy = 0; greedy < 2; greedy++)
    printf("%-6s drop allowed %.2f %%: %.2f %% on the half it was found on, %.2f %% on the other, "
           "where %.1f %% of the MACs are saved (mean of %d splits)\n",
           greedy ? "greedy" : "joint", 100 * drop, 100 * inside[greedy], 100 * outside[greedy],
           100 * saved[greedy] / splits, splits);
}

/* How often the drop on `measured` is above the limit. */
static int risk_splits(const WniTask *task, uint32_t *index, size_t n, int splits, double limit,
                       double confidence, bool replace) {
  uint32_t *drawn = g_new(uint32_t, n), *all = g_new(uint32_t, n);
  int above = 0, none = 0;
  double saved = 0, drops = 0;
  for (size_t i = 0; i < n; i++) all[i] = (uint32_t)i;
  for (int s = 0; s < splits; s++) {
    double t[MAX_EXITS], tested;
    uint64_t n_tested;
    random_shuffle(index, n);
    for (size_t i = 0; i < n / 2; i++) drawn[i] = replace ? (uint32_t)random_draw(n) : index[i];
    if (wni_risk_search(task, (WniImages){drawn, n / 2}, limit, confidence, t, &n_tested, &tested,
                        NULL) != WN_OK) {
      none++; /* no thresholds, no drop */
      continue;
    }
    WniImages measured = replace ? (WniImages){all, n} : (WniImages){index + n / 2, n - n / 2};
    double drop = drop_on(task, measured, t, &saved);
    above += drop > limit;
    drops += drop;
  }
  printf("risk   %s: the drop is above %.2f %% in %d of %d splits (no answer in %d); else it is "
         "%.2f %% on average, and %.1f %% of the MACs are saved\n",
         replace ? "true drop " : "other half", 100 * limit, above, splits, none,
         100 * drops / MAX(splits - none, 1), 100 * saved / MAX(splits - none, 1));
  g_free(drawn);
  g_free(all);
  return above;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: tune_splits MODEL DATASET [SPLITS [D [P]]]\n");
    return 2;
  }
  int splits = argc > 3 ? atoi(argv[3]) : 200;
  double limit = argc > 4 ? g_ascii_strtod(argv[4], NULL) : 0.01;
  double confidence = argc > 5 ? g_ascii_strtod(argv[5], NULL) : 0.9;
  WnTuner *tuner = NULL;
  WnTuneRequest request = {.max_drop = limit};
  WniAllowed allowed;
  WnError error = {0};
  bool loaded = load(argv[1], argv[2], &tuner);
  if (!loaded || wni_request_resolve(tuner, &request, &allowed, &error) != WN_OK ||
      tuner->scores.n_exits > MAX_EXITS) {
    fprintf(stderr, "%s\n", error.message);
    wn_tuner_free(tuner);
    return 1;
  }
  size_t n = tuner->scores.n;
  uint32_t *index = g_new(uint32_t, n);
  for (size_t i = 0; i < n; i++) index[i] = (uint32_t)i;
  search_splits(&tuner->task, index, n, MAX(splits / 4, 1), limit / 2);
  int above = risk_splits(&tuner->task, index, n, splits, limit, confidence, true);
  risk_splits(&tuner->task, index, n, splits, limit, confidence, false);
  g_free(index);
  wn_tuner_free(tuner);
  double expected = splits * (1 - confidence);
  return above > expected + 3 * sqrt(expected * confidence) ? 1 : 0;
}
