/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowshmsink: a pipeline's frames and results into a shared-memory channel.
 */

/**
 * SECTION:element-winnowshmsink
 * @title: winnowshmsink
 * @short_description: gives frames and their results to other processes
 *
 * Publishes each frame, with the result that winnowclassify attached to it, in shared memory that
 * other processes can read and not write. Any number of them, up to #GstWinnowShmSink:max-readers,
 * see the newest frame; one that is slow, stopped or killed delays neither this pipeline nor the
 * others. Each frame is copied once. Readers are winnowshmsrc, and programs that use
 * `winnow/ipc.h`; they are let in at any time, in a paused pipeline too.
 *
 * Every frame that comes is published once, also when it comes late. With `sync`, as by default,
 * that is at its time; with `sync=false` at once. With `qos=true` elements in front learn how late
 * frames are: winnowclassify then passes late ones with the last result.
 *
 * Of several results on a frame the last is published; with `inference-region=roi-list` that is the
 * one of the last region.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 v4l2src ! decodebin ! videoconvert \
 *   ! winnowclassify model-file=models/everyday.onnx \
 *   ! winnowshmsink socket-path=$XDG_RUNTIME_DIR/camera
 * ]| Classifies a camera's frames and shares them.
 * |[
 * gst-launch-1.0 winnowshmsrc socket-path=$XDG_RUNTIME_DIR/camera ! winnowoverlay \
 *   ! videoconvert ! autovideosink
 * ]| Shows them from another process, with what was found.
 *
 * Since: 0.1
 */
#include "channel/gstwinnowshmsink.h"

#include "channel/shm_publisher.h"
#include "common/display_event.h"
#include "common/frame_map.h"
#include "common/properties.h"
#include "gstwinnow.h"
#include <winnow/result.h>

GST_DEBUG_CATEGORY_STATIC(gst_winnow_shm_sink_debug);
#define GST_CAT_DEFAULT gst_winnow_shm_sink_debug

struct _GstWinnowShmSink {
  GstVideoSink parent;
  /* under the object lock */
  gchar *socket_path, *socket_group;
  guint socket_mode, max_readers;
  /* of the streaming thread */
  GstWinnowShmPublisher *publisher;
  GstVideoInfo info;
  GstBuffer *waiting; /* published while the pipeline was paused, and to be rendered yet */
};

G_DEFINE_TYPE_WITH_CODE(GstWinnowShmSink, gst_winnow_shm_sink, GST_TYPE_VIDEO_SINK,
                        GST_DEBUG_CATEGORY_INIT(gst_winnow_shm_sink_debug, "winnowshmsink", 0,
                                                "frames and results into shared memory"))
GST_ELEMENT_REGISTER_DEFINE(winnowshmsink, "winnowshmsink", GST_RANK_NONE, GST_TYPE_WINNOW_SHM_SINK)

static gboolean start(GstBaseSink *base) {
  GstWinnowShmSink *self = GST_WINNOW_SHM_SINK(base);
  WnError error = {.message = "socket-path is not set: set it to where the socket shall be"};
  GST_OBJECT_LOCK(self);
  g_autofree gchar *path = g_strdup(self->socket_path), *group = g_strdup(self->socket_group);
  WnPublisherOptions options = {
      .max_readers = (int32_t)self->max_readers, .mode = self->socket_mode, .group = group};
  GST_OBJECT_UNLOCK(self);
  if (path != NULL) self->publisher = gst_winnow_shm_publisher_new(path, &options, &error);
  if (self->publisher != NULL) return TRUE;
  GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", error.message), (NULL));
  return FALSE;
}

static gboolean stop(GstBaseSink *base) {
  GstWinnowShmSink *self = GST_WINNOW_SHM_SINK(base);
  gst_clear_buffer(&self->waiting);
  g_clear_pointer(&self->publisher, gst_winnow_shm_publisher_free);
  return TRUE;
}

static gboolean set_caps(GstBaseSink *base, GstCaps *caps) {
  return gst_winnow_frame_map_caps(&GST_WINNOW_SHM_SINK(base)->info, caps);
}

/* Frames may come with any strides, and in larger ones. */
static gboolean propose_allocation(GstBaseSink *base, GstQuery *query) {
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_add_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, NULL);
  return TRUE;
}

/* The results of a buffer as the engine has them; they belong to `held`.  Returns how many. */
static gint gather(const GPtrArray *held, WnResult out[WN_SNAPSHOT_MAX_RESULTS]) {
  gint n = (gint)MIN(held->len, WN_SNAPSHOT_MAX_RESULTS);
  for (gint i = 0; i < n; i++) out[i] = *gst_winnow_result_peek(g_ptr_array_index(held, i));
  return n;
}

/* Times that a channel does not take, a century and a half away, are none. */
static void set_times(WnFrame *frame, const WnResult *result) {
  const gint64 most = G_MAXINT64 / 2;
  if (result != NULL && result->time_ns != 0) frame->time_ns = result->time_ns + result->age_ns;
  if (frame->time_ns < -most || frame->time_ns > most) frame->time_ns = 0;
  if (frame->pts_ns < 0 || frame->pts_ns > most) frame->pts_ns = WN_PTS_NONE;
}

