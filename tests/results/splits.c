/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What thresholds found on one half of a few pictures do on the other: splits MODEL DATASET
 *
 * The network runs once over the dataset; then, for each of N random splits, thresholds are
 * searched on one half and measured on the other.  Figures are means over the splits, in one table:
 * a row for each allowed drop of accuracy, or for each watch query.  MACs are a share of macs-full,
 * with a query those of the pictures of other classes.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataset.h"
#include "image.h"
#include "tune/method.h"
#include "tune/request.h"
#include "random_splits.h"

enum { MAX_EXITS = 256 };

typedef struct Sums {
  double right, right_full, macs;                                   /* shares */
  double misses, misses_full, alarms, alarms_full, watched, others; /* pictures */
  double exits[MAX_EXITS + 1];
} Sums;

static void fail(const char *message) {
  fprintf(stderr, "splits: %s\n", message);
  exit(1);
}

static WnTuner *load(const char *model, const char *folder, int threads) {
  WnTunerOptions options = {.threads = threads};
  WnTuner *tuner = NULL;
  WnError error = {0};
  Dataset dataset = {0};
  if (wn_tuner_new(model, &options, &tuner, &error) != WN_OK) fail(error.message);
  if (!dataset_list(folder, wn_tuner_model(tuner), &dataset)) exit(1);
  for (guint i = 0; i < dataset.images->len; i++) {
    const DatasetImage *item = &g_array_index(dataset.images, DatasetImage, i);
    Image image = {0};
    char *problem = NULL;
    if (!image_load(item->path, image_enough(wn_tuner_model(tuner), NULL), &image, &problem))
      fail(problem);
    if (wn_tuner_add(tuner, &image.frame, NULL, item->class_index, &error) != WN_OK)
      fail(error.message);
    image_clear(&image);
  }
  dataset_clear(&dataset);
  return tuner;
}

static double share(uint64_t part, uint64_t whole) {
  return whole ? (double)part / (double)whole : 0;
}

static void add(const WnTuner *tuner, const WniOutcome *o, const uint64_t *exits, Sums *sums) {
  double full = (double)wn_tuner_model(tuner)->macs_full;
  bool query = tuner->task.watched != NULL;
  sums->right += share(o->right, o->images);
  sums->right_full += share(o->right_full, o->images);
  sums->macs += (query ? share(o->macs_others, o->others) : share(o->macs, o->images)) / full;
  sums->misses += (double)o->misses;
  sums->misses_full += (double)o->misses_full;
  sums->alarms += (double)o->alarms;
  sums->alarms_full += (double)o->alarms_full;
  sums->watched += (double)o->watched;
  sums->others += (double)o->others;
  for (int k = 0; k <= tuner->scores.n_exits; k++) sums->exits[k] += share(exits[k], o->images);
}

/* Sums over the splits; always the same splits. */
static Sums measure(WnTuner *tuner, const WnTuneRequest *request, int splits) {
  WniAllowed allowed;
  WnError error = {0};
  Sums sums = {0};
  if (wni_request_resolve(tuner, request, &allowed, &error) != WN_OK) fail(error.message);
  size_t n = tuner->scores.n;
  uint32_t *index = g_new(uint32_t, n);
  for (size_t i = 0; i < n; i++) index[i] = (uint32_t)i;
  random_state = 2024;
  for (int s = 0; s < splits; s++) {
    double thresholds[MAX_EXITS];
    uint64_t exits[MAX_EXITS + 1];
    WniOutcome outcome;
    random_shuffle(index, n);
    WniImages found = {index, n / 2}, fresh = {index + n / 2, n - n / 2};
    if (wni_method_joint(&tuner->task, found, allowed, 1, thresholds, &error) != WN_OK ||
        wni_simulate(&tuner->task, fresh, thresholds, &outcome, exits, NULL, &error) != WN_OK)
      fail(error.message);
    add(tuner, &outcome, exits, &sums);
  }
  g_free(index);
  return sums;
}

static double percent(double sum, int splits) {
  return 100 * sum / splits;
}

static void print_plain(const Sums *s, double drop, int n_exits, int splits) {
  printf("| %.2f | %.2f %% | %.2f %% | %+.2f | %.3f | ", 100 * drop, percent(s->right, splits),
         percent(s->right_full, splits), percent(s->right - s->right_full, splits),
         s->macs / splits);
  for (int k = 0; k <= n_exits; k++) printf("%s%.0f", k ? " / " : "", percent(s->exits[k], splits));
  puts(" |");
}

static void print_query(const Sums *s, const char *watch, int splits) {
  double watched = s->watched, others = s->others;
  printf("| %s | %.0f | %.2f | %.2f | %.2f | %.2f | %.3f |\n", watch, watched / splits,
         100 * s->misses / watched, 100 * s->misses_full / watched, 100 * s->alarms / others,
         100 * s->alarms_full / others, s->macs / splits);
}

int main(int argc, char **argv) {
  int splits = 50, threads = -1;
  char **drops = NULL, **watches = NULL;
  double misses = 0, alarms = 0;
  GOptionEntry entries[] = {
      {"splits", 0, 0, G_OPTION_ARG_INT, &splits, "How many (50)", "N"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "Of the network", "N"},
      {"drop", 0, 0, G_OPTION_ARG_STRING_ARRAY, &drops, "Allowed drop of accuracy; again and again",
       "D"},
      {"watch", 0, 0, G_OPTION_ARG_STRING_ARRAY, &watches, "A query; again and again", "LABELS"},
      {"max-extra-misses", 0, 0, G_OPTION_ARG_DOUBLE, &misses, "Of each query (0)", "M"},
      {"max-extra-false-alarms", 0, 0, G_OPTION_ARG_DOUBLE, &alarms, "Of each query (0)", "F"},
      G_OPTION_ENTRY_NULL};
  GOptionContext *context = g_option_context_new("MODEL DATASET");
  GError *wrong = NULL;
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &wrong)) fail(wrong->message);
  if (argc != 3 || splits < 1) fail("MODEL and DATASET are needed; see --help");
  WnTuner *tuner = load(argv[1], argv[2], threads);
  if (drops != NULL)
    puts("| drop allowed | accuracy | whole network | points | MACs | exits, % |\n"
         "|---:|---:|---:|---:|---:|---|");
  for (char **drop = drops; drop != NULL && *drop != NULL; drop++) {
    WnTuneRequest request = {.max_drop = g_ascii_strtod(*drop, NULL)};
    Sums sums = measure(tuner, &request, splits);
    print_plain(&sums, request.max_drop, tuner->scores.n_exits, splits);
  }
  if (watches != NULL)
    puts("| query | pictures | misses, % | whole network | false alarms, % | whole network | MACs "
         "|\n|---|---:|---:|---:|---:|---:|---:|");
  Sums all = {0};
  int n = 0;
  for (char **watch = watches; watch != NULL && *watch != NULL; watch++, n++) {
    WnTuneRequest request = {.watch = *watch, .max_drop = misses, .max_extra_alarms = alarms};
    Sums sums = measure(tuner, &request, splits);
    print_query(&sums, *watch, splits);
    for (size_t i = 0; i < sizeof sums / sizeof(double); i++)
      ((double *)&all)[i] += ((double *)&sums)[i];
  }
  if (n > 1) print_query(&all, "together", n * splits);
  wn_tuner_free(tuner);
  g_option_context_free(context);
  g_strfreev(drops);
  g_strfreev(watches);
  return 0;
}
