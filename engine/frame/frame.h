/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames in memory: pixel formats, how their planes lie, and the checks that everybody makes who
 * reads pixels.  What preprocess/ and ipc/ stand on; the public half is winnow/frame.h.
 */
#ifndef WNI_FRAME_H
#define WNI_FRAME_H

#include <winnow/winnow.h>

/* One colour component of a pixel format.  Samples of two bytes have the lower one first. */
typedef struct WniComponent {
  int plane, offset, step; /* bytes within a row */
} WniComponent;

typedef struct WniFormatInfo {
  const char *name;
  int n_planes, n_components;
  bool yuv;
  WniComponent component[3]; /* Y Cb Cr, R G B or Y */
  int chroma_shift_x, chroma_shift_y;
  int bits;   /* of a sample's value: 8, and a sample is a byte, or more */
  int unused; /* bits below it */
} WniFormatInfo;

/* NULL for a value that is no format. */
const WniFormatInfo *wni_format_info(WnPixelFormat format);

/* Errors: ARGUMENT: what is wrong with the frame or region (NULL: all of the frame). */
WnStatus wni_frame_check(const WnFrame *frame, const WnRect *region, WnError *error);

/* The region clipped to a checked frame; NULL: all of it. */
WnRect wni_frame_clip(const WnFrame *frame, const WnRect *region);

#endif
