/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See preprocess.h.
 */
#include "preprocess/preprocess.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_SHARE = 1e-6; /* of a picture of which less than a pixel is taken */

enum { MAX_STEP = 4 }; /* bytes from one sample of a component to the next */

static int at_least_one(double x) {
  return x < 1 ? 1 : (int)x;
}

/* What is cut out of the region before it is resized: Keras' smart_resize() for the proportions,
 * TensorFlow's central_crop() for the share. */
static WniWindowRect place_first(const WnRect *r, const WniImageTarget *target, double crop) {
  double w = r->width, h = r->height, tw = target->width, th = target->height;
  if (target->resize == WNI_RESIZE_CROP) {
    if (w * th > h * tw)
      w = fmax(floor(h * tw / th), 1);
    else
      h = fmax(floor(w * th / tw), 1);
  }
  double left = fmin(floor((w - w * crop) / 2), floor((w - 1) / 2)); /* a pixel is left */
  double top = fmin(floor((h - h * crop) / 2), floor((h - 1) / 2));
  return (WniWindowRect){r->x + floor((r->width - w) / 2) + left,
                         r->y + floor((r->height - h) / 2) + top, w - 2 * left, h - 2 * top};
}

/* The region as a library resizes it, to whole pixels, before it cuts the input out of the middle:
 * of a side that is longer than the other one, what is over a whole pixel is lost, or rounded where
 * timm's ResizeKeepRatio does it, for inputs that are no squares. */
static WniWindowRect place_whole(const WnRect *r, const WniImageTarget *target, double crop) {
  double w = r->width, h = r->height, tw = target->width, th = target->height;
  double share = fmax(crop, LEAST_SHARE), resized_w = round(tw / share);
  double resized_h = round(th / share);
  double (*whole)(double) = target->rounding == WNI_EVEN && tw != th ? rint : floor;
  if (target->resize == WNI_RESIZE_CROP && tw * h > th * w)
    resized_h = fmax(whole(resized_w * h / w), th);
  else if (target->resize == WNI_RESIZE_CROP)
    resized_w = fmax(whole(resized_h * w / h), tw);
  double left = (resized_w - tw) / 2, top = (resized_h - th) / 2;
  left = target->rounding == WNI_EVEN ? rint(left) : floor(left);
  top = target->rounding == WNI_EVEN ? rint(top) : floor(top);
  return (WniWindowRect){r->x + left * w / resized_w, r->y + top * h / resized_h,
                         tw * w / resized_w, th * h / resized_h};
}

/* What of the frame is shown, and where in the network's image. */
static WniWindowRect place(WniRecipe *recipe, const WniImageTarget *target) {
  const WnRect *r = &recipe->region;
  const WnFrame *frame = &recipe->frame;
  double pixel = frame->pixel_height ? (double)frame->pixel_width / frame->pixel_height : 1;
  double w = r->width, h = r->height, shown = w * pixel, tw = target->width, th = target->height;
  WniWindowRect window = {r->x, r->y, w, h};
  double crop = target->crop > 0 ? target->crop : 1;
  recipe->top = recipe->left = 0;
  recipe->height = target->height;
  recipe->width = target->width;
  if (target->window) return *target->window;
  if (target->rounding != WNI_EXACT && target->resize != WNI_RESIZE_LETTERBOX && pixel == 1)
    return (target->rounding == WNI_FIRST ? place_first : place_whole)(r, target, crop);
  if (target->resize == WNI_RESIZE_CROP) {
    if (shown * th > h * tw)
      window.width = h * tw / th / pixel;
    else
      window.height = shown * th / tw;
  } else if (target->resize == WNI_RESIZE_LETTERBOX) {
    double scale = fmin(tw / shown, th / h);
    recipe->width = at_least_one(fmin(round(shown * scale), tw));
    recipe->height = at_least_one(fmin(round(h * scale), th));
    recipe->left = (target->width - recipe->width) / 2;
    recipe->top = (target->height - recipe->height) / 2;
  }
  window.width *= crop;
  window.height *= crop;
  window.x += (w - window.width) / 2;
  window.y += (h - window.height) / 2;
  return window;
}

/* From luma coordinates to those of a subsampled axis. */
static void to_chroma(int shift, bool cosited, double *begin, double *size) {
  if (!shift) return;
  *begin = (*begin + (cosited ? 0.5 : 0)) / 2;
  *size /= 2;
}

static bool make_axes(WniRecipe *recipe, const WnFrame *frame, WniWindowRect window,
                      WniInterpolation how) {
  const WniFormatInfo *format = recipe->format;
  bool x_cosited = frame->chroma_site == WN_CHROMA_MPEG2 || frame->chroma_site == WN_CHROMA_COSITED;
  bool y_cosited = frame->chroma_site == WN_CHROMA_ALT || frame->chroma_site == WN_CHROMA_COSITED;
  if (!wni_axis_make(&recipe->across[0], frame->width, window.x, window.width, recipe->width,
                     how) ||
      !wni_axis_make(&recipe->down[0], frame->height, window.y, window.height, recipe->height, how))
    return false;
  if (recipe->n_components == 1) return true;
  int sx = format->chroma_shift_x, sy = format->chroma_shift_y;
  to_chroma(sx, x_cosited, &window.x, &window.width);
  to_chroma(sy, y_cosited, &window.y, &window.height);
  return wni_axis_make(&recipe->across[1], (frame->width + sx) >> sx, window.x, window.width,
                       recipe->width, how) &&
         wni_axis_make(&recipe->down[1], (frame->height + sy) >> sy, window.y, window.height,
                       recipe->height, how);
}

