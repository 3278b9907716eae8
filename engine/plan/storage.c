/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a plan owns (plan.h).
 */
#include "plan/plan.h"

#include "base/memory.h"
#include "plan/packer.h"

#include <stdlib.h>

/* Takes over `bytes` of memory, which may be NULL; false: nothing was taken. */
static bool own(WniPlan *plan, void *memory, size_t bytes) {
  if (!memory ||
      !wni_grow((void **)&plan->owned, plan->n_owned, &plan->owned_capacity, sizeof *plan->owned)) {
    free(memory);
    return false;
  }
  plan->owned[plan->n_owned++] = memory;
  plan->weight_bytes += bytes;
  return true;
}

void *wni_plan_alloc(WniPlan *plan, size_t count, size_t size) {
  void *memory = wni_alloc_aligned(count, size);
  return own(plan, memory, count * size) ? memory : NULL;
}

/* Huge pages become memory as a whole, while the file still is: too much of what a small network
 * takes. */
enum { MIN_HUGE = 6 << 20 };

void wni_plan_reserve(WniPlan *plan, double bytes) {
  if (!(bytes >= 1 && bytes < (double)(SIZE_MAX / 4))) return;
  size_t room = wni_round_up((size_t)bytes, WNI_ALIGNMENT);
  char *memory = room < MIN_HUGE ? aligned_alloc(WNI_ALIGNMENT, room) : wni_alloc_raw(room);
  if (!own(plan, memory, 0)) return;
  plan->room = memory;
  plan->room_bytes = room;
}

void *wni_plan_alloc_raw(WniPlan *plan, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  if (bytes <= plan->room_bytes) {
    size_t taken = wni_round_up(bytes, WNI_ALIGNMENT);
    char *at = plan->room;
    if (taken > plan->room_bytes) taken = plan->room_bytes;
    plan->room += taken;
    plan->room_bytes -= taken;
    plan->weight_bytes += bytes;
    return at;
  }
  void *memory = wni_alloc_raw(bytes);
  return own(plan, memory, bytes) ? memory : NULL;
}

void wni_plan_pack_later(WniPlan *plan, WniOnnx *onnx) {
  if (plan->packer) {
    wni_packer_start(plan->packer, onnx);
    return;
  }
  wni_onnx_clear(onnx);
  free(onnx);
}

void wni_plan_pack_now(const WniPlan *plan) {
  for (int stage = 0; plan->packer && stage <= plan->n_stages; stage++)
    wni_packer_finish(plan->packer, stage, NULL, 0);
}

void wni_plan_clear(WniPlan *plan) {
  wni_packer_free(plan->packer);
  for (size_t s = 0; s < plan->n_steps; s++) {
    free(plan->steps[s].name);
    free(plan->steps[s].op);
  }
  for (size_t i = 0; i < plan->n_owned; i++) free(plan->owned[i]);
  for (int i = 0; i < plan->n_outputs; i++) free(plan->output_names[i]);
  for (int i = 0; i < plan->n_inputs; i++) free(plan->inputs[i].name);
  free(plan->inputs);
  free(plan->steps);
  free(plan->buffers);
  free(plan->owned);
  free(plan->exits);
  free(plan->outputs);
  free(plan->integers);
  free(plan->output_names);
  *plan = (WniPlan){0};
}
