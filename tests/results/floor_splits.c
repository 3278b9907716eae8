/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What floors keep and what they find: floor_splits MODEL KNOWN NOTHING
 *
 * KNOWN is a folder of class-named folders, NOTHING holds pictures of nothing the model knows. The
 * network runs once over both, then:
 *   promise  --splits times (200) thresholds and floors from a random half of KNOWN, and the share
 *            of the other half that is rejected; and from images drawn with replacement, half as
 *            many, where the share of all of KNOWN is the true one
 *   found    --found times (20) floors from a random half of KNOWN and of NOTHING: the share of the
 *            other halves that is rejected, and the MACs that this costs; then from all of KNOWN,
 *            and from half without thresholds
 *   AUROC    there, of t (tune/floor.h) with the weights found, were no stage skipped, and of the
 *            largest logit and softmax of the end, its energy (log sum exp) and the distance to the
 *            10th nearest known image, all of the same logits
 *   floors   those of the last of them, with their weights
 *
 * Status 1: with --confidence the true share was above --rejected more often than 1 - P and three
 * standard errors.
 */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "image.h"
#include "pictures.h"
#include "tune/floor_find.h"
#include "tune/method.h"
#include "tune/request.h"
#include "random_splits.h"

enum { MAX_STAGES = 257, NEIGHBOUR = 10 };

/* Classes of Tiny ImageNet that show what CIFAR-10's classes do, or nearly. */
static const char *const near_cifar10[] = {"albatross",
                                           "black_stork",
                                           "goose",
                                           "king_penguin",
                                           "Egyptian_cat",
                                           "Persian_cat",
                                           "tabby",
                                           "cougar",
                                           "lion",
                                           "Chihuahua",
                                           "German_shepherd",
                                           "Labrador_retriever",
                                           "golden_retriever",
                                           "standard_poodle",
                                           "Yorkshire_terrier",
                                           "gazelle",
                                           "bullfrog",
                                           "tailed_frog",
                                           "beach_wagon",
                                           "convertible",
                                           "limousine",
                                           "sports_car",
                                           "moving_van",
                                           "police_van",
                                           "school_bus",
                                           "trolleybus",
                                           "tractor",
                                           "lifeboat",
                                           "gondola"};

static int splits = 200, n_found = 20;
static double rejected = 0.05, confidence = 0.9, max_drop = 0.005;
static gboolean far_from_cifar10, keep;
static const double *kept; /* the model's own thresholds, with `keep` */
static char *labels;

static uint32_t *make_index(size_t n) {
  uint32_t *index = g_new(uint32_t, n + 1);
  for (size_t i = 0; i < n; i++) index[i] = (uint32_t)i;
  return index;
}

/* ---- the network, once ---- */

static bool is_left_out(const char *path) {
  for (size_t i = 0; far_from_cifar10 && i < G_N_ELEMENTS(near_cifar10); i++) {
    g_autofree char *part = g_strdup_printf("/%s/", near_cifar10[i]);
    if (strstr(path, part) != NULL) return true;
  }
  return false;
}

static bool add(WnTuner *tuner, const Dataset *dataset) {
  WnError error = {0};
  char *problem = NULL;
  for (guint i = 0; i < dataset->images->len && problem == NULL; i++) {
    const DatasetImage *item = &g_array_index(dataset->images, DatasetImage, i);
    Image image = {0};
    if (item->class_index < 0 && is_left_out(item->path)) continue;
    if (image_load(item->path, image_enough(wn_tuner_model(tuner), NULL), &image, &problem) &&
        (item->class_index < 0
             ? wn_tuner_add_nothing(tuner, &image.frame, NULL, &error)
             : wn_tuner_add(tuner, &image.frame, NULL, item->class_index, &error)) != WN_OK)
      problem = g_strdup(error.message);
    image_clear(&image);
  }
  if (problem != NULL) fprintf(stderr, "%s\n", problem);
  g_free(problem);
  return error.status == WN_OK;
}

