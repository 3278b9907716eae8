/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowgate.  When it is open is decided by spans.c from what see.c and watcher.c see;
 * ring.c holds back what may still be wanted, pass.c lets it go, output.c sends.  Only the
 * streaming thread sends.
 */

/**
 * SECTION:element-winnowgate
 * @title: winnowgate
 * @short_description: passes buffers only around events
 *
 * Passes buffers of any kind, raw or encoded, while a state is wanted that winnowclassify's results
 * say, from #GstWinnowGate:pre-roll before it begins until #GstWinnowGate:hold after it has ended,
 * and holds the others back. What is wanted are labels, groups, `nothing` or `unknown`
 * (#GstWinnowGate:when), or what the classifier watches. The state is the steady one that
 * winnowclassify's messages tell and winnowoverlay shows, decided by the classifier's
 * `stable-time`, `min-confidence` and `max-age`; `unknown` counts once `stable-time` has passed.
 * With regions it is enough that one of them is in such a state.
 *
 * ## Where results come from
 *
 * They are read from the buffers, behind winnowclassify. GStreamer's encoders of video keep them,
 * so that the gate can stand behind one, where a pre-roll takes little memory. A stream that came
 * encoded needs #GstWinnowGate:classifier, the name of a winnowclassify elsewhere in the pipeline:
 * its results are then found by running time, whether they are ahead of the buffers or up to two
 * seconds behind. A warning on the bus says when there are none.
 *
 * ## Events
 *
 * - An encoded stream begins with a key frame: the last one that is old enough for the pre-roll. An
 *   encoder behind the gate is asked for one.
 * - A state that comes back within #GstWinnowGate:hold goes on with its event.
 * - An event that is longer than #GstWinnowGate:max is cut at the next key frame, where another one
 *   begins.
 * - At the end of the stream, with a flush and when the element stops an event ends, and what was
 *   held back is dropped.
 *
 * An element message `winnowgate` and a serialised custom event `GstWinnowGate` tell, before the
 * first buffer and after the last one, `event` (`begin` or `end`), `id` (uint64, the number of the
 * event, from 0), `state`, the `timestamp`, `stream-time` and `running-time` of the first buffer,
 * and at the end the `duration`.
 *
 * ## Files
 *
 * A splitmuxsink behind the gate begins a file with each event, whose number is that of the event,
 * unless #GstWinnowGate:split is off. It writes a group of pictures when the next one begins, so
 * that the last group of an event, of JPEG one picture, is written when the next event begins or
 * the stream ends. There, splitmuxsink of GStreamer 1.22 and 1.26 at times closes its last file and
 * does not say that it is done, whatever is in front of it; with an encoder between the two and no
 * event until then it never does.
 *
 * ## Time
 *
 * Time stamps stay, and events about gaps tell sinks and mixers of raw streams that nothing comes
 * (an encoder or muxer gets none); or with #GstWinnowGate:retimestamp they go on from event to
 * event, and begin at 0. The latency of the pipeline is not made longer by the pre-roll, since that
 * would delay everything else in it: a sink with `sync=true` drops a live pre-roll as late. Sinks
 * that write files do not. A pipeline that is not live begins to play when each of its sinks has a
 * buffer: of one with several branches that may be never.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=apps/demo/everyday.webm ! decodebin \
 *   ! winnowclassify model-file=models/everyday.onnx watch=bird \
 *   ! videoconvert ! jpegenc ! winnowgate pre-roll=1000000000 hold=1000000000 \
 *   ! splitmuxsink muxer=matroskamux location=/tmp/bird-%05d.mkv
 * ]| Writes a file for each bird, with a second before and after.
 * |[
 * gst-launch-1.0 -m v4l2src ! image/jpeg ! tee name=t \
 *   t. ! queue leaky=downstream max-size-buffers=1 ! jpegdec \
 *   ! winnowclassify name=c model-file=models/everyday.onnx watch=bird \
 *   ! fakesink async=false t. ! queue ! winnowgate classifier=c \
 *   ! splitmuxsink muxer=matroskamux location=/tmp/bird-%05d.mkv
 * ]| The same of a camera, whose JPEG pictures are not encoded again.
 *
 * Since: 0.1
 */
