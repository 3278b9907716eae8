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

typedef struct Window {
  double x, y, width, height;
} Window;

static WnRect clip(const WnFrame *frame, const WnRect *region) {
  if (!region) return (WnRect){0, 0, frame->width, frame->height};
  int64_t x0 = region->x < 0 ? 0 : region->x, y0 = region->y < 0 ? 0 : region->y;
  int64_t x1 = (int64_t)region->x + region->width, y1 = (int64_t)region->y + region->height;
  if (x1 > frame->width) x1 = frame->width;
  if (y1 > frame->height) y1 = frame->height;
  return (WnRect){(int32_t)x0, (int32_t)y0, (int32_t)(x1 - x0), (int32_t)(y1 - y0)};
}

static int at_least_one(double x) {
  return x < 1 ? 1 : (int)x;
}

/* What of the frame is shown, and where in the network's image. */
static Window place(WniRecipe *recipe, const WniImageTarget *target) {
  const WnRect *r = &recipe->region;
  double w = r->width, h = r->height, tw = target->width, th = target->height;
  Window window = {r->x, r->y, w, h};
  recipe->top = recipe->left = 0;
  recipe->height = target->height;
  recipe->width = target->width;
  if (target->resize == WNI_RESIZE_CROP) {
    if (w * th > h * tw)
      window.width = h * tw / th;
    else
      window.height = w * th / tw;
    window.x += (w - window.width) / 2;
    window.y += (h - window.height) / 2;
  } else if (target->resize == WNI_RESIZE_LETTERBOX) {
    double scale = fmin(tw / w, th / h);
    recipe->width = at_least_one(fmin(round(w * scale), tw));
    recipe->height = at_least_one(fmin(round(h * scale), th));
    recipe->left = (target->width - recipe->width) / 2;
    recipe->top = (target->height - recipe->height) / 2;
  }
  return window;
}

/* From luma coordinates to those of a subsampled axis. */
static void to_chroma(int shift, bool cosited, double *begin, double *size) {
  if (!shift) return;
  *begin = (*begin + (cosited ? 0.5 : 0)) / 2;
  *size /= 2;
}

static bool make_axes(WniRecipe *recipe, const WnFrame *frame, Window window) {
  const WniFormatInfo *format = recipe->format;
  bool x_cosited = frame->chroma_site == WN_CHROMA_MPEG2 || frame->chroma_site == WN_CHROMA_COSITED;
  bool y_cosited = frame->chroma_site == WN_CHROMA_ALT || frame->chroma_site == WN_CHROMA_COSITED;
  if (!wni_axis_make(&recipe->across[0], frame->width, window.x, window.width, recipe->width) ||
      !wni_axis_make(&recipe->down[0], frame->height, window.y, window.height, recipe->height))
    return false;
  if (recipe->n_components == 1) return true;
  int sx = format->chroma_shift_x, sy = format->chroma_shift_y;
  to_chroma(sx, x_cosited, &window.x, &window.width);
  to_chroma(sy, y_cosited, &window.y, &window.height);
  return wni_axis_make(&recipe->across[1], (frame->width + sx) >> sx, window.x, window.width,
                       recipe->width) &&
         wni_axis_make(&recipe->down[1], (frame->height + sy) >> sy, window.y, window.height,
                       recipe->height);
}

static bool same_geometry(const WniRecipe *recipe, const WnFrame *frame, const WnRect *region,
                          int n_threads) {
  const WnFrame *old = &recipe->frame;
  return recipe->valid && recipe->n_threads == n_threads && old->format == frame->format &&
         old->width == frame->width && old->height == frame->height &&
         old->matrix == frame->matrix && old->range == frame->range &&
         old->chroma_site == frame->chroma_site &&
         memcmp(&recipe->region, region, sizeof *region) == 0;
}