bool wni_recipe_fits(const WniRecipe *recipe, const WnFrame *frame) {
  const WnFrame *old = &recipe->frame;
  return recipe->valid && old->format == frame->format && old->width == frame->width &&
         old->height == frame->height && old->matrix == frame->matrix &&
         old->range == frame->range && old->chroma_site == frame->chroma_site &&
         old->pixel_width == frame->pixel_width && old->pixel_height == frame->pixel_height;
}

/* Per thread a row of sums, one for each byte of the longest row, samples of up to three groups of
 * components, and those bytes where some are ignored.  Behind a row is room for the taps of weight
 * 0. */
static bool make_scratch(WniRecipe *recipe, int n_threads) {
  const size_t grain = WNI_ALIGNMENT / sizeof(float);
  size_t row = 0, taps = (size_t)recipe->across[0].max_taps;
  for (int p = 0; p < recipe->format->n_planes; p++) {
    size_t bytes = wn_pixel_format_row_bytes(recipe->frame.format, p, recipe->frame.width);
    if (bytes > row) row = bytes;
  }
  recipe->row_count = wni_round_up(row + MAX_STEP * (taps + 1), grain);
  recipe->sample_count = wni_round_up((size_t)recipe->width, grain);
  recipe->scratch_count = recipe->row_count + 3 * MAX_STEP * recipe->sample_count;
  if (recipe->ignored.n > 0)
    recipe->scratch_count += wni_round_up(recipe->row_count / sizeof(float) + 1, grain);
  free(recipe->scratch);
  recipe->scratch = wni_alloc_aligned((size_t)n_threads * recipe->scratch_count, sizeof(float));
  return recipe->scratch != NULL;
}

WnStatus wni_recipe_update(WniRecipe *recipe, const WnFrame *frame, const WnRect *region,
                           const WniImageTarget *target, int n_threads, WnError *error) {
  WnRect clipped = wni_frame_clip(frame, region);
  if (wni_recipe_fits(recipe, frame) && recipe->n_threads == n_threads &&
      memcmp(&recipe->region, &clipped, sizeof clipped) == 0)
    return WN_OK;
  recipe->valid = false;
  recipe->n_made++;
  recipe->frame = *frame;
  recipe->region = clipped;
  recipe->format = wni_format_info(frame->format);
  recipe->low_weight = wni_low_weight(recipe->format);
  recipe->color = wni_color_make(recipe->format, frame->matrix, frame->range);
  recipe->rows = wni_kernel_find(WNI_KERNEL_rows, WNI_U8);
  recipe->columns = wni_kernel_find(WNI_KERNEL_columns, WNI_F32);
  /* luma alone: a grey frame, or a grey network on YUV */
  bool luma = recipe->format->yuv && target->channels == 1;
  recipe->n_components = luma ? 1 : recipe->format->n_components;
  recipe->window = place(recipe, target);
  bool ok = make_axes(recipe, frame, recipe->window, target->interpolation);
  ok = ok && make_scratch(recipe, n_threads);
  recipe->n_threads = n_threads;
  if (!ok) return wni_fail_memory(error, "resampling");
  recipe->valid = true;
  return WN_OK;
}

void wni_recipe_clear(WniRecipe *recipe) {
  for (int i = 0; i < 2; i++) {
    wni_axis_clear(&recipe->across[i]);
    wni_axis_clear(&recipe->down[i]);
  }
  free(recipe->scratch);
  *recipe = (WniRecipe){0};
}

/* y[i] = sum over rows of weights[row] x[row][i], any weights. */
static void weigh_rows(const uint8_t *x, ptrdiff_t stride, size_t n_rows, size_t n,
                       const float *weights, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = weights[0] * (float)x[i];
  for (size_t t = 1; t < n_rows; t++) {
    x += stride;
    for (size_t i = 0; i < n; i++) y[i] += weights[t] * (float)x[i];
  }
}

/* Adds up the source rows of output row `row` of component c into `sums`, which
 * is indexed like the plane's bytes; only the bytes that are needed. */
static void sum_rows(const WniRecipe *recipe, const WnFrame *frame, int c, int row, float *sums) {
  const WniComponent *component = &recipe->format->component[c];
  const WniAxis *down = &recipe->down[c > 0], *across = &recipe->across[c > 0];
  const float *weights = down->weights + (size_t)row * (size_t)down->max_taps;
  size_t n_rows = (size_t)down->n_taps[row];
  ptrdiff_t stride = frame->stride_bytes[component->plane];
  size_t begin = (size_t)across->low * (size_t)component->step;
  size_t n = ((size_t)across->high + 1) * (size_t)component->step - begin;
  const uint8_t *x = frame->plane[component->plane] + down->first[row] * stride + begin;
  if (!down->even) {
    weigh_rows(x, stride, n_rows, n, weights, sums + begin);
    return;
  }
  recipe->rows->run.rows(&(WniRowsArgs){.x = x,
                                        .stride = stride,
                                        .n_rows = n_rows,
                                        .n = n,
                                        .first_weight = weights[0],
                                        .weight = weights[1],
                                        .last_weight = weights[n_rows - 1],
                                        .y = sums + begin});
}