/* Pictures anywhere below, of no class. */
static bool list_nothing(const char *folder, Dataset *dataset) {
  char *problem;
  GPtrArray *paths = pictures_in(folder, &problem);
  dataset->images = g_array_new(FALSE, FALSE, sizeof(DatasetImage));
  if (problem != NULL) fprintf(stderr, "%s\n", problem);
  for (guint i = 0; i < paths->len; i++) {
    DatasetImage image = {g_strdup(paths->pdata[i]), -1};
    g_array_append_val(dataset->images, image);
  }
  g_ptr_array_unref(paths);
  g_free(problem);
  return dataset->images->len > 0;
}

static bool load(char **arguments, WnTuner **tuner) {
  WnError error = {0};
  Dataset known = {0}, nothing = {0};
  WnTunerOptions options = {.model.labels_file = labels, .without_exits = true};
  WnTuneRequest request = {.max_drop = max_drop, .max_rejected = rejected};
  WniAllowed allowed;
  bool done = false;
  if (wn_tuner_new(arguments[0], &options, tuner, &error) == WN_OK &&
      dataset_list(arguments[1], wn_tuner_model(*tuner), &known) &&
      list_nothing(arguments[2], &nothing) && add(*tuner, &known) && add(*tuner, &nothing)) {
    request.keep_thresholds = keep || wn_tuner_model(*tuner)->n_exits == 0;
    done = wni_request_resolve(*tuner, &request, &allowed, &error) == WN_OK;
    if (done && keep) kept = (*tuner)->thresholds;
  }
  if (!done) fprintf(stderr, "%s\n", error.message);
  dataset_clear(&known);
  dataset_clear(&nothing);
  return done;
}

/* ---- thresholds, floors and what they do ---- */

typedef struct Found {
  double thresholds[MAX_STAGES], floors[MAX_STAGES], weights[MAX_STAGES];
  WniFloors all;
} Found;

static void find_thresholds(const WniTask *task, WniImages images, Found *out) {
  WniAllowed allowed = {max_drop, 0};
  WnError error;
  for (int k = 0; k < MAX_STAGES; k++)
    out->thresholds[k] = kept && k < task->scores->n_exits ? kept[k] : (double)NAN;
  if (!kept && task->strategy != WN_STRATEGY_NONE &&
      wni_method_joint(task, images, allowed, 1, out->thresholds, &error) != WN_OK) {
    fprintf(stderr, "%s\n", error.message);
    exit(1);
  }
}

static bool find_floors(const WniTask *task, WniImages images, double probability,
                        const WniScores *nothing, Found *out) {
  const WniFloorRequest request = {rejected, probability, nothing};
  out->all = (WniFloors){.floors = out->floors, .weights = out->weights};
  return wni_floors_find(task, images, out->thresholds, &request, &out->all, NULL) == WN_OK;
}

static WniOutcome simulate(const WniTask *task, WniImages images, const Found *found) {
  WniTask with = *task;
  WniOutcome o;
  with.floors = found->floors;
  with.standardised = found->all.standardised;
  if (wni_simulate(&with, images, found->thresholds, &o, NULL, NULL, NULL) != WN_OK) exit(1);
  return o;
}

/* ---- promise ---- */

typedef struct Promise {
  int none, above;
  double sum;
} Promise;

static void count_promise(const WniTask *task, WniImages images, const Found *found, Promise *out) {
  WniOutcome o = simulate(task, images, found);
  double share = (double)o.rejected / (double)o.known;
  out->sum += share;
  out->above += share > rejected;
}

static void print_promise(const char *drawn, double probability, const Promise *p) {
  double answered = MAX(splits - p->none, 1);
  printf(
      "promise  %s, %s: above %.1f %% in %d of %d splits (no answer in %d), on average %.2f %%\n",
      drawn, probability > 0 ? "with probability" : "on average      ", 100 * rejected, p->above,
      splits, p->none, 100 * p->sum / answered);
}

