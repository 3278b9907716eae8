/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pixel formats, one row each, and what a row says of planes.
 */
#include "frame/frame.h"

#include <string.h>

static const WniFormatInfo formats[WN_PIXEL_FORMAT_COUNT] = {
    /* components are plane, byte offset, byte step; then the chroma's shifts, the bits of a sample
     * and those below them */
    [WN_PIXEL_NV12] = {"NV12", 2, 3, true, {{0, 0, 1}, {1, 0, 2}, {1, 1, 2}}, 1, 1, 8, 0},
    [WN_PIXEL_I420] = {"I420", 3, 3, true, {{0, 0, 1}, {1, 0, 1}, {2, 0, 1}}, 1, 1, 8, 0},
    [WN_PIXEL_YV12] = {"YV12", 3, 3, true, {{0, 0, 1}, {2, 0, 1}, {1, 0, 1}}, 1, 1, 8, 0},
    [WN_PIXEL_YUY2] = {"YUY2", 1, 3, true, {{0, 0, 2}, {0, 1, 4}, {0, 3, 4}}, 1, 0, 8, 0},
    [WN_PIXEL_UYVY] = {"UYVY", 1, 3, true, {{0, 1, 2}, {0, 0, 4}, {0, 2, 4}}, 1, 0, 8, 0},
    [WN_PIXEL_RGB] = {"RGB", 1, 3, false, {{0, 0, 3}, {0, 1, 3}, {0, 2, 3}}, 0, 0, 8, 0},
    [WN_PIXEL_BGR] = {"BGR", 1, 3, false, {{0, 2, 3}, {0, 1, 3}, {0, 0, 3}}, 0, 0, 8, 0},
    [WN_PIXEL_RGBX] = {"RGBx", 1, 3, false, {{0, 0, 4}, {0, 1, 4}, {0, 2, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_BGRX] = {"BGRx", 1, 3, false, {{0, 2, 4}, {0, 1, 4}, {0, 0, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_RGBA] = {"RGBA", 1, 3, false, {{0, 0, 4}, {0, 1, 4}, {0, 2, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_BGRA] = {"BGRA", 1, 3, false, {{0, 2, 4}, {0, 1, 4}, {0, 0, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_GRAY8] = {"GRAY8", 1, 1, true, {{0, 0, 1}}, 0, 0, 8, 0},
    [WN_PIXEL_NV21] = {"NV21", 2, 3, true, {{0, 0, 1}, {1, 1, 2}, {1, 0, 2}}, 1, 1, 8, 0},
    [WN_PIXEL_NV16] = {"NV16", 2, 3, true, {{0, 0, 1}, {1, 0, 2}, {1, 1, 2}}, 1, 0, 8, 0},
    [WN_PIXEL_Y42B] = {"Y42B", 3, 3, true, {{0, 0, 1}, {1, 0, 1}, {2, 0, 1}}, 1, 0, 8, 0},
    [WN_PIXEL_Y444] = {"Y444", 3, 3, true, {{0, 0, 1}, {1, 0, 1}, {2, 0, 1}}, 0, 0, 8, 0},
    [WN_PIXEL_XRGB] = {"xRGB", 1, 3, false, {{0, 1, 4}, {0, 2, 4}, {0, 3, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_XBGR] = {"xBGR", 1, 3, false, {{0, 3, 4}, {0, 2, 4}, {0, 1, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_ARGB] = {"ARGB", 1, 3, false, {{0, 1, 4}, {0, 2, 4}, {0, 3, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_ABGR] = {"ABGR", 1, 3, false, {{0, 3, 4}, {0, 2, 4}, {0, 1, 4}}, 0, 0, 8, 0},
    [WN_PIXEL_P010_10LE] =
        {"P010_10LE", 2, 3, true, {{0, 0, 2}, {1, 0, 4}, {1, 2, 4}}, 1, 1, 10, 6},
    [WN_PIXEL_I420_10LE] =
        {"I420_10LE", 3, 3, true, {{0, 0, 2}, {1, 0, 2}, {2, 0, 2}}, 1, 1, 10, 0},
    [WN_PIXEL_GRAY16_LE] = {"GRAY16_LE", 1, 1, true, {{0, 0, 2}}, 0, 0, 16, 0},
};

const WniFormatInfo *wni_format_info(WnPixelFormat format) {
  return (unsigned)format < WN_PIXEL_FORMAT_COUNT ? &formats[format] : NULL;
}

const char *wn_pixel_format_name(WnPixelFormat format) {
  const WniFormatInfo *info = wni_format_info(format);
  return info ? info->name : NULL;
}

WnPixelFormat wn_pixel_format_find(const char *name) {
  int format = 0;
  while (format < WN_PIXEL_FORMAT_COUNT && strcmp(formats[format].name, name) != 0) format++;
  return (WnPixelFormat)format;
}

int wn_pixel_format_planes(WnPixelFormat format) {
  const WniFormatInfo *info = wni_format_info(format);
  return info ? info->n_planes : 0;
}

static int32_t halve(int32_t size, int shift) {
  return shift ? size / 2 + size % 2 : size;
}

/* A row ends with the last byte of its last sample of any component. */
size_t wn_pixel_format_row_bytes(WnPixelFormat format, int plane, int32_t width) {
  const WniFormatInfo *info = wni_format_info(format);
  size_t bytes = 0;
  if (!info || width < 1) return 0;
  for (int c = 0; c < info->n_components; c++) {
    if (info->component[c].plane != plane) continue;
    size_t samples = (size_t)halve(width, c ? info->chroma_shift_x : 0);
    size_t end = samples * (size_t)info->component[c].step;
    if (end > bytes) bytes = end;
  }
  return bytes;
}

int32_t wn_pixel_format_rows(WnPixelFormat format, int plane, int32_t height) {
  const WniFormatInfo *info = wni_format_info(format);
  if (!info || height < 1) return 0;
  return plane > 0 ? halve(height, info->chroma_shift_y) : height;
}
