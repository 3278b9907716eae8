/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of one implicit matrix product each: one copy of its function for every number of
 * pixels up to the tile's, which are a constant to it, and the choice between them.  The
 * function is `tile(args, m)`, or `tile(args, m, ahead)` of those that ask for what comes next,
 * always inlined; TILE_M and TILE_N are the tile's, TILE_M at most 12.
 */
#ifndef WNI_KERNELS_TILES_H
#define WNI_KERNELS_TILES_H

#include "kernels/kernels.h"

#define WNI_TILES(ROW)                                                                             \
  ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11) ROW(12)

#define WNI_TILE_FUNCTION(m)                                                                       \
  static void tile_##m(const WniIgemmArgs *args) {                                                 \
    tile(args, m < TILE_M ? m : TILE_M);                                                           \
  }
/* Those beyond TILE_M are never called, and the compiler leaves them out. */
#define WNI_TILE_NAME(m) m <= TILE_M ? tile_##m : NULL,

/* Defines run_tile(args). */
#define WNI_DEFINE_RUN_TILE                                                                        \
  WNI_TILES(WNI_TILE_FUNCTION)                                                                     \
  static inline void run_tile(const WniIgemmArgs *args) {                                          \
    static void (*const tiles[])(const WniIgemmArgs *) = {WNI_TILES(WNI_TILE_NAME)};               \
    _Static_assert(TILE_M <= sizeof tiles / sizeof *tiles, "a row of WNI_TILES for every m");      \
    tiles[args->m - 1](args);                                                                      \
  }

/* Further copies are for the larger tiles, which do most of the work: smaller ones do without. */
#define WNI_IS_LARGE(m) ((m) > TILE_M / 2 && (m) <= TILE_M)

/* For the last panel where half a tile's columns or fewer are left: copies of the file's
 * `panel(args, w, column, m, vectors, ahead)` with half the vectors, apart, as the choice itself
 * needs no stack.  The one of a large m is run_few_columns[m - 1]. */
#define WNI_FEW_COLUMNS(m)                                                                         \
  static __attribute__((noinline)) void few_columns_##m(const WniIgemmArgs *args, const void *w,   \
                                                        int column) {                              \
    panel(args, w, column, m < TILE_M ? m : TILE_M, VECTORS / 2, NULL);                            \
  }
#define WNI_FEW_COLUMNS_NAME(m) WNI_IS_LARGE(m) ? few_columns_##m : NULL,
#define WNI_DEFINE_FEW_COLUMNS                                                                     \
  WNI_TILES(WNI_FEW_COLUMNS)                                                                       \
  static void (*const run_few_columns[])(const WniIgemmArgs *, const void *,                       \
                                         int) = {WNI_TILES(WNI_FEW_COLUMNS_NAME)};

/* Of WniIgemmArgs.next, `pace` bytes are asked for at each step, from `at` on. */
typedef struct WniLookahead {
  const char *at;
  size_t pace;
} WniLookahead;

static inline WniLookahead wni_look_ahead(const WniIgemmArgs *args, size_t steps) {
  return (WniLookahead){args->next, (args->next_bytes + steps - 1) / steps};
}

/* Into the second cache. */
static inline __attribute__((always_inline)) void wni_step_ahead(WniLookahead *ahead) {
  if (!ahead) return;
  __builtin_prefetch(ahead->at, 0, 2);
  ahead->at += ahead->pace;
}

/* Copies for tiles with WniIgemmArgs.next, in which `ahead` is not NULL: the registers are all in
 * use without it.  steps(args) is how often a copy calls wni_step_ahead().  With AddressSanitizer,
 * which has nothing to see in them and takes minutes to compile each, there are none. */
#define WNI_TILE_WITHOUT(m)                                                                        \
  static void tile_##m(const WniIgemmArgs *args) {                                                 \
    tile(args, m < TILE_M ? m : TILE_M, NULL);                                                     \
  }
#ifdef __SANITIZE_ADDRESS__
#define WNI_TILE_AHEAD(m)
#define WNI_TILE_AHEAD_NAME WNI_TILE_NAME
#else
#define WNI_TILE_AHEAD(m)                                                                          \
  static void tile_ahead_##m(const WniIgemmArgs *args) {                                           \
    WniLookahead ahead = wni_look_ahead(args, steps(args));                                        \
    tile(args, m < TILE_M ? m : TILE_M, &ahead);                                                   \
  }
#define WNI_TILE_AHEAD_NAME(m) WNI_IS_LARGE(m) ? tile_ahead_##m : WNI_TILE_NAME(m)
#endif

/* Defines run_tile(args). */
#define WNI_DEFINE_RUN_TILE_AHEAD                                                                  \
  WNI_TILES(WNI_TILE_WITHOUT)                                                                      \
  WNI_TILES(WNI_TILE_AHEAD)                                                                        \
  static inline void run_tile(const WniIgemmArgs *args) {                                          \
    static void (*const tiles[2][12])(const WniIgemmArgs *) = {{WNI_TILES(WNI_TILE_NAME)},         \
                                                               {WNI_TILES(WNI_TILE_AHEAD_NAME)}};  \
    tiles[args->next_bytes > 0][args->m - 1](args);                                                \
  }

#endif
