/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Driver of convolution (layers.h).  Output pixels are taken tile m at a time in
 * reading order, whatever row they are in; per block of panels of tile n output
 * channels, so that the block's weights stay in cache while the pixels pass.
 */
#include "base/memory.h"
#include "base/share.h"
#include "kernels/check.h"
#include "kernels/conv_parts.h"

#include <string.h>

enum {
  NEAR_BYTES = 1 << 16,  /* of weights that stay near while pixels pass */
  CACHE_BYTES = 1 << 18, /* of weights or pixels that stay in the second cache */
  FAR_BYTES = 1 << 20,   /* of pixels that are not all in the second cache */
  FAR_CHANNELS = 64,     /* of a pixel that it pays to ask for */
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

/* The next output pixel of a part, where it lies and where its row began. */
typedef struct Walk {
  size_t n, oy, ox;
  const char *x, *residual;
  char *y;
  ptrdiff_t x_step, residual_step, y_step; /* to the next pixel of the row, in bytes */
} Walk;

/* Bases at the part's group and first panel. */
typedef struct Bases {
  const char *x, *residual;
  char *y;
} Bases;

/* Pixels that are computed together, and where their channels of one panel lie. */
typedef struct Tile {
  const void *x[WNI_MAX_TILE_M], *residual[WNI_MAX_TILE_M];
  void *y[WNI_MAX_TILE_M];
} Tile;

static Bases bases_of(const WniConv *conv, const WniConvPart *part, const void *x,
                      const void *residual, void *y) {
  size_t column =
      part->group * (conv->out.c / conv->groups) + part->panel * (size_t)conv->kernel->tile_n;
  size_t x_bytes = wni_type_bytes(conv->kernel->type), y_bytes = wni_type_bytes(conv->output.type);
  return (Bases){(const char *)x + part->group * (conv->in.c / conv->groups) * x_bytes,
                 residual ? (const char *)residual + column * y_bytes : NULL,
                 (char *)y + column * y_bytes};
}

static void walk_to_row(const WniConv *conv, const Bases *bases, Walk *walk) {
  WniType type = conv->output.type;
  walk->x = bases->x + wni_first_tap(conv, walk->n, walk->oy, walk->ox);
  walk->y = bases->y + wni_pixel_offset(&conv->out, type, walk->n, walk->oy, walk->ox);
  walk->residual = bases->residual ? bases->residual + wni_pixel_offset(&conv->residual, type,
                                                                        walk->n, walk->oy, walk->ox)
                                   : NULL;
}

static Walk walk_from(const WniConv *conv, const Bases *bases, size_t pixel) {
  size_t ow = conv->out.w, per_image = conv->out.h * ow;
  ptrdiff_t x_bytes = (ptrdiff_t)wni_type_bytes(conv->kernel->type);
  ptrdiff_t y_bytes = (ptrdiff_t)wni_type_bytes(conv->output.type);
  Walk walk = {.n = pixel / per_image,
               .oy = pixel % per_image / ow,
               .ox = pixel % ow,
               .x_step = conv->x_step * x_bytes,
               .y_step = conv->out.w_stride * y_bytes,
               .residual_step = bases->residual ? conv->residual.w_stride * y_bytes : 0};
  walk_to_row(conv, bases, &walk);
  return walk;
}

static inline const char *spread(const void **at, int n, const char *first, ptrdiff_t step) {
  for (int i = 0; i < n; i++) at[i] = first + i * step;
  return first + n * step;
}

/* The next m pixels; behind m the last one again. */
static void locate(const WniConv *conv, const Bases *bases, int m, Walk *walk, Tile *tile) {
  for (int i = 0, n; i < m; i += n) {
    n = (int)wni_smaller((size_t)(m - i), conv->out.w - walk->ox);
    walk->x = spread(tile->x + i, n, walk->x, walk->x_step);
    walk->y = (char *)spread((const void **)tile->y + i, n, walk->y, walk->y_step);
    if (walk->residual)
      walk->residual = spread(tile->residual + i, n, walk->residual, walk->residual_step);
    walk->ox += (size_t)n;
    if (walk->ox < conv->out.w) break;
    walk->ox = 0;
    if (++walk->oy == conv->out.h) walk->oy = 0, walk->n++;
    walk_to_row(conv, bases, walk);
  }
  for (int i = m; i < conv->kernel->tile_m; i++) {
    tile->x[i] = tile->x[m - 1];
    tile->y[i] = tile->y[m - 1];
    tile->residual[i] = tile->residual[m - 1];
  }
}

/* What follows the kernel, for the panels that the tile has come through, while they are in cache:
 * an activation has much to prepare, so that neighbours are handed to it together. */
static void finish_tile(const WniConv *conv, const WniIgemmArgs *args) {
  if (conv->activation.kind <= WNI_ACT_CLAMP) return;
  size_t n = (size_t)args->n, bytes = wni_type_bytes(conv->output.type);
  for (int i = 0, run; i < args->m; i += run) {
    char *y = args->y[i];
    for (run = 1; i + run < args->m; run++)
      if ((char *)args->y[i + run] != y + (size_t)run * n * bytes) break;
    wni_conv_finish(conv, n * (size_t)run, y);
  }
}

static size_t n_pixels(const WniConv *conv) {
  return conv->out.n * conv->out.h * conv->out.w;
}

/* Few pixels leave little time for the weights of a panel to come, and many make little of it. */
WniAhead wni_conv_ahead(const WniConv *conv, bool some_panels) {
  enum { LEAST_TILES = 2, MOST_TILES = 64 };
  size_t tile_m = (size_t)conv->kernel->tile_m, tiles = (n_pixels(conv) + tile_m - 1) / tile_m;
  if (some_panels && tiles <= MOST_TILES)
    return tiles >= LEAST_TILES ? WNI_AHEAD_WEIGHTS : WNI_AHEAD_NONE;
  size_t bytes = conv->in.n * conv->in.h * conv->in.w * conv->in.c;
  bytes *= wni_type_bytes(conv->kernel->type);
  bool far = bytes > FAR_BYTES && conv->n_channels >= FAR_CHANNELS;
  return far ? WNI_AHEAD_PIXELS : WNI_AHEAD_NONE;
}

static void look_ahead(const WniConv *conv, const WniConvPart *part, size_t pixel,
                       WniIgemmArgs *args) {
  size_t m = (size_t)args->m, bytes = conv->panel_bytes * (part->panel_end - part->panel);
  size_t step = (size_t)conv->x_step * wni_type_bytes(conv->kernel->type);
  if (part->ahead == WNI_AHEAD_PIXELS) {
    args->next = (const char *)args->x[m - 1] + step;
    args->next_bytes = step * m;
  } else if (part->ahead == WNI_AHEAD_WEIGHTS) {
    wni_fetch_weights(args, (const char *)args->w + bytes, bytes, pixel, m, n_pixels(conv));
  }
}

/* What the kernel is told of all panels of the part: all but the pixels of a tile. */
static WniIgemmArgs args_of(const WniConv *conv, const WniConvPart *part, const Tile *tile,
                            bool residual) {
  size_t tile_n = (size_t)conv->kernel->tile_n, per_group = conv->out.c / conv->groups;
  size_t unit = part->group * wni_conv_panels(conv) + part->panel;
  size_t first = part->panel * tile_n, end = part->panel_end * tile_n;
  return (WniIgemmArgs){
      .n = (int)((end < per_group ? end : per_group) - first),
      .n_taps = conv->n_taps,
      .n_channels = conv->n_channels,
      .tap = conv->tap,
      .x = tile->x,
      .residual = residual ? tile->residual : NULL,
      .y = tile->y,
      .output = conv->output,
      .w = (const char *)conv->weights + unit * conv->panel_bytes,
      .bias = (const char *)conv->bias + unit * tile_n * sizeof(float), /* or int32 */
      .scale = conv->scale ? conv->scale + unit * tile_n : NULL,
  };
}

size_t wni_conv_panels(const WniConv *conv) {
  size_t tile_n = (size_t)conv->kernel->tile_n;
  return (conv->out.c / conv->groups + tile_n - 1) / tile_n;
}

/* n pixels as so few tiles as there can be, which differ by one pixel at most: a small one would
 * leave the kernel idle. */
typedef struct Tiles {
  size_t count, least, larger; /* the first `larger` have one more than the least */
} Tiles;

static Tiles tiles_of(const WniConv *conv, size_t n) {
  size_t tile_m = (size_t)conv->kernel->tile_m, count = (n + tile_m - 1) / tile_m;
  return (Tiles){count, count ? n / count : 0, count ? n % count : 0};
}

static size_t tile_begin(const Tiles *tiles, size_t tile) {
  return tile * tiles->least + (tile < tiles->larger ? tile : tiles->larger);
}

/* Tiles [begin, end) of `tiles`, whose first pixel is that of the part. */
static void run_tiles(const WniConv *conv, const WniConvPart *part, const Tiles *tiles,
                      size_t begin, size_t end, const Bases *bases) {
  Tile tile;
  size_t pixel = part->pixel + tile_begin(tiles, begin);
  Walk walk = walk_from(conv, bases, pixel);
  WniIgemmArgs args = args_of(conv, part, &tile, bases->residual != NULL);
  for (size_t t = begin; t < end; t++, pixel += (size_t)args.m) {
    args.m = (int)(tiles->least + (t < tiles->larger));
    locate(conv, bases, args.m, &walk, &tile);
    look_ahead(conv, part, pixel, &args);
    wni_check_igemm(&args, conv->kernel->type, conv->kernel->tile_m);
    conv->kernel->run.igemm(&args);
    finish_tile(conv, &args);
  }
}

void wni_conv_part(const WniConv *conv, const WniConvPart *part, const void *x,
                   const void *residual, void *y) {
  Tiles tiles = tiles_of(conv, part->pixel_end - part->pixel);
  Bases bases = bases_of(conv, part, x, residual, y);
  if (tiles.count) run_tiles(conv, part, &tiles, 0, tiles.count, &bases);
}

/* Panels of a block: as many as a cache holds, the near one where pixels can come again and again
 * from the second, but enough blocks for all threads. */
static size_t panels_at_once(const WniConv *conv, size_t panels, size_t tiles, WniThread thread) {
  size_t pixel_bytes = conv->in.c * wni_type_bytes(conv->kernel->type);
  bool few = conv->in.n * conv->in.h * conv->in.w * pixel_bytes <= CACHE_BYTES;
  size_t fitting = (few ? NEAR_BYTES : CACHE_BYTES) / conv->panel_bytes;
  size_t sharing = conv->groups * panels * tiles / (UNITS_A_THREAD * (size_t)thread.count);
  size_t count = wni_smaller(fitting, sharing);
  return count < 1 ? 1 : wni_smaller(count, panels);
}

void wni_conv_run(const WniConv *conv, const void *x, const void *residual, void *y,
                  WniThread thread) {
  size_t panels = wni_conv_panels(conv);
  Tiles tiles = tiles_of(conv, n_pixels(conv));
  size_t at_once = panels_at_once(conv, panels, tiles.count, thread);
  size_t blocks = (panels + at_once - 1) / at_once, unit, end;
  WniShare share = wni_share(thread, conv->groups * blocks * tiles.count, 1);
  while (wni_share_take(&share, &unit, &end)) {
    while (unit < end) { /* units are tiles of blocks of groups */
      size_t block = unit / tiles.count, tile = unit % tiles.count;
      size_t panel = block % blocks * at_once;
      size_t tile_end = wni_smaller(tile + (end - unit), tiles.count);
      WniConvPart part = {.group = block / blocks,
                          .panel = panel,
                          .panel_end = wni_smaller(panel + at_once, panels)};
      part.ahead = wni_conv_ahead(conv, part.panel_end < panels);
      Bases bases = bases_of(conv, &part, x, residual, y);
      run_tiles(conv, &part, &tiles, tile, tile_end, &bases);
      unit += tile_end - tile;
    }
  }
}
