/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which frames are classified: what winnowclassify's inference-interval, max-rate and QoS leave.
 * The streaming thread's; QoS events come from any, so that the owner's object lock guards it.
 */
#ifndef GST_WINNOW_PACE_H
#define GST_WINNOW_PACE_H

#include "classify/times.h"
#include "common/properties.h"

typedef struct {
  /* What the sink said last. */
  GstClockTime earliest; /* running time up to which frames are late, or none */
  gint64 jitter;
  gdouble proportion;
  /* Since the stream was cut last. */
  guint frames;             /* since the one that was classified last; G_MAXUINT: none was */
  GstWinnowFrameTimes last; /* of that one */
  GstClockTime next;        /* when max-rate allows the next one, or none */
} GstWinnowPace;

typedef struct {
  guint interval;         /* frames */
  GstWinnowFraction rate; /* inferences a second at most; 0: any number */
  gboolean qos;           /* late frames are passed */
} GstWinnowPaceLimits;

typedef enum {
  GST_WINNOW_PACE_DUE,
  GST_WINNOW_PACE_SKIPPED, /* by choice, or since it is no picture */
  GST_WINNOW_PACE_LATE,    /* because the sink waits for it */
} GstWinnowPaceVerdict;

/* What comes next has nothing to do with what came. */
void gst_winnow_pace_reset(GstWinnowPace *pace);

/* Takes a QoS event. */
void gst_winnow_pace_qos(GstWinnowPace *pace, GstEvent *event);

/* Asked once for each frame, in their order. */
GstWinnowPaceVerdict gst_winnow_pace_next(GstWinnowPace *pace, const GstWinnowPaceLimits *limits,
                                          GstBuffer *buffer, const GstWinnowFrameTimes *times);

#endif
