/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers of convolution (layers.h).  Output pixels are taken tile m at a time in
 * reading order, whatever row they are in; per block of panels of tile n output
 * channels, so that the block's weights stay in cache while the pixels pass.
 */
#include "kernels/check.h"
#include "kernels/layers.h"

#include <string.h>

enum {
  BLOCK_BYTES = 1 << 19, /* of weights that stay in cache while pixels pass */
  UNITS_A_THREAD = 8
};

void wni_halo_clear(const WniHalo *halo, void *y, WniThread thread) {
  size_t row = (halo->left + halo->w + halo->right) * halo->pixel_bytes;
  size_t rows = halo->top + halo->h + halo->bottom, begin, end;
  wni_parallel_range(thread, halo->n * rows, 1, &begin, &end);
  for (size_t r = begin; r < end; r++) {
    char *at = (char *)y + r * row;
    size_t inside = r % rows;
    if (inside < halo->top || inside >= halo->top + halo->h) {
      memset(at, halo->zero, row);
      continue;
    }
    memset(at, halo->zero, halo->left * halo->pixel_bytes);
    memset(at + (halo->left + halo->w) * halo->pixel_bytes, halo->zero,
           halo->right * halo->pixel_bytes);
  }
}

/* Any activation that the kernel does not do follows while the tile is still in cache. */
static void finish(const WniConv *conv, size_t n, void *y) {
  if (conv->activation.kind > WNI_ACT_CLAMP) conv->act->run.act(&conv->activation, n, y);
}

/* Where a pixel of an image lies, in bytes. */
static ptrdiff_t pixel_offset(const WniImage *image, WniType type, size_t n, size_t y, size_t x) {
  ptrdiff_t elements = (ptrdiff_t)n * image->n_stride + (ptrdiff_t)y * image->h_stride +
                       (ptrdiff_t)x * image->w_stride;
  return elements * (ptrdiff_t)wni_type_bytes(type);
}

/* Where an output pixel's first tap lies, in bytes. */
static ptrdiff_t first_tap(const WniConv *conv, size_t n, size_t oy, size_t ox) {
  ptrdiff_t elements = (ptrdiff_t)n * conv->in.n_stride + (ptrdiff_t)oy * conv->y_step +
                       (ptrdiff_t)ox * conv->x_step;
  return elements * (ptrdiff_t)wni_type_bytes(conv->kernel->type);
}

/* Pixels that are computed together, and where their channels of one panel lie. */
typedef struct Tile {
  const void *x[WNI_MAX_TILE_M], *residual[WNI_MAX_TILE_M];
  void *y[WNI_MAX_TILE_M];
  int m;
} Tile;

/* A walk over panels of output channels of one group: all pixels of a tile for
 * one panel after the other, so that the block's weights stay in cache and each pixel is
 * located once. */
typedef struct Block {
  size_t group, first, last; /* panels */
} Block;

/* The m pixels from `first` on, at their group's channels; behind m the last one again. */
static void locate(const WniConv *conv, const Block *block, size_t first, size_t m, const char *x,
                   const char *residual, char *y, Tile *tile) {
  size_t ow = conv->out.w, per_image = conv->out.h * ow;
  size_t n = first / per_image, oy = first % per_image / ow, ox = first % ow;
  size_t per_group = conv->out.c / conv->groups;
  size_t column = block->group * per_group + block->first * (size_t)conv->kernel->tile_n;
  x += block->group * (conv->in.c / conv->groups) * wni_type_bytes(conv->kernel->type);
  y += column * wni_type_bytes(conv->output.type);
  if (residual) residual += column * wni_type_bytes(conv->output.type);
  tile->m = (int)m;
  ptrdiff_t y_bytes = (ptrdiff_t)wni_type_bytes(conv->output.type);
  ptrdiff_t x_step = conv->x_step * (ptrdiff_t)wni_type_bytes(conv->kernel->type);
  ptrdiff_t y_step = conv->out.w_stride * y_bytes;
  ptrdiff_t residual_step = residual ? conv->residual.w_stride * y_bytes : 0;
  for (int i = 0; i < tile->m;) {
    const char *from = x + first_tap(conv, n, oy, ox);
    const char *add =
        residual ? residual + pixel_offset(&conv->residual, conv->output.type, n, oy, ox) : NULL;
    char *to = y + pixel_offset(&conv->out, conv->output.type, n, oy, ox);
    for (; i < tile->m && ox < ow; i++, ox++) {
      tile->x[i] = from;
      tile->y[i] = to;
      tile->residual[i] = add;
      from += x_step;
      to += y_step;
      if (add) add += residual_step;
    }
    ox = 0;
    if (++oy == conv->out.h) oy = 0, n++;
  }
  for (int i = tile->m; i < conv->kernel->tile_m; i++) {
    tile->x[i] = tile->x[i - 1];
    tile->y[i] = tile->y[i - 1];
    tile->residual[i] = tile->residual[i - 1];
  }
}

