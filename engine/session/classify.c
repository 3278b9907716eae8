/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One frame: preprocess, stages, a decision behind each, the result.  Nothing is
 * allocated here unless the frame's geometry has changed.
 */
#include "session/job.h"

#include "base/error.h"
#include "base/fpmode.h"

#include <math.h>

static WnStatus check_scores(const WnSession *session, const float *logits, ptrdiff_t stride,
                             int stage, const bool *among, WnError *error) {
  const WnModel *model = session->model;
  int bad = wni_exit_find_bad(logits, stride, model->plan.n_classes, among);
  if (bad < 0) return WN_OK;
  return wni_fail(
      error, WN_ERROR_NUMERIC,
      "stage %d: the score of '%.60s' is not finite; the weights of '%.150s' are damaged", stage,
      model->metadata.labels[bad], model->id);
}

/* A stage that had to be packed first is faster the next time. */
static void learn_duration(const WniJob *job, int stage, int64_t elapsed_ns) {
  int64_t *expected = &job->session->expected_ns[stage];
  if (job->waited) return;
  *expected = *expected ? *expected + (elapsed_ns - *expected) / 8 : elapsed_ns;
}

/* The rows of the final classifier that are looked at, in ascending order: the survivors', or all.
 */
static void list_rows(WniJob *job) {
  WnSession *session = job->session;
  size_t n = 0;
  job->rows = NULL;
  if (session->survivors.count == session->rule.n_classes ||
      wni_exit_final_needs_all(&session->rule))
    return;
  for (int32_t c = 0; c < session->rule.n_classes; c++)
    if (session->survivors.alive[c]) session->order[n++] = c;
  job->rows = session->order;
  job->n_rows = n;
}

static void test_exit(WniJob *job, int stage) {
  WnSession *session = job->session;
  const WniTensor *exit = &session->model->plan.exits[stage];
  const float *logits = wni_tensor_data(exit, session->arena);
  job->status = check_scores(session, logits, exit->stride[1], stage, NULL, job->error);
  if (job->status == WN_OK)
    job->stop = wni_exit_test(&session->rule, stage, logits, exit->stride[1], &session->survivors,
                              &job->reason);
  else
    job->stop = true;
}

static void finish(WniJob *job, int stage) {
  WnSession *session = job->session;
  ptrdiff_t stride;
  const float *logits = wni_final_logits(session, &stride);
  job->stop = true;
  const bool *among = wni_exit_final_needs_all(&session->rule) ? NULL : session->survivors.alive;
  job->status = check_scores(session, logits, stride, stage, among, job->error);
  if (job->status == WN_OK) wni_exit_final(&session->rule, logits, stride, &session->survivors);
  job->reason = session->survivors.nothing ? WN_STOP_NOTHING : WN_STOP_FINAL;
}

/* The answer is that of the stage before, if there is one. */
static void give_up(WniJob *job, int stage) {
  WnSession *session = job->session;
  int64_t now = wni_now(session), elapsed = now - job->stage_started_ns;
  job->stop = true;
  job->reason = WN_STOP_DEADLINE;
  session->given_up = true;
  session->result.latency_ns = now - job->started_ns;
  if (job->cancelled)
    job->status = wni_fail(job->error, WN_ERROR_CANCELLED, "the frame was given up");
  else if (elapsed > session->expected_ns[stage]) /* it would have taken longer still */
    learn_duration(job, stage, elapsed);
}

static bool is_due(void *context) {
  WniJob *job = context;
  const WnSession *session = job->session;
  job->cancelled = session->cancelled && session->cancelled(session->cancelled_user);
  return job->cancelled ||
         (job->stage > 0 && session->deadline_ns > 0 &&
          wni_now(session) - job->started_ns + job->spent_ns > session->deadline_ns);
}

static void decide(WniJob *job, int stage) {
  WnSession *session = job->session;
  if (job->halt.halted) {
    give_up(job, stage);
    return;
  }
  bool last = stage == session->model->plan.n_exits;
  if (last)
    finish(job, stage);
  else if (session->heads)
    test_exit(job, stage);
  session->survivors_per_stage[stage] = session->survivors.count;
  session->result.exit_stage = stage;
  int64_t now = wni_now(session);
  learn_duration(job, stage, now - job->stage_started_ns);
  job->stage_started_ns = now;
  session->result.latency_ns = now - job->started_ns;
  if (job->stop) return;
  if (session->deadline_ns > 0 &&
      now - job->started_ns + job->spent_ns + session->expected_ns[stage + 1] >
          session->deadline_ns) {
    job->stop = true;
    job->reason = WN_STOP_DEADLINE;
    return;
  }
  if (stage + 1 == session->model->plan.n_exits) list_rows(job);
}

