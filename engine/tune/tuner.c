/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tuner (winnow/tune.h): the images' scores, and requests resolved into tasks.
 */
#include "tune/tuner.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/parallel.h"
#include "tune/floor_find.h"
#include "tune/request.h"
#include "tune/risk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A session that takes no exit: with beta 0 nothing is excluded, and there are no floors. */
static WnStatus open_session(WnTuner *tuner, int32_t threads, WnError *error) {
  size_t n_exits = (size_t)tuner->model->metadata.n_exits;
  char *zeros = calloc(n_exits + 1, 2); /* "0,0,...,0" */
  if (!zeros) return wni_fail_memory(error, "the tuner");
  for (size_t k = 0; k < n_exits; k++) memcpy(zeros + 2 * k, k + 1 < n_exits ? "0," : "0", 2);
  WnSessionOptions options = {
      .threads = threads, .policy = {.strategy = WN_STRATEGY_CLASS_EXCLUSION, .thresholds = zeros}};
  if (n_exits == 0) options.policy = (WnPolicy){.strategy = WN_STRATEGY_NONE};
  WnStatus status = wn_session_new(tuner->model, &options, &tuner->session, error);
  if (status == WN_OK) tuner->session->rule.floors = NULL;
  free(zeros);
  return status;
}

static WnStatus open_tuner(WnTuner *tuner, const char *path, const WnTunerOptions *options,
                           WnError *error) {
  WnStatus status = wni_model_open_by_rule(path, &options->model, &tuner->model, error);
  if (status != WN_OK) return status;
  const WnModel *model = tuner->model;
  int n_exits = model->metadata.n_exits, n_classes = model->plan.n_classes;
  if (model->info.scores == WN_SCORES_SIGMOID)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "'%.300s' has scores of the kind sigmoid: its classes do not exclude each "
                    "other, so there is nothing to tune",
                    path);
  if ((n_exits == 0 && !options->without_exits) || n_classes < 2)
    return wni_fail(error, WN_ERROR_MODEL, "'%.300s' has %s: there is nothing to tune", path,
                    n_classes < 2 ? "a single class" : "no exits");
  tuner->scores = tuner->nothing = (WniScores){.n_exits = n_exits, .n_classes = n_classes};
  tuner->macs = calloc((size_t)n_exits + 1, sizeof *tuner->macs);
  tuner->watched = calloc((size_t)n_classes, sizeof *tuner->watched);
  tuner->thresholds = calloc((size_t)n_exits + 1, sizeof *tuner->thresholds);
  tuner->floors = calloc((size_t)n_exits + 1, sizeof *tuner->floors);
  tuner->exits = calloc((size_t)n_exits + 1, sizeof *tuner->exits);
  if (!tuner->macs || !tuner->watched || !tuner->thresholds || !tuner->floors || !tuner->exits)
    return wni_fail_memory(error, "the tuner");
  return open_session(tuner, options->threads, error);
}

WnStatus wn_tuner_new(const char *path, const WnTunerOptions *options, WnTuner **out,
                      WnError *error) {
  WNI_FP_SCOPE(mode);
  static const WnTunerOptions defaults;
  *out = NULL;
  WnTuner *tuner = calloc(1, sizeof *tuner);
  if (!tuner) return wni_fail_memory(error, "the tuner");
  if (!options) options = &defaults;
  WnStatus status = WNI_RESERVED_CHECK(options, "tuner options", error);
  if (status == WN_OK) status = open_tuner(tuner, path, options, error);
  if (status != WN_OK) {
    wn_tuner_free(tuner);
    return status;
  }
  *out = tuner;
  return WN_OK;
}

void wn_tuner_free(WnTuner *tuner) {
  if (!tuner) return;
  wn_session_free(tuner->session);
  wn_model_unref(tuner->model);
  wni_scores_clear(&tuner->scores);
  wni_scores_clear(&tuner->nothing);
  free(tuner->all);
  free(tuner->macs);
  free(tuner->watched);
  free(tuner->watch);
  free(tuner->thresholds);
  free(tuner->floors);
  free(tuner->exits);
  free(tuner);
}

const WnModelInfo *wn_tuner_model(const WnTuner *tuner) {
  return wn_model_info(tuner->model);
}

/* Those of an exit, or of the end. */
static void copy_logits(WnSession *session, int stage, float *out) {
  const WniPlan *plan = &session->model->plan;
  ptrdiff_t stride = stage < plan->n_exits ? plan->exits[stage].stride[1] : 0;
  const float *logits = stage < plan->n_exits ? wni_tensor_data(&plan->exits[stage], session->arena)
                                              : wni_final_logits(session, &stride);
  for (int c = 0; c < plan->n_classes; c++) out[c] = logits[c * stride];
}

