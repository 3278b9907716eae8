/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes and frees sessions.  Everything a frame needs is allocated here.
 */
#include "session/session.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"

#include <stdlib.h>

const char *wn_version(void) {
  return WNI_VERSION;
}

static int64_t monotonic_ns(void *user) {
  (void)user;
  return wni_clock_ns();
}

static bool allocate(WnSession *s) {
  size_t n_classes = (size_t)s->model->plan.n_classes + 1; /* any graph has none */
  size_t n_stages = (size_t)s->model->plan.n_stages, n_inputs = (size_t)s->model->plan.n_inputs;
  s->arena = wni_alloc_aligned(s->model->plan.arena_bytes, 1);
  s->recipes = calloc(n_inputs, sizeof *s->recipes);
  s->rule.thresholds = calloc(n_stages, sizeof *s->rule.thresholds);
  s->rule.watched = calloc(n_classes, sizeof *s->rule.watched);
  s->thresholds = calloc(n_stages, sizeof *s->thresholds);
  s->survivors.alive = calloc(n_classes, sizeof *s->survivors.alive);
  s->survivors.log_p = calloc(n_classes, sizeof *s->survivors.log_p);
  s->expected_ns = calloc(n_stages, sizeof *s->expected_ns);
  s->final_scores = calloc(n_classes, sizeof *s->final_scores);
  s->order = calloc(n_classes, sizeof *s->order);
  s->order_labels = calloc(n_classes, sizeof *s->order_labels);
  s->order_scores = calloc(n_classes, sizeof *s->order_scores);
  s->survivors_per_stage = calloc(n_stages, sizeof *s->survivors_per_stage);
  return s->arena && s->recipes && s->rule.thresholds && s->rule.watched && s->thresholds &&
         s->survivors.alive && s->survivors.log_p && s->expected_ns && s->final_scores &&
         s->order && s->order_labels && s->order_scores && s->survivors_per_stage;
}

WnStatus wn_session_new(WnModel *model, const WnSessionOptions *options, WnSession **out,
                        WnError *error) {
  WNI_FP_SCOPE(mode);
  static const WnSessionOptions defaults;
  *out = NULL;
  if (!model) return wni_fail(error, WN_ERROR_ARGUMENT, "session: no model is given");
  if (!options) options = &defaults;
  WnStatus status = WNI_RESERVED_CHECK(options, "session options", error);
  if (status != WN_OK) return status;
  if (options->threads > WN_MAX_THREADS)
    return wni_fail(error, WN_ERROR_ARGUMENT, "threads: %d is over %d", options->threads,
                    WN_MAX_THREADS);
  WnSession *session = calloc(1, sizeof *session);
  if (!session) return wni_fail_memory(error, "a session");
  session->model = wn_model_ref(model);
  session->threads = options->threads > 0 ? options->threads : wni_parallel_cores();
  if (session->threads > WN_MAX_THREADS) session->threads = WN_MAX_THREADS;
  wni_parallel_retain(session->threads);
  session->clock = options->clock ? options->clock : monotonic_ns;
  session->clock_user = options->clock_user;
  session->cancelled = options->cancelled;
  session->cancelled_user = options->cancelled_user;
  session->rule.softmax = model->metadata.score_softmax;
  session->rule.n_classes = model->plan.n_classes;
  session->rule.n_exits = model->metadata.n_exits;
  session->rule.group_of = model->metadata.group_of;
  session->rule.floors = model->metadata.floors;
  session->rule.standardised = model->metadata.floor_standardised;
  session->rule.independent = model->info.scores == WN_SCORES_SIGMOID;
  session->rule.final_as_is = model->plan.scoring.form == WN_SCORES_PROBABILITIES;
  if (!allocate(session)) {
    status = wni_fail_memory(error, "a session's activations");
    goto fail;
  }
  status = wni_policy_apply(session, &options->policy, error);
  if (status != WN_OK) goto fail;
  *out = session;
  return WN_OK;
fail:
  wn_session_free(session);
  return status;
}

void wn_session_free(WnSession *session) {
  if (!session) return;
  wni_parallel_release(session->threads);
  for (int i = 0; session->recipes && i < session->model->plan.n_inputs; i++)
    wni_recipe_clear(&session->recipes[i]);
  free(session->recipes);
  wni_unchanged_clear(&session->unchanged);
  free(session->arena);
  free(session->rule.thresholds);
  free(session->rule.watched);
  free(session->thresholds);
  free(session->watch);
  free(session->survivors.alive);
  free(session->survivors.log_p);
  free(session->expected_ns);
  free(session->final_scores);
  free(session->order);
  free(session->order_labels);
  free(session->order_scores);
  free(session->survivors_per_stage);
  wn_model_unref(session->model);
  free(session);
}

WnStatus wn_session_set_policy(WnSession *session, const WnPolicy *policy, WnError *error) {
  WNI_FP_SCOPE(mode);
  return wni_policy_apply(session, policy, error);
}

void wn_session_forget(WnSession *session) {
  wni_unchanged_forget(&session->unchanged);
}

const double *wn_session_thresholds(const WnSession *session) {
  return session->thresholds;
}

WnStrategy wn_session_strategy(const WnSession *session) {
  return session->rule.strategy;
}

int32_t wn_session_threads(const WnSession *session) {
  return session->threads;
}

const char *wn_session_watch_warning(const WnSession *session) {
  return session->watch_warning[0] ? session->watch_warning : NULL;
}
