/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reported latency follows the second largest duration of a window: one
 * outlier, a page fault or a context switch, changes nothing.  It rises as soon as
 * two frames took a quarter longer than reported and falls at the end of a window
 * in which none took half as long, since every change makes the pipeline
 * redistribute its latency.
 */
#include "classify/latency.h"

#define WINDOW 128
#define SLACK GST_MSECOND

gboolean gst_winnow_latency_feed(GstWinnowLatency *latency, GstClockTime duration) {
  if (duration > latency->peak) {
    latency->second = latency->peak;
    latency->peak = duration;
  } else if (duration > latency->second) {
    latency->second = duration;
  }
  gboolean full = ++latency->n >= WINDOW;
  gboolean rise = latency->second > latency->reported + latency->reported / 4 + SLACK;
  gboolean fall = full && latency->second + SLACK < latency->reported / 2;
  if (rise || fall) latency->reported = latency->second;
  if (full || rise) {
    latency->peak = latency->second = 0;
    latency->n = 0;
  }
  return rise || fall;
}
