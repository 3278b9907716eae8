/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See eval_report.h.
 */
#include "eval_report.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "text.h"

enum { MAX_LABEL_CHARACTERS = 24 };

static double reduction(const Candidate *candidate) {
  double full = (double)wn_model_info(candidate->model)->macs_full;
  return 1 - tally_macs_mean(&candidate->total) / full;
}

static double share(uint64_t part, uint64_t whole) {
  return whole > 0 ? (double)part / (double)whole : NAN;
}

/* ---- JSON --------------------------------------------------------------- */

static void put_stages(json_t *json, const Tally *tally) {
  put_counts(json, "exits", tally->exits, tally->n_stages);
  json_t *survivors = put_array(json, "survivors-per-stage");
  for (int32_t i = 0; i < tally->n_stages; i++)
    put_real(survivors, NULL, tally_survivors(tally, i));
}

static void put_cost(json_t *json, const Candidate *candidate) {
  put_real(json, "accuracy", tally_accuracy(&candidate->total));
  put_real(json, "accuracy-full", tally_accuracy_full(&candidate->total));
  put_real(json, "macs-mean", tally_macs_mean(&candidate->total));
  put_count(json, "macs-full", wn_model_info(candidate->model)->macs_full);
  put_real(json, "mac-reduction", reduction(candidate));
}

static void put_nothing(json_t *json, const Tally *nothing) {
  if (nothing->images == 0) return;
  put_count(json, "nothing-images", nothing->images);
  put_real(json, "nothing-rejected", tally_nothing(nothing));
  put_real(json, "nothing-macs-mean", tally_macs_mean(nothing));
}

static void put_classes(json_t *json, const Evaluation *evaluation) {
  const WnModelInfo *info = wn_model_info(evaluation->first.model);
  json_t *classes = put_array(json, "per-class");
  for (int32_t i = 0; i < info->n_classes; i++) {
    const Tally *tally = &evaluation->classes[i];
    json_t *class = put_object(classes, NULL);
    put_text(class, "label", info->labels[i]);
    put_count(class, "images", tally->images);
    put_real(class, "accuracy", tally_accuracy(tally));
    put_real(class, "macs-mean", tally_macs_mean(tally));
    put_stages(class, tally);
  }
}

void eval_print_json(const Evaluation *evaluation) {
  const Candidate *first = &evaluation->first;
  uint64_t images = first->total.images;
  json_t *json = json_object();
  put_count(json, "images", images);
  put_cost(json, first);
  put_real(json, "rejected", tally_rejected(&first->total));
  put_nothing(json, &evaluation->nothing);
  put_stages(json, &first->total);
  put_reals(json, "thresholds", wn_session_thresholds(first->session), first->total.n_stages - 1);
  put_text(json, "strategy", wn_strategy_name(wn_session_strategy(first->session)));
  put_classes(json, evaluation);
  if (evaluation->second != NULL) {
    json_t *compare = put_object(json, "compare");
    put_text(compare, "model-id", wn_model_info(evaluation->second->model)->id);
    put_cost(compare, evaluation->second);
    put_real(compare, "same-class", share(evaluation->same_class, images));
    put_real(compare, "same-exit", share(evaluation->same_exit, images));
  }
  print_json(json);
}

/* ---- Text --------------------------------------------------------------- */

static char *mean_text(double mean) {
  return isfinite(mean) ? g_strdup_printf("%.2f", mean) : g_strdup("-");
}

static void print_candidate(const Candidate *candidate) {
  const WnModelInfo *info = wn_model_info(candidate->model);
  char *id = text_clean(info->id);
  char *mean = text_count(tally_macs_mean(&candidate->total));
  char *full = text_count((double)info->macs_full);
  char *accuracy = text_percent(tally_accuracy(&candidate->total));
  char *accuracy_full = text_percent(tally_accuracy_full(&candidate->total));
  char *saved = text_percent(reduction(candidate));
  printf("%s, %s\n", id, wn_strategy_name(wn_session_strategy(candidate->session)));
  printf("  accuracy  %s over %" G_GUINT64_FORMAT " images (whole network: %s)\n", accuracy,
         candidate->total.images, accuracy_full);
  printf("  MACs      %s an image of %s, %s saved\n", mean, full, saved);
  g_free(saved);
  g_free(accuracy_full);
  g_free(accuracy);
  g_free(full);
  g_free(mean);
  g_free(id);
}

