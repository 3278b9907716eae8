/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See times.h.
 */
#include "classify/times.h"

#define UNIX_TIME "timestamp/x-unix"

/* What the source says of the capture, for instance rtspsrc with add-reference-timestamp-meta. */
static gint64 told_utc(GstBuffer *buffer) {
  g_autoptr(GstCaps) caps = gst_caps_new_empty_simple(UNIX_TIME);
  const GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);
  return meta != NULL ? (gint64)meta->timestamp : 0;
}

/* A live frame was captured when the pipeline's clock showed its running time. */
static gint64 live_utc(GstElement *element, GstClockTime running_time) {
  GstClockTime base = gst_element_get_base_time(element);
  g_autoptr(GstClock) clock = gst_element_get_clock(element);
  if (clock == NULL || !GST_CLOCK_TIME_IS_VALID(running_time)) return 0;
  GstClockTimeDiff since = GST_CLOCK_DIFF(base + running_time, gst_clock_get_time(clock));
  return g_get_real_time() * 1000 - since;
}

GstWinnowFrameTimes gst_winnow_frame_times(GstElement *element, const GstSegment *segment,
                                           GstBuffer *buffer, gboolean live) {
  GstWinnowFrameTimes times = {
      .timestamp = GST_BUFFER_PTS(buffer),
      .stream_time = GST_CLOCK_TIME_NONE,
      .running_time = GST_CLOCK_TIME_NONE,
      .duration = GST_BUFFER_DURATION(buffer),
      .utc_ns = told_utc(buffer),
      .came_us = g_get_monotonic_time(),
  };
  if (segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID(times.timestamp)) {
    times.stream_time = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, times.timestamp);
    times.running_time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, times.timestamp);
  }
  if (times.utc_ns == 0 && live) times.utc_ns = live_utc(element, times.running_time);
  return times;
}

gint64 gst_winnow_frame_age(const GstWinnowFrameTimes *from, const GstWinnowFrameTimes *to) {
  gint64 age = (to->came_us - from->came_us) * 1000;
  if (GST_CLOCK_TIME_IS_VALID(from->timestamp) && GST_CLOCK_TIME_IS_VALID(to->timestamp))
    age = GST_CLOCK_DIFF(from->timestamp, to->timestamp);
  return MAX(age, 0);
}
