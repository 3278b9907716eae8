/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See request.h; and the names of the public enumerations.
 */
#include "tune/request.h"

#include "base/error.h"
#include "load/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const method_names[WN_TUNE_METHOD_COUNT] = {"joint", "greedy"};
static const char *const score_names[WN_EXIT_SCORE_COUNT] = {"model", "sigmoid", "softmax"};

const char *wn_tune_method_name(WnTuneMethod method) {
  return (unsigned)method < WN_TUNE_METHOD_COUNT ? method_names[method] : NULL;
}

WnStatus wn_tune_method_parse(const char *name, WnTuneMethod *out, WnError *error) {
  for (int i = 0; i < WN_TUNE_METHOD_COUNT; i++)
    if (name && strcmp(name, method_names[i]) == 0) {
      *out = (WnTuneMethod)i;
      return WN_OK;
    }
  return wni_fail(error, WN_ERROR_ARGUMENT, "method: '%.60s' is not joint or greedy",
                  name ? name : "");
}

const char *wn_exit_score_name(WnExitScore score) {
  return (unsigned)score < WN_EXIT_SCORE_COUNT ? score_names[score] : NULL;
}

WnStatus wn_exit_score_parse(const char *name, WnExitScore *out, WnError *error) {
  for (int i = 0; i < WN_EXIT_SCORE_COUNT; i++)
    if (name && strcmp(name, score_names[i]) == 0) {
      *out = (WnExitScore)i;
      return WN_OK;
    }
  return wni_fail(error, WN_ERROR_ARGUMENT, "exit-score: '%.60s' is not model, sigmoid or softmax",
                  name ? name : "");
}

static bool given(const char *text) {
  return text && *text;
}

WniImages wni_tuner_images(const WnTuner *tuner) {
  return (WniImages){tuner->all, tuner->scores.n};
}

static WnStatus list_all(WnTuner *tuner, WnError *error) {
  size_t n = tuner->scores.n, n_nothing = tuner->nothing.n;
  if (n == 0) return wni_fail(error, WN_ERROR_ARGUMENT, "nothing to tune with: no image was given");
  if (n < n_nothing) n = n_nothing;
  if (n > UINT32_MAX) return wni_fail(error, WN_ERROR_ARGUMENT, "%zu images are too many", n);
  uint32_t *all = realloc(tuner->all, n * sizeof *all);
  if (!all) return wni_fail_memory(error, "the search");
  for (size_t i = 0; i < n; i++) all[i] = (uint32_t)i;
  tuner->all = all;
  return WN_OK;
}

static WnStatus check_floors(const WnTuneRequest *request, WnError *error) {
  if (!(request->max_rejected >= 0 && request->max_rejected < 1))
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "max-rejected: %g is not a fraction below 1 (0.05 is one image in twenty)",
                    request->max_rejected);
  if (!(request->rejected_confidence >= 0 && request->rejected_confidence < 1))
    return wni_fail(error, WN_ERROR_ARGUMENT, "confidence: %g is not between 0 and 1",
                    request->rejected_confidence);
  if (request->rejected_confidence > 0 && request->max_rejected == 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "confidence: belongs to max-rejected");
  if (!request->keep_thresholds) return WN_OK;
  if (request->max_rejected == 0)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "max-rejected: is 0, and the thresholds stay: there is nothing to look for");
  if (request->strategy != WN_STRATEGY_MODEL || request->exit_score != WN_EXIT_SCORE_MODEL ||
      request->confidence != 0 || given(request->watch))
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "strategy, exit-score, risk and watch need a search for thresholds");
  return WN_OK;
}

WnStatus wn_tune_request_check(const WnTuneRequest *request, WnError *error) {
  const char *what = given(request->watch) ? "max-extra-misses" : "max-accuracy-drop";
  if (request->confidence != 0) what = "risk";
  WnStatus status = WNI_RESERVED_CHECK(request, "tune request", error);
  if (status == WN_OK) status = check_floors(request, error);
  if (status != WN_OK) return status;
  if (!(request->max_drop >= 0 && request->max_drop <= 1))
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "%s: %g is not a fraction in 0..1 (0.005 is half a "
                    "point)",
                    what, request->max_drop);
  if (!(request->max_extra_alarms >= 0 && request->max_extra_alarms <= 1))
    return wni_fail(error, WN_ERROR_ARGUMENT, "max-extra-alarms: %g is not a fraction in 0..1",
                    request->max_extra_alarms);
  if (!wn_tune_method_name(request->method))
    return wni_fail(error, WN_ERROR_ARGUMENT, "method: %d is not a method", (int)request->method);
  if (!wn_exit_score_name(request->exit_score))
    return wni_fail(error, WN_ERROR_ARGUMENT, "exit-score: %d is not a score",
                    (int)request->exit_score);
  if (request->strategy == WN_STRATEGY_NONE || !wn_strategy_name(request->strategy))
    return wni_fail(error, WN_ERROR_ARGUMENT, "strategy: none has no thresholds to tune");
  if (request->confidence == 0) return WN_OK;
  if (!(request->confidence > 0 && request->confidence < 1))
    return wni_fail(error, WN_ERROR_ARGUMENT, "confidence: %g is not between 0 and 1",
                    request->confidence);
  if (given(request->watch) || request->method != WN_TUNE_JOINT)
    return wni_fail(error, WN_ERROR_ARGUMENT, "risk: cannot be controlled %s",
                    given(request->watch) ? "for a watch query" : "with the greedy method");
  return WN_OK;
}

