/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowgate sees of the results, on its own buffers or at the classifier elsewhere.
 */
#include "gate/private.h"

#include "common/properties.h"

/* So long a stream may go on without any result until that is said. */
#define NO_RESULTS (5 * (gint64)GST_SECOND)

GstWinnowSpanRules gst_winnow_gate_rules(GstWinnowGate *self) {
  GST_OBJECT_LOCK(self);
  GstWinnowSpanRules rules = {(gint64)self->pre_roll, (gint64)self->hold, (gint64)self->max};
  GST_OBJECT_UNLOCK(self);
  return rules;
}

/* With the lock: the property says again what is in force, if anything is. */
static void take_back(GstWinnowGate *self) {
  const gchar *when;
  self->refused = gst_winnow_watcher_in_force(self->watcher, &when);
  if (!self->refused) return;
  GST_OBJECT_LOCK(self);
  gst_winnow_string_set(&self->when, when);
  GST_OBJECT_UNLOCK(self);
}

/* With the lock: takes the results on a buffer. */
static void watch(GstWinnowGate *self, GstBuffer *buffer, gint64 time) {
  GST_OBJECT_LOCK(self);
  gst_winnow_watcher_set_when(self->watcher, self->when);
  gint64 hold = (gint64)self->hold;
  GST_OBJECT_UNLOCK(self);
  if (self->problem != NULL) return;
  const gchar *state = gst_winnow_watcher_feed(self->watcher, buffer, time, &self->problem);
  if (self->problem != NULL) take_back(self);
  gst_winnow_spans_feed(self->spans, time, state, hold);
}

/* With the lock: no more results come. */
static void watch_end(GstWinnowGate *self) {
  gint64 latest = gst_winnow_spans_latest(self->spans);
  if (latest == GST_WINNOW_TIME_NONE) return;
  gst_winnow_spans_feed(self->spans, latest, gst_winnow_watcher_end(self->watcher),
                        gst_winnow_gate_rules(self).hold);
}

static void watch_reset(GstWinnowGate *self) {
  gst_winnow_watcher_reset(self->watcher);
  gst_winnow_spans_reset(self->spans);
}

static void hear_buffer(gpointer owner, GstBuffer *buffer, gint64 time, GstEvent *display) {
  GstWinnowGate *self = owner;
  g_mutex_lock(&self->lock);
  if (display != NULL) gst_winnow_watcher_event(self->watcher, display);
  watch(self, buffer, time);
  g_mutex_unlock(&self->lock);
}

static void hear_event(gpointer owner, GstEventType type) {
  GstWinnowGate *self = owner;
  g_mutex_lock(&self->lock);
  if (type == GST_EVENT_EOS)
    watch_end(self);
  else
    watch_reset(self);
  g_mutex_unlock(&self->lock);
}

const GstWinnowSourceCalls gst_winnow_gate_source_calls = {hear_buffer, hear_event};

static void warn(GstWinnowGate *self) {
  self->told = TRUE;
  if (self->source != NULL)
    GST_ELEMENT_WARNING(self, STREAM, FAILED,
                        ("classifier: no results for %d s from the element that it names: where a "
                         "sink behind that waits for others, set async=false on it",
                         (gint)(NO_RESULTS / (gint64)GST_SECOND)),
                        (NULL));
  else
    GST_ELEMENT_WARNING(self, STREAM, FAILED,
                        ("no results on the buffers for %d s: put winnowgate behind winnowclassify "
                         "and before what drops them, such as an encoder, or name the classifier: "
                         "classifier=NAME",
                         (gint)(NO_RESULTS / (gint64)GST_SECOND)),
                        (NULL));
}

gboolean gst_winnow_gate_check(GstWinnowGate *self) {
  g_mutex_lock(&self->lock);
  gboolean refused = self->refused;
  g_autofree gchar *problem = refused ? g_steal_pointer(&self->problem) : g_strdup(self->problem);
  self->refused = FALSE;
  gboolean seen = self->source == NULL && gst_winnow_watcher_has_seen(self->watcher);
  /* On buffers, a look at one that has no result counts as well. */
  gint64 latest = self->source != NULL ? gst_winnow_spans_latest(self->spans) : self->began;
  g_mutex_unlock(&self->lock);
  if (refused) {
    GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS, ("%s; what was set before stays", problem),
                        (NULL));
    g_object_notify(G_OBJECT(self), "when");
  } else if (problem != NULL) {
    GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", problem), (NULL));
    return FALSE;
  }
  if (!seen && !self->told && self->now - MAX(latest, self->began) >= NO_RESULTS) warn(self);
  return TRUE;
}

/* ---- By the streaming thread ---------------------------------------------- */

void gst_winnow_gate_see(GstWinnowGate *self, GstBuffer *buffer, gint64 time) {
  g_mutex_lock(&self->lock);
  watch(self, buffer, time);
  g_mutex_unlock(&self->lock);
}

void gst_winnow_gate_see_event(GstWinnowGate *self, GstEvent *event) {
  g_mutex_lock(&self->lock);
  gst_winnow_watcher_event(self->watcher, event);
  g_mutex_unlock(&self->lock);
}

void gst_winnow_gate_see_end(GstWinnowGate *self) {
  g_mutex_lock(&self->lock);
  watch_end(self);
  g_mutex_unlock(&self->lock);
}

void gst_winnow_gate_forget(GstWinnowGate *self) {
  g_mutex_lock(&self->lock);
  watch_reset(self);
  g_mutex_unlock(&self->lock);
}