#include "gate/private.h"

#include "gstwinnow.h"
#include "common/properties.h"

GST_DEBUG_CATEGORY(gst_winnow_gate_debug);
#define GST_CAT_DEFAULT gst_winnow_gate_debug

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE_WITH_CODE(GstWinnowGate, gst_winnow_gate, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_winnow_gate_debug, "winnowgate", 0,
                                                "buffers around events"))
GST_ELEMENT_REGISTER_DEFINE(winnowgate, "winnowgate", GST_RANK_NONE, GST_TYPE_WINNOW_GATE)

/* ---- The stream ----------------------------------------------------------- */

static GstWinnowItem buffer_item(GstWinnowGate *self, GstBuffer *buffer) {
  GstClockTime pts = GST_BUFFER_PTS(buffer), dts = GST_BUFFER_DTS(buffer);
  gint64 known = self->now != GST_WINNOW_TIME_NONE ? self->now : 0;
  gboolean timed = GST_CLOCK_TIME_IS_VALID(pts) || GST_CLOCK_TIME_IS_VALID(dts);
  gboolean header = !timed && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER);
  GstWinnowItem item = {
      .object = GST_MINI_OBJECT(buffer),
      .stream_time = gst_segment_to_stream_time(&self->segment, GST_FORMAT_TIME, pts),
      /* Headers of a stream are no picture; they are in its caps, too. */
      .key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) && !header,
      .bytes = gst_buffer_get_size(buffer),
  };
  item.at =
      gst_winnow_running_time(&self->segment, GST_CLOCK_TIME_IS_VALID(dts) ? dts : pts, known);
  item.shown = gst_winnow_running_time(&self->segment, pts, item.at);
  return item;
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  GstWinnowGate *self = GST_WINNOW_GATE(parent);
  GstWinnowItem item = buffer_item(self, buffer);
  self->now = item.at;
  self->newest = MAX(self->newest, item.shown);
  if (self->began == GST_WINNOW_TIME_NONE) self->began = item.at;
  if (self->source == NULL) gst_winnow_gate_see(self, buffer, item.shown);
  if (!gst_winnow_gate_check(self)) {
    gst_buffer_unref(buffer);
    return GST_FLOW_ERROR;
  }
  if (!self->open) item.object = GST_MINI_OBJECT(gst_winnow_ring_own(buffer));
  gst_winnow_ring_push(self->ring, &item);
  return gst_winnow_gate_advance(self);
}

static void begin_stream(GstWinnowGate *self) {
  gst_segment_init(&self->segment, GST_FORMAT_TIME);
  self->now = self->newest = self->began = GST_WINNOW_TIME_NONE;
  self->cut_short = self->asked = FALSE;
  GST_OBJECT_LOCK(self);
  gboolean retimestamp = self->retimestamp;
  GST_OBJECT_UNLOCK(self);
  gst_winnow_output_init(&self->output, self->src, retimestamp);
}

/* Nothing of before the flush is wanted behind it. */
static void flush(GstWinnowGate *self) {
  gst_winnow_gate_forget(self);
  gst_winnow_gate_finish(self, FALSE);
  begin_stream(self);
}

static void end_stream(GstWinnowGate *self) {
  if (self->source == NULL) gst_winnow_gate_see_end(self);
  gst_winnow_gate_advance(self);
  gst_winnow_gate_finish(self, TRUE);
}

static void take_event(GstWinnowGate *self, GstEvent *event) {
  GstWinnowItem item = {
      .object = GST_MINI_OBJECT(event), .at = GST_WINNOW_TIME_NONE, .shown = GST_WINNOW_TIME_NONE};
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &self->segment);
  if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
    GstClockTime time;
    gst_event_parse_gap(event, &time, NULL);
    item.at = item.shown = gst_winnow_running_time(&self->segment, time, GST_WINNOW_TIME_NONE);
  }
  if (self->source == NULL) gst_winnow_gate_see_event(self, event);
  gst_winnow_ring_push(self->ring, &item);
  gst_winnow_gate_advance(self);
}