/* On to the next panel. */
static void advance(const WniConv *conv, Tile *tile) {
  size_t step = (size_t)conv->kernel->tile_n * wni_type_bytes(conv->output.type);
  for (int i = 0; i < conv->kernel->tile_m; i++) {
    tile->y[i] = (char *)tile->y[i] + step;
    if (tile->residual[i]) tile->residual[i] = (const char *)tile->residual[i] + step;
  }
}

/* What follows the kernel, for the panels that the tile has come through: an activation has much to
 * prepare, so that neighbours are handed to it together. */
static void finish_tile(const WniConv *conv, const Block *block, const Tile *tile) {
  size_t tile_n = (size_t)conv->kernel->tile_n, n = (block->last - block->first) * tile_n;
  size_t left = conv->out.c / conv->groups - block->first * tile_n, bytes;
  bytes = wni_type_bytes(conv->output.type);
  for (int i = 0, run; i < tile->m; i += run) {
    char *y = (char *)tile->y[i] - n * bytes;
    size_t own = n < left ? n : left;
    for (run = 1; i + run < tile->m; run++)
      if ((char *)tile->y[i + run] != (char *)tile->y[i] + (size_t)run * own * bytes) break;
    finish(conv, own * (size_t)run, y);
  }
}

static void run_block(const WniConv *conv, const Block *block, Tile *tile) {
  size_t tile_n = (size_t)conv->kernel->tile_n, per_group = conv->out.c / conv->groups;
  size_t panels = (per_group + tile_n - 1) / tile_n;
  WniIgemmArgs args = {
      .m = tile->m,
      .n_taps = conv->n_taps,
      .n_channels = conv->n_channels,
      .tap = conv->tap,
      .x = tile->x,
      .residual = tile->residual[0] ? tile->residual : NULL,
      .y = tile->y,
      .output = conv->output,
  };
  for (size_t panel = block->first; panel < block->last; panel++) {
    size_t unit = block->group * panels + panel, left = per_group - panel * tile_n;
    args.n = (int)(left < tile_n ? left : tile_n);
    args.w = (const char *)conv->weights + unit * conv->panel_bytes;
    args.bias = (const char *)conv->bias + unit * tile_n * sizeof(float); /* or int32 */
    args.scale = conv->scale ? conv->scale + unit * tile_n : NULL;
    if (panel == block->first)
      wni_check_igemm(&args, conv->kernel->type, conv->kernel->tile_m, conv->kernel->tile_n);
    conv->kernel->run.igemm(&args);
    advance(conv, tile);
  }
  finish_tile(conv, block, tile);
}

/* Panels of a block: as many as the cache holds, but enough blocks for all threads. */
static size_t panels_at_once(const WniConv *conv, size_t panels, size_t tiles, WniThread thread) {
  size_t fitting = BLOCK_BYTES / conv->panel_bytes;
  size_t sharing = conv->groups * panels * tiles / (UNITS_A_THREAD * (size_t)thread.count);
  size_t count = fitting < sharing ? fitting : sharing;
  return count < 1 ? 1 : count < panels ? count : panels;
}

