/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See frame.h: layout, copies and checks.
 */
#include "frame/frame.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

static bool has_size(const WnFrame *frame) {
  return frame->width >= 1 && frame->height >= 1 && frame->width <= WN_FRAME_MAX_SIDE &&
         frame->height <= WN_FRAME_MAX_SIDE;
}

size_t wn_frame_lay_out(WnFrame *frame, size_t row_alignment, uint8_t *block) {
  size_t bytes = 0;
  if (!has_size(frame)) return 0;
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++) {
    size_t row = wn_pixel_format_row_bytes(frame->format, p, frame->width);
    size_t stride = wni_round_up(row, row_alignment);
    frame->stride_bytes[p] = (ptrdiff_t)stride;
    if (block) frame->plane[p] = block + bytes;
    bytes += stride * (size_t)wn_pixel_format_rows(frame->format, p, frame->height);
  }
  return bytes;
}

/* Rows without a gap between them are one piece. */
void wn_frame_copy(const WnFrame *to, const WnFrame *from) {
  for (int p = 0; p < wn_pixel_format_planes(from->format); p++) {
    size_t row = wn_pixel_format_row_bytes(from->format, p, from->width);
    size_t rows = (size_t)wn_pixel_format_rows(from->format, p, from->height);
    uint8_t *at = (uint8_t *)to->plane[p];
    if (from->stride_bytes[p] == (ptrdiff_t)row && to->stride_bytes[p] == (ptrdiff_t)row) {
      memcpy(at, from->plane[p], rows * row);
      continue;
    }
    for (size_t y = 0; y < rows; y++)
      memcpy(at + (ptrdiff_t)y * to->stride_bytes[p],
             from->plane[p] + (ptrdiff_t)y * from->stride_bytes[p], row);
  }
}

WnStatus wni_frame_check(const WnFrame *frame, const WnRect *region, WnError *error) {
  const WniFormatInfo *info = wni_format_info(frame->format);
  WnStatus status = WNI_RESERVED_CHECK(frame, "frame", error);
  if (status != WN_OK) return status;
  if (!info)
    return wni_fail(error, WN_ERROR_ARGUMENT, "frame: %d is not a pixel format",
                    (int)frame->format);
  if (!has_size(frame))
    return wni_fail(error, WN_ERROR_ARGUMENT, "frame: %d x %d pixels; 1 to %d are supported",
                    frame->width, frame->height, WN_FRAME_MAX_SIDE);
  if (frame->pixel_width < 0 || frame->pixel_height < 0 ||
      (frame->pixel_width == 0) != (frame->pixel_height == 0))
    return wni_fail(error, WN_ERROR_ARGUMENT, "frame: %d:%d is not the aspect of a pixel",
                    frame->pixel_width, frame->pixel_height);
  for (int p = 0; p < info->n_planes; p++) {
    size_t row = wn_pixel_format_row_bytes(frame->format, p, frame->width);
    if (!frame->plane[p])
      return wni_fail(error, WN_ERROR_ARGUMENT, "frame: plane %d of %s is missing", p, info->name);
    if (frame->stride_bytes[p] < (ptrdiff_t)row)
      return wni_fail(
          error, WN_ERROR_ARGUMENT,
          "frame: plane %d of %s has a stride of %td bytes; a row of %d pixels needs %zu", p,
          info->name, frame->stride_bytes[p], frame->width, row);
  }
  if (region && (region->width < 1 || region->height < 1 || region->x >= frame->width ||
                 region->y >= frame->height || (int64_t)region->x + region->width <= 0 ||
                 (int64_t)region->y + region->height <= 0))
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "region: %d x %d at (%d, %d) does not overlap the frame of %d x %d",
                    region->width, region->height, region->x, region->y, frame->width,
                    frame->height);
  return WN_OK;
}

WnRect wni_frame_clip(const WnFrame *frame, const WnRect *region) {
  if (!region) return (WnRect){0, 0, frame->width, frame->height};
  int64_t x0 = region->x < 0 ? 0 : region->x, y0 = region->y < 0 ? 0 : region->y;
  int64_t x1 = (int64_t)region->x + region->width, y1 = (int64_t)region->y + region->height;
  if (x1 > frame->width) x1 = frame->width;
  if (y1 > frame->height) y1 = frame->height;
  return (WnRect){(int32_t)x0, (int32_t)y0, (int32_t)(x1 - x0), (int32_t)(y1 - y0)};
}