static void print_nothing(const Evaluation *evaluation) {
  const Tally *nothing = &evaluation->nothing;
  const WnModelInfo *info = wn_model_info(evaluation->first.model);
  if (evaluation->first.total.nothing > 0) {
    char *rejected = text_percent(tally_rejected(&evaluation->first.total));
    printf("  nothing   %s of the images of known classes\n", rejected);
    g_free(rejected);
  }
  if (nothing->images == 0) return;
  char *share = text_percent(tally_nothing(nothing));
  char *saved = text_percent(1 - tally_macs_mean(nothing) / (double)info->macs_full);
  printf("  nothing   %s of %" G_GUINT64_FORMAT " pictures of nothing, %s saved\n", share,
         nothing->images, saved);
  g_free(saved);
  g_free(share);
}

static void print_stages(const Candidate *candidate) {
  const Tally *tally = &candidate->total;
  const double *thresholds = wn_session_thresholds(candidate->session);
  printf("\n%-7s %9s %9s %8s %10s\n", "stage", "threshold", "exits", "share", "survivors");
  for (int32_t i = 0; i < tally->n_stages; i++) {
    bool last = i == tally->n_stages - 1;
    char *threshold =
        last || isnan(thresholds[i]) ? g_strdup("-") : g_strdup_printf("%.4g", thresholds[i]);
    char *percent = text_percent(share(tally->exits[i], tally->images));
    char *survivors = mean_text(tally_survivors(tally, i));
    char *name = last ? g_strdup("final") : g_strdup_printf("%d", i);
    printf("%-7s %9s %9" G_GUINT64_FORMAT " %8s %10s\n", name, threshold, tally->exits[i], percent,
           survivors);
    g_free(name);
    g_free(survivors);
    g_free(percent);
    g_free(threshold);
  }
}

static void print_class(const Tally *tally, const char *label, size_t width, uint64_t macs_full) {
  char *name = text_column(label, width);
  char *accuracy = text_percent(tally_accuracy(tally));
  char *saved = text_percent(1 - tally_macs_mean(tally) / (double)macs_full);
  printf("%s %8" G_GUINT64_FORMAT " %9s %7s  ", name, tally->images, accuracy, saved);
  for (int32_t i = 0; i < tally->n_stages; i++) printf(" %6" G_GUINT64_FORMAT, tally->exits[i]);
  fputs("  ", stdout);
  for (int32_t i = 0; i < tally->n_stages; i++) {
    char *survivors = mean_text(tally_survivors(tally, i));
    printf(" %6s", survivors);
    g_free(survivors);
  }
  putchar('\n');
  g_free(saved);
  g_free(accuracy);
  g_free(name);
}

/* Only the classes that the dataset holds. */
static void print_classes(const Evaluation *evaluation) {
  const WnModelInfo *info = wn_model_info(evaluation->first.model);
  size_t width = text_width(info->labels, info->n_classes, MAX_LABEL_CHARACTERS);
  width = MAX(width, strlen("class"));
  printf("\n%-*s %8s %9s %7s   %-*s  %s\n", (int)width, "class", "images", "accuracy", "saved",
         7 * info->n_stages, " exits per stage", " survivors per stage");
  for (int32_t i = 0; i < info->n_classes; i++)
    if (evaluation->classes[i].images > 0)
      print_class(&evaluation->classes[i], info->labels[i], width, info->macs_full);
}

void eval_print_text(const Evaluation *evaluation) {
  print_candidate(&evaluation->first);
  print_nothing(evaluation);
  print_stages(&evaluation->first);
  print_classes(evaluation);
  if (evaluation->second == NULL) return;
  uint64_t images = evaluation->first.total.images;
  char *same_class = text_percent(share(evaluation->same_class, images));
  char *same_exit = text_percent(share(evaluation->same_exit, images));
  fputs("\ncompared with ", stdout);
  print_candidate(evaluation->second);
  printf("  agreement %s same class, %s same exit\n", same_class, same_exit);
  g_free(same_exit);
  g_free(same_class);
}
