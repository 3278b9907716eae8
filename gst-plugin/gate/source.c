/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See source.h.  A probe may still run when it is removed, so that what it uses is counted.
 */
#include "gate/source.h"

#include "gate/spans.h"
#include "common/display_event.h"

struct GstWinnowSource {
  gatomicrefcount count;
  GstPad *pad;
  gulong probe;
  const GstWinnowSourceCalls *calls;
  GMutex lock;
  gpointer owner; /* under the lock; NULL: it is gone */
  /* of the streaming thread */
  GstEvent *display; /* that was told last */
  gint64 last;
};

static void unref(gpointer data) {
  GstWinnowSource *source = data;
  if (!g_atomic_ref_count_dec(&source->count)) return;
  gst_clear_event(&source->display);
  gst_object_unref(source->pad);
  g_mutex_clear(&source->lock);
  g_free(source);
}

gint64 gst_winnow_running_time(const GstSegment *segment, GstClockTime time, gint64 otherwise) {
  guint64 running;
  if (!GST_CLOCK_TIME_IS_VALID(time) || segment->format != GST_FORMAT_TIME) return otherwise;
  gint sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &running);
  if (sign == 0 || running > G_MAXINT64) return otherwise;
  return sign > 0 ? (gint64)running : -(gint64)running;
}

/* ---- The probe ------------------------------------------------------------ */

/* The pad's event about how results are shown, where it is another one than last time. */
static GstEvent *new_display(GstWinnowSource *source) {
  GstWinnowDisplay unused;
  GstEvent *event;
  for (guint i = 0;
       (event = gst_pad_get_sticky_event(source->pad, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, i)) !=
       NULL;
       i++) {
    gboolean is_display = gst_winnow_display_event_parse(event, &unused);
    gboolean changed = is_display && event != source->display;
    if (changed) gst_event_replace(&source->display, event);
    gst_event_unref(event);
    if (is_display) return changed ? source->display : NULL;
  }
  return NULL;
}

static void hear_buffer(GstWinnowSource *source, GstBuffer *buffer) {
  GstEvent *sticky = gst_pad_get_sticky_event(source->pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;
  if (sticky == NULL) return;
  gst_event_parse_segment(sticky, &segment);
  source->last = gst_winnow_running_time(segment, GST_BUFFER_PTS(buffer), source->last);
  gst_event_unref(sticky);
  source->calls->buffer(source->owner, buffer, source->last, new_display(source));
}

static GstPadProbeReturn hear(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  GstWinnowSource *source = data;
  g_mutex_lock(&source->lock);
  if (source->owner != NULL && (info->type & GST_PAD_PROBE_TYPE_BUFFER)) {
    hear_buffer(source, GST_PAD_PROBE_INFO_BUFFER(info));
  } else if (source->owner != NULL) {
    GstEventType type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));
    if (type == GST_EVENT_EOS || type == GST_EVENT_FLUSH_STOP)
      source->calls->event(source->owner, type);
  }
  g_mutex_unlock(&source->lock);
  return GST_PAD_PROBE_OK;
}

/* ---- From where ----------------------------------------------------------- */

GstElement *gst_winnow_pipeline_of(GstElement *element) {
  GstObject *top = gst_object_ref(GST_OBJECT(element)), *parent;
  while ((parent = gst_object_get_parent(top)) != NULL) {
    gst_object_unref(top);
    top = parent;
  }
  if (GST_IS_BIN(top)) return GST_ELEMENT(top);
  gst_object_unref(top);
  return NULL;
}

static GstPad *find_pad(GstElement *gate, const gchar *name, gchar **problem) {
  GstElement *pipeline = gst_winnow_pipeline_of(gate);
  GstElement *element = pipeline != NULL ? gst_bin_get_by_name(GST_BIN(pipeline), name) : NULL;
  GstPad *pad = element != NULL ? gst_element_get_static_pad(element, "src") : NULL;
  if (pad == NULL)
    *problem = g_strdup_printf(
        element == NULL
            ? "classifier: no element of the pipeline is called '%s'; give it that name: "
              "winnowclassify name=%s"
            : "classifier: the element '%s' has no src pad with results; name a winnowclassify "
              "instead, '%s' is none",
        name, name);
  if (element != NULL) gst_object_unref(element);
  if (pipeline != NULL) gst_object_unref(pipeline);
  return pad;
}

GstWinnowSource *gst_winnow_source_new(GstElement *gate, const gchar *name,
                                       const GstWinnowSourceCalls *calls, gpointer owner,
                                       gchar **problem) {
  GstPad *pad = find_pad(gate, name, problem);
  if (pad == NULL) return NULL;
  GstWinnowSource *source = g_new0(GstWinnowSource, 1);
  g_atomic_ref_count_init(&source->count);
  g_atomic_ref_count_inc(&source->count); /* the probe's */
  g_mutex_init(&source->lock);
  source->pad = pad;
  source->calls = calls;
  source->owner = owner;
  source->probe =
      gst_pad_add_probe(pad,
                        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                            GST_PAD_PROBE_TYPE_EVENT_FLUSH,
                        hear, source, unref);
  return source;
}

void gst_winnow_source_free(GstWinnowSource *source) {
  g_mutex_lock(&source->lock);
  source->owner = NULL;
  g_mutex_unlock(&source->lock);
  gst_pad_remove_probe(source->pad, source->probe);
  unref(source);
}
