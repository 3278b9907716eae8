/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * plan/arena.c: buffers that are alive together never overlap, and memory is reused.
 */
#include "plan/plan.h"
#include "suite.h"

enum { N = 60 };

static bool together(const WniBuffer *a, const WniBuffer *b) {
  return a->first <= b->last && b->first <= a->last;
}

static bool overlap(const WniBuffer *a, const WniBuffer *b) {
  return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

/* Pairs that are alive together and overlap, of buffers and the `reach` behind each: one assertion
 * for all of them, which is a line to a file each time. */
static int clashes(const WniBuffer *buffers, int n, int reach) {
  int found = 0;
  for (int i = 0; i < n; i++)
    for (int k = i + 1; k < n && k <= i + reach; k++)
      found += together(&buffers[i], &buffers[k]) && overlap(&buffers[i], &buffers[k]);
  return found;
}

START_TEST(living_buffers_never_overlap) {
  unsigned seed = 1;
  for (int round = 0; round < 200; round++) {
    WniBuffer buffers[N];
    WniPlan plan = {.buffers = buffers, .n_buffers = N};
    for (int i = 0; i < N; i++) {
      int first = rand_r(&seed) % 40;
      buffers[i] = (WniBuffer){.bytes = 1 + (size_t)rand_r(&seed) % 5000,
                               .first = first,
                               .last = first + rand_r(&seed) % 10};
    }
    ck_assert(wni_arena_place(&plan));
    for (int i = 0; i < N; i++) {
      ck_assert_uint_eq(buffers[i].offset % 64, 0); /* a cache line */
      ck_assert_uint_le(buffers[i].offset + buffers[i].bytes, plan.arena_bytes);
    }
    ck_assert_int_eq(clashes(buffers, N, N), 0);
  }
}
END_TEST

START_TEST(a_chain_needs_two_buffers_only) {
  WniBuffer buffers[N];
  WniPlan plan = {.buffers = buffers, .n_buffers = N};
  for (int i = 0; i < N; i++) buffers[i] = (WniBuffer){.bytes = 1600, .first = i, .last = i + 1};
  ck_assert(wni_arena_place(&plan));
  ck_assert_uint_eq(plan.arena_bytes, 3200);
}
END_TEST

/* 200,000 buffers, which would take a minute if each were held to all others. */
START_TEST(a_long_chain_is_placed_in_time) {
  enum { LONG = 200000, LIVES = 9 };
  static WniBuffer buffers[LONG];
  unsigned seed = 1;
  WniPlan plan = {.buffers = buffers, .n_buffers = LONG};
  for (int i = 0; i < LONG; i++)
    buffers[i] = (WniBuffer){.bytes = 1 + (size_t)rand_r(&seed) % 5000,
                             .first = i,
                             .last = i + rand_r(&seed) % (LIVES + 1)};
  ck_assert(wni_arena_place(&plan));
  ck_assert_uint_le(plan.arena_bytes, (size_t)5056 * 2 * LIVES);
  ck_assert_int_eq(clashes(buffers, LONG, LIVES), 0);
}
END_TEST

START_TEST(too_large_is_refused) {
  WniBuffer buffers[2] = {{.bytes = INT32_MAX, .last = 1}, {.bytes = INT32_MAX, .last = 1}};
  WniPlan plan = {.buffers = buffers, .n_buffers = 2};
  ck_assert(!wni_arena_place(&plan));
}
END_TEST

SUITE_MAIN("arena", living_buffers_never_overlap, a_chain_needs_two_buffers_only,
           a_long_chain_is_placed_in_time, too_large_is_refused)
