/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pace.h.
 */
#include "classify/pace.h"

/* However late the frames are, one of so many nanoseconds is classified: who looks wants to see
 * something that is true now. */
#define LATE_FLOOR GST_SECOND

void gst_winnow_pace_reset(GstWinnowPace *pace) {
  *pace = (GstWinnowPace){
      .earliest = GST_CLOCK_TIME_NONE, .frames = G_MAXUINT, .next = GST_CLOCK_TIME_NONE};
}

void gst_winnow_pace_qos(GstWinnowPace *pace, GstEvent *event) {
  GstClockTimeDiff lateness;
  GstClockTime timestamp;
  gst_event_parse_qos(event, NULL, &pace->proportion, &lateness, &timestamp);
  pace->jitter = lateness;
  pace->earliest = GST_CLOCK_TIME_NONE;
  /* Twice the lateness: catching up takes as long again. */
  if (GST_CLOCK_TIME_IS_VALID(timestamp) && lateness > 0)
    pace->earliest = timestamp + 2 * (GstClockTime)lateness;
}

/* A decoder made it up, or it stands for nothing. */
static gboolean is_no_picture(GstBuffer *buffer) {
  return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED) ||
         GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP);
}

/* The time that rates are counted in: the stream's where it has one. */
static GstClockTime time_of(const GstWinnowFrameTimes *times) {
  if (GST_CLOCK_TIME_IS_VALID(times->running_time)) return times->running_time;
  return (GstClockTime)times->came_us * GST_USECOND;
}

/* Timestamps are rounded. */
static gboolean is_too_soon(const GstWinnowPace *pace, GstClockTime now) {
  return GST_CLOCK_TIME_IS_VALID(pace->next) && now + GST_MSECOND < pace->next;
}

/* The stream's second or the viewer's, whichever passes first. */
static gboolean waited_long(const GstWinnowPace *pace, const GstWinnowFrameTimes *times) {
  if (pace->frames == G_MAXUINT) return TRUE;
  gint64 waited_us = times->came_us - pace->last.came_us;
  return waited_us >= (gint64)(LATE_FLOOR / GST_USECOND) ||
         time_of(times) >= time_of(&pace->last) + LATE_FLOOR;
}

static gboolean is_late(const GstWinnowPace *pace, const GstWinnowFrameTimes *times) {
  return GST_CLOCK_TIME_IS_VALID(pace->earliest) && GST_CLOCK_TIME_IS_VALID(times->running_time) &&
         times->running_time <= pace->earliest && !waited_long(pace, times);
}

/* Frames come in steps of their own: one that came late does not put the next one off, so that the
 * rate is met over time. */
static void plan_next(GstWinnowPace *pace, const GstWinnowPaceLimits *limits, GstClockTime now) {
  GstClockTime before = pace->next;
  pace->next = GST_CLOCK_TIME_NONE;
  if (limits->rate.n <= 0) return;
  GstClockTime step =
      gst_util_uint64_scale(GST_SECOND, (guint64)limits->rate.d, (guint64)limits->rate.n);
  gboolean steady = GST_CLOCK_TIME_IS_VALID(before) && now < before + step;
  pace->next = (steady ? before : now) + step;
}

GstWinnowPaceVerdict gst_winnow_pace_next(GstWinnowPace *pace, const GstWinnowPaceLimits *limits,
                                          GstBuffer *buffer, const GstWinnowFrameTimes *times) {
  GstClockTime now = time_of(times);
  if (pace->frames < G_MAXUINT) pace->frames++;
  if (is_no_picture(buffer) || pace->frames < limits->interval || is_too_soon(pace, now))
    return GST_WINNOW_PACE_SKIPPED;
  if (limits->qos && is_late(pace, times)) return GST_WINNOW_PACE_LATE;
  plan_next(pace, limits, now);
  pace->frames = 0;
  pace->last = *times;
  return GST_WINNOW_PACE_DUE;
}