WnStatus wni_recipe_update(WniRecipe *recipe, const WnFrame *frame, const WnRect *region,
                           const WniImageTarget *target, int n_threads, WnError *error) {
  WnRect clipped = clip(frame, region);
  if (same_geometry(recipe, frame, &clipped, n_threads)) return WN_OK;
  recipe->valid = false;
  recipe->frame = *frame;
  recipe->region = clipped;
  recipe->format = wni_format_info(frame->format);
  recipe->color = wni_color_make(recipe->format, frame->matrix, frame->range);
  recipe->axpy = wni_kernel_find(WNI_KERNEL_axpy, WNI_U8);
  /* luma alone: a grey frame, or a grey network on YUV */
  bool luma = recipe->format->yuv && target->channels == 1;
  recipe->n_components = luma ? 1 : recipe->format->n_components;
  bool ok = make_axes(recipe, frame, place(recipe, target));
  recipe->row_count = 0;
  for (int p = 0; p < recipe->format->n_planes; p++) {
    size_t bytes = wn_pixel_format_row_bytes(frame->format, p, frame->width);
    if (bytes > recipe->row_count) recipe->row_count = bytes;
  }
  recipe->row_count = wni_round_up(recipe->row_count, WNI_ALIGNMENT / sizeof(float));
  size_t sampled = wni_round_up((size_t)recipe->width, WNI_ALIGNMENT / sizeof(float));
  recipe->scratch_count = recipe->row_count + 3 * sampled;
  free(recipe->scratch);
  recipe->scratch = wni_alloc_aligned((size_t)n_threads * recipe->scratch_count, sizeof(float));
  recipe->n_threads = n_threads;
  if (!ok || !recipe->scratch) return wni_fail_memory(error, "resampling");
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

/* Adds up the source rows of output row `row` of component c into `sums`, which
 * is indexed like the plane's bytes; only the bytes that are needed. */
static void sum_rows(const WniRecipe *recipe, const WnFrame *frame, int c, int row, float *sums) {
  const WniComponent *component = &recipe->format->component[c];
  const WniAxis *down = &recipe->down[c > 0], *across = &recipe->across[c > 0];
  const float *weights = down->weights + (size_t)row * (size_t)down->max_taps;
  ptrdiff_t stride = frame->stride_bytes[component->plane];
  size_t begin = (size_t)across->low * (size_t)component->step;
  size_t count = ((size_t)across->high + 1) * (size_t)component->step - begin;
  const uint8_t *at = frame->plane[component->plane] + down->first[row] * stride + begin;
  memset(sums + begin, 0, count * sizeof *sums);
  for (int t = 0; t < down->n_taps[row]; t++, at += stride)
    recipe->axpy->run.axpy(weights[t], at, count, sums + begin);
}

static void sum_columns(const WniRecipe *recipe, int c, const float *sums, float *samples) {
  const WniComponent *component = &recipe->format->component[c];
  const WniAxis *across = &recipe->across[c > 0];
  for (int i = 0; i < across->n_out; i++) {
    const float *weights = across->weights + (size_t)i * (size_t)across->max_taps;
    const float *from = sums + (ptrdiff_t)across->first[i] * component->step + component->offset;
    float sum = 0;
    for (int t = 0; t < across->n_taps[i]; t++) sum += weights[t] * from[t * component->step];
    samples[i] = sum;
  }
}

static float to_byte_range(float x) {
  return x < 0 ? 0 : x > 255 ? 255 : x;
}

/* One pixel: components to 0..255 red, green, blue; or to luma in rgb[0]. */
static void convert(const WniColor *color, const float *component, int n_components, bool grey,
                    float rgb[3]) {
  if (!color->yuv) {
    rgb[0] = component[0];
    rgb[1] = component[1];
    rgb[2] = component[2];
    if (grey) rgb[0] = color->kr * rgb[0] + color->kg * rgb[1] + color->kb * rgb[2];
  } else {
    float y = (component[0] - color->y_offset) * color->y_scale;
    float cb = n_components > 1 ? (component[1] - 128) * color->c_scale : 0;
    float cr = n_components > 1 ? (component[2] - 128) * color->c_scale : 0;
    rgb[0] = grey ? y : y + color->cr_r * cr;
    rgb[1] = y + color->cb_g * cb + color->cr_g * cr;
    rgb[2] = y + color->cb_b * cb;
  }
  for (int c = 0; c < 3; c++) rgb[c] = to_byte_range(rgb[c]);
}

static void fill_zero(const WniImageTarget *target, float *row, int begin, int end) {
  for (int x = begin; x < end; x++)
    for (int c = 0; c < target->channels; c++)
      row[x * target->column_stride + c * target->channel_stride] = 0;
}

static void write_row(const WniRecipe *recipe, const WniImageTarget *target,
                      float *const samples[3], float *row) {
  for (int x = 0; x < recipe->width; x++) {
    float component[3] = {0}, rgb[3];
    float *to = row + (recipe->left + x) * target->column_stride;
    for (int c = 0; c < recipe->n_components; c++) component[c] = samples[c][x];
    convert(&recipe->color, component, recipe->n_components, target->channels == 1, rgb);
    for (int c = 0; c < target->channels; c++)
      to[c * target->channel_stride] =
          (rgb[c] * (1.0f / 255) - (float)target->mean[c]) / (float)target->std[c];
  }
  fill_zero(target, row, 0, recipe->left);
  fill_zero(target, row, recipe->left + recipe->width, target->width);
}

void wni_recipe_run(const WniRecipe *recipe, const WnFrame *frame, const WniImageTarget *target,
                    float *y, WniThread thread) {
  float *sums = recipe->scratch + (size_t)thread.index * recipe->scratch_count;
  float *samples[3];
  size_t begin, end, sampled = (recipe->scratch_count - recipe->row_count) / 3;
  for (int c = 0; c < 3; c++) samples[c] = sums + recipe->row_count + (size_t)c * sampled;
  wni_parallel_range(thread, (size_t)target->height, 1, &begin, &end);
  for (size_t line = begin; line < end; line++) {
    float *row = y + (ptrdiff_t)line * target->row_stride;
    int at = (int)line - recipe->top, summed = -1;
    if (at < 0 || at >= recipe->height) {
      fill_zero(target, row, 0, target->width);
      continue;
    }
    for (int c = 0; c < recipe->n_components; c++) {
      /* components of one grid in one plane share the sums */
      int key = recipe->format->component[c].plane * 2 + (c > 0 && recipe->format->yuv);
      if (key != summed) sum_rows(recipe, frame, c, at, sums);
      summed = key;
      sum_columns(recipe, c, sums, samples[c]);
    }
    write_row(recipe, target, samples, row);
  }
}