static WnStatus add(WnTuner *tuner, WniScores *scores, const WnFrame *frame, const WnRect *region,
                    int32_t class_index, WnError *error) {
  const WniPlan *plan = &tuner->model->plan;
  const WnResult *result;
  WnStatus status = wn_session_classify(tuner->session, frame, region, &result, error);
  if (status != WN_OK) return status;
  float *logits = wni_scores_add(scores, class_index);
  if (!logits) return wni_fail_memory(error, "the images' scores");
  for (int k = 0; k <= plan->n_exits; k++, logits += plan->n_classes)
    copy_logits(tuner->session, k, logits);
  return WN_OK;
}

WnStatus wn_tuner_add(WnTuner *tuner, const WnFrame *frame, const WnRect *region,
                      int32_t class_index, WnError *error) {
  WNI_FP_SCOPE(mode);
  int n_classes = tuner->model->plan.n_classes;
  if (class_index < 0 || class_index >= n_classes)
    return wni_fail(error, WN_ERROR_ARGUMENT, "class %d: the model has %d", class_index, n_classes);
  return add(tuner, &tuner->scores, frame, region, class_index, error);
}

WnStatus wn_tuner_add_unlabelled(WnTuner *tuner, const WnFrame *frame, const WnRect *region,
                                 WnError *error) {
  WNI_FP_SCOPE(mode);
  WniScores *scores = &tuner->scores;
  WnStatus status = add(tuner, scores, frame, region, 0, error);
  if (status != WN_OK) return status;
  tuner->unlabelled = true;
  size_t image = scores->n - 1;
  scores->truth[image] =
      wni_arg_max(wni_scores_at(scores, image, scores->n_exits), scores->n_classes);
  return WN_OK;
}

WnStatus wn_tuner_add_nothing(WnTuner *tuner, const WnFrame *frame, const WnRect *region,
                              WnError *error) {
  WNI_FP_SCOPE(mode);
  return add(tuner, &tuner->nothing, frame, region, -1, error);
}

/* ---- searching ---- */

static double ratio(uint64_t part, uint64_t whole) {
  return whole ? (double)part / (double)whole : (double)NAN;
}

/* The task as a session has it, floors and all. */
static WniTask task_in_force(const WnTuner *tuner) {
  const WniMetadata *metadata = &tuner->model->metadata;
  WniTask task = tuner->task;
  task.floors = tuner->floors_found ? tuner->floors : metadata->floors;
  task.standardised = tuner->floors_found ? tuner->standardised : metadata->floor_standardised;
  return task;
}

/* What tuner->thresholds do on the pictures of nothing. */
static WnStatus measure_nothing(WnTuner *tuner, WnTuning *out, WnError *error) {
  WniOutcome o;
  WniTask task = task_in_force(tuner);
  task.scores = &tuner->nothing;
  WnStatus status = wni_simulate(&task, (WniImages){tuner->all, tuner->nothing.n},
                                 tuner->thresholds, &o, NULL, NULL, error);
  if (status != WN_OK) return status;
  out->nothing_images = o.images;
  out->nothing_rejected = ratio(o.nothing, o.images);
  out->nothing_macs_mean = ratio(o.macs, o.images);
  return WN_OK;
}

/* Measures tuner->thresholds. */
static WnStatus measure(WnTuner *tuner, WnTuning *out, WnError *error) {
  WniOutcome o;
  WniTask task = task_in_force(tuner);
  WnStatus status = wni_simulate(&task, wni_tuner_images(tuner), tuner->thresholds, &o,
                                 tuner->exits, NULL, error);
  if (status != WN_OK) return status;
  *out = (WnTuning){.strategy = tuner->task.strategy,
                    .exit_score_softmax = tuner->task.softmax,
                    .n_exits = tuner->scores.n_exits,
                    .thresholds = tuner->thresholds,
                    .images = o.images,
                    .accuracy_full = ratio(o.right_full, o.images),
                    .accuracy = ratio(o.right, o.images),
                    .macs_mean = ratio(o.macs, o.images),
                    .macs_full = tuner->model->info.macs_full,
                    .exits = tuner->exits,
                    .images_watched = o.watched,
                    .misses_full = ratio(o.misses_full, o.watched),
                    .misses = ratio(o.misses, o.watched),
                    .images_others = o.others,
                    .alarms_full = ratio(o.alarms_full, o.others),
                    .alarms = ratio(o.alarms, o.others),
                    .macs_mean_others = ratio(o.macs_others, o.others),
                    .watch_warning = tuner->watch_warning[0] ? tuner->watch_warning : NULL,
                    .rejected = ratio(o.rejected, o.known),
                    .rejected_calibrated = (double)NAN,
                    .floors = task.floors,
                    .floor_score_standardised = task.standardised};
  return measure_nothing(tuner, out, error);
}

