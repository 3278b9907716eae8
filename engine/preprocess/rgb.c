/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pixels as people see them (winnow/look.h): the recipe of preprocess.h, most often at a scale of
 * 1, a row at a time.
 */
#include <winnow/look.h>

#include "base/error.h"
#include "base/fpmode.h"
#include "preprocess/preprocess.h"

#include <stdlib.h>

WnStatus wn_frame_clip(const WnFrame *frame, const WnRect *region, WnRect *clipped,
                       WnError *error) {
  WnStatus status = wni_frame_check(frame, region, error);
  *clipped = status == WN_OK ? wni_frame_clip(frame, region) : (WnRect){0};
  return status;
}

static void round_row(const float *from, size_t n, uint8_t *to) {
  for (size_t i = 0; i < n; i++) to[i] = (uint8_t)(from[i] + 0.5F);
}

WnStatus wni_frame_scale_rgb(const WnFrame *frame, const WnRect *part, int width, int height,
                             uint8_t *rgb, ptrdiff_t stride_bytes, WnError *error) {
  WniRecipe recipe = {0};
  size_t row_bytes = 3 * (size_t)width;
  const WniWindowRect window = {part->x, part->y, part->width, part->height};
  const WniImageTarget target = {.channels = 3,
                                 .height = height,
                                 .width = width,
                                 .channel_stride = 1,
                                 .row_stride = (ptrdiff_t)row_bytes,
                                 .column_stride = 3,
                                 .window = &window,
                                 /* grey levels, not fractions of 255 */
                                 .std = {1 / 255.0, 1 / 255.0, 1 / 255.0}};
  float *row = malloc(row_bytes * sizeof *row);
  WnStatus status = row ? wni_recipe_update(&recipe, frame, part, &target, 1, error)
                        : wni_fail_memory(error, "a row of pixels");
  for (int line = 0; line < height && status == WN_OK; line++) {
    wni_recipe_row(&recipe, frame, &target, (size_t)line, 0, row);
    round_row(row, row_bytes, rgb + line * stride_bytes);
  }
  wni_recipe_clear(&recipe);
  free(row);
  return status;
}

WnStatus wn_frame_to_rgb(const WnFrame *frame, const WnRect *region, uint8_t *rgb,
                         ptrdiff_t stride_bytes, WnError *error) {
  WNI_FP_SCOPE(mode);
  WnRect part;
  WnStatus status = wn_frame_clip(frame, region, &part, error);
  if (status != WN_OK) return status;
  if (stride_bytes < 3 * (ptrdiff_t)part.width)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "rgb: a stride of %td bytes; a row of %d pixels needs %zu", stride_bytes,
                    part.width, 3 * (size_t)part.width);
  return wni_frame_scale_rgb(frame, &part, part.width, part.height, rgb, stride_bytes, error);
}