static uint64_t count_macs(const WnSession *session, int last_stage, size_t rows_left_out) {
  const WnModel *model = session->model;
  uint64_t macs = 0;
  for (int s = 0; s <= last_stage; s++)
    macs += model->stage_macs[s].path + (session->heads ? model->stage_macs[s].head : 0);
  return macs - rows_left_out * model->macs_per_row;
}

/* The best survivor, or nothing: none survives, or it is the class that stands for nothing. */
static void fill_answer(WnSession *session, WnStopReason reason) {
  const WniMetadata *metadata = &session->model->metadata;
  const WniSurvivors *survivors = &session->survivors;
  WnResult *result = &session->result;
  bool nothing = survivors->count == 0 || session->order[0] == metadata->nothing;
  bool grouped = !nothing && survivors->group >= 0;
  result->label = nothing ? "" : session->order_labels[0];
  result->class_index = nothing ? -1 : session->order[0];
  result->confidence = nothing ? 0 : session->order_scores[0];
  result->group = grouped ? metadata->groups[survivors->group] : "";
  result->stop_reason = nothing ? WN_STOP_NOTHING : reason;
  result->watched =
      session->rule.watching ? !nothing && session->rule.watched[result->class_index] : -1;
}

/* Whether it is about a part of the frame: the caller's or the policy's. */
static bool is_part(const WnSession *session, const WnRect *region) {
  return region != NULL || session->view.has_region;
}

static void fill_result(WnSession *session, const WniJob *job, const WnRect *region) {
  const WnModel *model = session->model;
  const WniSurvivors *survivors = &session->survivors;
  WnResult *result = &session->result;
  int n_classes = model->plan.n_classes;
  bool final = result->exit_stage == model->plan.n_exits;
  size_t left_out =
      final && job->rows && model->final_rows_step >= 0 ? (size_t)n_classes - job->n_rows : 0;
  wni_survivors_order(survivors, n_classes, session->order);
  for (int i = 0; i < survivors->count; i++) {
    session->order_labels[i] = model->metadata.labels[session->order[i]];
    session->order_scores[i] = exp(survivors->log_p[session->order[i]]);
  }
  fill_answer(session, job->reason);
  result->stage_count = model->plan.n_stages;
  result->n_survivors = result->survivor_count = survivors->count;
  result->survivors = session->order;
  result->survivor_labels = session->order_labels;
  result->survivor_scores = session->order_scores;
  result->n_stages_evaluated = result->exit_stage + 1;
  result->survivors_per_stage = session->survivors_per_stage;
  result->macs = count_macs(session, result->exit_stage, left_out);
  result->macs_full = model->info.macs_full;
  result->model_id = model->id;
  result->age_ns = 0;
  result->pts_ns = job->frame->pts_ns;
  result->time_ns = job->frame->time_ns;
  result->has_region = is_part(session, region);
  result->region = session->recipes[0].region;
  result->region_name = !result->has_region ? NULL : region ? "" : session->view.region.name;
}

/* Looks at the frame; *repeats tells whether the last result is its answer too, and `result` then
 * says so.  What it said of the frame that it is about stays. */
static WnStatus try_repeat(WnSession *session, const WnFrame *frame, const WnRect *region,
                           int64_t entered_ns, bool *repeats, WnError *error) {
  WniUnchanged *unchanged = &session->unchanged;
  WnResult *result = &session->result;
  if (result->has_region != is_part(session, region)) wni_unchanged_forget(unchanged);
  wni_recipe_ignore(&unchanged->recipe, &session->view.ignored_rects);
  WnStatus status = wni_unchanged_look(unchanged, &session->recipes[0].window, frame,
                                       &session->recipes[0].region, entered_ns, error);
  *repeats = status == WN_OK && wni_unchanged_holds(unchanged);
  if (!*repeats) return status;
  result->stop_reason = WN_STOP_UNCHANGED;
  result->macs = 0;
  result->latency_ns = wni_now(session) - entered_ns;
  result->age_ns = wni_look_age(&unchanged->reference, &unchanged->look);
  return WN_OK;
}

