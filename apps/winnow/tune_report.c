/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See tune_report.h.
 */
#include "tune_report.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>

#include "json.h"
#include "text.h"

static const char *score_name(const WnTuning *tuning) {
  return wn_exit_score_name(tuning->exit_score_softmax ? WN_EXIT_SCORE_SOFTMAX
                                                       : WN_EXIT_SCORE_SIGMOID);
}

static const char *floor_score(const WnTuning *tuning) {
  return tuning->floor_score_standardised ? "standardised" : "logit";
}

static double saved(const WnTuning *tuning, double macs_mean) {
  return 1 - macs_mean / (double)tuning->macs_full;
}

/* ---- JSON --------------------------------------------------------------- */

static void put_watch(json_t *json, const char *watch, const WnTuning *tuning) {
  put_text(json, "watch", watch);
  put_count(json, "images-watched", tuning->images_watched);
  put_real(json, "misses-full", tuning->misses_full);
  put_real(json, "misses", tuning->misses);
  put_count(json, "images-others", tuning->images_others);
  put_real(json, "false-alarms-full", tuning->alarms_full);
  put_real(json, "false-alarms", tuning->alarms);
  put_real(json, "macs-mean-others", tuning->macs_mean_others);
  put_real(json, "mac-reduction-others", saved(tuning, tuning->macs_mean_others));
}

static void put_risk(json_t *json, const WnTuneRequest *request, bool unlabelled,
                     const WnTuning *tuning) {
  put_real(json, "risk", request->max_drop);
  put_real(json, "confidence", request->confidence);
  put_count(json, "images-tested", tuning->images_tested);
  put_real(json, unlabelled ? "disagreement-tested" : "accuracy-drop-tested", tuning->drop_tested);
}

static void put_accuracy(json_t *json, const WnTuning *tuning) {
  put_real(json, "accuracy-full", tuning->accuracy_full);
  put_real(json, "accuracy", tuning->accuracy);
  put_real(json, "accuracy-drop", tuning->accuracy_full - tuning->accuracy);
}

static void put_floors(json_t *json, const WnTuneRequest *request, const WnTuning *tuning) {
  if (tuning->floors == NULL) return;
  put_real(json, "rejected", tuning->rejected);
  put_reals(json, "floors", tuning->floors, tuning->n_exits + 1);
  put_text(json, "floor-score", floor_score(tuning));
  if (request->max_rejected > 0) {
    put_real(json, "max-rejected", request->max_rejected);
    if (request->rejected_confidence > 0 && request->confidence == 0)
      put_real(json, "confidence", request->rejected_confidence);
    put_count(json, "images-calibrated", tuning->images_calibrated);
    put_real(json, "rejected-calibrated", tuning->rejected_calibrated);
  }
  if (tuning->nothing_images == 0) return;
  put_count(json, "nothing-images", tuning->nothing_images);
  put_real(json, "nothing-rejected", tuning->nothing_rejected);
  put_real(json, "nothing-macs-mean", tuning->nothing_macs_mean);
}

void tune_print_json(const WnModelInfo *info, const WnTuneRequest *request, bool unlabelled,
                     const WnTuning *tuning) {
  json_t *json = json_object();
  put_text(json, "model-id", info->id);
  put_text(json, "method", wn_tune_method_name(request->method));
  put_text(json, "strategy", wn_strategy_name(tuning->strategy));
  put_text(json, "exit-score",
           tuning->strategy == WN_STRATEGY_CLASS_EXCLUSION ? score_name(tuning) : "softmax");
  put_count(json, "images", tuning->images);
  if (unlabelled)
    put_real(json, "disagreement", 1 - tuning->accuracy);
  else
    put_accuracy(json, tuning);
  put_real(json, "macs-mean", tuning->macs_mean);
  put_count(json, "macs-full", tuning->macs_full);
  put_real(json, "mac-reduction", saved(tuning, tuning->macs_mean));
  put_reals(json, "thresholds", tuning->thresholds, tuning->n_exits);
  put_counts(json, "exits", tuning->exits, tuning->n_exits + 1);
  put_int(json, "search-time", tuning->search_ns);
  if (request->confidence > 0) put_risk(json, request, unlabelled, tuning);
  if (request->watch != NULL) put_watch(json, request->watch, tuning);
  put_floors(json, request, tuning);
  print_json(json);
}

/* ---- Text --------------------------------------------------------------- */

static void print_cost(const char *what, const WnTuning *tuning, double macs_mean) {
  char *mean = text_count(macs_mean);
  char *full = text_count((double)tuning->macs_full);
  char *percent = text_percent(saved(tuning, macs_mean));
  printf("  %-12s %s an image of %s, %s saved\n", what, mean, full, percent);
  g_free(percent);
  g_free(full);
  g_free(mean);
}

static void print_share(const char *what, double share, uint64_t images, const char *of,
                        double full) {
  char *percent = text_percent(share);
  char *percent_full = text_percent(full);
  printf("  %-12s %s of %" G_GUINT64_FORMAT " images%s (whole network: %s)\n", what, percent,
         images, of, percent_full);
  g_free(percent_full);
  g_free(percent);
}

