/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names of stop reasons, and copies of results: everything that a result points to, behind it
 * in one block.
 */
#include <winnow/result.h>
#include <winnow/result_fields.h>

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const reason_names[] = {
    [WN_STOP_UNCHANGED] = "unchanged",
    [WN_STOP_NOTHING] = "nothing",
    [WN_STOP_SINGLE_CLASS] = "single-class",
    [WN_STOP_CONFIDENT] = "confident",
    [WN_STOP_WATCH] = "watch",
    [WN_STOP_GROUP] = "group",
    [WN_STOP_FINAL] = "final",
    [WN_STOP_DEADLINE] = "deadline",
};
_Static_assert(sizeof reason_names / sizeof *reason_names == WN_STOP_REASON_COUNT,
               "a stop reason has no name");

const char *wn_stop_reason_name(WnStopReason reason) {
  return (unsigned)reason < WN_STOP_REASON_COUNT ? reason_names[reason] : NULL;
}

/* Filled from the front; without a base it only counts. */
typedef struct Block {
  char *base;
  size_t used;
} Block;

/* A copy of `bytes` in the block, or `from` itself while it only counts. */
static const void *keep(Block *block, const void *from, size_t bytes) {
  size_t at = block->used;
  block->used = wni_round_up(at + bytes, sizeof(max_align_t));
  if (!block->base || !from) return from;
  return bytes ? memcpy(block->base + at, from, bytes) : block->base + at;
}

static const char *keep_TEXT(Block *block, const WnResult *r, const char *x) {
  return x ? keep(block, x, strlen(x) + 1) : NULL;
}

static const int32_t *keep_CLASSES(Block *block, const WnResult *r, const int32_t *x) {
  return keep(block, x, (size_t)r->n_survivors * sizeof *x);
}

static const double *keep_SCORES(Block *block, const WnResult *r, const double *x) {
  return keep(block, x, (size_t)r->n_survivors * sizeof *x);
}

static const int32_t *keep_STAGES(Block *block, const WnResult *r, const int32_t *x) {
  return keep(block, x, (size_t)r->n_stages_evaluated * sizeof *x);
}

/* Ends with a NULL. */
static const char *const *keep_LABELS(Block *block, const WnResult *r, const char *const *x) {
  size_t n = (size_t)r->n_survivors;
  const char **labels = (const char **)(block->base ? block->base + block->used : NULL);
  block->used = wni_round_up(block->used + (n + 1) * sizeof *x, sizeof(max_align_t));
  for (size_t i = 0; i < n; i++) {
    const char *label = keep_TEXT(block, r, x[i]);
    if (labels) labels[i] = label;
  }
  if (!labels) return x;
  labels[n] = NULL;
  return labels;
}

#define keep_LABEL keep_TEXT
/* Numbers lie in the structure. */
#define keep_REASON(block, r, x) x
#define keep_INT(block, r, x) x
#define keep_COUNT(block, r, x) x
#define keep_DURATION(block, r, x) x
#define keep_STAMP(block, r, x) x
#define keep_UTC(block, r, x) x
#define keep_REAL(block, r, x) x

/* Moves everything that `r` points to into the block. */
static void keep_all(Block *block, WnResult *r) {
#define WN_FIELD(kind, member, name) r->member = keep_##kind(block, r, r->member);
  WN_RESULT_FIELDS(WN_FIELD)
  WN_REGION_FIELDS(WN_FIELD)
#undef WN_FIELD
}

WnResult *wn_result_copy(const WnResult *result) {
  WnResult kept = *result;
  Block block = {.used = wni_round_up(sizeof kept, sizeof(max_align_t))};
  if (kept.n_survivors > WN_RESULT_MAX_SURVIVORS) kept.n_survivors = WN_RESULT_MAX_SURVIVORS;
  keep_all(&block, &kept);
  block.base = malloc(block.used);
  if (!block.base) return NULL;
  block.used = wni_round_up(sizeof kept, sizeof(max_align_t));
  keep_all(&block, &kept);
  return memcpy(block.base, &kept, sizeof kept);
}