void wn_session_spend(WnSession *session, int64_t ns) {
  session->spent_ns = ns < 0 ? 0 : ns < INT64_MAX / 4 ? ns : INT64_MAX / 4;
}

WnStatus wn_session_classify(WnSession *session, const WnFrame *frame, const WnRect *region,
                             const WnResult **result, WnError *error) {
  WNI_FP_SCOPE(mode);
  const WnModel *model = session->model;
  WniProgress before = session->progress;
  bool repeats = false;
  session->progress = WNI_NO_FRAME;
  *result = NULL;
  if (model->plan.n_classes == 0)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "'%.200s' was opened as any graph: it runs, but does not classify",
                    model->path);
  WniJob job = {.session = session,
                .frame = frame,
                .last_stage = model->plan.n_exits,
                .heads = session->heads,
                .after_stage = decide,
                .spent_ns = session->spent_ns,
                .error = error};
  if (session->cancelled || session->deadline_ns > 0)
    job.halt = (WniHalt){.due = is_due, .context = &job};
  session->spent_ns = 0;
  int64_t entered_ns = wni_now(session);
  WnStatus status = wni_prepare_frame(session, frame, region, error);
  /* Completion goes on with what the arena holds: without that nothing is repeated. */
  if (before == WNI_NO_FRAME) wni_unchanged_forget(&session->unchanged);
  if (status == WN_OK && session->unchanged.level > 0)
    status = try_repeat(session, frame, region, entered_ns, &repeats, error);
  if (status != WN_OK) return status;
  if (repeats) {
    session->progress = before;
    *result = &session->result;
    return WN_OK;
  }
  wni_survivors_reset(&session->survivors, model->plan.n_classes);
  job.started_ns = job.stage_started_ns = entered_ns;
  session->given_up = false;
  wni_job_run(&job);
  if (job.status != WN_OK) return job.status;
  fill_result(session, &job, region);
  if (session->unchanged.level > 0) wni_unchanged_keep(&session->unchanged);
  session->progress = WNI_CLASSIFIED;
  *result = &session->result;
  return WN_OK;
}

/* The later networks of a cascade look at the frame again, and all do where a stage was given up,
 * which has overwritten what it read. */
static WnStatus check_again(const WnSession *session, const WnFrame *frame, WnError *error) {
  if (!session->model->metadata.cascade && !session->given_up) return WN_OK;
  if (!frame)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "complete: %s the frame is looked at again, and none is given",
                    session->given_up ? "a stage was given up:" : "in a cascade");
  WnStatus status = wni_frame_check(frame, NULL, error);
  if (status == WN_OK && !wni_recipe_fits(&session->recipes[0], frame))
    status = wni_fail(error, WN_ERROR_ARGUMENT,
                      "complete: this is not the frame that was classified: its size or format is "
                      "another");
  return status;
}

WnStatus wn_session_complete(WnSession *session, const WnFrame *frame, const float **scores,
                             WnError *error) {
  WNI_FP_SCOPE(mode);
  const WnModel *model = session->model;
  const WniPlan *plan = &model->plan;
  if (session->progress == WNI_NO_FRAME)
    return wni_fail(error, WN_ERROR_ARGUMENT, "complete: no frame has been classified");
  *scores = session->final_scores;
  /* What the stages that ran read is overwritten by now: they cannot run again. */
  if (session->progress == WNI_COMPLETED) return WN_OK;
  WnStatus status = check_again(session, frame, error);
  if (status != WN_OK) return status;
  bool final = session->result.exit_stage == plan->n_exits;
  bool again = session->given_up;
  WniJob job = {.session = session,
                .frame = again || (model->metadata.cascade && !final) ? frame : NULL,
                .first_stage = again   ? 0
                               : final ? plan->n_exits
                                       : session->result.exit_stage + 1,
                .last_stage = plan->n_exits};
  /* Behind the final classifier only the rows that it skipped are missing. */
  if (final)
    job.first_step = model->final_rows_step >= 0 ? (size_t)model->final_rows_step : plan->n_steps;
  wni_job_run(&job);
  ptrdiff_t stride;
  const float *logits = wni_final_logits(session, &stride);
  for (int c = 0; c < plan->n_classes; c++) session->final_scores[c] = logits[c * stride];
  session->progress = WNI_COMPLETED;
  return WN_OK;
}
