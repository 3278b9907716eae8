/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Driver of convolutions behind one another (layers.h).  A thread computes bands of rows of the
 * last one from rows of the first, and keeps no more of these than the next band reads again:
 *
 *        expand            depthwise          project
 *   x  ----------> ring  ------------> band ----------> y
 *                  r0  <- no longer read: row 5 comes here
 *                  r1 \
 *                  r2  } one output row of 3x3
 *                  r3 /
 *                  zeros, for rows above and below the image
 *
 * Rows of the ring lie anywhere, so that every output row has taps of its own.  Where the whole
 * image is small and the weights are large, channels are taken some panels at a time instead, and
 * threads share these.
 */
#include "kernels/conv_parts.h"

#include "base/memory.h"
#include "base/share.h"

#include <string.h>

static size_t row_bytes(const WniBands *bands) {
  return (size_t)bands->depthwise.in.h_stride * wni_type_bytes(bands->depthwise.kernel->type);
}

static size_t stride_of(const WniBands *bands) {
  return (size_t)(bands->depthwise.y_step / bands->depthwise.in.h_stride);
}

/* Rows of the ring that `rows` of output are made of. */
static size_t rows_read(const WniBands *bands, size_t rows) {
  size_t taps = bands->depthwise.n_taps / (size_t)bands->depthwise.columns;
  return (rows - 1) * stride_of(bands) + (taps - 1) * bands->dilation + 1;
}

/* ---- one thread ---- */

typedef struct Part {
  const WniBands *bands;
  const char *x, *gate, *residual;
  char *y, *ring, *band;
  size_t panel, panel_end;  /* of expand */
  WniAhead ahead;           /* of expand */
  size_t channel, channels; /* that these are */
  size_t expanded;          /* the first row of the ring that is still to be made */
  size_t done;              /* the end of the output rows before */
} Part;

/* Row `row` of the expanded image; those outside are the zeros. */
static size_t place_in_ring(const WniBands *bands, ptrdiff_t row) {
  bool inside = row >= 0 && row < (ptrdiff_t)bands->depthwise.in.h;
  return (inside ? (size_t)row % bands->ring_rows : bands->ring_rows) * row_bytes(bands);
}

/* Makes the rows up to `end`, as many at a time as lie behind one another. */
static void expand_to(Part *part, size_t end) {
  const WniBands *bands = part->bands;
  const WniConv *conv = &bands->expand;
  size_t bytes = wni_type_bytes(conv->output.type);
  while (part->expanded < end) {
    size_t row = part->expanded, slot = row % bands->ring_rows;
    size_t n = wni_smaller(end - row, bands->ring_rows - slot), w = conv->out.w;
    WniConvPart pixels = {.panel = part->panel,
                          .panel_end = part->panel_end,
                          .pixel = row * w,
                          .pixel_end = (row + n) * w,
                          .ahead = part->ahead};
    /* the channels of the part begin at 0 in the ring */
    char *to = part->ring + ((ptrdiff_t)slot - (ptrdiff_t)row) * (ptrdiff_t)row_bytes(bands) +
               (ptrdiff_t)((bands->pad[1] * (size_t)conv->out.w_stride) * bytes) -
               (ptrdiff_t)(part->channel * bytes);
    wni_conv_part(conv, &pixels, part->x, NULL, to);
    part->expanded += n;
  }
}

/* Where the taps of output row `oy` lie in the ring. */
static void set_taps(const WniBands *bands, size_t oy, ptrdiff_t *tap) {
  const WniConv *conv = &bands->depthwise;
  size_t columns = (size_t)conv->columns, rows = conv->n_taps / columns;
  ptrdiff_t first = (ptrdiff_t)(oy * stride_of(bands)) - (ptrdiff_t)bands->pad[0];
  for (size_t r = 0; r < rows; r++) {
    size_t place = place_in_ring(bands, first + (ptrdiff_t)(r * bands->dilation));
    for (size_t c = 0; c < columns; c++) /* of the first row, conv->tap has the columns */
      tap[r * columns + c] = (ptrdiff_t)place + conv->tap[c];
  }
}

/* Output rows [begin, end) of the depthwise convolution; `to` is where channel 0 of the first one
 * belongs. */
