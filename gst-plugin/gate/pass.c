/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which buffers leave winnowgate.  Closed, the ring keeps what an event that begins now would begin
 * with; open, it runs empty.
 */
#include "gate/private.h"

#include <gst/video/video.h>
#include <winnow/winnow.h>

#define GST_CAT_DEFAULT gst_winnow_gate_debug

/* ---- Begin and end -------------------------------------------------------- */

static void tell(GstWinnowGate *self, const gchar *what) {
  gst_structure_set(self->event, "event", G_TYPE_STRING, what, NULL);
  GstStructure *message = gst_structure_copy(self->event);
  gst_structure_set_name(message, "winnowgate");
  gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), message));
  gst_pad_push_event(self->src, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                                                     gst_structure_copy(self->event)));
}

static void warn_short(GstWinnowGate *self, const GstWinnowItem *first, gint64 start) {
  GstWinnowSpanRules rules = gst_winnow_gate_rules(self);
  if (!self->cut_short || self->told_short || first->shown <= start) return;
  self->told_short = TRUE;
  GST_OBJECT_LOCK(self);
  guint64 max_bytes = self->max_bytes;
  GST_OBJECT_UNLOCK(self);
  GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                      ("pre-roll: max-bytes=%" G_GUINT64_FORMAT
                       " holds %.1f s less than the %.1f s "
                       "that are wanted; raise it, or put winnowgate behind an encoder",
                       max_bytes, (gdouble)(first->shown - start) / (gdouble)GST_SECOND,
                       (gdouble)rules.pre_roll / (gdouble)GST_SECOND),
                      (NULL));
}

static void open_gate(GstWinnowGate *self, const gchar *state, gint64 start) {
  const GstWinnowItem *first = gst_winnow_ring_first(self->ring);
  warn_short(self, first, start);
  self->open = TRUE;
  self->cut_short = FALSE;
  self->n_passed = 0;
  self->event_began = self->event_end = first->shown;
  self->event = gst_structure_new(GST_WINNOW_GATE_EVENT, "event", G_TYPE_STRING, "", "id",
                                  G_TYPE_UINT64, self->n_events++, "state", G_TYPE_STRING, state,
                                  "timestamp", G_TYPE_UINT64, GST_BUFFER_PTS(first->object),
                                  "stream-time", G_TYPE_UINT64, first->stream_time, "running-time",
                                  G_TYPE_UINT64, (guint64)MAX(first->shown, 0), NULL);
  GST_INFO_OBJECT(self, "begin: %" GST_PTR_FORMAT, self->event);
  gst_winnow_output_begin(&self->output, first);
  tell(self, GST_WINNOW_GATE_BEGIN);
}

static void close_gate(GstWinnowGate *self) {
  self->open = FALSE;
  gst_structure_set(self->event, "duration", G_TYPE_UINT64,
                    (guint64)MAX(self->event_end - self->event_began, 0), NULL);
  tell(self, GST_WINNOW_GATE_END);
  g_clear_pointer(&self->event, gst_structure_free);
}

/* ---- What passes ---------------------------------------------------------- */

/* Takes an item that does not pass; events do. */
static void leave_out(GstWinnowGate *self, const GstWinnowItem *item) {
  if (GST_IS_EVENT(item->object) && GST_EVENT_TYPE(item->object) != GST_EVENT_GAP)
    gst_winnow_output_event(&self->output, GST_EVENT(item->object));
  else
    gst_winnow_output_skip(&self->output, item);
}

static void drop(GstWinnowGate *self, guint n) {
  while (n-- > 0) {
    const GstWinnowItem item = gst_winnow_ring_pop(self->ring);
    leave_out(self, &item);
  }
}

static GstFlowReturn pass(GstWinnowGate *self, const GstWinnowItem *item) {
  if (GST_IS_EVENT(item->object)) {
    gst_winnow_output_event(&self->output, GST_EVENT(item->object));
    return GST_FLOW_OK;
  }
  GST_OBJECT_LOCK(self);
  guint max_buffers = self->max_buffers;
  GST_OBJECT_UNLOCK(self);
  if (max_buffers > 0 && self->n_passed >= max_buffers) {
    gst_winnow_output_skip(&self->output, item);
    return GST_FLOW_OK;
  }
  GstClockTime duration = GST_BUFFER_DURATION(item->object);
  gint64 end = item->shown + (GST_CLOCK_TIME_IS_VALID(duration) ? (gint64)duration : 0);
  self->event_end = MAX(self->event_end, end);
  self->n_passed++;
  return gst_winnow_output_buffer(&self->output, item);
}

