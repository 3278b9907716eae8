/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Driver of convolution by Winograd's minimal filtering (layers.h).  A block
 * of tiles at a time: all threads transform its inputs, then multiply, then transform
 * its outputs, with a barrier between, so that each weight is read once a block by
 * one thread.
 *
 *   work:  V [t * t][block][in.c] inputs, M [t * t][block][out.c] products;
 *          a line of cache lies between the planes, which else would all fall
 *          into the same sets of the cache
 */
#include "base/memory.h"
#include "base/share.h"
#include "kernels/conv_parts.h"

#include <math.h>

enum {
  CHANNEL_BLOCK = 64,   /* the unit of work of the transforms */
  PLANE_GAP = 32,       /* elements */
  PRODUCT_BYTES = 4,    /* float32 or int32 */
  WORK_BYTES = 1 << 20, /* what V and M may take: about a second-level cache */
  LEAST_CUTS = 2        /* in which the weights of the next panel have time to come */
};

typedef struct Block {
  const WniWinograd *winograd;
  size_t first, count; /* tiles */
  char *v, *m;
} Block;

static size_t tile_rows(const WniWinograd *winograd) {
  size_t m = (size_t)winograd->m;
  return (winograd->out.h + m - 1) / m;
}

static size_t tile_columns(const WniWinograd *winograd) {
  size_t m = (size_t)winograd->m;
  return (winograd->out.w + m - 1) / m;
}

/* Inputs and products of a tile, a side. */
static int tile_side(const WniWinograd *winograd) {
  return winograd->m + winograd->r - 1;
}

static size_t n_products(const WniWinograd *winograd) {
  return (size_t)tile_side(winograd) * (size_t)tile_side(winograd);
}

/* Elements of one of the planes of V or M. */
static size_t plane(const WniWinograd *winograd, size_t n_channels) {
  return winograd->block * n_channels + PLANE_GAP;
}

/* Bytes of all planes of V. */
static size_t v_bytes(const WniWinograd *winograd) {
  return n_products(winograd) * plane(winograd, winograd->in.c) *
         wni_type_bytes(winograd->kernel->type);
}

size_t wni_winograd_plan_block(WniWinograd *winograd) {
  size_t tiles = winograd->out.n * tile_rows(winograd) * tile_columns(winograd);
  size_t channels = winograd->in.c + winograd->out.c, products = n_products(winograd);
  size_t most = WORK_BYTES / (products * channels * PRODUCT_BYTES);
  if (most < winograd->min_block) most = winograd->min_block;
  size_t blocks = (tiles + most - 1) / most;
  winograd->block = (tiles + blocks - 1) / blocks;
  return v_bytes(winograd) + products * plane(winograd, winograd->out.c) * PRODUCT_BYTES;
}

/* Where a tile begins, in outputs. */
typedef struct Place {
  size_t n, y, x;
} Place;

static Place place_tile(const WniWinograd *winograd, size_t tile) {
  size_t rows = tile_rows(winograd), columns = tile_columns(winograd), m = (size_t)winograd->m;
  return (Place){tile / (rows * columns), tile / columns % rows * m, tile % columns * m};
}

static ptrdiff_t offset_at(const WniImage *image, Place at) {
  return (ptrdiff_t)at.n * image->n_stride + (ptrdiff_t)at.y * image->h_stride +
         (ptrdiff_t)at.x * image->w_stride;
}

