/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every change makes the pipeline redistribute its latency, so reports are few; and while too much
 * is reported, a sink right behind the element holds each frame so long that fewer come, so that
 * they fall soon after a peak of load, by the clock.
 *
 * Reported is the second largest duration of two windows: one outlier, a page fault or a context
 * switch, changes nothing.  It is never less than what all stages take: a calm scene ends early for
 * minutes, and its next frame may need the whole network.
 */
#include "classify/latency.h"

#define WINDOW_US (G_USEC_PER_SEC / 2)
#define SLACK GST_MSECOND

/* An inference a second has windows, too. */
enum { MIN_INFERENCES = 2 };

void gst_winnow_latency_begin(GstWinnowLatency *latency, GstClockTime whole) {
  *latency = (GstWinnowLatency){.reported = whole, .whole = whole};
}

static void take(GstWinnowLatency *latency, GstClockTime duration, gboolean all_stages) {
  latency->second = MAX(latency->second, MIN(latency->peak, duration));
  latency->peak = MAX(latency->peak, duration);
  latency->n++;
  if (all_stages) latency->whole = (7 * latency->whole + duration) / 8;
}

gboolean gst_winnow_latency_feed(GstWinnowLatency *latency, gint64 now_us, GstClockTime duration,
                                 gboolean all_stages) {
  if (latency->n == 0) latency->began_us = now_us;
  take(latency, duration, all_stages);
  if (latency->n < MIN_INFERENCES || now_us - latency->began_us < WINDOW_US) return FALSE;

  GstClockTime held = MAX(latency->whole, MAX(latency->before, latency->second));
  latency->before = latency->second;
  latency->peak = latency->second = 0;
  latency->n = 0;
  gboolean rise = held > latency->reported + latency->reported / 4 + SLACK;
  gboolean fall = held + held / 4 + SLACK < latency->reported;
  if (rise || fall) latency->reported = held;
  return rise || fall;
}
