/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowpublish: results as lines of JSON.  Buffers pass as they are.
 */

/**
 * SECTION:element-winnowpublish
 * @title: winnowpublish
 * @short_description: writes results as lines of JSON
 *
 * Passes everything on and writes each result on it as one JSON object on a line of its own, to a
 * file, which is appended to, a FIFO or standard output. The keys are those of `winnow classify
 * --json`; a result of a region has `x`, `y`, `w` and `h` too.
 *
 * A location with a number in it, such as `seen-%05d.json`, is a file for each line, counted from
 * 0.
 *
 * The stream never waits for whoever reads: a line for which a FIFO has no room, or no reader, is
 * left out and counted in #GstWinnowPublish:dropped. What arrives are whole lines. A file that
 * cannot be written any more, on a full disk say, is an error that ends the stream; the lines in it
 * are whole, too.
 *
 * With #GstWinnowPublish:on-change, a result of the whole frame is written only when the steady
 * state changes, as winnowclassify's `stable-time`, `min-confidence` and `watch` have it, with the
 * keys `event`, `state` and `since` of its messages, and so is that of winnowclassify's `region`;
 * results of regions of interest are all written.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q videotestsrc num-buffers=30 \
 *   ! winnowclassify model-file=models/paper/edge-cifar10.onnx ! winnowpublish ! fakesink
 * ]| Prints a line for each frame.
 * |[
 * gst-launch-1.0 -q v4l2src ! decodebin ! videoconvert \
 *   ! winnowclassify model-file=models/everyday.onnx \
 *   ! winnowpublish on-change=true location=seen.jsonl ! fakesink
 * ]| Keeps a log of what a camera saw.
 *
 * Since: 0.1
 */
#include "channel/gstwinnowpublish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "gstwinnow.h"
#include "common/properties.h"
#include "common/tracks.h"
#include "line_output.h"

GST_DEBUG_CATEGORY_STATIC(gst_winnow_publish_debug);
#define GST_CAT_DEFAULT gst_winnow_publish_debug

struct _GstWinnowPublish {
  GstBaseTransform parent;
  /* under the object lock */
  gchar *location;
  gboolean on_change;
  guint64 dropped;
  /* of the streaming thread */
  LineOutput output;
  gchar *pattern; /* of files of one line each, or NULL: all go to `output` */
  guint n_files;
  gboolean failed; /* the error has been posted */
  GstWinnowDisplay display;
  GstWinnowTracks *tracks; /* one, of the frame or its region, where there was one */
  GstWinnowResult *last;   /* that it was fed */
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE_WITH_CODE(GstWinnowPublish, gst_winnow_publish, GST_TYPE_BASE_TRANSFORM,
                        GST_DEBUG_CATEGORY_INIT(gst_winnow_publish_debug, "winnowpublish", 0,
                                                "results as lines of JSON"))
GST_ELEMENT_REGISTER_DEFINE(winnowpublish, "winnowpublish", GST_RANK_NONE, GST_TYPE_WINNOW_PUBLISH)

static void forget(GstWinnowPublish *self) {
  gst_winnow_tracks_reset(self->tracks);
  g_clear_pointer(&self->last, gst_winnow_result_unref);
}

/* Whether one number stands in it, %d or with its digits, and nothing else that begins with %. */
static gboolean is_pattern(const gchar *location) {
  return g_regex_match_simple("^[^%]*%(0?[1-9])?d[^%]*$", location, G_REGEX_DOLLAR_ENDONLY, 0);
}

static gchar *numbered(const gchar *pattern, guint number) {
  const gint before = (gint)strcspn(pattern, "%");
  const gchar *percent = pattern + before, *d = percent + strcspn(percent, "d");
  const gint width = d > percent + 1 ? d[-1] - '0' : 0;
  return percent[1] == '0' ? g_strdup_printf("%.*s%0*u%s", before, pattern, width, number, d + 1)
                           : g_strdup_printf("%.*s%*u%s", before, pattern, width, number, d + 1);
}

static gboolean start(GstBaseTransform *trans) {
  GstWinnowPublish *self = GST_WINNOW_PUBLISH(trans);
  GST_OBJECT_LOCK(self);
  g_autofree gchar *location = g_strdup(self->location);
  self->dropped = 0;
  GST_OBJECT_UNLOCK(self);
  self->n_files = 0;
  self->failed = FALSE;
  if (is_pattern(location)) {
    self->pattern = g_steal_pointer(&location);
    return TRUE;
  }
  if (line_output_open(&self->output, location)) return TRUE;
  GST_ELEMENT_ERROR(self, RESOURCE, OPEN_WRITE,
                    ("location: cannot write to '%s': %s", location, g_strerror(errno)), (NULL));
  return FALSE;
}

static gboolean stop(GstBaseTransform *trans) {
  GstWinnowPublish *self = GST_WINNOW_PUBLISH(trans);
  line_output_close(&self->output);
  g_clear_pointer(&self->pattern, g_free);
  forget(self);
  return TRUE;
}

/* What cannot be opened is said once: another file of the pattern may be. */
static LineResult write_file(GstWinnowPublish *self, const gchar *location, const gchar *line) {
  LineOutput output;
  if (!line_output_open(&output, location)) {
    GST_OBJECT_LOCK(self);
    gboolean first = self->dropped == 0;
    GST_OBJECT_UNLOCK(self);
    if (errno == ENOSPC || errno == EDQUOT) return LINE_FAILED;
    if (first)
      GST_ELEMENT_WARNING(self, RESOURCE, OPEN_WRITE,
                          ("location: cannot write to '%s': %s", location, g_strerror(errno)),
                          (NULL));
    return LINE_LEFT_OUT;
  }
  self->n_files++;
  LineResult result = line_output_write(&output, line);
  int reason = errno;
  line_output_close(&output);
  errno = reason;
  return result;
}

static void post_failure(GstWinnowPublish *self, const gchar *location) {
  const int reason = errno;
  g_autofree gchar *text =
      g_strdup_printf("location: cannot write to '%s': %s; the lines in it are whole", location,
                      g_strerror(reason));
  self->failed = TRUE;
  if (reason == ENOSPC || reason == EDQUOT)
    GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("%s", text), (NULL));
  else
    GST_ELEMENT_ERROR(self, RESOURCE, WRITE, ("%s", text), (NULL));
}

