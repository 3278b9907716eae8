/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A WnPolicy in words becomes a WniExitRule in numbers.  Everything is resolved
 * and checked first and put in force at the end, so that a bad policy changes nothing.
 */
#include "session/session.h"

#include "base/error.h"
#include "base/list.h"
#include "load/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool given(const char *text) {
  return text && *text;
}

/* Into `watched`; *watching tells whether there is a watch at all. */
static WnStatus resolve_watch(const WnModel *model, const WnPolicy *policy, WnStrategy strategy,
                              bool *watched, bool *watching, WnError *error) {
  const WniMetadata *metadata = &model->metadata;
  bool stops = metadata->n_exits > 0 && model->info.scores != WN_SCORES_SIGMOID;
  *watching = given(policy->watch);
  if (!*watching) return WN_OK;
  /* Without exits there is nothing to stop; the result says all the same what was watched for. */
  if (strategy != WN_STRATEGY_CLASS_EXCLUSION && stops)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "watch: needs strategy class-exclusion, but the strategy is %s",
                    wn_strategy_name(strategy));
  return wni_watch_parse(metadata, policy->watch, strlen(policy->watch), watched, "watch", error);
}

/* The model's own thresholds for this strategy and watch set; NULL: it has none. */
static const double *own_thresholds(const WniMetadata *metadata, WnStrategy strategy,
                                    const bool *watched, bool watching) {
  size_t bytes = (size_t)metadata->n_classes * sizeof *watched;
  for (int i = 0; watching && i < metadata->n_watch; i++)
    if (memcmp(metadata->watch[i].watched, watched, bytes) == 0)
      return metadata->watch[i].thresholds;
  return strategy == metadata->strategy ? metadata->thresholds : NULL;
}

static WnStatus resolve_thresholds(const WniMetadata *metadata, const WnPolicy *policy,
                                   WnStrategy strategy, const bool *watched, bool watching,
                                   double *out, WnError *error) {
  int n = metadata->n_exits;
  for (int i = 0; i < n; i++) out[i] = (double)NAN;
  if (strategy == WN_STRATEGY_NONE)
    return given(policy->thresholds)
               ? wni_fail(error, WN_ERROR_ARGUMENT, "thresholds: strategy none has none")
               : WN_OK;
  if (n == 0)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "strategy: %s needs exits and the model has none; use none",
                    wn_strategy_name(strategy));
  if (given(policy->thresholds)) {
    WnStatus status = wni_list_numbers(policy->thresholds, strlen(policy->thresholds), out, n,
                                       "thresholds", error);
    return status == WN_OK ? wni_thresholds_check(strategy, out, n, "thresholds", error) : status;
  }
  const double *own = own_thresholds(metadata, strategy, watched, watching);
  if (!own)
    return wni_fail(error, strategy == metadata->strategy ? WN_ERROR_MODEL : WN_ERROR_ARGUMENT,
                    "thresholds: the model has none for strategy %s; give one per exit (%d)",
                    wn_strategy_name(strategy), n);
  memcpy(out, own, (size_t)n * sizeof *out);
  return WN_OK;
}

static WnStatus check_strategy(const WnModel *model, WnStrategy strategy, WnError *error) {
  if (!wn_strategy_name(strategy))
    return wni_fail(error, WN_ERROR_ARGUMENT, "strategy: %d is not a strategy", (int)strategy);
  if (strategy == WN_STRATEGY_NONE || model->info.scores != WN_SCORES_SIGMOID) return WN_OK;
  return wni_fail(
      error, WN_ERROR_ARGUMENT,
      "strategy: %s needs classes that exclude each other, and the scores of this model "
      "are sigmoid: each class is a yes or no of its own; use none",
      wn_strategy_name(strategy));
}

static WnStatus check_numbers(const WniMetadata *metadata, const WnPolicy *policy,
                              WnStrategy strategy, WnError *error) {
  if (!(policy->threshold_scale >= 0) || !isfinite(policy->threshold_scale))
    return wni_fail(error, WN_ERROR_ARGUMENT, "threshold-scale: %g is not a number >= 0",
                    policy->threshold_scale);
  if (policy->deadline_ns < 0)
    return wni_fail(error, WN_ERROR_ARGUMENT, "deadline: %lld ns is negative",
                    (long long)policy->deadline_ns);
  WnStatus status = wni_unchanged_check(policy->unchanged, policy->max_age_ns, error);
  if (status != WN_OK) return status;
  if (policy->group_exit && strategy != WN_STRATEGY_CLASS_EXCLUSION)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "group-exit: needs strategy class-exclusion, but the strategy is %s",
                    wn_strategy_name(strategy));
  if (policy->group_exit && metadata->n_groups == 0)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "group-exit: the model has no groups (winnow.groups in its metadata)");
  return WN_OK;
}

static void scale_thresholds(WniExitRule *rule, const double *thresholds, int n, double scale) {
  for (int i = 0; i < n; i++) {
    rule->thresholds[i] = thresholds[i];
    if (rule->strategy == WN_STRATEGY_CLASS_EXCLUSION)
      rule->thresholds[i] = fmin(thresholds[i] * scale, 0.999);
  }
}

WnStatus wni_policy_apply(WnSession *session, const WnPolicy *policy, WnError *error) {
  const WniMetadata *metadata = &session->model->metadata;
  size_t n_classes = (size_t)metadata->n_classes, n_exits = (size_t)metadata->n_exits;
  WnStrategy strategy =
      policy->strategy == WN_STRATEGY_MODEL ? session->model->info.strategy : policy->strategy;
  bool watching;
  bool *watched = calloc(n_classes + 1, sizeof *watched);
  double *thresholds = calloc(n_exits + 1, sizeof *thresholds);
  char *watch = strdup(policy->watch ? policy->watch : "");
  WniView view;
  WnStatus status = WNI_RESERVED_CHECK(policy, "policy", error);
  if (!watched || !thresholds || !watch)
    status = wni_fail_memory(error, "the policy");
  else if (status == WN_OK)
    status = check_strategy(session->model, strategy, error);
  if (status == WN_OK) status = check_numbers(metadata, policy, strategy, error);
  if (status == WN_OK) status = wni_view_parse(policy, &view, error);
  if (status == WN_OK)
    status = resolve_watch(session->model, policy, strategy, watched, &watching, error);
  if (status == WN_OK)
    status = resolve_thresholds(metadata, policy, strategy, watched, watching, thresholds, error);
  if (status == WN_OK) {
    WniExitRule *rule = &session->rule;
    rule->strategy = strategy;
    rule->watching = watching;
    rule->grouping = policy->group_exit;
    wni_watch_warn(metadata, watch, session->watch_warning, sizeof session->watch_warning);
    free(session->watch);
    session->watch = watch;
    watch = NULL;
    memcpy(rule->watched, watched, n_classes * sizeof *watched);
    memcpy(session->thresholds, thresholds, n_exits * sizeof *thresholds);
    scale_thresholds(rule, thresholds, (int)n_exits,
                     policy->threshold_scale == 0 ? 1 : policy->threshold_scale);
    session->deadline_ns = policy->deadline_ns;
    session->unchanged.level = policy->unchanged;
    session->unchanged.max_age_ns = policy->max_age_ns;
    wni_unchanged_forget(&session->unchanged);
    session->view = view;
    session->heads = strategy != WN_STRATEGY_NONE || policy->deadline_ns > 0;
  }
  free(watched);
  free(thresholds);
  free(watch);
  return status;
}
