/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The run loop (job.h), and the raw access to tensors around it.
 */
#include "session/job.h"

#include "base/error.h"
#include "base/fpmode.h"
#include "plan/packer.h"

#include <math.h>
#include <string.h>

/* The frame as input i: its recipe, into its own place. */
static void preprocess(const WniJob *job, int i, WniThread thread) {
  const WnSession *session = job->session;
  const WnModel *model = session->model;
  wni_input_halo_clear(session, i, thread);
  wni_recipe_run(&session->recipes[i], job->frame, &model->targets[i],
                 (float *)session->arena + model->plan.inputs[i].tensor.offset, thread);
}

/* The inputs that this stage is the first to read; true: there were some. */
static bool preprocess_for(const WniJob *job, int stage, WniThread thread) {
  const WniPlan *plan = &job->session->model->plan;
  bool any = false;
  for (int i = 0; i < plan->n_inputs; i++) {
    const WniPlanInput *input = &plan->inputs[i];
    if (input->stage != stage || (input->head && !job->heads)) continue;
    preprocess(job, i, thread);
    any = true;
  }
  return any;
}

/* Whose writes the team has not met behind yet.  Every thread keeps its own, all the same. */
typedef enum Unmet { UNMET_NONE, UNMET_FIRST, UNMET_ALL } Unmet;

/* The team meets unless only thread 0 goes on with what it wrote itself. */
static void meet(Unmet *unmet, bool alone_next, WniThread thread) {
  if (*unmet == UNMET_ALL || (*unmet == UNMET_FIRST && !alone_next)) {
    wni_parallel_barrier(thread);
    *unmet = UNMET_NONE;
  }
}

/* Elementary operations after which thread 0 asks whether to go on. */
enum { LONG_WORK = 1 << 25 };

/* Where the frame is given up the team still meets as often as it would, but computes nothing more:
 * `halted` is set in a step that all have entered, so that behind it all see it. */
static void run_step(WniJob *job, const WniStep *step, Unmet *unmet, WniThread thread) {
  meet(unmet, step->alone, thread);
  *unmet = step->alone ? UNMET_FIRST : UNMET_ALL;
  if (job->halt.halted || (step->alone && thread.index > 0)) return;
  if (step->alone) thread = (WniThread){.count = 1};
  thread.halt = job->halt.due && step->work > LONG_WORK ? &job->halt : NULL;
  wni_step_run(step, job->session->arena, job->rows, job->n_rows, thread);
}

/* All threads pack what the stage has left.  Then they meet: a frame that is given up meanwhile is
 * so for all of them before the first step. */
static void pack_stage(WniJob *job, int stage, Unmet *unmet, WniThread thread) {
  WniHalt *halt = job->halt.due ? &job->halt : NULL;
  bool any = wni_packer_finish(job->session->model->plan.packer, stage, halt, thread.index);
  if (thread.index == 0) job->waited = any;
  wni_parallel_barrier(thread);
  *unmet = UNMET_NONE;
}

static void run_body(void *context, WniThread thread) {
  WniJob *job = context;
  WnSession *session = job->session;
  const WnModel *model = session->model;
  Unmet unmet = UNMET_NONE;
  for (int stage = job->first_stage; stage <= job->final_stage; stage++) {
    if (thread.index == 0) job->stage = stage;
    if (job->packs) pack_stage(job, stage, &unmet, thread);
    if (job->frame && preprocess_for(job, stage, thread)) unmet = UNMET_ALL;
    size_t begin = model->first_step[stage], end = model->first_step[stage + 1];
    for (size_t s = begin < job->first_step ? job->first_step : begin; s < end; s++) {
      const WniStep *step = &model->plan.steps[s];
      if (!step->head || job->heads) run_step(job, step, &unmet, thread);
    }
    if (!job->after_stage) continue;
    meet(&unmet, true, thread);
    if (thread.index == 0) job->after_stage(job, stage);
    /* A number and not a flag: thread 0 may be one decision ahead of who looks at it. */
    if (thread.index == 0 && job->stop) job->final_stage = stage;
    unmet = UNMET_NONE;
    wni_parallel_barrier(thread);
  }
}

void wni_job_run(WniJob *job) {
  WniPacker *packer = job->session->model->plan.packer;
  job->final_stage = job->last_stage;
  job->packs = packer && !wni_packer_is_done(packer);
  wni_parallel_run(job->session->threads, run_body, job);
}

WnStatus wni_prepare_frame(WnSession *session, const WnFrame *frame, const WnRect *region,
                           WnError *error) {
  const WnModel *model = session->model;
  if (!model->image)
    return wni_fail(error, WN_ERROR_UNSUPPORTED, "'%.200s' does not take frames: %s", model->path,
                    model->not_image);
  WnRect part;
  WnStatus status = wni_frame_check(frame, region, error);
  if (status == WN_OK) status = wni_view_place(&session->view, frame, region, &part, error);
  for (int i = 0; i < model->plan.n_inputs && status == WN_OK; i++) {
    wni_recipe_ignore(&session->recipes[i], &session->view.ignored_rects);
    status = wni_recipe_update(&session->recipes[i], frame, &part, &model->targets[i],
                               session->threads, error);
  }
  return status;
}