static void depthwise_rows(Part *part, size_t begin, size_t end, char *to) {
  const WniBands *bands = part->bands;
  const WniConv *conv = &bands->depthwise;
  ptrdiff_t tap[WNI_BANDS_TAPS];
  size_t bytes = wni_type_bytes(conv->output.type);
  WniDwconvArgs args = wni_dwconv_args(conv, part->channel, part->channels);
  if (bands->expands) args.tap = tap;
  if (bands->gates) args.w = part->gate;
  for (size_t oy = begin; oy < end; oy++) {
    if (bands->expands) set_taps(bands, oy, tap);
    args.x = bands->expands ? part->ring : part->x + wni_first_tap(conv, 0, oy, 0);
    args.y = to + (oy - begin) * (size_t)conv->out.h_stride * bytes + part->channel * bytes;
    wni_dwconv_row(conv, &args);
  }
}

/* The same rows through the last convolution. */
static void project_rows(const Part *part, size_t begin, size_t end) {
  const WniConv *conv = &part->bands->project;
  WniConvPart pixels = {.panel_end = wni_conv_panels(conv),
                        .pixel = begin * conv->out.w,
                        .pixel_end = end * conv->out.w};
  /* row `begin` lies first in the band */
  const char *band = part->band - wni_first_tap(conv, 0, begin, 0);
  wni_conv_part(conv, &pixels, band, part->residual, part->y);
}

/* Output rows [begin, end) of the part's channels.  Rows that go on where the last ones ended find
 * the ring as it was left. */
static void run_rows(Part *part, size_t begin, size_t end) {
  const WniBands *bands = part->bands;
  const WniConv *conv = &bands->depthwise;
  size_t first = begin * stride_of(bands);
  if (begin == 0 || begin != part->done)
    part->expanded = first > bands->pad[0] ? first - bands->pad[0] : 0;
  part->done = end;
  for (size_t oy = begin, next; oy < end; oy = next) {
    next = wni_smaller(oy + bands->rows, end);
    if (bands->expands) {
      size_t read = oy * stride_of(bands) + rows_read(bands, next - oy);
      if (read > bands->pad[0]) expand_to(part, wni_smaller(read - bands->pad[0], conv->in.h));
    }
    char *to = bands->projects
                   ? part->band
                   : part->y + wni_pixel_offset(&conv->out, conv->output.type, 0, oy, 0);
    depthwise_rows(part, oy, next, to);
    if (bands->projects) project_rows(part, oy, next);
  }
}

/* Zeros beside the rows of the ring, and the row of zeros behind them. */
static void clear_ring(const WniBands *bands, char *ring) {
  const WniConv *conv = &bands->depthwise;
  size_t pixel = (size_t)conv->in.w_stride * wni_type_bytes(conv->kernel->type);
  size_t left = bands->pad[1] * pixel, inside = conv->in.w * pixel, row = row_bytes(bands);
  for (size_t r = 0; r < bands->ring_rows; r++) {
    memset(ring + r * row, bands->zero, left);
    memset(ring + r * row + left + inside, bands->zero, row - left - inside);
  }
  memset(ring + bands->ring_rows * row, bands->zero, row);
}