static void print_watch(const char *watch, const WnTuning *tuning) {
  char *labels = text_clean(watch);
  printf("  watch        %s\n", labels);
  g_free(labels);
  print_share("misses", tuning->misses, tuning->images_watched, " of watched classes",
              tuning->misses_full);
  print_share("false alarms", tuning->alarms, tuning->images_others, " of other classes",
              tuning->alarms_full);
  print_cost("MACs, others", tuning, tuning->macs_mean_others);
}

static void print_disagreement(const WnTuning *tuning) {
  char *percent = text_percent(1 - tuning->accuracy);
  printf("  disagreement %s of %" G_GUINT64_FORMAT
         " images get another answer than the whole network's\n",
         percent, tuning->images);
  g_free(percent);
}

static void print_guarantee(const WnTuneRequest *request, bool unlabelled, const WnTuning *tuning) {
  char *risk = text_percent(request->max_drop);
  char *confidence = text_percent(request->confidence);
  printf("  guarantee    %s <= %s with probability >= %s on images drawn like these\n"
         "               (n = %" G_GUINT64_FORMAT " for the test, drawn independently%s%s)\n",
         unlabelled ? "disagreement" : "accuracy drop", risk, confidence, tuning->images_tested,
         unlabelled ? ", which neighbouring frames of one camera are not" : "",
         request->max_rejected > 0 ? "; without floors" : "");
  g_free(confidence);
  g_free(risk);
}

static void print_floors(const WnTuneRequest *request, const WnTuning *tuning) {
  char *rejected = text_percent(tuning->rejected);
  printf("  nothing      %s of the images of known classes, counted as wrong\n", rejected);
  if (request->max_rejected > 0) {
    char *most = text_percent(request->max_rejected);
    char *confidence = text_percent(request->rejected_confidence);
    printf("  guarantee    <= %s of known images drawn like these%s%s\n"
           "               (n = %" G_GUINT64_FORMAT " to calibrate on; by %s)\n",
           most, request->rejected_confidence > 0 ? " with probability >= " : ", on average",
           request->rejected_confidence > 0 ? confidence : "", tuning->images_calibrated,
           tuning->floor_score_standardised ? "standardised logits" : "logits");
    g_free(confidence);
    g_free(most);
  }
  if (tuning->nothing_images > 0) {
    char *share = text_percent(tuning->nothing_rejected);
    printf("  nothing      %s of %" G_GUINT64_FORMAT
           " pictures of nothing, which chose the floors\n",
           share, tuning->nothing_images);
    print_cost("MACs, nothing", tuning, tuning->nothing_macs_mean);
    g_free(share);
  }
  g_free(rejected);
}

static char *number_text(double number) {
  return isnan(number) ? g_strdup("-") : g_strdup_printf("%.6g", number);
}

static void print_stages(const WnTuning *tuning) {
  bool floors = tuning->floors != NULL;
  printf("\n%-7s %11s%s %9s %8s\n", "stage", "threshold", floors ? "       floor" : "", "exits",
         "share");
  for (int32_t i = 0; i <= tuning->n_exits; i++) {
    bool last = i == tuning->n_exits;
    char *name = last ? g_strdup("final") : g_strdup_printf("%d", i);
    char *threshold = number_text(last ? NAN : tuning->thresholds[i]);
    char *floor = number_text(floors ? tuning->floors[i] : NAN);
    char *percent = text_percent((double)tuning->exits[i] / (double)tuning->images);
    printf("%-7s %11s", name, threshold);
    if (floors) printf(" %11s", floor);
    printf(" %9" G_GUINT64_FORMAT " %8s\n", tuning->exits[i], percent);
    g_free(floor);
    g_free(percent);
    g_free(threshold);
    g_free(name);
  }
}

void tune_print_text(const WnModelInfo *info, const WnTuneRequest *request, bool unlabelled,
                     const WnTuning *tuning) {
  char *id = text_clean(info->id);
  char *duration = text_duration((double)tuning->search_ns);
  bool exclusion = tuning->strategy == WN_STRATEGY_CLASS_EXCLUSION;
  printf("%s, %s%s%s, %s search in %s\n", id, wn_strategy_name(tuning->strategy),
         exclusion ? " on " : "", exclusion ? score_name(tuning) : "",
         request->keep_thresholds ? "floor" : wn_tune_method_name(request->method), duration);
  if (unlabelled)
    print_disagreement(tuning);
  else
    print_share("accuracy", tuning->accuracy, tuning->images, "", tuning->accuracy_full);
  print_cost("MACs", tuning, tuning->macs_mean);
  if (request->watch != NULL) print_watch(request->watch, tuning);
  if (request->confidence > 0) print_guarantee(request, unlabelled, tuning);
  if (tuning->floors != NULL) print_floors(request, tuning);
  print_stages(tuning);
  if (tuning->watch_sets_dropped > 0)
    printf("\nleft out: thresholds of %d watch set%s, found with another exit score\n",
           tuning->watch_sets_dropped, tuning->watch_sets_dropped == 1 ? "" : "s");
  g_free(duration);
  g_free(id);
}
