/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pixels to network input in one pass.  A recipe is made when the geometry of the
 * frames changes and then used for every frame; each output row is, on its own:
 *
 *   source rows --weights down--> one row of floats per plane
 *               --weights across--> Y Cb Cr or R G B for each output pixel
 *               --colour, clamp, /255, mean and std--> tensor
 *
 * Window: the part of the frame that is shown to the network, real-valued, in
 * luma pixels; pixel i covers [i, i + 1).  Each plane has its own grid: a cosited
 * sample k of a subsampled axis is centred on x = 2 k + 1/2, a centred one on 2 k + 1.
 * Per plane and axis, with `window` and `out` elements: window > out: the mean over
 * [w0 + i s, w0 + (i + 1) s), s = window / out, by overlap; else linear between the two
 * samples around w0 + (i + 1/2) s - 1/2.  Beyond the plane its edge is repeated.
 * With bilinear, bicubic and lanczos sample k has the weight f((k + 1/2 - c) / max(s, 1)) around
 * c = w0 + (i + 1/2) s, over the sum of those inside the plane, as in Pillow.
 */
#ifndef WNI_PREPROCESS_PREPROCESS_H
#define WNI_PREPROCESS_PREPROCESS_H

#include <winnow/region.h>

#include "base/parallel.h"
#include "frame/frame.h"
#include "kernels/kernels.h"
#include "load/metadata.h"

/* A part of a frame in luma pixels, real-valued. */
typedef struct WniWindowRect {
  double x, y, width, height;
} WniWindowRect;

/* Where the network wants its image, strides in elements. */
typedef struct WniImageTarget {
  int channels, height, width; /* channels 1 or 3 */
  ptrdiff_t channel_stride, row_stride, column_stride;
  bool bgr; /* the first channel is blue */
  WniResize resize;
  double crop; /* share of what `resize` takes, from its centre; 0: 1 */
  WniRounding rounding;
  WniInterpolation interpolation;
  const WniWindowRect *window; /* given: this part of the frame, stretched, in place of both */
  double mean[3], std[3];
} WniImageTarget;

/* Weighted samples for each output index of one axis. */
typedef struct WniAxis {
  bool even;               /* all weights but the first and the last are equal */
  int n_out, max_taps;     /* max_taps: a multiple of WNI_COLUMNS_TAPS */
  int32_t *first, *n_taps; /* [n_out] */
  float *weights;          /* [n_out][max_taps], 0 behind n_taps */
  int low, high;           /* the samples that are used at all, inclusive */
} WniAxis;

/* n_in samples; the window in their own coordinates.  False: no memory. */
bool wni_axis_make(WniAxis *axis, int n_in, double window_begin, double window, int n_out,
                   WniInterpolation interpolation);
void wni_axis_clear(WniAxis *axis);

/* R, G, B (or luma) before normalisation, from sampled components. */
typedef struct WniColor {
  bool yuv;
  float y_scale, y_offset, c_scale; /* to 0..255 and +-127.5 */
  float cr_r, cb_g, cr_g, cb_b;
  float kr, kg, kb;
} WniColor;
WniColor wni_color_make(const WniFormatInfo *format, WnColorMatrix matrix, WnColorRange range);

/* Converts a row of n pixels in place, from `n_components` samples to R G B, or to luma alone in
 * samples[0] where the network is `grey`.  Three equal channels become three equal pointers. */
void wni_color_convert(const WniColor *color, int n_components, bool grey, size_t n,
                       float *samples[3]);

/* Parts of the frame that are grey to the network; zeros behind the first n. */
typedef struct WniIgnored {
  int n;
  WnRect rects[WN_MAX_IGNORED]; /* inside the frame */
} WniIgnored;

typedef struct WniRecipe {
  /* what it was made for */
  bool valid;
  uint32_t n_made; /* how often it was made anew */
  WnFrame frame;   /* planes and pts unused */
  WnRect region;
  WniIgnored ignored;
  /* the recipe */
  const WniFormatInfo *format;
  float
      low_weight; /* of the lower byte of samples that have two, in grey levels; 0: they have one */
  WniColor color;
  int n_components;             /* 1 when luma is enough */
  WniWindowRect window;         /* what of the frame is shown */
  int top, left, height, width; /* of the picture inside the network's image */
  WniAxis down[2], across[2];   /* [0] luma or all, [1] chroma */
  const WniKernel *rows, *columns;
  int n_threads;
  float *scratch; /* [n_threads][scratch_count]: a plane's row of sums, rows of samples */
  size_t scratch_count, row_count, sample_count;
} WniRecipe;

/* What the next wni_recipe_update() is to leave out; nothing unless this is called. */
void wni_recipe_ignore(WniRecipe *recipe, const WniIgnored *ignored);

/* Where output row `row` reads ignored pixels, puts into `sums`, which holds that row's sums of
 * component c and those that are interleaved with it, what they would be if those pixels were grey.
 * `bytes` [row_count] is room for a row of a plane. */
void wni_ignored_sum(const WniRecipe *recipe, const WnFrame *frame, int c, int row, float *sums,
                     uint8_t *bytes);

/* What one step of a sample's lower byte is in grey levels of 255; 0: samples are bytes. */
float wni_low_weight(const WniFormatInfo *format);

/* Is component c interleaved with the one before it, on the same grid? */
bool wni_component_follows(const WniFormatInfo *format, int c);

/* Makes `recipe` fit a checked frame; does nothing if it does already.  `region` NULL: all of the
 * frame.  Errors: ARGUMENT (region outside), MEMORY. */
WnStatus wni_recipe_update(WniRecipe *recipe, const WnFrame *frame, const WnRect *region,
                           const WniImageTarget *target, int n_threads, WnError *error);
void wni_recipe_clear(WniRecipe *recipe);

/* Whether it was made for frames like this one. */
bool wni_recipe_fits(const WniRecipe *recipe, const WnFrame *frame);

/* Writes row `line` of the image to `row`, with the scratch of thread `thread_index`. */
void wni_recipe_row(const WniRecipe *recipe, const WnFrame *frame, const WniImageTarget *target,
                    size_t line, int thread_index, float *row);

/* Writes this thread's share of rows into the image at y. */
void wni_recipe_run(const WniRecipe *recipe, const WnFrame *frame, const WniImageTarget *target,
                    float *y, WniThread thread);

/* The `part` of a checked frame that lies in it as R G B [height][width][3] in 0..255, rows
 * `stride_bytes` apart.  Errors: MEMORY. */
WnStatus wni_frame_scale_rgb(const WnFrame *frame, const WnRect *part, int width, int height,
                             uint8_t *rgb, ptrdiff_t stride_bytes, WnError *error);

#endif
