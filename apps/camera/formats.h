/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pixel formats of cameras: which the engine reads as they are, which libv4lconvert makes readable,
 * and what each costs.
 */
#ifndef FORMATS_H
#define FORMATS_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/frame.h>

typedef struct CameraFormat {
  uint32_t fourcc;       /* V4L2_PIX_FMT_... */
  uint32_t converted_to; /* by libv4lconvert; 0: the engine reads it as it is */
  WnPixelFormat pixel;   /* what the engine gets */
  double cost;           /* about the bytes read and written for a pixel; see formats.c */
} CameraFormat;

/* NULL: nobody here can read it. */
const CameraFormat *format_find(uint32_t fourcc);

enum { FOURCC_NAME = 5 };

/* Its four characters without the final spaces; what cannot be printed becomes '?'. */
void format_name(uint32_t fourcc, char name[FOURCC_NAME]);

/* From its characters ("YUYV", "RGB3") or from the engine's name for it ("YUY2", "RGB"), in any
 * case; 0 for what is neither. */
uint32_t format_parse(const char *text);

/* Fills in format, planes and colour of a frame at `data`, and its size; the strides follow from
 * bytesperline.  Returns the bytes that it takes, 0 if the driver's numbers are no frame. */
size_t format_describe(const CameraFormat *format, const struct v4l2_pix_format *driver,
                       const uint8_t *data, WnFrame *frame);

#endif