/* Panels of channels are shared where a part of them is taken at a time, else rows. */
void wni_bands_run(const WniBands *bands, const void *x, const void *gate, const void *residual,
                   void *y, void *work, WniThread thread) {
  const WniConv *expand = &bands->expand;
  size_t channels = bands->depthwise.out.c, begin, end;
  if ((size_t)thread.index >= bands->parts) return;
  if ((size_t)thread.count > bands->parts) thread.count = (int)bands->parts;
  Part part = {
      .bands = bands, .x = x, .gate = gate, .residual = residual, .y = y, .channels = channels};
  part.ring = (char *)work + (size_t)thread.index * bands->part_bytes;
  part.band = part.ring + bands->ring_bytes;
  if (bands->expands) clear_ring(bands, part.ring);
  size_t panels = bands->expands ? wni_conv_panels(expand) : 1;
  if (!bands->expands || bands->panels == panels) {
    WniShare rows = wni_share(thread, bands->depthwise.out.h, bands->rows);
    part.panel_end = panels;
    if (bands->expands) part.ahead = wni_conv_ahead(expand, false);
    while (wni_share_take(&rows, &begin, &end)) run_rows(&part, begin, end);
    return;
  }
  /* A last panel that is not whole goes with the one before: so few channels alone would be
   * computed in another way, and the number of threads would show. */
  size_t tile_n = (size_t)expand->kernel->tile_n, whole = channels / tile_n;
  WniShare share = wni_share(thread, whole, bands->panels);
  part.ahead = wni_conv_ahead(expand, true);
  while (wni_share_take(&share, &begin, &end)) {
    for (part.panel = begin; part.panel < end; part.panel = part.panel_end) {
      part.panel_end = wni_smaller(part.panel + bands->panels, end);
      if (part.panel_end == whole) part.panel_end = panels;
      part.channel = part.panel * tile_n;
      part.channels = wni_smaller(part.panel_end * tile_n, channels) - part.channel;
      run_rows(&part, 0, bands->depthwise.out.h);
    }
  }
}

/* ---- the plan ---- */

/* Rows of the ring lie as a padded image would, of the channels that are taken at a time. */
static void lay_out_ring(WniBands *bands) {
  WniConv *conv = &bands->depthwise, *expand = &bands->expand;
  size_t bytes = wni_type_bytes(conv->kernel->type);
  size_t channels = (bands->panels + 1) * (size_t)expand->kernel->tile_n;
  size_t stride = stride_of(bands), stride_x = (size_t)(conv->x_step / conv->in.w_stride);
  size_t dilation =
      (size_t)((conv->tap[1] - conv->tap[0]) / (conv->in.w_stride * (ptrdiff_t)bytes));
  size_t reach = (conv->out.w - 1) * stride_x + ((size_t)conv->columns - 1) * dilation + 1;
  size_t w = bands->pad[1] + conv->in.w;
  if (channels > conv->in.c) channels = conv->in.c;
  if (w < reach) w = reach;
  conv->in.w_stride = expand->out.w_stride = (ptrdiff_t)channels;
  conv->in.h_stride = expand->out.h_stride = (ptrdiff_t)(w * channels);
  conv->x_step = (ptrdiff_t)(stride_x * channels);
  conv->y_step = (ptrdiff_t)stride * conv->in.h_stride;
  for (int c = 0; c < conv->columns; c++)
    conv->tap[c] = (ptrdiff_t)((size_t)c * dilation * channels * bytes);
  bands->ring_rows =
      wni_smaller(rows_read(bands, wni_smaller(bands->rows, conv->out.h)), conv->in.h);
  bands->ring_bytes = wni_round_up((bands->ring_rows + 1) * row_bytes(bands), WNI_ALIGNMENT);
}

static size_t lay_out_band(WniBands *bands) {
  WniImage *out = &bands->depthwise.out, *in = &bands->project.in;
  out->w_stride = in->w_stride = (ptrdiff_t)out->c;
  out->h_stride = in->h_stride = (ptrdiff_t)(out->w * out->c);
  bands->project.x_step = in->w_stride;
  bands->project.y_step = in->h_stride;
  return wni_round_up(bands->rows * out->w * out->c * wni_type_bytes(bands->depthwise.output.type),
                      WNI_ALIGNMENT);
}

size_t wni_bands_plan(WniBands *bands) {
  enum { MOST_PARTS = 16, ROWS_A_PART = 2 };
  size_t panels = bands->expands ? wni_conv_panels(&bands->expand) : 0;
  bool by_panels = bands->panels < panels;
  size_t cores = (size_t)wni_parallel_cores();
  size_t units = by_panels ? panels : bands->depthwise.out.h / ROWS_A_PART;
  bands->ring_bytes = 0;
  if (bands->expands) lay_out_ring(bands);
  bands->part_bytes = bands->ring_bytes + (bands->projects ? lay_out_band(bands) : 0);
  bands->parts = wni_smaller(units ? units : 1, wni_smaller(cores < 2 ? 2 : cores, MOST_PARTS));
  return bands->parts * bands->part_bytes;
}