static void write_line(GstWinnowPublish *self, const gchar *json) {
  g_autofree gchar *line = g_strconcat(json, "\n", NULL);
  g_autofree gchar *file = self->pattern != NULL ? numbered(self->pattern, self->n_files) : NULL;
  LineResult result = self->failed   ? LINE_LEFT_OUT
                      : file != NULL ? write_file(self, file, line)
                                     : line_output_write(&self->output, line);
  if (result == LINE_WRITTEN) return;
  if (result == LINE_FAILED) post_failure(self, file != NULL ? file : self->output.location);
  GST_OBJECT_LOCK(self);
  self->dropped++;
  GST_OBJECT_UNLOCK(self);
}

static void write_changes(GstWinnowPublish *self, const WnStateChange *changes, gint n) {
  for (gint i = 0; i < n; i++) {
    char *json = wn_state_change_json(&changes[i], gst_winnow_result_peek(self->last));
    if (json == NULL) g_error("no memory for a result");
    write_line(self, json);
    free(json);
  }
}

static void write_if_changed(GstWinnowPublish *self, GstWinnowResult *result) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  gst_winnow_tracks_begin(self->tracks);
  GstWinnowTrack *track = gst_winnow_tracks_take(self->tracks, FALSE, NULL);
  gst_winnow_tracks_end(self->tracks);
  g_clear_pointer(&self->last, gst_winnow_result_unref);
  self->last = gst_winnow_result_ref(result);
  write_changes(self, changes,
                gst_winnow_track_feed(track, gst_winnow_result_peek(result), changes));
}

/* Writes what `what` makes of the state, where there is one. */
static void write_state(GstWinnowPublish *self, gint (*what)(GstWinnowTrack *, WnStateChange *)) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  for (guint i = 0; i < gst_winnow_tracks_count(self->tracks); i++)
    write_changes(self, changes, what(gst_winnow_tracks_get(self->tracks, i), changes));
}

/* Whether a region of interest has a result of its own. */
static gboolean has_region_results(GstBuffer *buffer) {
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    g_autoptr(GstWinnowResult) result =
        gst_winnow_result_from_region((GstVideoRegionOfInterestMeta *)meta);
    if (result != NULL) return TRUE;
  }
  return FALSE;
}