static gboolean sink_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  GstWinnowGate *self = GST_WINNOW_GATE(parent);
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
    flush(self);
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
    end_stream(self);
  } else if (GST_EVENT_IS_SERIALIZED(event)) {
    take_event(self, event);
    return TRUE;
  }
  return gst_pad_event_default(pad, parent, event);
}

/* Buffers of a pool behind would be held back, and that pool may have few. */
static gboolean sink_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  GstWinnowGate *self = GST_WINNOW_GATE(parent);
  if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
    return gst_pad_query_default(pad, parent, query);
  if (!gst_pad_peer_query(self->src, query)) return FALSE;
  while (gst_query_get_n_allocation_pools(query) > 0)
    gst_query_remove_nth_allocation_pool(query, 0);
  return TRUE;
}

/* ---- Start and stop ------------------------------------------------------- */

static gboolean start(GstWinnowGate *self) {
  GST_OBJECT_LOCK(self);
  g_autofree gchar *classifier = g_strdup(self->classifier);
  gboolean split = self->split;
  GST_OBJECT_UNLOCK(self);
  g_autofree gchar *problem = NULL;
  self->watcher = gst_winnow_watcher_new();
  self->spans = gst_winnow_spans_new();
  self->ring = gst_winnow_ring_new();
  self->n_events = 0;
  self->told = self->told_short = FALSE;
  begin_stream(self);
  if (split) self->splitters = gst_winnow_split_new(GST_ELEMENT(self));
  if (classifier == NULL || classifier[0] == '\0') return TRUE;
  self->source = gst_winnow_source_new(GST_ELEMENT(self), classifier, &gst_winnow_gate_source_calls,
                                       self, &problem);
  if (self->source == NULL) GST_ELEMENT_ERROR(self, RESOURCE, NOT_FOUND, ("%s", problem), (NULL));
  return self->source != NULL;
}

static void stop(GstWinnowGate *self) {
  g_clear_pointer(&self->source, gst_winnow_source_free);
  g_clear_pointer(&self->splitters, gst_winnow_split_free);
  gst_winnow_gate_finish(self, FALSE);
  g_clear_pointer(&self->ring, gst_winnow_ring_free);
  g_clear_pointer(&self->spans, gst_winnow_spans_free);
  g_clear_pointer(&self->watcher, gst_winnow_watcher_free);
  g_clear_pointer(&self->problem, g_free);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change) {
  GstWinnowGate *self = GST_WINNOW_GATE(element);
  GstElementClass *parent = GST_ELEMENT_CLASS(gst_winnow_gate_parent_class);
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED && !start(self)) {
    stop(self);
    return GST_STATE_CHANGE_FAILURE;
  }
  GstStateChangeReturn result = parent->change_state(element, change);
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (change == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE))
    stop(self);
  return result;
}

/* ---- Properties ----------------------------------------------------------- */