/* Where row `row` of the last dimension begins. */
static ptrdiff_t row_offset(const WniTensor *tensor, int64_t row) {
  ptrdiff_t at = 0;
  for (int d = tensor->shape.rank - 1; d-- > 0; row /= tensor->shape.dim[d])
    at += (ptrdiff_t)(row % tensor->shape.dim[d]) * tensor->stride[d];
  return at;
}

/* Copies between a tensor in the arena and the same elements in row-major order. */
static void copy_tensor(const WniTensor *tensor, void *arena, float *flat, bool to_arena) {
  int last = tensor->shape.rank - 1;
  int64_t n = last < 0 ? 1 : tensor->shape.dim[last], rows = wni_shape_count(&tensor->shape) / n;
  ptrdiff_t stride = last < 0 ? 1 : tensor->stride[last];
  float *data = (float *)(uintptr_t)wni_tensor_data(tensor, arena);
  for (int64_t row = 0; row < rows; row++, flat += n) {
    float *at = data + row_offset(tensor, row);
    if (to_arena)
      for (int64_t i = 0; i < n; i++) at[i * stride] = flat[i];
    else
      for (int64_t i = 0; i < n; i++) flat[i] = at[i * stride];
  }
}

static WnStatus check_count(const char *what, int64_t wanted, size_t given, WnError *error) {
  if ((size_t)wanted == given) return WN_OK;
  return wni_fail(error, WN_ERROR_ARGUMENT, "%s: %zu elements given, the model has %lld", what,
                  given, (long long)wanted);
}

static WnStatus check_input(const WnSession *session, int32_t input, size_t n_elements,
                            WnError *error) {
  const WniPlan *plan = &session->model->plan;
  if (input < 0 || input >= plan->n_inputs)
    return wni_fail(error, WN_ERROR_ARGUMENT, "input %d: the model has %d", input, plan->n_inputs);
  return check_count("input", wni_shape_count(&plan->inputs[input].tensor.shape), n_elements,
                     error);
}

typedef struct Preprocessing {
  WniJob job;
  int input;
} Preprocessing;

static void preprocess_body(void *context, WniThread thread) {
  const Preprocessing *what = context;
  preprocess(&what->job, what->input, thread);
}

WnStatus wn_session_preprocess(WnSession *session, const WnFrame *frame, const WnRect *region,
                               int32_t input, float *tensor, size_t n_elements, WnError *error) {
  WNI_FP_SCOPE(mode);
  WnStatus status = wni_prepare_frame(session, frame, region, error);
  if (status == WN_OK) status = check_input(session, input, n_elements, error);
  if (status != WN_OK) return status;
  Preprocessing what = {.job = {.session = session, .frame = frame}, .input = input};
  wni_parallel_run(session->threads, preprocess_body, &what);
  session->progress = WNI_NO_FRAME;
  copy_tensor(&session->model->plan.inputs[input].tensor, session->arena, tensor, false);
  return WN_OK;
}

WnStatus wn_session_set_input(WnSession *session, int32_t input, const float *tensor,
                              size_t n_elements, WnError *error) {
  WnStatus status = check_input(session, input, n_elements, error);
  if (status != WN_OK) return status;
  wni_input_halo_clear(session, input, (WniThread){.count = 1});
  copy_tensor(&session->model->plan.inputs[input].tensor, session->arena,
              (float *)(uintptr_t)tensor, true);
  session->progress = WNI_NO_FRAME;
  return WN_OK;
}

/* The last stage and what comes behind the final classifier are timed as one. */
static void note_time(WniJob *job, int stage) {
  int64_t now = wni_now(job->session);
  int last = job->session->model->plan.n_stages - 1;
  job->stage_ns[stage < last ? stage : last] += now - job->stage_started_ns;
  job->stage_started_ns = now;
}

void wn_session_run(WnSession *session, bool heads, int64_t *stage_ns) {
  const WniPlan *plan = &session->model->plan;
  WniJob job = {.session = session,
                .last_stage = plan->n_stages,
                .heads = heads,
                .stage_ns = stage_ns,
                .after_stage = stage_ns ? note_time : NULL};
  if (stage_ns) memset(stage_ns, 0, (size_t)plan->n_stages * sizeof *stage_ns);
  session->progress = WNI_NO_FRAME;
  job.stage_started_ns = wni_now(session);
  wni_job_run(&job);
}

WnStatus wn_session_output(WnSession *session, int32_t index, float *data, size_t n_elements,
                           WnError *error) {
  WNI_FP_SCOPE(mode);
  const WniPlan *plan = &session->model->plan;
  if (index < 0 || index >= plan->n_outputs)
    return wni_fail(error, WN_ERROR_ARGUMENT, "output %d: the model has %d", index,
                    plan->n_outputs);
  WnStatus status = check_count(plan->output_names[index],
                                wni_shape_count(&plan->outputs[index].shape), n_elements, error);
  if (status != WN_OK) return status;
  copy_tensor(&plan->outputs[index], session->arena, data, false);
  const WniQuant *integers = &plan->integers[index];
  for (size_t i = 0; integers->scale > 0 && i < n_elements; i++)
    data[i] = rintf(data[i] / integers->scale) + (float)integers->zero;
  return WN_OK;
}