void wni_conv_run(const WniConv *conv, const void *x, const void *residual, void *y,
                  WniThread thread) {
  size_t tile_m = (size_t)conv->kernel->tile_m, tile_n = (size_t)conv->kernel->tile_n;
  size_t n_pixels = conv->out.n * conv->out.h * conv->out.w;
  size_t tiles = (n_pixels + tile_m - 1) / tile_m;
  size_t panels = (conv->out.c / conv->groups + tile_n - 1) / tile_n;
  size_t at_once = panels_at_once(conv, panels, tiles, thread);
  size_t blocks = (panels + at_once - 1) / at_once, begin, end;
  wni_parallel_range(thread, conv->groups * blocks * tiles, 1, &begin, &end);
  for (size_t unit = begin; unit < end; unit++) {
    size_t first = unit / tiles % blocks * at_once;
    Block block = {.group = unit / tiles / blocks,
                   .first = first,
                   .last = first + at_once < panels ? first + at_once : panels};
    /* tiles differ by one pixel at most: a small one would leave the kernel idle */
    size_t tile_begin = n_pixels * (unit % tiles) / tiles;
    size_t tile_end = n_pixels * (unit % tiles + 1) / tiles;
    Tile tile;
    locate(conv, &block, tile_begin, tile_end - tile_begin, x, residual, y, &tile);
    run_block(conv, &block, &tile);
  }
}

/* Channels whose inputs for a row of outputs stay in the nearest cache, as the next row reads most
 * of them again; a whole number of lines of it. */
static size_t channels_at_once(const WniConv *conv) {
  enum { CACHE_BYTES = 1 << 14, LINE = 64 };
  size_t bytes = wni_type_bytes(conv->kernel->type);
  size_t rows = conv->columns ? conv->n_taps / (size_t)conv->columns : 1;
  size_t fitting = CACHE_BYTES / (rows * conv->in.w * bytes + 1), line = LINE / bytes;
  size_t count = fitting / line * line;
  return count < 2 * line || count > conv->out.c ? conv->out.c : count;
}

void wni_dwconv_run(const WniConv *conv, const void *x, void *y, WniThread thread) {
  size_t begin, end, at_once = channels_at_once(conv), channels = conv->out.c;
  ptrdiff_t x_bytes = (ptrdiff_t)wni_type_bytes(conv->kernel->type);
  ptrdiff_t y_bytes = (ptrdiff_t)wni_type_bytes(conv->output.type);
  WniDwconvArgs args = {.n_pixels = conv->out.w,
                        .n_taps = conv->n_taps,
                        .w_step = channels,
                        .columns = conv->columns,
                        .tap = conv->tap,
                        .x_step = conv->x_step * x_bytes,
                        .y_step = conv->out.w_stride * y_bytes,
                        .output = conv->output};
  wni_parallel_range(thread, conv->out.n * conv->out.h, 1, &begin, &end);
  for (size_t c = 0; c < channels; c += at_once) {
    args.n_channels = c + at_once < channels ? at_once : channels - c;
    args.w = (const char *)conv->weights + (ptrdiff_t)c * x_bytes;
    args.bias = (const char *)conv->bias + c * sizeof(float); /* or int32 */
    args.scale = conv->scale ? conv->scale + c : NULL;
    for (size_t row = begin; row < end; row++) {
      size_t n = row / conv->out.h, oy = row % conv->out.h;
      args.x = (const char *)x + first_tap(conv, n, oy, 0) + (ptrdiff_t)c * x_bytes;
      args.y = (char *)y + pixel_offset(&conv->out, conv->output.type, n, oy, 0) +
               (ptrdiff_t)c * y_bytes;
      conv->kernel->run.dwconv(&args);
      bool dense = args.n_channels == (size_t)conv->out.w_stride;
      for (size_t ox = 0; ox < (dense ? 1 : conv->out.w); ox++)
        finish(conv, args.n_channels * (dense ? conv->out.w : 1),
               (char *)args.y + (ptrdiff_t)ox * args.y_step);
    }
  }
}
