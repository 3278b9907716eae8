/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A frame's pixels in memory of its own, which is kept for the next frame.
 */
#ifndef GST_WINNOW_FRAME_COPY_H
#define GST_WINNOW_FRAME_COPY_H

#include <glib.h>
#include <winnow/frame.h>

typedef struct {
  WnFrame frame; /* its planes lie in `pixels`, one behind the other */
  guint8 *pixels;
  gsize capacity;
} GstWinnowFrameCopy;

/* Makes copy->frame the same as `frame`. */
void gst_winnow_frame_copy(GstWinnowFrameCopy *copy, const WnFrame *frame);
void gst_winnow_frame_copy_clear(GstWinnowFrameCopy *copy);

#endif
