/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Driver of depthwise convolution (layers.h): row by row, for so many channels at a time that what
 * the next row reads again is still near.
 */
#include "kernels/conv_parts.h"

#include "base/share.h"

WniDwconvArgs wni_dwconv_args(const WniConv *conv, size_t c, size_t n) {
  ptrdiff_t x_bytes = (ptrdiff_t)wni_type_bytes(conv->kernel->type);
  return (WniDwconvArgs){.n_pixels = conv->out.w,
                         .n_channels = n,
                         .n_taps = conv->n_taps,
                         .w_step = conv->out.c,
                         .columns = conv->columns,
                         .tap = conv->tap,
                         .x_step = conv->x_step * x_bytes,
                         .y_step =
                             conv->out.w_stride * (ptrdiff_t)wni_type_bytes(conv->output.type),
                         .w = (const char *)conv->weights + (ptrdiff_t)c * x_bytes,
                         .bias = (const char *)conv->bias + c * sizeof(float), /* or int32 */
                         .scale = conv->scale ? conv->scale + c : NULL,
                         .output = conv->output};
}

void wni_dwconv_row(const WniConv *conv, const WniDwconvArgs *args) {
  conv->kernel->run.dwconv(args);
  bool dense = args->n_channels == (size_t)conv->out.w_stride;
  for (size_t ox = 0; ox < (dense ? 1 : args->n_pixels); ox++)
    wni_conv_finish(conv, args->n_channels * (dense ? args->n_pixels : 1),
                    (char *)args->y + (ptrdiff_t)ox * args->y_step);
}

/* Channels whose inputs for a row of outputs stay in the nearest cache; whole lines of it. */
static size_t channels_at_once(const WniConv *conv) {
  enum { CACHE_BYTES = 1 << 14, LINE = 64 };
  size_t bytes = wni_type_bytes(conv->kernel->type);
  size_t rows = conv->columns ? conv->n_taps / (size_t)conv->columns : 1;
  size_t fitting = CACHE_BYTES / (rows * conv->in.w * bytes + 1), line = LINE / bytes;
  size_t count = fitting / line * line;
  return count < 2 * line || count > conv->out.c ? conv->out.c : count;
}

/* Output rows [begin, end) of all images. */
static void run_rows(const WniConv *conv, const void *x, void *y, size_t begin, size_t end) {
  size_t at_once = channels_at_once(conv), channels = conv->out.c;
  for (size_t c = 0, n; c < channels; c += n) {
    n = channels - c < 2 * at_once ? channels - c : at_once; /* no few channels at the end */
    WniDwconvArgs args = wni_dwconv_args(conv, c, n);
    for (size_t row = begin; row < end; row++) {
      size_t image = row / conv->out.h, oy = row % conv->out.h;
      args.x = (const char *)x + wni_first_tap(conv, image, oy, 0) +
               (ptrdiff_t)(c * wni_type_bytes(conv->kernel->type));
      args.y = (char *)y + wni_pixel_offset(&conv->out, conv->output.type, image, oy, 0) +
               (ptrdiff_t)(c * wni_type_bytes(conv->output.type));
      wni_dwconv_row(conv, &args);
    }
  }
}

void wni_dwconv_run(const WniConv *conv, const void *x, void *y, WniThread thread) {
  size_t begin, end;
  WniShare share = wni_share(thread, conv->out.n * conv->out.h, 2);
  while (wni_share_take(&share, &begin, &end)) run_rows(conv, x, y, begin, end);
}
