/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a frame may be held up by its inference: what winnowclassify reports to
 * LATENCY queries.  Fed by the streaming thread, read by any; the owner's
 * object lock guards it.
 */
#ifndef GST_WINNOW_LATENCY_H
#define GST_WINNOW_LATENCY_H

#include <gst/gst.h>

/* Zero-initialise. */
typedef struct {
  GstClockTime reported; /* to queries */
  GstClockTime peak;     /* largest and */
  GstClockTime second;   /* second largest of the current window */
  guint n;               /* inferences in the window */
} GstWinnowLatency;

/* Takes the duration of one inference; TRUE when `reported` changed, that is when
 * it had drifted too far from what is measured. */
gboolean gst_winnow_latency_feed(GstWinnowLatency *latency, GstClockTime duration);

#endif