/* Of the whole frame, or of the one part of it that is always looked at. */
static gboolean has_state(GstBuffer *buffer, const GPtrArray *results,
                          const GstWinnowResult *result) {
  if (!gst_winnow_result_get_region(result, NULL, NULL, NULL, NULL)) return TRUE;
  return results->len == 1 && !has_region_results(buffer);
}

static GstFlowReturn transform_ip(GstBaseTransform *trans, GstBuffer *buffer) {
  GstWinnowPublish *self = GST_WINNOW_PUBLISH(trans);
  g_autoptr(GPtrArray) results = gst_winnow_results_from_buffer(buffer);
  GST_OBJECT_LOCK(self);
  gboolean on_change = self->on_change;
  GST_OBJECT_UNLOCK(self);
  gboolean whole = FALSE;
  if (!on_change) forget(self);
  for (guint i = 0; i < results->len; i++) {
    GstWinnowResult *result = g_ptr_array_index(results, i);
    if (on_change && has_state(buffer, results, result)) {
      write_if_changed(self, result);
      whole = TRUE;
    } else {
      g_autofree gchar *json = gst_winnow_result_to_json(result);
      write_line(self, json);
    }
  }
  if (!whole) write_state(self, gst_winnow_track_tick);
  return self->failed ? GST_FLOW_ERROR : GST_FLOW_OK;
}

static gboolean sink_event(GstBaseTransform *trans, GstEvent *event) {
  GstWinnowPublish *self = GST_WINNOW_PUBLISH(trans);
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) forget(self);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) write_state(self, gst_winnow_track_finish);
  if (gst_winnow_display_event_parse(event, &self->display))
    gst_winnow_tracks_configure(self->tracks, &self->display,
                                gst_winnow_display_event_description(event));
  return GST_BASE_TRANSFORM_CLASS(gst_winnow_publish_parent_class)->sink_event(trans, event);
}

/* ---- Properties ----------------------------------------------------------- */

#define FIELD(name) G_STRUCT_OFFSET(GstWinnowPublish, name)
static const GstWinnowProperty rows[] = {
    /**
     * GstWinnowPublish:location:
     *
     * The file that is appended to, or a FIFO; `-` for standard output. With a number, `%d` or with
     * digits `%05d`, a file for each line.
     *
     * Since: 0.1
     */
    {"location", "Location", "File or FIFO to write to, - for standard output",
     GST_WINNOW_STRING("-"), FIELD(location), GST_WINNOW_READY},
    /**
     * GstWinnowPublish:on-change:
     *
     * Write a result of the whole frame only when the steady state changes.
     *
     * Since: 0.1
     */
    {"on-change", "On change", "Write only when the steady state changes",
     GST_WINNOW_BOOLEAN(FALSE), FIELD(on_change), GST_WINNOW_PLAYING},
    /**
     * GstWinnowPublish:dropped:
     *
     * How many lines were left out since the start.
     *
     * Since: 0.1
     */
    {"dropped", "Dropped", "Lines that found no room or no reader",
     GST_WINNOW_UINT64(0, 0, G_MAXUINT64), FIELD(dropped), GST_WINNOW_READ_ONLY},
};
static const GstWinnowProperties properties = {rows, G_N_ELEMENTS(rows)};

static void finalize(GObject *object) {
  gst_winnow_properties_clear(object);
  gst_winnow_tracks_free(GST_WINNOW_PUBLISH(object)->tracks);
  G_OBJECT_CLASS(gst_winnow_publish_parent_class)->finalize(object);
}

static void gst_winnow_publish_class_init(GstWinnowPublishClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstBaseTransformClass *trans = GST_BASE_TRANSFORM_CLASS(klass);
  object->finalize = finalize;
  gst_winnow_properties_install(object, &properties);
  trans->start = start;
  trans->stop = stop;
  trans->transform_ip = transform_ip;
  trans->transform_ip_on_passthrough = TRUE;
  trans->sink_event = sink_event;
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &sink_template);
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &src_template);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Winnow publisher",
                                        "Filter/Analyzer/Video", "Writes results as lines of JSON",
                                        "The Winnow authors");
}

static void gst_winnow_publish_init(GstWinnowPublish *self) {
  gst_winnow_properties_init(G_OBJECT(self));
  self->display = GST_WINNOW_DISPLAY_DEFAULT;
  self->tracks = gst_winnow_tracks_new();
  gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(self), TRUE);
}
