/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long single layers take, and what the processor could do in that time.
 */
#include "session/session.h"

#include "base/clock.h"
#include "kernels/tile_registers.h"

#include <string.h>

typedef struct Timing {
  WnSession *session;
  bool heads;
  int64_t *layer_ns;
} Timing;

/* The team meets before and behind every step, so that nothing is counted for its neighbour. */
static void time_steps(void *context, WniThread thread) {
  const Timing *timing = context;
  const WnSession *session = timing->session;
  const WniPlan *plan = &session->model->plan;
  for (size_t s = 0; s < plan->n_steps; s++) {
    const WniStep *step = &plan->steps[s];
    if (step->head && !timing->heads) continue;
    int64_t start_ns = wni_clock_ns();
    if (!step->alone)
      wni_step_run(step, session->arena, NULL, 0, thread);
    else if (thread.index == 0)
      wni_step_run(step, session->arena, NULL, 0, (WniThread){.count = 1});
    wni_parallel_barrier(thread);
    if (thread.index == 0) timing->layer_ns[s] = wni_clock_ns() - start_ns;
  }
}

void wn_session_time_layers(WnSession *session, bool heads, int64_t *layer_ns) {
  Timing timing = {session, heads, layer_ns};
  memset(layer_ns, 0, session->model->plan.n_steps * sizeof *layer_ns);
  session->progress = WNI_NO_FRAME;
  wni_plan_pack_now(&session->model->plan);
  wni_parallel_run(session->threads, time_steps, &timing);
}

/* ---- the peak ---- */

enum {
  CHANNELS = 128, /* so many rows of weights and inputs stay in the nearest cache in every type */
  CALLS = 2000,
  ROUNDS = 5
};

/* The first of the names in `names`, which spaces are between. */
static const WniKernel *first_named(const char *names) {
  size_t count, length = strcspn(names, " ");
  const WniKernel *table = wni_kernel_table(&count);
  for (size_t i = 0; i < count; i++)
    if (strlen(table[i].name) == length && strncmp(table[i].name, names, length) == 0)
      return &table[i];
  return NULL;
}

/* Zeros: what is multiplied does not matter to the processor. */
static int64_t time_tiles(const WniKernel *kernel) {
  static const _Alignas(64) char zeros[WNI_MAX_TILE_N * CHANNELS * sizeof(float)];
  static const ptrdiff_t tap[1] = {0};
  _Alignas(64) float y[WNI_MAX_TILE_M][WNI_MAX_TILE_N];
  const void *from[WNI_MAX_TILE_M];
  void *to[WNI_MAX_TILE_M];
  for (int i = 0; i < kernel->tile_m; i++) {
    from[i] = zeros;
    to[i] = y[i];
  }
  WniIgemmArgs args = {.m = kernel->tile_m,
                       .n = kernel->tile_n,
                       .n_taps = 1,
                       .n_channels = CHANNELS,
                       .tap = tap,
                       .x = from,
                       .w = zeros,
                       .bias = zeros,
                       .scale = (const float *)(const void *)zeros,
                       .y = to,
                       .output = {.type = WNI_F32, .low = -1, .high = 1}};
  int64_t start_ns = wni_clock_ns();
  for (int i = 0; i < CALLS; i++) kernel->run.igemm(&args);
  wni_tiles_release();
  return wni_clock_ns() - start_ns;
}

double wn_kernel_peak(const char *kernel) {
  const WniKernel *named = first_named(kernel);
  if (!named) return 0;
  /* float16 weights are widened and multiplied as float32 */
  WniType type = named->type == WNI_F16 ? WNI_F32 : named->type;
  const WniKernel *product = wni_kernel_find(WNI_KERNEL_igemm, type);
  if (!product) return 0;
  int64_t best_ns = INT64_MAX;
  for (int i = 0; i < ROUNDS; i++) {
    int64_t ns = time_tiles(product);
    if (ns < best_ns) best_ns = ns;
  }
  double macs = (double)CALLS * product->tile_m * product->tile_n * CHANNELS;
  return macs * 1e9 / (double)(best_ns > 0 ? best_ns : 1);
}