/* How often the true share is above the limit where a probability is promised. */
static int promise(const WniTask *task, bool replace) {
  static const WniScores no_pictures;
  size_t n = task->scores->n;
  uint32_t *index = make_index(n), *all = make_index(n), *drawn = make_index(n);
  const double probability[] = {0, confidence};
  Promise p[2] = {0};
  for (int s = 0; s < splits; s++) {
    Found found;
    random_shuffle(index, n);
    for (size_t i = 0; i < n / 2; i++) drawn[i] = replace ? (uint32_t)random_draw(n) : index[i];
    WniImages half = {drawn, n / 2};
    WniImages others = replace ? (WniImages){all, n} : (WniImages){index + n / 2, n - n / 2};
    find_thresholds(task, half, &found);
    for (int k = 0; k < 2; k++)
      if (find_floors(task, half, probability[k], &no_pictures, &found))
        count_promise(task, others, &found, &p[k]);
      else
        p[k].none++;
  }
  for (int k = 0; k < 2; k++)
    print_promise(replace ? "true share" : "other half", probability[k], &p[k]);
  g_free(index);
  g_free(all);
  g_free(drawn);
  return p[1].above;
}

/* ---- other scores of the same logits, larger for known images ---- */

static double largest_softmax(const float *z, int n) {
  double sum = 0;
  int best = wni_arg_max(z, n);
  for (int c = 0; c < n; c++) sum += exp((double)z[c] - (double)z[best]);
  return 1 / sum;
}

