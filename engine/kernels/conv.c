/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers of convolution (layers.h).  Output pixels are taken tile m at a time in
 * reading order, whatever row they are in; per panel of tile n output channels,
 * so that the panel's weights stay in cache while the pixels pass.
 */
#include "kernels/layers.h"

#include <math.h>
#include <string.h>

void wni_halo_clear(const WniHalo *halo, float *y, WniThread thread) {
  size_t row = (halo->left + halo->w + halo->right) * halo->c;
  size_t rows = halo->top + halo->h + halo->bottom, begin, end;
  wni_parallel_range(thread, halo->n * rows, 1, &begin, &end);
  for (size_t r = begin; r < end; r++) {
    float *at = y + r * row;
    size_t inside = r % rows;
    if (inside < halo->top || inside >= halo->top + halo->h) {
      memset(at, 0, row * sizeof *at);
      continue;
    }
    memset(at, 0, halo->left * halo->c * sizeof *at);
    memset(at + (halo->left + halo->w) * halo->c, 0, halo->right * halo->c * sizeof *at);
  }
}

/* The limits of the clamp that a kernel applies itself. */
static void kernel_clamp(const WniActivation *activation, float *low, float *high) {
  bool clamp = activation->kind == WNI_ACT_CLAMP;
  *low = clamp ? activation->a : -INFINITY;
  *high = clamp ? activation->b : INFINITY;
}

/* Any other activation follows while the tile is still in cache. */
static void finish(const WniConv *conv, size_t n, float *y) {
  if (conv->activation.kind > WNI_ACT_CLAMP) conv->act->run.act_f32(&conv->activation, n, y);
}

static ptrdiff_t pixel_offset(const WniImage *image, size_t n, size_t y, size_t x) {
  return (ptrdiff_t)n * image->n_stride + (ptrdiff_t)y * image->h_stride +
         (ptrdiff_t)x * image->w_stride;
}

typedef struct Tile {
  const float *x[WNI_MAX_TILE_M], *residual[WNI_MAX_TILE_M];
  float *y[WNI_MAX_TILE_M];
  int m;
} Tile;

/* Pointers of the tile m pixels from `first` on; channel offsets are added later. */
static void locate(const WniConv *conv, size_t first, size_t n_pixels, const float *x,
                   const float *residual, float *y, Tile *tile) {
  size_t ow = conv->out.w, per_image = conv->out.h * ow;
  size_t left = n_pixels - first, tile_m = (size_t)conv->kernel->tile_m;
  size_t n = first / per_image, oy = first % per_image / ow, ox = first % ow;
  tile->m = (int)(left < tile_m ? left : tile_m);
  for (int i = 0; i < conv->kernel->tile_m; i++) {
    tile->x[i] = x + (ptrdiff_t)n * conv->in.n_stride + (ptrdiff_t)oy * conv->y_step +
                 (ptrdiff_t)ox * conv->x_step;
    tile->y[i] = y + pixel_offset(&conv->out, n, oy, ox);
    tile->residual[i] = residual ? residual + pixel_offset(&conv->residual, n, oy, ox) : NULL;
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
  size_t out = group * per_group + column, in = group * (conv->in.c / conv->groups);
  Tile tile;
  WniIgemmArgs args = {
      .m = at->m,
      .n = (int)(per_group - column < tile_n ? per_group - column : tile_n),
      .n_taps = conv->n_taps,
      .n_channels = conv->n_channels,
      .tap = conv->tap,
      .x = tile.x,
      .w = conv->weights + (group * panels + panel) * conv->n_taps * conv->n_channels * tile_n,
      .bias = conv->bias + group * panels * tile_n + column,
      .residual = at->residual[0] ? tile.residual : NULL,
      .y = tile.y,
  };
  kernel_clamp(&conv->activation, &args.low, &args.high);
  for (int i = 0; i < conv->kernel->tile_m; i++) {
    tile.x[i] = at->x[i] + in;
    tile.y[i] = at->y[i] + out;
    tile.residual[i] = at->residual[i] ? at->residual[i] + out : NULL;
  }
  conv->kernel->run.igemm_f32(&args);
  for (int i = 0; i < at->m; i++) finish(conv, (size_t)args.n, tile.y[i]);
}

void wni_conv_run(const WniConv *conv, const float *x, const float *residual, float *y,
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

void wni_dwconv_run(const WniConv *conv, const float *x, float *y, WniThread thread) {
  size_t begin, end;
  WniDwconvArgs args = {.n_channels = conv->out.c,
                        .n_taps = conv->n_taps,
                        .tap = conv->tap,
                        .w = conv->weights,
                        .bias = conv->bias};
  kernel_clamp(&conv->activation, &args.low, &args.high);
  wni_parallel_range(thread, conv->out.n * conv->out.h, 1, &begin, &end);
  for (size_t row = begin; row < end; row++) {
    size_t n = row / conv->out.h, oy = row % conv->out.h;
    args.x = x + (ptrdiff_t)n * conv->in.n_stride + (ptrdiff_t)oy * conv->y_step;
    args.y = y + pixel_offset(&conv->out, n, oy, 0);
    for (size_t ox = 0; ox < conv->out.w; ox++) {
      conv->kernel->run.dwconv_f32(&args);
      finish(conv, conv->out.c, args.y);
      args.x += conv->x_step;
      args.y += conv->out.w_stride;
    }
  }
}