/* Open: what is held passes until the event is over. */
static GstFlowReturn advance_open(GstWinnowGate *self, const GstWinnowSpanRules *rules) {
  const GstWinnowItem *first;
  while ((first = gst_winnow_ring_first(self->ring)) != NULL) {
    g_mutex_lock(&self->lock);
    gboolean over = first->at != GST_WINNOW_TIME_NONE &&
                    gst_winnow_spans_is_over(self->spans, rules, first->at, first->key);
    g_mutex_unlock(&self->lock);
    if (over) {
      close_gate(self);
      return GST_FLOW_OK;
    }
    const GstWinnowItem item = gst_winnow_ring_pop(self->ring);
    GstFlowReturn flow = pass(self, &item);
    if (flow != GST_FLOW_OK) return flow;
  }
  return GST_FLOW_OK;
}

/* Where the first buffer that may still be wanted is looked for.  Results that are late by more
 * than they may be old are not waited for. */
static gint64 horizon(GstWinnowGate *self, const GstWinnowSpanRules *rules) {
  gint64 latest = gst_winnow_spans_latest(self->spans);
  gint64 known = MAX(latest, gst_winnow_time_before(self->newest, WN_MAX_AGE_USUAL_NS));
  return gst_winnow_time_before(MIN(self->newest, known), rules->pre_roll);
}

/* When what is held back begins; where nothing is, that is now. */
static gint64 first_time(GstWinnowGate *self) {
  const GstWinnowItem *first = gst_winnow_ring_first(self->ring);
  return first != NULL && first->at != GST_WINNOW_TIME_NONE ? first->at : self->now;
}

static void ask_for_key(GstWinnowGate *self) {
  if (self->asked) return;
  self->asked = TRUE;
  gst_pad_push_event(self->sink,
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

/* Closed: what cannot be wanted any more goes.  TRUE: it has opened. */
static gboolean advance_closed(GstWinnowGate *self, const GstWinnowSpanRules *rules) {
  GST_OBJECT_LOCK(self);
  guint64 max_bytes = self->max_bytes;
  GST_OBJECT_UNLOCK(self);
  g_mutex_lock(&self->lock);
  const GstWinnowSpan *span = gst_winnow_spans_next(self->spans, rules, first_time(self));
  gint64 start = span != NULL ? gst_winnow_span_start(span, rules) : horizon(self, rules);
  g_autofree gchar *state = span != NULL ? g_strdup(span->state) : NULL;
  g_mutex_unlock(&self->lock);
  drop(self, gst_winnow_ring_before(self->ring, start));
  const GstWinnowItem *first = gst_winnow_ring_first(self->ring);
  if (state != NULL && first != NULL && self->newest >= start) {
    open_gate(self, state, start);
    return TRUE;
  }
  if (state != NULL && first == NULL && self->newest >= start) ask_for_key(self);
  guint too_many = gst_winnow_ring_too_many(self->ring, max_bytes);
  self->cut_short = self->cut_short || too_many > 0;
  drop(self, too_many);
  return FALSE;
}

GstFlowReturn gst_winnow_gate_advance(GstWinnowGate *self) {
  const GstWinnowSpanRules rules = gst_winnow_gate_rules(self);
  for (;;) {
    if (self->open) {
      GstFlowReturn flow = advance_open(self, &rules);
      if (flow != GST_FLOW_OK || self->open) return flow;
    }
    if (!advance_closed(self, &rules)) return GST_FLOW_OK;
  }
}

void gst_winnow_gate_finish(GstWinnowGate *self, gboolean eos) {
  if (self->open) close_gate(self);
  while (gst_winnow_ring_first(self->ring) != NULL) {
    const GstWinnowItem item = gst_winnow_ring_pop(self->ring);
    if (eos)
      leave_out(self, &item);
    else
      gst_mini_object_unref(item.object);
  }
}