static double energy(const float *z, int n) {
  return (double)z[wni_arg_max(z, n)] - log(largest_softmax(z, n));
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double nearness(const float *z, int n, const WniScores *known, WniImages near) {
  g_autofree double *distance = g_new(double, near.n + 1);
  for (size_t i = 0; i < near.n; i++) {
    const float *other = wni_scores_at(known, near.index[i], known->n_exits);
    distance[i] = 0;
    for (int c = 0; c < n; c++)
      distance[i] += ((double)z[c] - (double)other[c]) * ((double)z[c] - (double)other[c]);
  }
  qsort(distance, near.n, sizeof *distance, compare);
  return -distance[MIN((size_t)NEIGHBOUR, near.n) - 1];
}

/* t with the weights found and ranks among the images `near`. */
static void score_t(const WniScores *scores, WniImages images, const WniScores *known,
                    WniImages near, const Found *found, double *out) {
  g_autofree double *sorted = g_new(double, near.n + 1), *s = g_new(double, images.n + 1);
  for (size_t i = 0; i < images.n; i++) out[i] = INFINITY;
  for (int stage = 0; stage <= known->n_exits; stage++) {
    if (!(found->weights[stage] > 0)) continue;
    wni_floor_scores(known, near, stage, found->all.standardised, NULL, sorted);
    WniRank rank = wni_rank_make(sorted, near.n);
    wni_floor_scores(scores, images, stage, found->all.standardised, NULL, s);
    for (size_t i = 0; i < images.n; i++)
      out[i] = fmin(out[i], wni_rank_of(&rank, s[i]) / found->weights[stage]);
  }
}

enum { BY_T, BY_LOGIT, BY_SOFTMAX, BY_ENERGY, BY_NEIGHBOURS, N_WAYS };

static void score(int way, const WniScores *scores, WniImages images, const WniScores *known,
                  WniImages near, const Found *found, double *out) {
  int n = scores->n_classes;
  if (way == BY_T) score_t(scores, images, known, near, found, out);
  for (size_t i = 0; way != BY_T && i < images.n; i++) {
    const float *z = wni_scores_at(scores, images.index[i], scores->n_exits);
    out[i] = way == BY_LOGIT     ? (double)z[wni_arg_max(z, n)]
             : way == BY_SOFTMAX ? largest_softmax(z, n)
             : way == BY_ENERGY  ? energy(z, n)
                                 : nearness(z, n, known, near);
  }
}

/* The probability that a known image's score is the larger one. */
static double auroc(const double *known, size_t n_known, const double *nothing, size_t n_nothing) {
  double sum = 0;
  for (size_t i = 0; i < n_known; i++)
    for (size_t j = 0; j < n_nothing; j++)
      sum += known[i] > nothing[j] ? 1 : known[i] == nothing[j] ? 0.5 : 0;
  return sum / (double)n_known / (double)n_nothing;
}

/* ---- found ---- */

static WniScores half_of(const WniScores *scores, const uint32_t *index, size_t n) {
  WniScores half = {.n_exits = scores->n_exits, .n_classes = scores->n_classes};
  size_t row = ((size_t)scores->n_exits + 1) * (size_t)scores->n_classes;
  for (size_t i = 0; i < n; i++) {
    float *out = wni_scores_add(&half, -1);
    if (out == NULL) exit(1);
    memcpy(out, wni_scores_at(scores, index[i], 0), row * sizeof *out);
  }
  return half;
}

/* Sums over splits. */
typedef struct Sums {
  double known, nothing, macs_rejected, macs_nothing, right, auroc[N_WAYS];
} Sums;

static void count_found(const WniTask *task, WniImages known, WniImages nothing,
                        const WniScores *pictures, const Found *found, Sums *sums) {
  WniTask other = *task;
  WniOutcome k = simulate(task, known, found), n;
  other.scores = pictures;
  n = simulate(&other, nothing, found);
  double full = (double)task->macs[task->scores->n_exits];
  sums->known += (double)k.rejected / (double)k.known;
  sums->nothing += (double)n.nothing / (double)n.images;
  sums->macs_rejected += (double)n.macs_nothing / (double)MAX(n.nothing, 1) / full;
  sums->macs_nothing += (double)n.macs / (double)n.images / full;
  sums->right += (double)k.right / (double)k.images;
}

static void count_auroc(const WniTask *task, WniImages known, WniImages nothing,
                        const WniScores *pictures, WniImages near, const Found *found, Sums *sums) {
  g_autofree double *a = g_new(double, known.n + 1), *b = g_new(double, nothing.n + 1);
  for (int way = 0; way < N_WAYS; way++) {
    score(way, task->scores, known, task->scores, near, found, a);
    score(way, pictures, nothing, task->scores, near, found, b);
    sums->auroc[way] += auroc(a, known.n, b, nothing.n);
  }
}

static void print_found(const char *how, const Sums *s, int n) {
  printf("found    %s: %.1f %% of the known and %.1f %% of the pictures of nothing are rejected; a "
         "rejected picture costs %.1f %% of the MACs, a picture of nothing %.1f %%; accuracy "
         "%.1f %% (mean of %d splits)\n",
         how, 100 * s->known / n, 100 * s->nothing / n, 100 * s->macs_rejected / n,
         100 * s->macs_nothing / n, 100 * s->right / n, n);
}

static void print_floors(const char *how, const WniTask *task, const Found *found) {
  printf("floors   %s, by %s:", how, found->all.standardised ? "standardised logits" : "logits");
  for (int i = 0; i <= task->scores->n_exits; i++)
    printf(" %g (%.2f)", found->floors[i], found->weights[i]);
  printf("\n");
}

enum { WITH, WITH_ALL, WITHOUT, N_FOUND };
static const char *const names[] = {"thresholds    ", "all of KNOWN  ", "no thresholds "};

/* One split: with the thresholds, with all of KNOWN, then without: beta 0 excludes nothing, so that
 * only floors stop a picture. */
static void find_once(const WnTuner *tuner, uint32_t *known, uint32_t *nothing, Sums *sums,
                      bool last) {
  const WniTask *task = &tuner->task;
  const WniScores *pictures = &tuner->nothing;
  size_t n_known = task->scores->n, n_nothing = pictures->n;
  random_shuffle(known, n_known);
  random_shuffle(nothing, n_nothing);
  WniScores chosen = half_of(pictures, nothing, n_nothing / 2);
  WniImages near = {known, n_known / 2}, known_other = {known + n_known / 2, n_known - n_known / 2};
  WniImages all = {known, n_known};
  WniImages nothing_other = {nothing + n_nothing / 2, n_nothing - n_nothing / 2};
  Found found;
  find_thresholds(task, near, &found);
  for (int how = 0; how < N_FOUND; how++) {
    bool without = how == WITHOUT && task->strategy == WN_STRATEGY_CLASS_EXCLUSION;
    for (int k = 0; without && k < MAX_STAGES; k++) found.thresholds[k] = 0;
    if (!find_floors(task, how == WITH_ALL ? all : near, 0, &chosen, &found)) exit(1);
    count_found(task, known_other, nothing_other, pictures, &found, &sums[how]);
    if (how == WITH) count_auroc(task, known_other, nothing_other, pictures, near, &found, sums);
    if (last) print_floors(names[how], task, &found);
  }
  wni_scores_clear(&chosen);
}

static void found(const WnTuner *tuner) {
  static const char *const ways[N_WAYS] = {"t", "logit", "softmax", "energy", "neighbours"};
  int n = n_found;
  uint32_t *known = make_index(tuner->scores.n), *nothing = make_index(tuner->nothing.n);
  Sums sums[N_FOUND] = {0};
  for (int s = 0; s < n; s++) find_once(tuner, known, nothing, sums, s == n - 1);
  for (int how = 0; how < N_FOUND; how++) print_found(names[how], &sums[how], n);
  for (int way = 0; way < N_WAYS; way++)
    printf("AUROC    %-10s %.3f\n", ways[way], sums[0].auroc[way] / n);
  g_free(known);
  g_free(nothing);
}

int main(int argc, char **argv) {
  const GOptionEntry entries[] = {
      {"splits", 0, 0, G_OPTION_ARG_INT, &splits, "How many (200)", "N"},
      {"found", 0, 0, G_OPTION_ARG_INT, &n_found, "How many floors are tried (20)", "N"},
      {"rejected", 0, 0, G_OPTION_ARG_DOUBLE, &rejected, "The share allowed (0.05)", "R"},
      {"confidence", 0, 0, G_OPTION_ARG_DOUBLE, &confidence, "The probability (0.9)", "P"},
      {"labels", 0, 0, G_OPTION_ARG_FILENAME, &labels, "One a line", "FILE"},
      {"keep", 0, 0, G_OPTION_ARG_NONE, &keep,
       "Leave the model's thresholds as they are, which is faster", NULL},
      {"far-from-cifar10", 0, 0, G_OPTION_ARG_NONE, &far_from_cifar10,
       "Leave out pictures in folders named like what CIFAR-10 shows", NULL},
      G_OPTION_ENTRY_NULL};
  GOptionContext *context = g_option_context_new("MODEL KNOWN NOTHING");
  g_option_context_add_main_entries(context, entries, NULL);
  bool parsed = g_option_context_parse(context, &argc, &argv, NULL) && argc == 4;
  g_option_context_free(context);
  if (!parsed) {
    fprintf(stderr, "usage: floor_splits [OPTION...] MODEL KNOWN NOTHING; see --help\n");
    return 2;
  }
  WnTuner *tuner = NULL;
  int above = 0;
  bool loaded = load(argv + 1, &tuner) && tuner->scores.n_exits < MAX_STAGES;
  if (loaded) {
    found(tuner);
    above = promise(&tuner->task, true);
    promise(&tuner->task, false);
  }
  wn_tuner_free(tuner);
  g_free(labels);
  double expected = splits * (1 - confidence);
  return !loaded || above > expected + 3 * sqrt(expected * confidence) ? 1 : 0;
}
