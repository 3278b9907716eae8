/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which frames winnowclassify classifies (pace.h), by its properties, and what it says of those
 * that come too late.
 */
#include "classify/private.h"

/* A late frame passes: tells the application, as decoders do of what they leave out. */
static void post_qos(GstWinnowClassify *self, const GstWinnowFrameTimes *times) {
  GST_OBJECT_LOCK(self);
  gint64 jitter = self->pace.jitter;
  gdouble proportion = self->pace.proportion;
  guint64 classified = self->stats.inferences + self->stats.unchanged, late = self->stats.late;
  gboolean live = self->live;
  GST_OBJECT_UNLOCK(self);
  GstMessage *message = gst_message_new_qos(GST_OBJECT(self), live, times->running_time,
                                            times->stream_time, times->timestamp, times->duration);
  gst_message_set_qos_values(message, jitter, proportion, 1000000);
  gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, classified, late);
  gst_element_post_message(GST_ELEMENT(self), message);
}

gboolean gst_winnow_classify_is_due(GstWinnowClassify *self, GstBuffer *buffer,
                                    const GstWinnowFrameTimes *times) {
  gboolean qos = gst_base_transform_is_qos_enabled(GST_BASE_TRANSFORM(self));
  GST_OBJECT_LOCK(self);
  const GstWinnowPaceLimits limits = {
      .interval = self->settings.inference_interval,
      .rate = self->settings.max_rate,
      .qos = qos && self->worker == NULL, /* which delays nothing */
  };
  GstWinnowPaceVerdict verdict = gst_winnow_pace_next(&self->pace, &limits, buffer, times);
  self->stats.frames++;
  if (verdict != GST_WINNOW_PACE_DUE) self->stats.skipped++;
  if (verdict == GST_WINNOW_PACE_LATE) self->stats.late++;
  GST_OBJECT_UNLOCK(self);
  if (verdict == GST_WINNOW_PACE_LATE) post_qos(self, times);
  return verdict == GST_WINNOW_PACE_DUE;
}
