/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a step of the plan to a driver call: one row per kind of step.
 */
#include "kernels/tile_registers.h"
#include "session/session.h"

typedef struct Operands {
  const void *in[WNI_STEP_INPUTS];
  void *out;
  const int32_t *rows;
  size_t n_rows;
} Operands;

typedef void RunFunction(const WniStep *step, const Operands *at, WniThread thread);

static void run_conv(const WniStep *step, const Operands *at, WniThread thread) {
  const WniConv *conv = &step->layer.conv;
  wni_conv_run(conv, at->in[0], conv->residual.n ? at->in[1] : NULL, at->out, thread);
}
static void run_dwconv(const WniStep *step, const Operands *at, WniThread thread) {
  wni_dwconv_run(&step->layer.conv, at->in[0], at->out, thread);
}
static void run_bands(const WniStep *step, const Operands *at, WniThread thread) {
  const WniBands *bands = &step->layer.bands;
  bool add = bands->projects && bands->project.residual.n;
  wni_bands_run(bands, at->in[0], bands->gates ? at->in[3] : NULL, add ? at->in[2] : NULL, at->out,
                (void *)(uintptr_t)at->in[1], thread);
}
static void run_winograd(const WniStep *step, const Operands *at, WniThread thread) {
  const WniWinograd *winograd = &step->layer.winograd;
  wni_winograd_run(winograd, at->in[0], winograd->residual.n ? at->in[2] : NULL, at->out,
                   (float *)(uintptr_t)at->in[1], thread);
}
static void run_fully_connected(const WniStep *step, const Operands *at, WniThread thread) {
  wni_fully_connected_run(&step->layer.fully_connected, at->in[0], at->out,
                          step->final_rows ? at->rows : NULL, at->n_rows, thread);
}
static void run_matmul(const WniStep *step, const Operands *at, WniThread thread) {
  bool add = step->n_in > 2;
  wni_matmul_run(&step->layer.matmul, at->in[0], at->in[1], add ? at->in[2] : NULL, at->out,
                 thread);
}
static void run_lstm(const WniStep *step, const Operands *at, WniThread thread) {
  wni_lstm_run(&step->layer.lstm, at->in[0], (float *)(uintptr_t)at->in[1], at->out, thread);
}
static void run_pool(const WniStep *step, const Operands *at, WniThread thread) {
  wni_pool_run(&step->layer.pool, at->in[0], at->out, thread);
}
static void run_elementwise(const WniStep *step, const Operands *at, WniThread thread) {
  wni_elementwise_run(&step->layer.elementwise, at->in, at->out, thread);
}
static void run_softmax(const WniStep *step, const Operands *at, WniThread thread) {
  wni_softmax_run(&step->layer.softmax, at->in[0], at->out, thread);
}
static void run_normalize(const WniStep *step, const Operands *at, WniThread thread) {
  wni_normalize_run(&step->layer.normalize, at->in[0], step->n_in > 1 ? at->in[1] : NULL,
                    step->n_in > 2 ? at->in[2] : NULL, at->out, thread);
}
static void run_reduce(const WniStep *step, const Operands *at, WniThread thread) {
  wni_reduce_run(&step->layer.reduce, at->in[0], at->out, thread);
}
static void run_lrn(const WniStep *step, const Operands *at, WniThread thread) {
  wni_lrn_run(&step->layer.lrn, at->in[0], at->out, thread);
}
static void run_take(const WniStep *step, const Operands *at, WniThread thread) {
  wni_take_run(&step->layer.take, at->in[0], at->out, thread);
}
static void run_places(const WniStep *step, const Operands *at, WniThread thread) {
  wni_places_run(&step->layer.places, at->in[0], at->out, thread);
}
static void run_interpolate(const WniStep *step, const Operands *at, WniThread thread) {
  wni_interpolate_run(&step->layer.interpolate, at->in[0], at->out, thread);
}
static void run_top(const WniStep *step, const Operands *at, WniThread thread) {
  wni_top_run(&step->layer.top, at->in[0], at->out, thread);
}

static RunFunction *const table[WNI_STEP_KIND_COUNT] = {
    [WNI_STEP_CONV] = run_conv,
    [WNI_STEP_DWCONV] = run_dwconv,
    [WNI_STEP_BANDS] = run_bands,
    [WNI_STEP_WINOGRAD] = run_winograd,
    [WNI_STEP_FULLY_CONNECTED] = run_fully_connected,
    [WNI_STEP_MATMUL] = run_matmul,
    [WNI_STEP_LSTM] = run_lstm,
    [WNI_STEP_POOL] = run_pool,
    [WNI_STEP_ELEMENTWISE] = run_elementwise,
    [WNI_STEP_SOFTMAX] = run_softmax,
    [WNI_STEP_NORMALIZE] = run_normalize,
    [WNI_STEP_REDUCE] = run_reduce,
    [WNI_STEP_LRN] = run_lrn,
    [WNI_STEP_TAKE] = run_take,
    [WNI_STEP_PLACES] = run_places,
    [WNI_STEP_INTERPOLATE] = run_interpolate,
    [WNI_STEP_TOP] = run_top,
};

static const void *read_at(const WniOperand *operand, const void *arena) {
  return (const char *)(operand->data ? operand->data : arena) + operand->offset;
}

void wni_step_run(const WniStep *step, void *arena, const int32_t *rows, size_t n_rows,
                  WniThread thread) {
  Operands at = {.out = (char *)arena + step->out.offset, .rows = rows, .n_rows = n_rows};
  for (int i = 0; i < WNI_STEP_INPUTS; i++) at.in[i] = read_at(&step->in[i], arena);
  if (step->halo.present) wni_halo_clear(&step->halo, (char *)arena + step->halo_at.offset, thread);
  table[step->kind](step, &at, thread);
  wni_tiles_release();
}

void wni_input_halo_clear(const WnSession *session, int input, WniThread thread) {
  const WniPlanInput *at = &session->model->plan.inputs[input];
  if (at->halo.present)
    wni_halo_clear(&at->halo, (char *)session->arena + at->halo_at.offset, thread);
}