static WnStatus resolve_strategy(WnTuner *tuner, const WnTuneRequest *request, WnError *error) {
  WnStrategy strategy = request->strategy;
  if (strategy == WN_STRATEGY_MODEL) strategy = tuner->model->info.strategy;
  if (strategy == WN_STRATEGY_NONE && !request->keep_thresholds)
    strategy = WN_STRATEGY_CLASS_EXCLUSION;
  if (given(request->watch) && strategy != WN_STRATEGY_CLASS_EXCLUSION)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "watch: needs strategy class-exclusion, but the strategy is %s",
                    wn_strategy_name(strategy));
  tuner->task.strategy = strategy;
  return WN_OK;
}

/* A model that names no score but has thresholds found them with sigmoid. */
static WnStatus resolve_score(WnTuner *tuner, const WnTuneRequest *request, WnError *error) {
  const WniMetadata *metadata = &tuner->model->metadata;
  bool own_thresholds = metadata->n_watch > 0 ||
                        (metadata->thresholds && metadata->strategy == WN_STRATEGY_CLASS_EXCLUSION);
  bool own = metadata->has_score || own_thresholds;
  bool softmax = request->exit_score == WN_EXIT_SCORE_MODEL
                     ? !own || metadata->score_softmax
                     : request->exit_score == WN_EXIT_SCORE_SOFTMAX;
  if (given(request->watch) && own_thresholds && softmax != metadata->score_softmax)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "exit-score: the model's other thresholds are for %s; tune it for %s without a "
                    "watch query first",
                    metadata->score_softmax ? "softmax" : "sigmoid",
                    softmax ? "softmax" : "sigmoid");
  tuner->task.softmax = softmax;
  return WN_OK;
}

static WnStatus resolve_watch(WnTuner *tuner, const WnTuneRequest *request, WnError *error) {
  const WniMetadata *metadata = &tuner->model->metadata;
  tuner->task.watched = NULL;
  tuner->watch_warning[0] = 0;
  if (!given(request->watch)) return WN_OK;
  WnStatus status = wni_watch_parse(metadata, request->watch, strlen(request->watch),
                                    tuner->watched, "watch", error);
  if (status != WN_OK) return status;
  free(tuner->watch);
  tuner->watch = strdup(request->watch);
  if (!tuner->watch) return wni_fail_memory(error, "the watch set");
  wni_watch_warn(metadata, tuner->watch, tuner->watch_warning, sizeof tuner->watch_warning);
  tuner->task.watched = tuner->watched;
  size_t n_watched = wni_count_relevant(&tuner->task, wni_tuner_images(tuner));
  if (n_watched == 0 || n_watched == tuner->scores.n)
    return wni_fail(error, WN_ERROR_DATA,
                    "watch: the dataset has no image of a class that is %swatched; both kinds are "
                    "needed",
                    n_watched ? "not " : "");
  return WN_OK;
}

/* Those of the file, which stay. */
static WnStatus resolve_thresholds(WnTuner *tuner, const WnTuneRequest *request, WnError *error) {
  const WnModel *model = tuner->model;
  int n_exits = model->metadata.n_exits;
  if (!request->keep_thresholds && n_exits > 0) return WN_OK;
  if (!request->keep_thresholds)
    return wni_fail(error, WN_ERROR_ARGUMENT, "the model has no exits: it can have floors alone");
  if (tuner->task.strategy != WN_STRATEGY_NONE && !model->metadata.thresholds)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "max-rejected: the model has no thresholds that could stay; give "
                    "max-accuracy-drop, too");
  for (int k = 0; k < n_exits; k++)
    tuner->thresholds[k] = model->metadata.thresholds ? model->metadata.thresholds[k] : (double)NAN;
  return WN_OK;
}

/* Strategy none computes no heads. */
static void sum_macs(WnTuner *tuner) {
  const WnModel *model = tuner->model;
  bool heads = tuner->task.strategy != WN_STRATEGY_NONE;
  uint64_t sum = 0;
  for (int s = 0; s <= model->metadata.n_exits; s++)
    tuner->macs[s] = sum += model->stage_macs[s].path + (heads ? model->stage_macs[s].head : 0);
}

WnStatus wni_request_resolve(WnTuner *tuner, const WnTuneRequest *request, WniAllowed *allowed,
                             WnError *error) {
  *allowed = (WniAllowed){request->max_drop, given(request->watch) ? request->max_extra_alarms : 0};
  tuner->task.scores = &tuner->scores;
  WnStatus status = wn_tune_request_check(request, error);
  if (status == WN_OK) status = list_all(tuner, error);
  if (status == WN_OK) status = resolve_strategy(tuner, request, error);
  if (status == WN_OK) status = resolve_score(tuner, request, error);
  if (status == WN_OK) status = resolve_watch(tuner, request, error);
  tuner->task.in_order = tuner->unlabelled;
  if (status == WN_OK) status = resolve_thresholds(tuner, request, error);
  sum_macs(tuner);
  tuner->floors_found = false;
  tuner->kept = request->keep_thresholds;
  tuner->task.nothing =
      tuner->model->metadata.nothing >= 0 ? &tuner->model->metadata.nothing : NULL;
  tuner->task.macs = tuner->macs;
  tuner->task.macs_per_row = tuner->model->final_rows_step >= 0 ? tuner->model->macs_per_row : 0;
  return status;
}
