/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers of convolution (layers.h).  Output pixels are taken tile m at a time in
 * reading order, whatever row they are in; per panel of tile n output channels,
 * so that the panel's weights stay in cache while the pixels pass.
 */
#include "kernels/layers.h"

#include <string.h>

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

typedef struct Tile {
  const void *x[WNI_MAX_TILE_M], *residual[WNI_MAX_TILE_M];
  void *y[WNI_MAX_TILE_M];
  int m;
} Tile;

/* Pointers of the tile m pixels from `first` on; channel offsets are added later. */
static void locate(const WniConv *conv, size_t first, size_t n_pixels, const char *x,
                   const char *residual, char *y, Tile *tile) {
  size_t ow = conv->out.w, per_image = conv->out.h * ow;
  size_t left = n_pixels - first, tile_m = (size_t)conv->kernel->tile_m;
  size_t n = first / per_image, oy = first % per_image / ow, ox = first % ow;
  tile->m = (int)(left < tile_m ? left : tile_m);
  for (int i = 0; i < conv->kernel->tile_m; i++) {
    tile->x[i] = x + first_tap(conv, n, oy, ox);
    tile->y[i] = y + pixel_offset(&conv->out, conv->y_type, n, oy, ox);
    tile->residual[i] =
        residual ? residual + pixel_offset(&conv->residual, conv->y_type, n, oy, ox) : NULL;
    if (i + 1 >= tile->m) continue;
    if (++ox < ow) continue;
    ox = 0;
    if (++oy < conv->out.h) continue;
    oy = 0;
    n++;
  }
}

static void run_tile(const WniConv *conv, size_t group, size_t panel, const Tile *at) {
  size_t tile_n = (size_t)conv->kernel->tile_n, per_group = conv->out.c / conv->groups;
  size_t panels = (per_group + tile_n - 1) / tile_n, column = panel * tile_n;
  size_t out = (group * per_group + column) * wni_type_bytes(conv->y_type);
  size_t in = group * (conv->in.c / conv->groups) * wni_type_bytes(conv->kernel->type);
  size_t unit = group * panels + panel;
  Tile tile;
  WniIgemmArgs args = {
      .m = at->m,
      .n = (int)(per_group - column < tile_n ? per_group - column : tile_n),
      .n_taps = conv->n_taps,
      .n_channels = conv->n_channels,
      .tap = conv->tap,
      .x = tile.x,
      .w = (const char *)conv->weights + unit * conv->panel_bytes,
      .bias = (const char *)conv->bias + unit * tile_n * sizeof(float), /* or int32 */
      .scale = conv->scale ? conv->scale + unit * tile_n : NULL,
      .residual = at->residual[0] ? tile.residual : NULL,
      .y = tile.y,
      .y_type = conv->y_type,
      .y_zero = conv->y_zero,
      .low = conv->low,
      .high = conv->high,
  };
  for (int i = 0; i < conv->kernel->tile_m; i++) {
    tile.x[i] = (const char *)at->x[i] + in;
    tile.y[i] = (char *)at->y[i] + out;
    tile.residual[i] = at->residual[i] ? (const char *)at->residual[i] + out : NULL;
  }
  conv->kernel->run.igemm(&args);
  for (int i = 0; i < at->m; i++) finish(conv, (size_t)args.n, tile.y[i]);
}

void wni_conv_run(const WniConv *conv, const void *x, const void *residual, void *y,
                  WniThread thread) {
  size_t tile_m = (size_t)conv->kernel->tile_m, tile_n = (size_t)conv->kernel->tile_n;
  size_t n_pixels = conv->out.n * conv->out.h * conv->out.w;
  size_t tiles = (n_pixels + tile_m - 1) / tile_m;
  size_t panels = (conv->out.c / conv->groups + tile_n - 1) / tile_n;
  size_t begin, end;
  Tile tile;
  wni_parallel_range(thread, conv->groups * panels * tiles, 1, &begin, &end);
  for (size_t unit = begin; unit < end; unit++) {
    size_t panel = unit / tiles;
    locate(conv, unit % tiles * tile_m, n_pixels, x, residual, y, &tile);
    run_tile(conv, panel / panels, panel % panels, &tile);
  }
}

void wni_dwconv_run(const WniConv *conv, const void *x, void *y, WniThread thread) {
  size_t begin, end;
  WniDwconvArgs args = {.n_channels = conv->out.c,
                        .n_taps = conv->n_taps,
                        .tap = conv->tap,
                        .w = conv->weights,
                        .bias = conv->bias,
                        .scale = conv->scale,
                        .y_type = conv->y_type,
                        .y_zero = conv->y_zero,
                        .low = conv->low,
                        .high = conv->high};
  wni_parallel_range(thread, conv->out.n * conv->out.h, 1, &begin, &end);
  for (size_t row = begin; row < end; row++) {
    size_t n = row / conv->out.h, oy = row % conv->out.h;
    for (size_t ox = 0; ox < conv->out.w; ox++) {
      args.x = (const char *)x + first_tap(conv, n, oy, ox);
      args.y = (char *)y + pixel_offset(&conv->out, conv->y_type, n, oy, ox);
      conv->kernel->run.dwconv(&args);
      finish(conv, conv->out.c, args.y);
    }
  }
}
