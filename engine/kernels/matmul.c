/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver of MatMul of two computed operands (layers.h) on the kernels of convolution: the rows
 * of x are pixels of k channels.  Every unit of work packs the columns of w that it needs itself,
 * tile n columns of a block of k at a time, so that the operands may lie in any order:
 *
 *   w [k][n] or its transpose  ->  room [block of k][tile n]  ->  y [m][tile n]
 */
#include "base/share.h"
#include "kernels/check.h"
#include "kernels/loop.h"

#include <math.h>

enum { BLOCK_K = 256, UNITS_A_THREAD = 4 };

/* The matrices of one product of the batch. */
typedef struct Product {
  const float *x, *w, *residual;
  ptrdiff_t residual_row;
  float *y;
} Product;

/* Columns [first, first + n) of rows [k, k + count) of w, zero beyond n. */
static void pack(const WniMatmul *matmul, const float *w, size_t k, size_t count, size_t first,
                 size_t n, float *room) {
  size_t tile_n = (size_t)matmul->kernel->tile_n;
  const float *from = w + (ptrdiff_t)k * matmul->w_row + (ptrdiff_t)first * matmul->w_column;
  float alpha = matmul->alpha;
  if (matmul->w_column == 1) {
    for (size_t i = 0; i < count; i++, from += matmul->w_row)
      for (size_t j = 0; j < n; j++) room[i * tile_n + j] = alpha * from[j];
  } else {
    for (size_t j = 0; j < n; j++, from += matmul->w_column)
      for (size_t i = 0; i < count; i++)
        room[i * tile_n + j] = alpha * from[(ptrdiff_t)i * matmul->w_row];
  }
  for (size_t i = 0; n < tile_n && i < count; i++)
    for (size_t j = n; j < tile_n; j++) room[i * tile_n + j] = 0;
}

/* Rows [begin, end) of y's columns, from one block of k. */
static void multiply(const WniMatmul *matmul, const Product *at, size_t begin, size_t end,
                     WniIgemmArgs *args) {
  const void *x[WNI_MAX_TILE_M], *residual[WNI_MAX_TILE_M];
  void *y[WNI_MAX_TILE_M];
  size_t tile_m = (size_t)matmul->kernel->tile_m;
  args->x = x;
  args->y = y;
  args->residual = at->residual ? residual : NULL;
  for (size_t row = begin; row < end; row += tile_m) {
    args->m = (int)(end - row < tile_m ? end - row : tile_m);
    for (size_t i = 0; i < tile_m; i++) {
      ptrdiff_t r = (ptrdiff_t)(row + i < end ? row + i : end - 1);
      x[i] = at->x + r * matmul->x_row;
      y[i] = at->y + r * matmul->y_row;
      if (at->residual) residual[i] = at->residual + r * at->residual_row;
    }
    if (row == begin) wni_check_igemm(args, WNI_F32, matmul->kernel->tile_m);
    matmul->kernel->run.igemm(args);
  }
}

static void activate(const WniMatmul *matmul, float *y, size_t begin, size_t end, size_t n) {
  if (matmul->activation.kind <= WNI_ACT_CLAMP) return;
  for (size_t row = begin; row < end; row++)
    matmul->act->run.act(&matmul->activation, n, y + (ptrdiff_t)row * matmul->y_row);
}

/* Rows [begin, end) of the columns from `first` on that one tile holds. */
static void run_panel(const WniMatmul *matmul, const Product *product, size_t first, size_t begin,
                      size_t end) {
  static const float no_bias[WNI_MAX_TILE_N];
  static const ptrdiff_t no_tap[1];
  float room[BLOCK_K * WNI_MAX_TILE_N];
  size_t left = matmul->n - first, tile_n = (size_t)matmul->kernel->tile_n;
  size_t n = left < tile_n ? left : tile_n;
  WniIgemmArgs args = {.n = (int)n, .n_taps = 1, .tap = no_tap, .w = room, .bias = no_bias};
  Product at = {.y = product->y + first,
                .residual = product->residual ? product->residual + first : NULL,
                .residual_row = matmul->residual_row};
  for (size_t k = 0; k < matmul->k; k += args.n_channels) {
    args.n_channels = matmul->k - k < BLOCK_K ? matmul->k - k : BLOCK_K;
    bool last = k + args.n_channels == matmul->k;
    args.output =
        last ? matmul->output : (WniOutput){.type = WNI_F32, .low = -INFINITY, .high = INFINITY};
    at.x = product->x + k;
    pack(matmul, product->w, k, args.n_channels, first, n, room);
    multiply(matmul, &at, begin, end, &args);
    at.residual = at.y; /* goes on from its own sums */
    at.residual_row = matmul->y_row;
  }
  activate(matmul, at.y, begin, end, n);
}

void wni_matmul_run(const WniMatmul *matmul, const float *x, const float *w, const float *residual,
                    float *y, WniThread thread) {
  const WniLoop *batch = &matmul->batch;
  size_t tile_m = (size_t)matmul->kernel->tile_m, tile_n = (size_t)matmul->kernel->tile_n;
  size_t panels = (matmul->n + tile_n - 1) / tile_n, products = wni_loop_count(batch, batch->rank);
  /* a packed panel serves many rows: they are shared only where there is little else to share */
  size_t wanted = (size_t)thread.count * UNITS_A_THREAD, most = (matmul->m + tile_m - 1) / tile_m;
  size_t shared = products * panels;
  if (shared == 0 || most == 0) return;
  size_t blocks = thread.count == 1 ? 1 : (wanted + shared - 1) / shared;
  if (blocks > most) blocks = most;
  WniShare share = wni_share(thread, shared * blocks, 1);
  for (size_t unit = 0, end = 0; unit < end || wni_share_take(&share, &unit, &end); unit++) {
    size_t block = unit % blocks, panel = unit / blocks % panels, b = unit / blocks / panels;
    Product at = {.x = x + wni_loop_offset(batch, 1, batch->rank, b),
                  .w = w + wni_loop_offset(batch, 2, batch->rank, b),
                  .y = y + wni_loop_offset(batch, 0, batch->rank, b)};
    if (residual) at.residual = residual + wni_loop_offset(batch, 3, batch->rank, b);
    run_panel(matmul, &at, panel * tile_n, matmul->m * block / blocks,
              matmul->m * (block + 1) / blocks);
  }
}
