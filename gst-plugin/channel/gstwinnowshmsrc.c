/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowshmsrc: frames and results of a shared-memory channel into a pipeline.
 */

/**
 * SECTION:element-winnowshmsrc
 * @title: winnowshmsrc
 * @short_description: takes frames and their results from another process
 *
 * Reads what winnowshmsink, or a program that uses `winnow/ipc.h`, publishes: always the newest
 * frame, with its result attached as winnowclassify would have done it. It waits for the publisher
 * to come, and for the next one when it has gone. A frame is copied once, and one that was
 * overwritten meanwhile is left out.
 *
 * Frames get the running time at which they arrive. With `do-timestamp=false` they keep the
 * timestamps of the pipeline that they come from; a #GstReferenceTimestampMeta with the caps
 * `timestamp/x-winnow-publisher` has these in any case.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 winnowshmsrc socket-path=$XDG_RUNTIME_DIR/camera ! winnowoverlay \
 *   ! videoconvert ! autovideosink
 * ]| Shows the frames of winnowshmsink and what was found in them.
 *
 * Since: 0.1
 */
#include "channel/gstwinnowshmsrc.h"

#include <gst/video/video.h>
#include <string.h>
#include <winnow/ipc.h>
#include "channel/wait.h"
#include "meta/attach.h"
#include "common/frame_map.h"
#include "common/display_event.h"
#include "common/properties.h"
#include "gstwinnow.h"

GST_DEBUG_CATEGORY_STATIC(gst_winnow_shm_src_debug);
#define GST_CAT_DEFAULT gst_winnow_shm_src_debug

struct _GstWinnowShmSrc {
  GstPushSrc parent;
  gchar *socket_path; /* under the object lock */
  GstPoll *poll;      /* for the reader's descriptor; flushing: the pipeline stops */
  /* of the streaming thread */
  WnReader *reader;
  GstVideoInfo info;   /* of the last frame; GST_VIDEO_FORMAT_UNKNOWN before the first */
  GstBufferPool *pool; /* of such frames: new memory for each costs as much as copying it */
  GstCaps *publisher_time;
  gchar *description; /* of the channel, as the elements behind know it, or NULL */
};

G_DEFINE_TYPE_WITH_CODE(GstWinnowShmSrc, gst_winnow_shm_src, GST_TYPE_PUSH_SRC,
                        GST_DEBUG_CATEGORY_INIT(gst_winnow_shm_src_debug, "winnowshmsrc", 0,
                                                "frames and results from shared memory"))
GST_ELEMENT_REGISTER_DEFINE(winnowshmsrc, "winnowshmsrc", GST_RANK_NONE, GST_TYPE_WINNOW_SHM_SRC)

static gboolean start(GstBaseSrc *base) {
  GstWinnowShmSrc *self = GST_WINNOW_SHM_SRC(base);
  WnError error = {.message = "socket-path is not set: set it to the publisher's socket"};
  GST_OBJECT_LOCK(self);
  g_autofree gchar *path = g_strdup(self->socket_path);
  GST_OBJECT_UNLOCK(self);
  gst_video_info_init(&self->info);
  if (path != NULL && wn_reader_new(path, &self->reader, &error) == WN_OK) {
    self->poll = gst_winnow_wait_new(wn_reader_descriptor(self->reader));
    return TRUE;
  }
  GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", error.message), (NULL));
  return FALSE;
}

static void drop_pool(GstWinnowShmSrc *self) {
  if (self->pool != NULL) gst_buffer_pool_set_active(self->pool, FALSE);
  gst_clear_object(&self->pool);
}

static gboolean make_pool(GstWinnowShmSrc *self, GstCaps *caps) {
  drop_pool(self);
  self->pool = gst_video_buffer_pool_new();
  GstStructure *config = gst_buffer_pool_get_config(self->pool);
  gst_buffer_pool_config_set_params(config, caps, (guint)GST_VIDEO_INFO_SIZE(&self->info), 2, 0);
  return gst_buffer_pool_set_config(self->pool, config) &&
         gst_buffer_pool_set_active(self->pool, TRUE);
}

static gboolean stop(GstBaseSrc *base) {
  GstWinnowShmSrc *self = GST_WINNOW_SHM_SRC(base);
  drop_pool(self);
  g_clear_pointer(&self->poll, gst_poll_free);
  g_clear_pointer(&self->reader, wn_reader_free);
  g_clear_pointer(&self->description, g_free);
  return TRUE;
}

static gboolean unlock(GstBaseSrc *base) {
  gst_poll_set_flushing(GST_WINNOW_SHM_SRC(base)->poll, TRUE);
  return TRUE;
}

static gboolean unlock_stop(GstBaseSrc *base) {
  gst_poll_set_flushing(GST_WINNOW_SHM_SRC(base)->poll, FALSE);
  return TRUE;
}

/* Caps come with the first frame. */
static gboolean negotiate(GstBaseSrc *base) {
  return TRUE;
}

static gboolean follow_caps(GstWinnowShmSrc *self, const WnFrame *frame) {
  GstVideoInfo info;
  if (!gst_winnow_frame_unmap(frame, &info)) return FALSE;
  if (GST_VIDEO_INFO_FORMAT(&self->info) != GST_VIDEO_FORMAT_UNKNOWN &&
      gst_video_info_is_equal(&info, &self->info))
    return TRUE;
  g_autoptr(GstCaps) caps = gst_video_info_to_caps(&info);
  GST_INFO_OBJECT(self, "frames are %" GST_PTR_FORMAT, caps);
  self->info = info;
  return make_pool(self, caps) && gst_base_src_set_caps(GST_BASE_SRC(self), caps);
}