static GstFlowReturn publish(GstWinnowShmSink *self, GstBuffer *buffer) {
  g_autoptr(GPtrArray) held = gst_winnow_results_from_buffer(buffer);
  WnResult results[WN_SNAPSHOT_MAX_RESULTS];
  gint n_results = gather(held, results);
  GstVideoFrame mapped;
  WnFrame frame;
  WnError error;
  if (!gst_winnow_frame_open(GST_ELEMENT(self), &self->info, buffer, GST_MAP_READ, &mapped))
    return GST_FLOW_ERROR;
  gst_winnow_frame_map(&mapped, &frame); /* the pad template has no other formats */
  set_times(&frame, n_results > 0 ? &results[0] : NULL);
  WnStatus status =
      gst_winnow_shm_publisher_publish(self->publisher, &frame, results, n_results, &error);
  gst_video_frame_unmap(&mapped);
  if (status == WN_OK) return GST_FLOW_OK;
  GST_ELEMENT_ERROR(self, STREAM, FAILED, ("%s", error.message), (NULL));
  return GST_FLOW_ERROR;
}

/* What winnowclassify says of the results is told to readers. */
static gboolean event(GstBaseSink *base, GstEvent *e) {
  GstWinnowShmSink *self = GST_WINNOW_SHM_SINK(base);
  const gchar *description = gst_winnow_display_event_description(e);
  WnError error;
  if (description != NULL &&
      gst_winnow_shm_publisher_describe(self->publisher, description, &error) != WN_OK)
    GST_WARNING_OBJECT(self, "%s", error.message);
  return GST_BASE_SINK_CLASS(gst_winnow_shm_sink_parent_class)->event(base, e);
}

/* The base class shows a frame once or more while the pipeline is paused, and renders it when it is
 * played; what is published is each frame, once. */
static GstFlowReturn show_frame(GstVideoSink *sink, GstBuffer *buffer) {
  GstWinnowShmSink *self = GST_WINNOW_SHM_SINK(sink);
  if (buffer == self->waiting) return GST_FLOW_OK;
  gst_buffer_replace(&self->waiting, buffer);
  return publish(self, buffer);
}

static GstFlowReturn render(GstBaseSink *base, GstBuffer *buffer) {
  GstWinnowShmSink *self = GST_WINNOW_SHM_SINK(base);
  gboolean is_published = buffer == self->waiting;
  gst_clear_buffer(&self->waiting);
  return is_published ? GST_FLOW_OK : publish(self, buffer);
}

/* ---- Properties ----------------------------------------------------------- */

#define FIELD(name) G_STRUCT_OFFSET(GstWinnowShmSink, name)
static const GstWinnowProperty rows[] = {
    /**
     * GstWinnowShmSink:socket-path:
     *
     * Where readers connect. A socket that a killed process left there is replaced.
     *
     * Since: 0.1
     */
    {"socket-path", "Socket path", "Path of the socket that readers connect to",
     GST_WINNOW_STRING(NULL), FIELD(socket_path), GST_WINNOW_READY},
    /**
     * GstWinnowShmSink:socket-mode:
     *
     * Who may connect, as in chmod: 384 is 0600, 432 is 0660. 0: this user, and with a
     * #GstWinnowShmSink:socket-group its members too.
     *
     * Since: 0.1
     */
    {"socket-mode", "Socket mode",
     "Permissions of the socket: 384 (0600) for this user, 432 (0660) for the group too, 438 "
     "(0666) for all; 0: 432 with a socket-group, else 384",
     GST_WINNOW_UINT(0, 0, 0777), FIELD(socket_mode), GST_WINNOW_READY},
    /**
     * GstWinnowShmSink:socket-group:
     *
     * The group that the socket is given to; without #GstWinnowShmSink:socket-mode its members
     * may connect.
     *
     * Since: 0.1
     */
    {"socket-group", "Socket group", "Group that the socket is given to", GST_WINNOW_STRING(NULL),
     FIELD(socket_group), GST_WINNOW_READY},
    /**
     * GstWinnowShmSink:max-readers:
     *
     * How many may be connected at once; more are told so.
     *
     * Since: 0.1
     */
    {"max-readers", "Maximum of readers", "Readers connected at once", GST_WINNOW_UINT(32, 1, 256),
     FIELD(max_readers), GST_WINNOW_READY},
};
static const GstWinnowProperties properties = {rows, G_N_ELEMENTS(rows)};

static void finalize(GObject *object) {
  gst_winnow_properties_clear(object);
  G_OBJECT_CLASS(gst_winnow_shm_sink_parent_class)->finalize(object);
}

static void gst_winnow_shm_sink_class_init(GstWinnowShmSinkClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstBaseSinkClass *base = GST_BASE_SINK_CLASS(klass);
  object->finalize = finalize;
  gst_winnow_properties_install(object, &properties);
  base->start = start;
  base->stop = stop;
  base->set_caps = set_caps;
  base->propose_allocation = propose_allocation;
  base->render = render;
  base->event = event;
  GST_VIDEO_SINK_CLASS(klass)->show_frame = show_frame;
  gst_winnow_frame_add_template(GST_ELEMENT_CLASS(klass), "sink", GST_PAD_SINK, TRUE);
  gst_element_class_set_static_metadata(
      GST_ELEMENT_CLASS(klass), "Winnow shared-memory sink", "Sink/Video",
      "Gives frames and their results to other processes", "The Winnow authors");
}

static void gst_winnow_shm_sink_init(GstWinnowShmSink *self) {
  gst_winnow_properties_init(G_OBJECT(self));
  /* A video sink leaves out what comes late, and has it left out further up: a reader decides that
   * for itself. */
  gst_base_sink_set_max_lateness(GST_BASE_SINK(self), -1);
  gst_base_sink_set_qos_enabled(GST_BASE_SINK(self), FALSE);
}
