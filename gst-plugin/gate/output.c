/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See output.h.
 */
#include "gate/output.h"

#include <gst/video/video.h>

/* So often sinks and mixers are told that nothing comes. */
#define GAP_EVERY GST_SECOND

/* So many elements behind the gate an encoder is looked for. */
#define FARTHEST_ENCODER 8

void gst_winnow_output_init(GstWinnowOutput *output, GstPad *src, gboolean retimestamp) {
  *output = (GstWinnowOutput){.src = src,
                              .retimestamp = retimestamp,
                              .cut = TRUE,
                              .gap_from = GST_CLOCK_TIME_NONE,
                              .to = GST_CLOCK_TIME_NONE,
                              .n_keys = output->n_keys};
}

/* One segment from 0 on, in which the new time stamps are running times. */
static void send_segment(GstWinnowOutput *output, guint32 seqnum) {
  GstSegment segment;
  if (output->has_segment) return;
  output->has_segment = TRUE;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  GstEvent *event = gst_event_new_segment(&segment);
  gst_event_set_seqnum(event, seqnum);
  gst_pad_push_event(output->src, event);
}

/* Whether caps of that name leave now. */
static gboolean sends(GstWinnowOutput *output, const gchar *name) {
  GstCaps *caps = gst_pad_get_current_caps(output->src);
  if (caps == NULL) return FALSE;
  gboolean is = gst_structure_has_name(gst_caps_get_structure(caps, 0), name);
  gst_caps_unref(caps);
  return is;
}

static gboolean encodes(GstElement *element) {
  GstElementFactory *factory = gst_element_get_factory(element);
  return factory != NULL &&
         gst_element_factory_list_is_type(factory, GST_ELEMENT_FACTORY_TYPE_ENCODER |
                                                       GST_ELEMENT_FACTORY_TYPE_MUXER);
}

static gboolean is_plain(GstElement *element, GstPad *pad, gpointer depth);

/* Whether what leaves the pad comes to an encoder or a muxer, `depth` elements from it at most. */
static gboolean is_encoded(GstPad *pad, guint depth) {
  g_autoptr(GstPad) peer = gst_pad_get_peer(pad);
  g_autoptr(GstElement) element = peer != NULL ? gst_pad_get_parent_element(peer) : NULL;
  if (element == NULL || depth == 0) return FALSE;
  if (encodes(element)) return TRUE;
  if (element->numsrcpads == 0) return FALSE; /* a sink, for which foreach is not true */
  return !gst_element_foreach_src_pad(element, is_plain, GUINT_TO_POINTER(depth - 1));
}

static gboolean is_plain(GstElement *element, GstPad *pad, gpointer depth) {
  return !is_encoded(pad, GPOINTER_TO_UINT(depth));
}

/* Only of raw streams that stay so: sinks and mixers take the word.  Muxers need none, and take it
 * amiss: splitmuxsink of GStreamer 1.22 waits for ever after one where no DTS follow, and
 * matroskamux of 1.26 writes an empty frame. */
static void send_gap(GstWinnowOutput *output, GstClockTime to) {
  if (GST_CLOCK_TIME_IS_VALID(output->gap_from) && to > output->gap_from && !output->retimestamp &&
      (sends(output, "video/x-raw") || sends(output, "audio/x-raw")) &&
      !is_encoded(output->src, FARTHEST_ENCODER))
    gst_pad_push_event(output->src, gst_event_new_gap(output->gap_from, to - output->gap_from));
  output->gap_from = output->to = GST_CLOCK_TIME_NONE;
}

void gst_winnow_output_event(GstWinnowOutput *output, GstEvent *event) {
  const GstSegment *segment;
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) send_gap(output, output->to);
  if (!output->retimestamp) {
    gst_pad_push_event(output->src, event);
    return;
  }
  switch (GST_EVENT_TYPE(event)) {
  case GST_EVENT_SEGMENT:
    gst_event_parse_segment(event, &segment);
    if (segment->format != GST_FORMAT_TIME) break;
    send_segment(output, gst_event_get_seqnum(event));
    gst_event_unref(event);
    return;
  case GST_EVENT_GAP: /* has a time stamp of before */
    gst_event_unref(event);
    return;
  default:
    break;
  }
  gst_pad_push_event(output->src, event);
}