static void transform_inputs(const Block *block, const char *x, WniThread thread) {
  const WniWinograd *winograd = block->winograd;
  size_t n_channels = winograd->in.c, chunks = (n_channels + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK;
  ptrdiff_t x_bytes = (ptrdiff_t)wni_type_bytes(winograd->type);
  size_t begin, end;
  wni_parallel_range(thread, block->count * chunks, 1, &begin, &end);
  for (size_t unit = begin; unit < end; unit++) {
    size_t tile = unit / chunks, c = unit % chunks * CHANNEL_BLOCK;
    Place at = place_tile(winograd, block->first + tile);
    WniWinogradInArgs args = {
        .t = tile_side(winograd),
        .n_channels = wni_smaller(n_channels - c, CHANNEL_BLOCK),
        .x = x + (offset_at(&winograd->in, at) + (ptrdiff_t)c) * x_bytes,
        .h_stride = winograd->in.h_stride,
        .w_stride = winograd->in.w_stride,
        .v = block->v + (tile * n_channels + c) * wni_type_bytes(winograd->kernel->type),
        .v_stride = (ptrdiff_t)plane(winograd, n_channels),
    };
    winograd->in_transform->run.winograd_in(&args);
  }
}

/* One panel of one of the t * t products: `count` rows, cut into tiles that differ by one at
 * most. */
static void multiply_panel(const Block *block, size_t product, size_t panel) {
  const WniWinograd *winograd = block->winograd;
  size_t tile_m = (size_t)winograd->kernel->tile_m, tile_n = (size_t)winograd->kernel->tile_n;
  size_t in = winograd->in.c, out = winograd->out.c, panels = (out + tile_n - 1) / tile_n;
  size_t cuts = (block->count + tile_m - 1) / tile_m;
  size_t v_element = wni_type_bytes(winograd->kernel->type);
  const char *v = block->v + product * plane(winograd, in) * v_element;
  char *m = block->m + (product * plane(winograd, out) + panel * tile_n) * PRODUCT_BYTES;
  size_t w_bytes = in * tile_n * v_element; /* of a panel; the next one lies behind it */
  const void *x[WNI_MAX_TILE_M];
  void *y[WNI_MAX_TILE_M];
  static const ptrdiff_t tap[1] = {0};
  WniIgemmArgs args = {
      .n = (int)wni_smaller(out - panel * tile_n, tile_n),
      .n_taps = 1,
      .n_channels = in,
      .tap = tap,
      .x = x,
      .w = (const char *)winograd->weights + (product * panels + panel) * w_bytes,
      .bias = winograd->zeros,
      .y = y,
      .output = {.type = WNI_F32, .low = -INFINITY, .high = INFINITY},
  };
  for (size_t cut = 0; cut < cuts; cut++) {
    size_t begin = block->count * cut / cuts, end = block->count * (cut + 1) / cuts;
    args.m = (int)(end - begin);
    for (size_t i = 0; i < tile_m; i++) {
      size_t row = wni_smaller(begin + i, end - 1);
      x[i] = v + row * in * v_element;
      y[i] = m + row * out * PRODUCT_BYTES;
    }
    if (cuts >= LEAST_CUTS)
      wni_fetch_weights(&args, (const char *)args.w + w_bytes, w_bytes, begin, end - begin,
                        block->count);
    winograd->kernel->run.igemm(&args);
  }
}

static void multiply(const Block *block, WniThread thread) {
  const WniWinograd *winograd = block->winograd;
  size_t tile_n = (size_t)winograd->kernel->tile_n;
  size_t panels = (winograd->out.c + tile_n - 1) / tile_n, begin, end;
  WniShare share = wni_share(thread, n_products(winograd) * panels, 1);
  while (wni_share_take(&share, &begin, &end))
    for (size_t unit = begin; unit < end; unit++)
      multiply_panel(block, unit / panels, unit % panels);
}

/* Any activation that the transform does not do follows pixel by pixel. */
static void finish(const WniWinograd *winograd, const WniWinogradOutArgs *args) {
  if (winograd->activation.kind <= WNI_ACT_CLAMP) return;
  for (int i = 0; i < args->rows; i++)
    for (int j = 0; j < args->columns; j++)
      winograd->act->run.act(&winograd->activation, args->n_channels,
                             (float *)args->y + i * args->y_h_stride + j * args->y_w_stride);
}

static void transform_outputs(const Block *block, const float *residual, char *y,
                              WniThread thread) {
  const WniWinograd *winograd = block->winograd;
  const WniImage *out = &winograd->out;
  size_t chunks = (out->c + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK, m = (size_t)winograd->m;
  ptrdiff_t y_bytes = (ptrdiff_t)wni_type_bytes(winograd->output.type);
  size_t begin, end;
  wni_parallel_range(thread, block->count * chunks, 1, &begin, &end);
  for (size_t unit = begin; unit < end; unit++) {
    size_t tile = unit / chunks, c = unit % chunks * CHANNEL_BLOCK;
    Place at = place_tile(winograd, block->first + tile);
    WniWinogradOutArgs args = {
        .m = winograd->m,
        .t = tile_side(winograd),
        .rows = (int)wni_smaller(out->h - at.y, m),
        .columns = (int)wni_smaller(out->w - at.x, m),
        .n_channels = wni_smaller(out->c - c, CHANNEL_BLOCK),
        .v = block->m + (tile * out->c + c) * PRODUCT_BYTES,
        .v_stride = (ptrdiff_t)plane(winograd, out->c),
        .bias = (const float *)winograd->bias + c, /* or int32 */
        .scale = winograd->scale ? winograd->scale + c : NULL,
        .residual = residual ? residual + offset_at(&winograd->residual, at) + c : NULL,
        .residual_h_stride = winograd->residual.h_stride,
        .residual_w_stride = winograd->residual.w_stride,
        .y = y + (offset_at(out, at) + (ptrdiff_t)c) * y_bytes,
        .y_h_stride = out->h_stride,
        .y_w_stride = out->w_stride,
        .output = winograd->output,
    };
    winograd->out_transform->run.winograd_out(&args);
    finish(winograd, &args);
  }
}

void wni_winograd_run(const WniWinograd *winograd, const void *x, const float *residual, void *y,
                      void *work, WniThread thread) {
  size_t tiles = winograd->out.n * tile_rows(winograd) * tile_columns(winograd);
  Block block = {.winograd = winograd, .v = work, .m = (char *)work + v_bytes(winograd)};
  for (; block.first < tiles; block.first += block.count) {
    block.count = wni_smaller(tiles - block.first, winograd->block);
    transform_inputs(&block, x, thread);
    wni_parallel_barrier(thread);
    multiply(&block, thread);
    wni_parallel_barrier(thread);
    transform_outputs(&block, residual, y, thread);
  }
}