/* A buffer with the pixels, which may be changing; NULL: no memory. */
static GstBuffer *copy_frame(GstWinnowShmSrc *self, const WnFrame *frame) {
  GstBuffer *buffer = NULL;
  GstVideoFrame to;
  if (gst_buffer_pool_acquire_buffer(self->pool, &buffer, NULL) != GST_FLOW_OK ||
      !gst_video_frame_map(&to, &self->info, buffer, GST_MAP_WRITE)) {
    gst_clear_buffer(&buffer);
    return NULL;
  }
  WnFrame copy;
  if (gst_winnow_frame_map(&to, &copy)) wn_frame_copy(&copy, frame);
  gst_video_frame_unmap(&to);
  return buffer;
}

static void describe(GstWinnowShmSrc *self, const WnSnapshot *got, GstBuffer *buffer) {
  if (got->frame.pts_ns >= 0) {
    GstClockTime pts = (GstClockTime)got->frame.pts_ns;
    if (!gst_base_src_get_do_timestamp(GST_BASE_SRC(self))) GST_BUFFER_PTS(buffer) = pts;
    gst_buffer_add_reference_timestamp_meta(buffer, self->publisher_time, pts, GST_CLOCK_TIME_NONE);
  }
  if (got->n_results == 0) return;
  g_autoptr(GstWinnowResultList) results = gst_winnow_result_list_new();
  for (int32_t i = 0; i < got->n_results; i++)
    gst_winnow_result_list_add(results, &got->results[i], NULL);
  const GstWinnowPlaces nowhere = {0}; /* a new buffer has no regions */
  gst_winnow_result_list_attach(results, buffer, &nowhere, 0);
}

/* What the publisher says of its results is told to the elements behind, which show a state; it may
 * be anything. */
static void follow_description(GstWinnowShmSrc *self) {
  const gchar *text = wn_reader_description(self->reader);
  if (g_strcmp0(text, self->description) == 0) return;
  g_free(self->description);
  self->description = g_strdup(text);
  if (text == NULL || !g_utf8_validate(text, -1, NULL)) return;
  gst_pad_push_event(GST_BASE_SRC_PAD(self),
                     gst_winnow_display_event_new(&GST_WINNOW_DISPLAY_DEFAULT, text));
}

/* *out NULL and GST_FLOW_OK: there is no whole frame, so wait for the next one. */
static GstFlowReturn try_frame(GstWinnowShmSrc *self, GstBuffer **out) {
  WnSnapshot got;
  WnError error;
  WnStatus status = wn_reader_view(self->reader, 0, &got, &error);
  if (status == WN_ERROR_TIMEOUT || (status == WN_OK && !got.has_frame)) return GST_FLOW_OK;
  if (status != WN_OK) {
    GST_ELEMENT_ERROR(self, RESOURCE, READ, ("%s", error.message), (NULL));
    return GST_FLOW_ERROR;
  }
  if (!follow_caps(self, &got.frame)) return GST_FLOW_NOT_NEGOTIATED;
  GstBuffer *buffer = copy_frame(self, &got.frame);
  if (buffer == NULL) {
    GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("no memory for a frame"), (NULL));
    return GST_FLOW_ERROR;
  }
  if (!wn_reader_release(self->reader)) {
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
  }
  describe(self, &got, buffer);
  follow_description(self);
  *out = buffer;
  return GST_FLOW_OK;
}

static GstFlowReturn create(GstPushSrc *push, GstBuffer **out) {
  GstWinnowShmSrc *self = GST_WINNOW_SHM_SRC(push);
  GstFlowReturn flow = GST_FLOW_OK;
  *out = NULL;
  while (flow == GST_FLOW_OK && *out == NULL)
    flow = gst_winnow_wait_until_readable(self->poll) ? try_frame(self, out) : GST_FLOW_FLUSHING;
  return flow;
}

/* ---- Properties ----------------------------------------------------------- */

#define FIELD(name) G_STRUCT_OFFSET(GstWinnowShmSrc, name)
static const GstWinnowProperty rows[] = {
    /**
     * GstWinnowShmSrc:socket-path:
     *
     * The socket of the publisher. It need not be there yet.
     *
     * Since: 0.1
     */
    {"socket-path", "Socket path", "Path of the publisher's socket", GST_WINNOW_STRING(NULL),
     FIELD(socket_path), GST_WINNOW_READY},
};
static const GstWinnowProperties properties = {rows, G_N_ELEMENTS(rows)};

static void finalize(GObject *object) {
  gst_winnow_properties_clear(object);
  gst_caps_unref(GST_WINNOW_SHM_SRC(object)->publisher_time);
  G_OBJECT_CLASS(gst_winnow_shm_src_parent_class)->finalize(object);
}

static void gst_winnow_shm_src_class_init(GstWinnowShmSrcClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS(klass);
  object->finalize = finalize;
  gst_winnow_properties_install(object, &properties);
  base->start = start;
  base->stop = stop;
  base->unlock = unlock;
  base->unlock_stop = unlock_stop;
  base->negotiate = negotiate;
  GST_PUSH_SRC_CLASS(klass)->create = create;
  gst_winnow_frame_add_template(GST_ELEMENT_CLASS(klass), "src", GST_PAD_SRC, FALSE);
  gst_element_class_set_static_metadata(
      GST_ELEMENT_CLASS(klass), "Winnow shared-memory source", "Source/Video",
      "Takes frames and their results from another process", "The Winnow authors");
}

static void gst_winnow_shm_src_init(GstWinnowShmSrc *self) {
  gst_winnow_properties_init(G_OBJECT(self));
  self->publisher_time = gst_caps_new_empty_simple("timestamp/x-winnow-publisher");
  gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
  gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
  gst_base_src_set_do_timestamp(GST_BASE_SRC(self), TRUE);
}
