/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The times of a frame: in its stream, in the pipeline and in the world.
 */
#ifndef GST_WINNOW_CLASSIFY_TIMES_H
#define GST_WINNOW_CLASSIFY_TIMES_H

#include <gst/gst.h>

typedef struct {
  GstClockTime timestamp, stream_time, running_time, duration;
  gint64 utc_ns;    /* of the capture, since 1970; 0: unknown */
  gint64 came_us;   /* by the monotonic clock */
  guint generation; /* changes where the stream is cut */
} GstWinnowFrameTimes;

/* Of a buffer that `element` was given in `segment`; `live`: it was captured at its running time.
 */
GstWinnowFrameTimes gst_winnow_frame_times(GstElement *element, const GstSegment *segment,
                                           GstBuffer *buffer, gboolean live);

/* Nanoseconds from one frame to a later one: by timestamps where both have one, else by the clock.
 */
gint64 gst_winnow_frame_age(const GstWinnowFrameTimes *from, const GstWinnowFrameTimes *to);

#endif
