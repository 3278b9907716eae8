/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of one implicit matrix product each: one copy of its function for every number of
 * pixels up to the tile's, which are a constant to it, and the choice between them.  The
 * function is `tile(args, m)`, always inlined; TILE_M is the tile's, at most 12.
 */
#ifndef WNI_KERNELS_TILES_H
#define WNI_KERNELS_TILES_H

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

#endif
