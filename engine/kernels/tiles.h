/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the files of one implicit matrix product each: one copy of its function for every number of
 * pixels up to the tile's, which are a constant to it, and the choice between them.  The
 * function is `tile(args, m)`, always inlined.
 */
#define WNI_TILE(m)                                                                                \
  static void tile_##m(const WniIgemmArgs *args) {                                                 \
    tile(args, m);                                                                                 \
  }
#define WNI_TILES_6                                                                                \
  WNI_TILE(1)                                                                                      \
  WNI_TILE(2)                                                                                      \
  WNI_TILE(3)                                                                                      \
  WNI_TILE(4)                                                                                      \
  WNI_TILE(5)                                                                                      \
  WNI_TILE(6)
#define WNI_TILES_12                                                                               \
  WNI_TILES_6                                                                                      \
  WNI_TILE(7)                                                                                      \
  WNI_TILE(8)                                                                                      \
  WNI_TILE(9)                                                                                      \
  WNI_TILE(10)                                                                                     \
  WNI_TILE(11)                                                                                     \
  WNI_TILE(12)
#define WNI_NAMES_6 tile_1, tile_2, tile_3, tile_4, tile_5, tile_6
#define WNI_NAMES_12 WNI_NAMES_6, tile_7, tile_8, tile_9, tile_10, tile_11, tile_12

/* Defines run_tile(args) for tiles of n pixels; n is 6 or 12. */
#define WNI_DEFINE_RUN_TILE(n)                                                                     \
  WNI_TILES_##n static inline void run_tile(const WniIgemmArgs *args) {                            \
    static void (*const tiles[n])(const WniIgemmArgs *) = {WNI_NAMES_##n};                         \
    tiles[args->m - 1](args);                                                                      \
  }