static WnStatus run_method(WnTuner *tuner, const WnTuneRequest *request, WniAllowed allowed,
                           uint64_t *n_tested, double *drop_tested, WnError *error) {
  WniImages images = wni_tuner_images(tuner);
  if (request->keep_thresholds) return WN_OK;
  if (request->confidence > 0)
    return wni_risk_search(&tuner->task, images, request->max_drop, request->confidence,
                           tuner->thresholds, n_tested, drop_tested, error);
  if (request->method == WN_TUNE_GREEDY)
    return wni_method_greedy(&tuner->task, images, allowed, tuner->thresholds, error);
  int threads = wn_session_threads(tuner->session);
  wni_parallel_retain(threads);
  WnStatus status =
      wni_method_joint(&tuner->task, images, allowed, threads, tuner->thresholds, error);
  wni_parallel_release(threads);
  return status;
}

static WnStatus find_floors(WnTuner *tuner, const WnTuneRequest *request, WniFloors *out,
                            WnError *error) {
  const WniFloorRequest wanted = {request->max_rejected, request->rejected_confidence,
                                  &tuner->nothing};
  *out = (WniFloors){.floors = tuner->floors};
  if (request->max_rejected == 0) return WN_OK;
  WnStatus status = wni_floors_find(&tuner->task, wni_tuner_images(tuner), tuner->thresholds,
                                    &wanted, out, error);
  tuner->standardised = out->standardised;
  tuner->floors_found = status == WN_OK;
  return status;
}

WnStatus wn_tuner_search(WnTuner *tuner, const WnTuneRequest *request, WnTuning *out,
                         WnError *error) {
  WNI_FP_SCOPE(mode);
  uint64_t n_tested = 0;
  double drop_tested = (double)NAN;
  WniAllowed allowed;
  WniFloors floors;
  tuner->found = false;
  WnStatus status = wni_request_resolve(tuner, request, &allowed, error);
  if (status != WN_OK) return status;
  int64_t start = wni_clock_ns();
  status = run_method(tuner, request, allowed, &n_tested, &drop_tested, error);
  if (status == WN_OK) status = find_floors(tuner, request, &floors, error);
  int64_t search_ns = wni_clock_ns() - start;
  if (status == WN_OK) status = measure(tuner, out, error);
  if (status != WN_OK) return status;
  if (tuner->floors_found) {
    out->images_calibrated = floors.n_calibrated;
    out->rejected_calibrated = floors.rejected;
  }
  out->watch_sets_dropped = wni_tuner_drops_watch(tuner) ? tuner->model->metadata.n_watch : 0;
  out->search_ns = search_ns;
  out->images_tested = n_tested;
  out->drop_tested = drop_tested;
  tuner->found = true;
  return WN_OK;
}

WnStatus wn_tuner_curve(WnTuner *tuner, const WnTuneRequest *request, const double *drops, size_t n,
                        double *thresholds, WnError *error) {
  WNI_FP_SCOPE(mode);
  WnTuneRequest boldest = *request;
  WniAllowed allowed;
  boldest.max_drop = n ? drops[n - 1] : 0;
  boldest.confidence = 0;
  tuner->found = false;
  WnStatus status = wni_request_resolve(tuner, &boldest, &allowed, error);
  if (status != WN_OK) return status;
  return wni_method_curve(&tuner->task, wni_tuner_images(tuner), drops, n, allowed.alarms,
                          thresholds, error);
}

WnStatus wn_tuner_measure(WnTuner *tuner, const WnTuneRequest *request, const double *thresholds,
                          WnTuning *out, WnError *error) {
  WNI_FP_SCOPE(mode);
  WniAllowed allowed;
  tuner->found = false;
  WnStatus status = wni_request_resolve(tuner, request, &allowed, error);
  if (status == WN_OK)
    status = wni_thresholds_check(tuner->task.strategy, thresholds, tuner->scores.n_exits,
                                  "thresholds", error);
  if (status != WN_OK) return status;
  memcpy(tuner->thresholds, thresholds, (size_t)tuner->scores.n_exits * sizeof *thresholds);
  return measure(tuner, out, error);
}
