/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product over pixels that are widened first, for the files that define
 * the types Narrow, Weight, Wide and Sum, the tile, widen(), multiply(), load_sum() and
 * store_sum(). The taps are one run of groups of TILE_K channels to the product: the buffer takes
 * as many as fit.  Where all do, they are widened once for all panels.
 */
#include "kernels/tiles.h"

static inline __attribute__((always_inline)) void tile(const WniIgemmArgs *args, int m) {
  Wide x[TILE_M][BUFFER] __attribute__((aligned(32)));
  const Weight *w = args->w;
  size_t padded = (args->n_channels + TILE_K - 1) / TILE_K * TILE_K;
  bool whole = args->n_taps * padded <= BUFFER;
  for (int column = 0; column < args->n; column += TILE_N) {
    Sum sum[TILE_M][2];
    size_t filled = 0;
#pragma GCC unroll 6
    for (int i = 0; i < m; i++)
      for (int v = 0; v < 2; v++)
        sum[i][v] = load_sum((const int32_t *)args->bias + column + v * LANES);

    for (size_t t = 0; t < args->n_taps; t++)
      for (size_t c = 0; c < args->n_channels;) {
        size_t left = args->n_channels - c, n = left < BUFFER - filled ? left : BUFFER - filled;
        for (int i = 0; i < m && !(whole && column > 0); i++) {
          const void *at = (const char *)args->x[i] + args->tap[t];
          widen((const Narrow *)at + c, n, x[i] + filled);
        }
        c += n;
        filled += (n + TILE_K - 1) / TILE_K * TILE_K;
        if (filled < BUFFER && (c < args->n_channels || t + 1 < args->n_taps)) continue;
        multiply(x, filled / TILE_K, w, sum, m);
        w += filled * TILE_N;
        filled = 0;
      }
    store_tile(args, column, sum[0], m, 2);
  }
}

WNI_DEFINE_RUN_TILE
