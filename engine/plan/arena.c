/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Places buffers in one arena: largest first, each at the lowest offset where it
 * meets no buffer that is alive at the same time.  Of more buffers than networks have, the time
 * that takes would grow with their square: they are placed in the order of time, where those that
 * are no longer alive have left room.
 */
#include "plan/plan.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* buffers: more than the largest classifiers have; gaps of which is known */
enum { MANY = 1024, MAX_GAPS = 1024 };

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

static int end_of(const WniBuffer *buffer) {
  return buffer->last > buffer->first ? buffer->last : buffer->first;
}

static int ended_first(const void *a, const void *b) {
  const WniBuffer *x = *(WniBuffer *const *)a, *y = *(WniBuffer *const *)b;
  int end_x = end_of(x), end_y = end_of(y);
  return end_x != end_y ? (end_x > end_y) - (end_x < end_y) : (x > y) - (x < y);
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

/* Room between buffers that are alive, by offset; no two touch. */
typedef struct Gaps {
  struct Gap {
    size_t begin, end;
  } gap[MAX_GAPS];
  size_t n;
} Gaps;

static void remove_gap(Gaps *gaps, size_t i) {
  gaps->n--;
  memmove(&gaps->gap[i], &gaps->gap[i + 1], (gaps->n - i) * sizeof *gaps->gap);
}

/* Of more gaps than MAX_GAPS the new one is lost: memory, not time. */
static void give_back(Gaps *gaps, size_t begin, size_t end) {
  size_t i = gaps->n;
  while (i > 0 && gaps->gap[i - 1].begin > begin) i--;
  bool follows = i > 0 && gaps->gap[i - 1].end == begin;
  bool precedes = i < gaps->n && gaps->gap[i].begin == end;
  if (follows) {
    gaps->gap[i - 1].end = precedes ? gaps->gap[i].end : end;
    if (precedes) remove_gap(gaps, i);
  } else if (precedes) {
    gaps->gap[i].begin = begin;
  } else if (gaps->n < MAX_GAPS) {
    memmove(&gaps->gap[i + 1], &gaps->gap[i], (gaps->n - i) * sizeof *gaps->gap);
    gaps->gap[i] = (struct Gap){begin, end};
    gaps->n++;
  }
}

/* The lowest place for so many bytes in an arena that ends at `end`, which the last gap may meet.
 */
static size_t take(Gaps *gaps, size_t bytes, size_t end) {
  for (size_t i = 0; i < gaps->n; i++) {
    struct Gap *gap = &gaps->gap[i];
    size_t at = gap->begin;
    if (gap->end - at < bytes && gap->end != end) continue;
    gap->begin += bytes;
    if (gap->begin >= gap->end) remove_gap(gaps, i);
    return at;
  }
  return end;
}

/* `ended` [n_buffers] as `order`, to be sorted. */
static bool place_by_time(WniPlan *plan, WniBuffer **order, WniBuffer **ended) {
  Gaps *gaps = calloc(1, sizeof *gaps);
  size_t n_ended = 0, end = 0;
  if (!gaps) return false;
  memcpy(ended, order, plan->n_buffers * sizeof(WniBuffer *));
  qsort(order, plan->n_buffers, sizeof *order, earlier_first);
  qsort(ended, plan->n_buffers, sizeof *ended, ended_first);
  for (size_t i = 0; i < plan->n_buffers && end <= MAX_ARENA_BYTES; i++) {
    for (; end_of(ended[n_ended]) < order[i]->first; n_ended++) {
      const WniBuffer *b = ended[n_ended];
      give_back(gaps, b->offset, b->offset + wni_round_up(b->bytes, WNI_ALIGNMENT));
    }
    size_t bytes = wni_round_up(order[i]->bytes, WNI_ALIGNMENT);
    order[i]->offset = take(gaps, bytes, end);
    if (order[i]->offset + bytes > end) end = order[i]->offset + bytes;
    note_end(plan, order[i]);
  }
  free(gaps);
  return true;
}

bool wni_arena_place(WniPlan *plan) {
  size_t n = plan->n_buffers;
  bool done = true;
  WniBuffer **order = malloc((n + 1) * 2 * sizeof *order);
  if (!order) return false;
  WniBuffer **placed = order + n + 1;
  for (size_t i = 0; i < n; i++) order[i] = &plan->buffers[i];
  plan->arena_bytes = 0;
  if (n <= MANY)
    place_by_size(plan, order, placed);
  else
    done = place_by_time(plan, order, placed);
  free(order);
  return done && plan->arena_bytes <= MAX_ARENA_BYTES;
}