#define FIELD(name) G_STRUCT_OFFSET(GstWinnowGate, name)
static const GstWinnowProperty rows[] = {
    /**
     * GstWinnowGate:when:
     *
     * The states that are wanted: labels and groups of the model as in winnowclassify's `watch`,
     * `nothing` and `unknown`. Where it is not set, what the classifier watches. With a watch list
     * the network stops as soon as nothing of it is left: other labels are then less sure.
     *
     * Since: 0.1
     */
    {"when", "When", "Labels, groups, nothing or unknown; default: what the classifier watches",
     GST_WINNOW_STRING(NULL), FIELD(when), GST_WINNOW_PLAYING},
    /**
     * GstWinnowGate:classifier:
     *
     * The name of the element in the pipeline whose results count; else those on the buffers do.
     *
     * Since: 0.1
     */
    {"classifier", "Classifier", "Name of the winnowclassify whose results count",
     GST_WINNOW_STRING(NULL), FIELD(classifier), GST_WINNOW_READY},
    /**
     * GstWinnowGate:pre-roll:
     *
     * What passes of the time before a wanted state, in ns; an encoded stream begins with the key
     * frame before that. #GstWinnowGate:max-bytes bounds it, too.
     *
     * Since: 0.1
     */
    {"pre-roll", "Pre-roll", "Time before the state that passes, in ns",
     GST_WINNOW_UINT64(5 * GST_SECOND, 0, G_MAXINT64), FIELD(pre_roll), GST_WINNOW_PLAYING},
    /**
     * GstWinnowGate:hold:
     *
     * What passes of the time after a wanted state, in ns.
     *
     * Since: 0.1
     */
    {"hold", "Hold", "Time after the state that passes, in ns",
     GST_WINNOW_UINT64(10 * GST_SECOND, 0, G_MAXINT64), FIELD(hold), GST_WINNOW_PLAYING},
    /**
     * GstWinnowGate:max:
     *
     * An event is cut at the first key frame this long after its state began, in ns; 0: never.
     *
     * Since: 0.1
     */
    {"max", "Maximum", "Longest event without its pre-roll in ns, 0: any",
     GST_WINNOW_UINT64(0, 0, G_MAXINT64), FIELD(max), GST_WINNOW_PLAYING},
    /**
     * GstWinnowGate:max-bytes:
     *
     * The most that is held back for the pre-roll. A warning says once when that is too little.
     *
     * Since: 0.1
     */
    {"max-bytes", "Maximum of bytes", "Most bytes that are held back for the pre-roll",
     GST_WINNOW_UINT64(64 << 20, 0, G_MAXINT64), FIELD(max_bytes), GST_WINNOW_PLAYING},
    /**
     * GstWinnowGate:max-buffers:
     *
     * So many buffers of an event pass, with `pre-roll=0` and 1 a picture of each; 0: all.
     *
     * Since: 0.1
     */
    {"max-buffers", "Maximum of buffers", "Buffers of an event that pass, 0: all",
     GST_WINNOW_UINT(0, 0, G_MAXINT), FIELD(max_buffers), GST_WINNOW_PLAYING},
    /**
     * GstWinnowGate:retimestamp:
     *
     * Time stamps begin at 0 and go on from one event to the next; else they stay as they are.
     *
     * Since: 0.1
     */
    {"retimestamp", "Retimestamp", "Make time stamps continuous from event to event",
     GST_WINNOW_BOOLEAN(FALSE), FIELD(retimestamp), GST_WINNOW_READY},
    /**
     * GstWinnowGate:split:
     *
     * A splitmuxsink behind begins another file with each event.
     *
     * Since: 0.1
     */
    {"split", "Split", "Have a splitmuxsink behind begin a file with each event",
     GST_WINNOW_BOOLEAN(TRUE), FIELD(split), GST_WINNOW_READY},
};
static const GstWinnowProperties properties = {rows, G_N_ELEMENTS(rows)};

static void finalize(GObject *object) {
  gst_winnow_properties_clear(object);
  g_mutex_clear(&GST_WINNOW_GATE(object)->lock);
  G_OBJECT_CLASS(gst_winnow_gate_parent_class)->finalize(object);
}

static void gst_winnow_gate_class_init(GstWinnowGateClass *klass) {
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  gst_winnow_properties_install(G_OBJECT_CLASS(klass), &properties);
  element->change_state = change_state;
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "Winnow gate", "Filter/Video",
                                        "Passes buffers only around events", "The Winnow authors");
  gst_winnow_meta_register();
}

static void gst_winnow_gate_init(GstWinnowGate *self) {
  g_mutex_init(&self->lock);
  gst_winnow_properties_init(G_OBJECT(self));
  self->sink = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(self->sink, chain);
  gst_pad_set_event_function(self->sink, sink_event);
  gst_pad_set_query_function(self->sink, sink_query);
  GST_PAD_SET_PROXY_CAPS(self->sink);
  gst_element_add_pad(GST_ELEMENT(self), self->sink);
  self->src = gst_pad_new_from_static_template(&src_template, "src");
  GST_PAD_SET_PROXY_CAPS(self->src);
  gst_element_add_pad(GST_ELEMENT(self), self->src);
}