static void sum_columns(const WniRecipe *recipe, int c, const float *sums, float *samples) {
  const WniAxis *across = &recipe->across[c > 0];
  recipe->columns->run.columns(&(WniColumnsArgs){.x = sums,
                                                 .weights = across->weights,
                                                 .first = across->first,
                                                 .step = (size_t)recipe->format->component[c].step,
                                                 .n_taps = (size_t)across->max_taps,
                                                 .n_out = (size_t)across->n_out,
                                                 .y_stride = recipe->sample_count,
                                                 .y = samples});
}

bool wni_component_follows(const WniFormatInfo *format, int c) {
  return c > (format->yuv ? 1 : 0) && format->component[c].plane == format->component[c - 1].plane;
}

/* The sums of the lower bytes become those of whole samples; those of the upper ones are behind. */
static void join_bytes(const WniRecipe *recipe, float *restrict low) {
  const float *restrict high = low + recipe->sample_count;
  for (int x = 0; x < recipe->width; x++) low[x] = (low[x] + 256 * high[x]) * recipe->low_weight;
}

/* The picture's row `row`: samples[c] [width] of each component, in `scratch`. */
static void sample_row(const WniRecipe *recipe, const WnFrame *frame, int row, float *scratch,
                       float *samples[3]) {
  float *group = scratch + recipe->row_count; /* [MAX_STEP][sample_count] */
  uint8_t *bytes = (uint8_t *)(group + 3 * MAX_STEP * recipe->sample_count);
  for (int c = 0; c < recipe->n_components; c++) {
    if (!wni_component_follows(recipe->format, c)) {
      if (c > 0) group += MAX_STEP * recipe->sample_count;
      sum_rows(recipe, frame, c, row, scratch);
      if (recipe->ignored.n > 0) wni_ignored_sum(recipe, frame, c, row, scratch, bytes);
      sum_columns(recipe, c, scratch, group);
    }
    samples[c] = group + (size_t)recipe->format->component[c].offset * recipe->sample_count;
    if (recipe->low_weight > 0) join_bytes(recipe, samples[c]);
  }
}

static void fill_zero(const WniImageTarget *target, float *row, int begin, int end) {
  for (int x = begin; x < end; x++)
    for (int c = 0; c < target->channels; c++)
      row[x * target->column_stride + c * target->channel_stride] = 0;
}

/* Clamps, normalises and stores one channel. */
static void write_channel(const float *from, int n, double mean, double std, ptrdiff_t stride,
                          float *restrict to) {
  float scale = (float)(1 / (255 * std)), offset = (float)(-mean / std);
  for (int x = 0; x < n; x++) {
    float value = from[x] > 0 ? from[x] : 0;
    value = value < 255 ? value : 255;
    to[x * stride] = value * scale + offset;
  }
}

/* Where colour c (red, green, blue) of a pixel lies. */
static ptrdiff_t channel_offset(const WniImageTarget *target, int c) {
  return (target->bgr ? 2 - c : c) * target->channel_stride;
}

/* Around the picture there are zeros. */
static void write_row(const WniRecipe *recipe, const WniImageTarget *target,
                      float *const samples[3], float *row) {
  float *to = row + recipe->left * target->column_stride;
  for (int c = 0; c < target->channels; c++)
    write_channel(samples[c], recipe->width, target->mean[c], target->std[c], target->column_stride,
                  to + channel_offset(target, c));
  fill_zero(target, row, 0, recipe->left);
  fill_zero(target, row, recipe->left + recipe->width, target->width);
}

void wni_recipe_row(const WniRecipe *recipe, const WnFrame *frame, const WniImageTarget *target,
                    size_t line, int thread_index, float *row) {
  float *scratch = recipe->scratch + (size_t)thread_index * recipe->scratch_count, *samples[3];
  int at = (int)line - recipe->top;
  if (at < 0 || at >= recipe->height) {
    fill_zero(target, row, 0, target->width);
    return;
  }
  sample_row(recipe, frame, at, scratch, samples);
  wni_color_convert(&recipe->color, recipe->n_components, target->channels == 1,
                    (size_t)recipe->width, samples);
  write_row(recipe, target, samples, row);
}

void wni_recipe_run(const WniRecipe *recipe, const WnFrame *frame, const WniImageTarget *target,
                    float *y, WniThread thread) {
  size_t begin, end;
  wni_parallel_range(thread, (size_t)target->height, 1, &begin, &end);
  for (size_t line = begin; line < end; line++)
    wni_recipe_row(recipe, frame, target, line, thread.index,
                   y + (ptrdiff_t)line * target->row_stride);
}
