/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A video frame or still image as its owner holds it in memory.  Nothing is copied: the planes are
 * read until the call that takes the frame returns, by a cascade once for each of its networks, and
 * never afterwards.
 */
#ifndef WINNOW_FRAME_H
#define WINNOW_FRAME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Byte order in memory, named as GStreamer names it. */
typedef enum WnPixelFormat {
  WN_PIXEL_NV12, /* Y plane, interleaved U V plane at half width and height */
  WN_PIXEL_I420, /* Y, U, V planes */
  WN_PIXEL_YV12, /* Y, V, U planes */
  WN_PIXEL_YUY2, /* Y0 U Y1 V */
  WN_PIXEL_UYVY, /* U Y0 V Y1 */
  WN_PIXEL_RGB,
  WN_PIXEL_BGR,
  WN_PIXEL_RGBX,
  WN_PIXEL_BGRX,
  WN_PIXEL_RGBA, /* alpha is ignored */
  WN_PIXEL_BGRA,
  WN_PIXEL_GRAY8,
  WN_PIXEL_NV21, /* NV12 with V before U */
  WN_PIXEL_NV16, /* Y plane, interleaved U V plane at half width */
  WN_PIXEL_Y42B, /* Y, U, V planes; U and V at half width */
  WN_PIXEL_Y444, /* Y, U, V planes of one size */
  WN_PIXEL_XRGB,
  WN_PIXEL_XBGR,
  WN_PIXEL_ARGB,
  WN_PIXEL_ABGR,
  WN_PIXEL_P010_10LE, /* NV12 of 16 bits, the upper 10 used */
  WN_PIXEL_I420_10LE, /* I420 of 16 bits, the lower 10 used */
  WN_PIXEL_GRAY16_LE,
  WN_PIXEL_FORMAT_COUNT
} WnPixelFormat;

/* Luma coefficients (Kr, Kb): BT.601 (0.299, 0.114), BT.709 (0.2126, 0.0722). */
typedef enum WnColorMatrix { WN_MATRIX_BT601, WN_MATRIX_BT709 } WnColorMatrix;

/* Limited: Y 16..235 and chroma 16..240; full: 0..255. */
typedef enum WnColorRange { WN_RANGE_LIMITED, WN_RANGE_FULL } WnColorRange;

/* Where a subsampled chroma sample lies, per axis: on the first luma sample
 * of its pair (cosited) or half way between the two (centred).  MPEG-2: x
 * cosited, y centred; MPEG-1 and JPEG: both centred. */
typedef enum WnChromaSite {
  WN_CHROMA_MPEG2,   /* the default: x cosited, y centred */
  WN_CHROMA_CENTRED, /* x and y centred */
  WN_CHROMA_COSITED, /* x and y cosited */
  WN_CHROMA_ALT      /* x centred, y cosited */
} WnChromaSite;

#define WN_FRAME_MAX_SIDE 16384 /* pixels, of width and height */

/* Planes as the format lists them; unused ones are NULL.  A stride is the
 * distance in bytes from one row to the next and at least the bytes of a row;
 * odd widths and heights are fine, a subsampled plane then rounds up.  The
 * colour fields are read for YUV and grey only.  Zero-initialise, so that what
 * later versions add has its default. */
typedef struct WnFrame {
  WnPixelFormat format;
  int32_t width, height; /* pixels, 1..WN_FRAME_MAX_SIDE */
  const uint8_t *plane[3];
  ptrdiff_t stride_bytes[3];
  WnColorMatrix matrix;
  WnColorRange range;
  WnChromaSite chroma_site;
  int64_t pts_ns;  /* copied to the result; WN_PTS_NONE for an image */
  int64_t time_ns; /* UTC since 1970 of the capture, copied to the result; 0: unknown */
  /* How wide and how high a pixel is shown, 16:15 for instance; 0:0: it is square.  Where the
   * network keeps the picture's aspect, it is the shown one. */
  int32_t pixel_width, pixel_height;
  uint64_t reserved[4]; /* must be 0 */
} WnFrame;

#define WN_PTS_NONE INT64_MIN

/* A region of a frame in whole pixels; it must overlap the frame and is
 * clipped to it. */
typedef struct WnRect {
  int32_t x, y, width, height;
} WnRect;

/* Number of planes of `format` (1..3), 0 for a value that is no format. */
int wn_pixel_format_planes(WnPixelFormat format);

/* The bytes that a row of plane `plane` needs at `width` pixels. */
size_t wn_pixel_format_row_bytes(WnPixelFormat format, int plane, int32_t width);

/* The rows of plane `plane` at `height` pixels. */
int32_t wn_pixel_format_rows(WnPixelFormat format, int plane, int32_t height);

/* "NV12", "RGB", ..., as GStreamer names it, at most 9 characters; NULL for a value that is no
 * format. */
const char *wn_pixel_format_name(WnPixelFormat format);

/* The other way; WN_PIXEL_FORMAT_COUNT for a name that is no format's. */
WnPixelFormat wn_pixel_format_find(const char *name);

/* How a frame of its format and size lies in one block of memory: the planes one behind the other,
 * each row at a multiple of `row_alignment` >= 1 bytes. Sets frame->stride_bytes and, unless
 * `block` is NULL, frame->plane; reads format, width and height only. Returns the bytes of the
 * block, 0 for a format that is none or a side outside 1..WN_FRAME_MAX_SIDE. */
size_t wn_frame_lay_out(WnFrame *frame, size_t row_alignment, uint8_t *block);

/* Copies the pixels of `from` to the planes of `to`, which have to be writable and of the same
 * format and size; the bytes between two rows stay as they are. Nothing else of `to` is written. */
void wn_frame_copy(const WnFrame *to, const WnFrame *from);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
