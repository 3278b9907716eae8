/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parts of a convolution, for the drivers that walk over one: what conv.c and depthwise.c do whole
 * and bands.c band by band.
 */
#ifndef WNI_KERNELS_CONV_PARTS_H
#define WNI_KERNELS_CONV_PARTS_H

#include "kernels/layers.h"

#include <stdbool.h>

/* What is fetched from afar while a tile is computed: of the pixels behind it, or, of the weights
 * behind the part's, as large a share as the tile has of all pixels. */
typedef enum WniAhead { WNI_AHEAD_NONE, WNI_AHEAD_PIXELS, WNI_AHEAD_WEIGHTS } WniAhead;

/* Output pixels [pixel, pixel_end) in reading order, of the panels [panel, panel_end) of a group.
 */
typedef struct WniConvPart {
  size_t group, panel, panel_end, pixel, pixel_end;
  WniAhead ahead;
} WniConvPart;

/* For parts of all panels, or of some of them after others while all pixels pass each time. */
WniAhead wni_conv_ahead(const WniConv *conv, bool some_panels);

/* Has the tile of rows [row, row + count) of `rows` ask for its share of `bytes` of weights that
 * come next. */
static inline void wni_fetch_weights(WniIgemmArgs *args, const char *weights, size_t bytes,
                                     size_t row, size_t count, size_t rows) {
  args->next = weights + bytes * row / rows;
  args->next_bytes = bytes * count / rows;
}

void wni_conv_part(const WniConv *conv, const WniConvPart *part, const void *x,
                   const void *residual, void *y);

/* What the depthwise kernel is told about channels [c, c + n) of a row: all but x and y. */
WniDwconvArgs wni_dwconv_args(const WniConv *conv, size_t c, size_t n);

/* A row of those channels, and what follows the kernel. */
void wni_dwconv_row(const WniConv *conv, const WniDwconvArgs *args);

/* An activation that the kernel does not do, over n neighbours. */
static inline void wni_conv_finish(const WniConv *conv, size_t n, void *y) {
  if (conv->activation.kind > WNI_ACT_CLAMP) conv->act->run.act(&conv->activation, n, y);
}

/* Where a pixel of an image lies, in bytes. */
static inline ptrdiff_t wni_pixel_offset(const WniImage *image, WniType type, size_t n, size_t y,
                                         size_t x) {
  ptrdiff_t elements = (ptrdiff_t)n * image->n_stride + (ptrdiff_t)y * image->h_stride +
                       (ptrdiff_t)x * image->w_stride;
  return elements * (ptrdiff_t)wni_type_bytes(type);
}

/* Where an output pixel's first tap lies, in bytes. */
static inline ptrdiff_t wni_first_tap(const WniConv *conv, size_t n, size_t oy, size_t ox) {
  ptrdiff_t elements = (ptrdiff_t)n * conv->in.n_stride + (ptrdiff_t)oy * conv->y_step +
                       (ptrdiff_t)ox * conv->x_step;
  return elements * (ptrdiff_t)wni_type_bytes(conv->kernel->type);
}

#endif
