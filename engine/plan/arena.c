/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Places buffers in one arena: largest first, each at the lowest offset where it
 * meets no buffer that is alive at the same time.  Of more buffers than networks have, the time
 * that takes would grow with their square: they are placed in the order of time, beside those
 * alive.
 */
#include "plan/plan.h"

#include "base/memory.h"

#include <stdlib.h>

enum { MANY = 4096 }; /* buffers; ten times what the largest classifiers have */

#define MAX_ARENA_BYTES ((size_t)1 << 31) /* ten times what the largest classifiers need */

static int larger_first(const void *a, const void *b) {
  const WniBuffer *x = *(WniBuffer *const *)a, *y = *(WniBuffer *const *)b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return (x > y) - (x < y); /* the same plan every time */
}

static int earlier_first(const void *a, const void *b) {
  const WniBuffer *x = *(WniBuffer *const *)a, *y = *(WniBuffer *const *)b;
  return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : (x > y) - (x < y);
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

/* Leaves those that are still alive in step `now`; their number. */
static size_t keep_alive(WniBuffer **placed, size_t n, int now) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    if (placed[i]->last >= now) placed[kept++] = placed[i];
  return kept;
}

static void note_end(WniPlan *plan, const WniBuffer *buffer) {
  size_t end = buffer->offset + buffer->bytes;
  if (end > plan->arena_bytes) plan->arena_bytes = end;
}

static void place_by_size(WniPlan *plan, WniBuffer **order, WniBuffer **placed) {
  qsort(order, plan->n_buffers, sizeof *order, larger_first);
  for (size_t i = 0; i < plan->n_buffers; i++) {
    order[i]->offset = first_fit(order[i], placed, i);
    note_end(plan, order[i]);
    insert(placed, i, order[i]);
  }
}

/* What begins beside MANY others gets a place of its own. */
static void place_by_time(WniPlan *plan, WniBuffer **order, WniBuffer **placed) {
  size_t n_alive = 0;
  qsort(order, plan->n_buffers, sizeof *order, earlier_first);
  for (size_t i = 0; i < plan->n_buffers; i++) {
    n_alive = keep_alive(placed, n_alive, order[i]->first);
    bool full = n_alive == MANY;
    order[i]->offset = full ? wni_round_up(plan->arena_bytes, WNI_ALIGNMENT)
                            : first_fit(order[i], placed, n_alive);
    note_end(plan, order[i]);
    if (!full) insert(placed, n_alive++, order[i]);
  }
}

bool wni_arena_place(WniPlan *plan) {
  size_t n = plan->n_buffers;
  WniBuffer **order = malloc((n + 1) * 2 * sizeof *order);
  if (!order) return false;
  WniBuffer **placed = order + n + 1;
  for (size_t i = 0; i < n; i++) order[i] = &plan->buffers[i];
  plan->arena_bytes = 0;
  if (n <= MANY)
    place_by_size(plan, order, placed);
  else
    place_by_time(plan, order, placed);
  free(order);
  return plan->arena_bytes <= MAX_ARENA_BYTES;
}