/* ---- What is left out ----------------------------------------------------- */

static void item_times(const GstWinnowItem *item, GstClockTime *time, GstClockTime *duration) {
  if (GST_IS_EVENT(item->object)) {
    gst_event_parse_gap(GST_EVENT(item->object), time, duration);
  } else {
    *time = GST_BUFFER_PTS(item->object);
    *duration = GST_BUFFER_DURATION(item->object);
  }
  if (!GST_CLOCK_TIME_IS_VALID(*duration)) *duration = 0;
}

void gst_winnow_output_skip(GstWinnowOutput *output, const GstWinnowItem *item) {
  GstClockTime time, duration;
  item_times(item, &time, &duration);
  output->cut = TRUE;
  if (GST_CLOCK_TIME_IS_VALID(time)) {
    /* After a jump back all is new. */
    if (!GST_CLOCK_TIME_IS_VALID(output->gap_from) || time + GAP_EVERY < output->gap_from)
      output->gap_from = output->to = time;
    output->to = MAX(output->to, time + duration);
    if (output->to - output->gap_from >= GAP_EVERY) {
      GstClockTime to = output->to;
      send_gap(output, to);
      output->gap_from = output->to = to;
    }
  }
  gst_mini_object_unref(item->object);
}

/* ---- Buffers -------------------------------------------------------------- */

static guint64 unsigned_time(gint64 time) {
  return (guint64)MAX(time, 0);
}

void gst_winnow_output_begin(GstWinnowOutput *output, const GstWinnowItem *first) {
  GstClockTime timestamp = GST_BUFFER_PTS(first->object);
  if (GST_CLOCK_TIME_IS_VALID(timestamp)) send_gap(output, MIN(output->to, timestamp));
  output->shift = output->next - MIN(first->at, first->shown);
  output->last = output->next;
  if (!sends(output, "video/x-raw")) return;
  GstClockTime running = unsigned_time(first->shown), stream_time = first->stream_time;
  if (output->retimestamp)
    timestamp = stream_time = running = unsigned_time(first->shown + output->shift);
  /* Headers are in the caps; sent again they would be without a time, and come between the last
   * picture of before and the first one. */
  gst_pad_push_event(output->src, gst_video_event_new_downstream_force_key_unit(
                                      timestamp, stream_time, running, FALSE, output->n_keys++));
}

static void shift_times(GstWinnowOutput *output, GstBuffer *buffer, const GstWinnowItem *item) {
  if (GST_BUFFER_PTS_IS_VALID(buffer))
    GST_BUFFER_PTS(buffer) = unsigned_time(item->shown + output->shift);
  if (GST_BUFFER_DTS_IS_VALID(buffer))
    GST_BUFFER_DTS(buffer) = unsigned_time(item->at + output->shift);
  /* Without durations a buffer lasts as long as the one before it. */
  if (GST_BUFFER_DURATION_IS_VALID(buffer))
    output->step = (gint64)GST_BUFFER_DURATION(buffer);
  else if (item->at + output->shift >= output->last)
    output->step = item->at + output->shift - output->last;
  output->last = item->at + output->shift;
  output->next = MAX(output->next, MAX(item->shown, item->at) + output->shift + output->step);
}

GstFlowReturn gst_winnow_output_buffer(GstWinnowOutput *output, const GstWinnowItem *item) {
  GstBuffer *buffer = GST_BUFFER(item->object);
  if (output->cut || output->retimestamp) buffer = gst_buffer_make_writable(buffer);
  if (output->cut) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  output->cut = FALSE;
  if (output->has_segment) shift_times(output, buffer, item);
  return gst_pad_push(output->src, buffer);
}
