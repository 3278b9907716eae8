/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Places buffers in one arena: largest first, each at the lowest offset where it
 * meets no buffer that is alive at the same time.
 */
#include "plan/plan.h"

#include "base/memory.h"

#include <stdlib.h>

#define MAX_ARENA_BYTES ((size_t)1 << 31) /* ten times what the largest classifiers need */

static int larger_first(const void *a, const void *b) {
  const WniBuffer *x = *(WniBuffer *const *)a, *y = *(WniBuffer *const *)b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return (x > y) - (x < y); /* the same plan every time */
}

static bool overlap_in_time(const WniBuffer *a, const WniBuffer *b) {
  return a->first <= b->last && b->first <= a->last;
}

/* `placed` [n] is sorted by offset. */
static size_t first_fit(const WniBuffer *buffer, WniBuffer *const *placed, size_t n) {
  size_t offset = 0;
  for (size_t i = 0; i < n; i++) {
    if (!overlap_in_time(buffer, placed[i])) continue;
    if (offset + buffer->bytes <= placed[i]->offset) break;
    size_t behind = wni_round_up(placed[i]->offset + placed[i]->bytes, WNI_ALIGNMENT);
    if (behind > offset) offset = behind;
  }
  return offset;
}

/* Keeps placed [n] sorted by offset. */
static void insert(WniBuffer **placed, size_t n, WniBuffer *buffer) {
  for (; n > 0 && placed[n - 1]->offset > buffer->offset; n--) placed[n] = placed[n - 1];
  placed[n] = buffer;
}

bool wni_arena_place(WniPlan *plan) {
  size_t n = plan->n_buffers;
  WniBuffer **order = malloc((n + 1) * 2 * sizeof *order);
  if (!order) return false;
  WniBuffer **placed = order + n + 1;
  for (size_t i = 0; i < n; i++) order[i] = &plan->buffers[i];
  qsort(order, n, sizeof *order, larger_first);
  plan->arena_bytes = 0;
  for (size_t i = 0; i < n; i++) {
    order[i]->offset = first_fit(order[i], placed, i);
    size_t end = order[i]->offset + order[i]->bytes;
    if (end > plan->arena_bytes) plan->arena_bytes = end;
    insert(placed, i, order[i]);
  }
  free(order);
  return plan->arena_bytes <= MAX_ARENA_BYTES;
}
