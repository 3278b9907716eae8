/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers of pooling and of normalisation across channels (layers.h).
 */
#include "base/share.h"
#include "kernels/layers.h"

#include <math.h>

enum { CHANNEL_BLOCK = 64 }; /* the unit of work, so that global pooling is shared too */

/* One axis of a window: which taps lie inside, and how many the average counts. */
typedef struct Span {
  int64_t first; /* input index of the first tap inside */
  int64_t taps;  /* inside; 0: the window lies in the padding */
  int64_t counted;
} Span;

/* Dilation is nearly always 1, and a division takes as long as a small window. */
static int64_t ceil_div(int64_t a, int64_t d) {
  return d == 1 ? a : (a + d - 1) / d;
}

static Span cut(const WniPool *pool, int axis, int64_t out, int64_t size) {
  int64_t k = pool->kernel_size[axis], d = pool->dilation[axis];
  int64_t begin = out * pool->stride[axis] - pool->pad_begin[axis];
  int64_t skipped = begin < 0 ? ceil_div(-begin, d) : 0;
  int64_t first = begin + skipped * d;
  int64_t fitting = first < size ? ceil_div(size - first, d) : 0;
  int64_t padded = ceil_div(size + pool->pad_end[axis] - begin, d);
  Span span = {first, k - skipped, k < padded ? k : padded};
  if (span.taps > fitting) span.taps = fitting;
  if (span.taps < 0) span.taps = 0;
  return span;
}

static ptrdiff_t offset_bytes(const WniImage *image, WniType type, size_t n, size_t y, size_t x,
                              size_t c) {
  ptrdiff_t elements = (ptrdiff_t)n * image->n_stride + (ptrdiff_t)y * image->h_stride +
                       (ptrdiff_t)x * image->w_stride + (ptrdiff_t)c;
  return elements * (ptrdiff_t)wni_type_bytes(type);
}

/* One window's maximum or average in float32. */
static void run_window(const WniPool *pool, WniPoolArgs *args, float *y) {
  float room[CHANNEL_BLOCK]; /* holds any type */
  bool average = pool->kernel->kind == WNI_KERNEL_avgpool;
  args->y = pool->x.convert && !average ? room : y;
  if (average)
    pool->kernel->run.avgpool(args);
  else
    pool->kernel->run.maxpool(args);
  if (pool->x.convert && !average)
    pool->x.convert->run.load(room, &pool->x.quant, args->n_channels, y);
}

/* One pixel, whose columns begin at args->x; scale is that of one element. */
static void run_pixel(const WniPool *pool, const Span *rows, const Span *columns, float scale,
                      WniPoolArgs *args, void *y) {
  float room[CHANNEL_BLOCK], *result = pool->y.convert ? room : y;
  if (rows->taps == 0 || columns->taps == 0) {
    float none = pool->kernel->kind == WNI_KERNEL_avgpool ? 0 : -INFINITY;
    for (size_t c = 0; c < args->n_channels; c++) result[c] = none;
  } else {
    int64_t counted =
        pool->count_include_pad ? rows->counted * columns->counted : rows->taps * columns->taps;
    args->n_columns = (size_t)columns->taps;
    args->scale = scale / (float)counted;
    run_window(pool, args, result);
  }
  if (pool->activation.kind != WNI_ACT_NONE)
    pool->act->run.act(&pool->activation, args->n_channels, result);
  if (pool->y.convert) pool->y.convert->run.store(result, &pool->y.quant, args->n_channels, y);
}

/* A row of outputs, a block of their channels: what windows share is set once. */
static void run_row(const WniPool *pool, size_t row, size_t channel, const char *x, char *y) {
  size_t n = row / pool->out.h, oy = row % pool->out.h, left = pool->in.c - channel;
  Span rows = cut(pool, 0, (int64_t)oy, (int64_t)pool->in.h);
  ptrdiff_t x_bytes = (ptrdiff_t)wni_type_bytes(pool->x.type);
  ptrdiff_t x_step = pool->in.w_stride * x_bytes;
  ptrdiff_t y_step = pool->out.w_stride * (ptrdiff_t)wni_type_bytes(pool->y.type);
  float scale = pool->x.type == WNI_U8 ? pool->x.quant.scale : 1.0f;
  WniPoolArgs args = {
      .n_rows = (size_t)rows.taps,
      .n_channels = left < CHANNEL_BLOCK ? left : CHANNEL_BLOCK,
      .row_stride = (ptrdiff_t)pool->dilation[0] * pool->in.h_stride * x_bytes,
      .column_stride = (ptrdiff_t)pool->dilation[1] * x_step,
      .zero = pool->x.type == WNI_U8 ? pool->x.quant.zero : 0,
  };
  x += offset_bytes(&pool->in, pool->x.type, n, (size_t)rows.first, 0, channel);
  y += offset_bytes(&pool->out, pool->y.type, n, oy, 0, channel);
  for (size_t ox = 0; ox < pool->out.w; ox++, y += y_step) {
    Span columns = cut(pool, 1, (int64_t)ox, (int64_t)pool->in.w);
    args.x = x + (ptrdiff_t)columns.first * x_step;
    run_pixel(pool, &rows, &columns, scale, &args, y);
  }
}

void wni_pool_run(const WniPool *pool, const void *x, void *y, WniThread thread) {
  size_t blocks = (pool->in.c + CHANNEL_BLOCK - 1) / CHANNEL_BLOCK;
  size_t begin, end;
  WniShare share = wni_share(thread, pool->out.n * pool->out.h * blocks, 1);
  while (wni_share_take(&share, &begin, &end))
    for (size_t unit = begin; unit < end; unit++)
      run_row(pool, unit / blocks, unit % blocks * CHANNEL_BLOCK, x, y);
}

void wni_lrn_run(const WniLrn *lrn, const float *x, float *y, WniThread thread) {
  const WniImage *in = &lrn->in, *out = &lrn->out;
  int64_t before = (lrn->size - 1) / 2, after = lrn->size - 1 - before, c_count = (int64_t)in->c;
  size_t begin, end;
  wni_parallel_range(thread, in->n * in->h * in->w, 1, &begin, &end);
  for (size_t pixel = begin; pixel < end; pixel++) {
    size_t n = pixel / (in->h * in->w), h = pixel / in->w % in->h, w = pixel % in->w;
    const float *from =
        x + (ptrdiff_t)n * in->n_stride + (ptrdiff_t)h * in->h_stride + (ptrdiff_t)w * in->w_stride;
    float *to = y + (ptrdiff_t)n * out->n_stride + (ptrdiff_t)h * out->h_stride +
                (ptrdiff_t)w * out->w_stride;
    for (int64_t c = 0; c < c_count; c++) {
      int64_t first = c > before ? c - before : 0;
      int64_t last = after < c_count - 1 - c ? c + after : c_count - 1;
      float sum = 0;
      for (int64_t k = first; k <= last; k++) sum += from[k] * from[k];
      to[c] = from[c] * powf(lrn->bias + lrn->alpha / (float)lrn->size * sum, -lrn->beta);
    }
  }
}
