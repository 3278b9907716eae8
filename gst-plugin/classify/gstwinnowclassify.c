/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowclassify: which frames are classified, and what each frame
 * that leaves carries.  Pixels are only read.  Frames are never dropped or delayed
 * beyond their own inference.
 */

/**
 * SECTION:element-winnowclassify
 * @title: winnowclassify
 * @short_description: classifies frames with an early-exit network
 *
 * Classifies each frame and attaches the result: the label, the stage at which the network
 * stopped, the classes that survived until then, and what that saved. Frames pass unchanged.
 *
 * ## Where the result is
 *
 * - On the buffer: a #GstCustomMeta `GstWinnowClassificationMeta`. libgstwinnow-1.0 reads it
 *   (gst_winnow_result_from_buffer()); so does anything that reads a #GstStructure.
 * - With `region`: the result has `x`, `y`, `w`, `h` and `region`, the name, as well.
 * - With `inference-region=roi-list`: one such meta per region of interest or detection, with `x`,
 *   `y`, `w`, `h`, and the same fields as a parameter `winnow-classification` on each
 *   #GstVideoRegionOfInterestMeta. Regions that do not overlap the frame get none. A region of a
 *   frame without an inference of its own gets the last result of the region that it overlaps most.
 * - On the bus: an element message `winnowclassify` when the steady state changes, which follows
 *   the results within #GstWinnowClassify:stable-time: `event`, `state` and `since` (the timestamp
 *   at which it began), the fields of the result, and `timestamp`, `stream-time`, `running-time`
 *   and `duration` of its frame. `event` is `changed`, and `state` a label, a group that ended the
 *   network, `nothing` or `unknown`. With #GstWinnowClassify:watch only what is watched is told:
 *   `seen` when an entry of the list becomes the state, `gone` when it ends (`state` and `since`
 *   are those of what was seen). At the end of the stream whatever leads is told at once, so that
 *   one picture has its message, too.
 * - With GStreamer 1.24 or newer: a `GstAnalyticsClsMtd` with the survivors of the whole frame, or,
 *   related to it, of each `GstAnalyticsODMtd` that was classified; `as-detection` makes one of the
 *   frame. Of several classifiers in a row each meta has the `element` and the number `cls-mtd`.
 *
 * ## Live sources
 *
 * A frame that the sink already waits for is passed on at once with the last result, while that is
 * younger than #GstWinnowClassify:max-age, and a QOS message tells so; one frame a second is
 * classified however late. Set `qos=false` to classify all late frames. The element tells the
 * pipeline how long it holds a frame, and again when that has changed for half a second. Put
 * `queue leaky=downstream max-size-buffers=1` in front when the camera must never wait, and a plain
 * `queue` behind, so that the next frame is classified while the sink waits to show this one; or
 * set `async=true`. Frames that are marked as corrupted or as a gap keep the last result.
 *
 * ## Changing properties while playing
 *
 * Changes take effect between two frames. A combination that the model does not allow is answered
 * with a warning on the bus; what is in force stays, and the properties say it again. Change those
 * that belong together in one g_object_set().
 *
 * ## What the model sees
 *
 * Pictures as the stream has them: where it says in a tag how it is to be turned, as telephones'
 * do, put `videoflip video-direction=auto` in front. A network answers well only where it gets the
 * numbers that it was trained with: which ones stand for black and white, in which order the
 * channels lie, how much of the frame is taken. What the file and those beside it do not say,
 * properties do, as the options of `winnow`: most often #GstWinnowClassify:preset, as a library's
 * users have it. Where nobody does, a warning on the bus tells once for each model what is assumed;
 * `preset=none` says that it is right. `winnow adopt` writes all of it into the file. Of a model
 * whose classes do not exclude each other (`scores=sigmoid`) the survivors are those above 0.5.
 *
 * ## Another model while playing
 *
 * A file that is set as #GstWinnowClassify:model-file is loaded in a thread of the element's, tried
 * out, and takes the place of the present model between two frames; no frame waits for it or is
 * lost. Results carry its `model-id` from then on. The steady state and what
 * #GstWinnowClassify:unchanged compares with begin anew, as do the counters of the model in
 * #GstWinnowClassify:stats, and elements behind, readers of a channel too, are told its labels
 * before its first result. #GstWinnowClassify:labels-file, what the model sees and the policy stay
 * and have to be possible with the new model, or be set with it in one g_object_set(). So is the
 * present file with other labels or another `preset`. What cannot be used is answered with a
 * warning on the bus; the present model stays, and the properties name it again.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=90 \
 *   ! winnowclassify model-file=models/paper/edge-cifar10.onnx ! fakesink
 * ]| Prints a message whenever the steady state changes.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=90 pattern=ball ! video/x-raw,width=640,height=480 \
 *   ! winnowclassify model-file=models/paper/edge-cifar10.onnx ! winnowoverlay \
 *   ! videoconvert ! autovideosink
 * ]| Draws the results.
 *
 * Since: 0.1
 */
#include "classify/private.h"
#include "common/display_event.h"
#include "common/dmabuf.h"
#include "common/frame_map.h"
#include "gstwinnow.h"
#include "common/regions.h"

GST_DEBUG_CATEGORY(gst_winnow_classify_debug);
#define GST_CAT_DEFAULT gst_winnow_classify_debug

G_DEFINE_TYPE_WITH_CODE(GstWinnowClassify, gst_winnow_classify, GST_TYPE_BASE_TRANSFORM,
                        GST_DEBUG_CATEGORY_INIT(gst_winnow_classify_debug, "winnowclassify", 0,
                                                "early-exit classifier"))
GST_ELEMENT_REGISTER_DEFINE(winnowclassify, "winnowclassify", GST_RANK_NONE,
                            GST_TYPE_WINNOW_CLASSIFY)

/* ---- Start, stop, cut ----------------------------------------------------- */

/* What belongs to the stream so far must not reach what comes next. */
static void cut_stream(GstWinnowClassify *self) {
  if (self->worker != NULL) gst_winnow_worker_flush(self->worker);
  GST_OBJECT_LOCK(self);
  GstWinnowResultList *last = g_steal_pointer(&self->last);
  self->generation++;
  gst_winnow_pace_reset(&self->pace); /* the next frame is due */
  GST_OBJECT_UNLOCK(self);
  if (last != NULL) g_ptr_array_unref(last);
}

static void work(gpointer owner, const GstWinnowJob *job) {
  GstWinnowClassify *self = owner;
  GstWinnowResultList *results = NULL;
  GstFlowReturn flow =
      gst_winnow_classify_infer(self, &job->copy.frame, job->regions, &job->times, &results);
  GST_OBJECT_LOCK(self);
  if (flow == GST_FLOW_ERROR) self->failed = TRUE;
  GstWinnowResultList *old = results;
  if (flow == GST_FLOW_OK && job->times.generation == self->generation) {
    old = self->last;
    self->last = results;
    self->last_times = job->times;
    gst_winnow_classify_infer_show(self);
  }
  GST_OBJECT_UNLOCK(self);
  if (old != NULL) g_ptr_array_unref(old);
}

static gboolean start(GstBaseTransform *trans) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  GST_OBJECT_LOCK(self);
  GstWinnowSettings settings = gst_winnow_settings_copy(&self->settings);
  self->policy_dirty = FALSE;
  self->display_dirty = TRUE;
  self->failed = FALSE;
  gst_winnow_classify_swap_begin(self);
  GST_OBJECT_UNLOCK(self);

  WnError error = {.status = WN_ERROR_IO,
                   .message = "model-file is not set: set it to an ONNX file"};
  GstClockTime full_duration = 0;
  WnStatus status = WN_ERROR_IO;
  if (settings.model_file != NULL)
    status =
        gst_winnow_engine_open(&self->engine, trans->sinkpad, &settings, &full_duration, &error);
  gboolean async = settings.async;
  guint64 deadline = settings.deadline;
  GST_OBJECT_LOCK(self);
  gst_winnow_settings_take(&self->good, &settings, GST_WINNOW_CHANGE_POLICY);
  GST_OBJECT_UNLOCK(self);
  gst_winnow_settings_clear(&settings);
  if (status != WN_OK) {
    gst_winnow_classify_swap_end(self);
    gst_winnow_engine_post(GST_ELEMENT(self), GST_MESSAGE_ERROR, &error);
    return FALSE;
  }

  gst_winnow_engine_log(GST_ELEMENT(self), &self->engine, full_duration);
  const WnModelInfo *info = wn_model_info(self->engine.model);
  GST_OBJECT_LOCK(self);
  gst_winnow_stats_reset(&self->stats, (guint)info->n_stages, info->macs_full);
  gst_winnow_latency_begin(&self->latency,
                           deadline > 0 ? MIN(full_duration, deadline) : full_duration);
  GST_OBJECT_UNLOCK(self);
  cut_stream(self);
  gst_winnow_engine_warn_model(GST_ELEMENT(self), &self->engine);
  gst_winnow_engine_warn(GST_ELEMENT(self), &self->engine);
  gst_winnow_classify_infer_begin(self);
  if (async) self->worker = gst_winnow_worker_new(work, self);
  return TRUE;
}

static gboolean stop(GstBaseTransform *trans) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  g_clear_pointer(&self->worker, gst_winnow_worker_free);
  gst_winnow_classify_swap_end(self);
  cut_stream(self);
  gst_winnow_classify_infer_clear(self);
  gst_winnow_engine_close(&self->engine);
  gst_winnow_frame_copy_clear(&self->copy);
  return TRUE;
}

static gboolean set_caps(GstBaseTransform *trans, GstCaps *in, GstCaps *out) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  if (!gst_winnow_frame_map_caps(&self->info, in)) return FALSE;
  cut_stream(self);
  return TRUE;
}

/* ---- Frames --------------------------------------------------------------- */

/* What the elements behind are to know before the frame: how results are to be shown, and what the
 * ones on it are about.  NULL: they know.  Under the object lock. */
static GstEvent *make_display_event(GstWinnowClassify *self) {
  if (!self->display_dirty) return NULL;
  GstWinnowDisplay display = gst_winnow_settings_display(&self->settings);
  self->display_dirty = FALSE;
  return gst_winnow_display_event_new(&display, self->description);
}

/* The inference of this frame, now; its results become the last ones. */
static GstFlowReturn classify_now(GstWinnowClassify *self, const WnFrame *frame,
                                  const GArray *regions, const GstWinnowFrameTimes *times) {
  GstWinnowResultList *results = NULL;
  gint64 begin = g_get_monotonic_time();
  GstFlowReturn flow = gst_winnow_classify_infer(self, frame, regions, times, &results);
  if (flow != GST_FLOW_OK) return flow;
  gint64 end = g_get_monotonic_time();
  GST_OBJECT_LOCK(self);
  GstWinnowResultList *old = self->last;
  self->last = results;
  self->last_times = *times;
  gst_winnow_classify_infer_show(self);
  gboolean drifted =
      gst_winnow_latency_feed(&self->latency, end, (GstClockTime)(end - begin) * GST_USECOND,
                              gst_winnow_result_list_is_whole(results));
  GstClockTime reported = self->latency.reported;
  GST_OBJECT_UNLOCK(self);
  if (old != NULL) g_ptr_array_unref(old);
  if (drifted) {
    GST_DEBUG_OBJECT(self, "latency is now %" GST_TIME_FORMAT, GST_TIME_ARGS(reported));
    gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
  }
  return GST_FLOW_OK;
}

static GstFlowReturn classify_frame(GstWinnowClassify *self, GstBuffer *buffer,
                                    GstWinnowFrameTimes *times) {
  GstVideoFrame video;
  WnFrame frame;
  if (!gst_winnow_frame_open(GST_ELEMENT(self), &self->info, buffer, GST_MAP_READ, &video))
    return GST_FLOW_ERROR;
  gst_winnow_frame_map(&video, &frame); /* the pad template has no other formats */
  frame.time_ns = times->utc_ns;
  GST_OBJECT_LOCK(self);
  gboolean roi_list = self->settings.inference_region == GST_WINNOW_INFERENCE_REGION_ROI_LIST;
  times->generation = self->generation;
  GstFlowReturn flow = self->failed ? GST_FLOW_ERROR : GST_FLOW_OK;
  GST_OBJECT_UNLOCK(self);
  const WnRect whole = {0, 0, frame.width, frame.height};
  g_autoptr(GArray) regions = roi_list ? gst_winnow_regions_collect(buffer, &whole) : NULL;
  if (self->worker == NULL) {
    /* The network reads some rows more than once, and a driver's memory only slowly. */
    if (gst_winnow_dmabuf_has(buffer)) {
      gst_winnow_frame_copy(&self->copy, &frame);
      frame = self->copy.frame;
    }
    flow = classify_now(self, &frame, regions, times);
  } else if (flow == GST_FLOW_OK &&
             gst_winnow_worker_submit(self->worker, &frame, g_steal_pointer(&regions), times)) {
    GST_OBJECT_LOCK(self);
    self->stats.skipped++; /* the frame that this one replaced */
    GST_OBJECT_UNLOCK(self);
  }
  gst_video_frame_unmap(&video);
  return flow;
}

static GstFlowReturn transform_ip(GstBaseTransform *trans, GstBuffer *buffer) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  GST_OBJECT_LOCK(self);
  gboolean live = self->live;
  GST_OBJECT_UNLOCK(self);
  GstWinnowFrameTimes times =
      gst_winnow_frame_times(GST_ELEMENT(self), &trans->segment, buffer, live);
  if (gst_winnow_classify_is_due(self, buffer, &times)) {
    GstFlowReturn flow = classify_frame(self, buffer, &times);
    if (flow != GST_FLOW_OK) return flow;
  } else if (self->worker == NULL) {
    gst_winnow_classify_infer_pass(self, &times);
  }

  GST_OBJECT_LOCK(self);
  GstWinnowResultList *last = self->last != NULL ? g_ptr_array_ref(self->last) : NULL;
  gint64 age = gst_winnow_frame_age(&self->last_times, &times);
  gint64 max_age = (gint64)self->settings.max_age;
  gboolean roi_list = self->settings.inference_region == GST_WINNOW_INFERENCE_REGION_ROI_LIST;
  const WnRect frame = {0, 0, GST_VIDEO_INFO_WIDTH(&self->info),
                        GST_VIDEO_INFO_HEIGHT(&self->info)};
  GstWinnowPlaces places = {0};
  if (roi_list)
    places.bounds = gst_winnow_region_bounds(self->good.region, frame.width, frame.height);
  if (self->settings.as_detection) places.detections = frame;
  GstEvent *event = make_display_event(self);
  GST_OBJECT_UNLOCK(self);
  if (event != NULL) gst_pad_push_event(GST_BASE_TRANSFORM_SRC_PAD(self), event);
  if (last == NULL) return GST_FLOW_OK;
  if (max_age == 0 || gst_winnow_result_list_age(last) + age < max_age)
    gst_winnow_result_list_attach(last, buffer, &places, age);
  g_ptr_array_unref(last);
  return GST_FLOW_OK;
}

/* ---- Events and queries --------------------------------------------------- */

static gboolean sink_event(GstBaseTransform *trans, GstEvent *event) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) cut_stream(self);
  /* The last frames' messages come before the end. */
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
    if (self->worker != NULL) gst_winnow_worker_drain(self->worker);
    gst_winnow_classify_infer_end(self);
  }
  return GST_BASE_TRANSFORM_CLASS(gst_winnow_classify_parent_class)->sink_event(trans, event);
}

/* QoS goes upstream past the base class, which would drop late frames. */
static gboolean src_event(GstBaseTransform *trans, GstEvent *event) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  if (GST_EVENT_TYPE(event) != GST_EVENT_QOS)
    return GST_BASE_TRANSFORM_CLASS(gst_winnow_classify_parent_class)->src_event(trans, event);
  GST_OBJECT_LOCK(self);
  gst_winnow_pace_qos(&self->pace, event);
  GST_OBJECT_UNLOCK(self);
  return gst_pad_push_event(GST_BASE_TRANSFORM_SINK_PAD(trans), event);
}

/* A frame is held for its inference and no longer; with async not at all. */
static gboolean query(GstBaseTransform *trans, GstPadDirection direction, GstQuery *q) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(trans);
  if (!GST_BASE_TRANSFORM_CLASS(gst_winnow_classify_parent_class)->query(trans, direction, q))
    return FALSE;
  if (direction != GST_PAD_SRC || GST_QUERY_TYPE(q) != GST_QUERY_LATENCY) return TRUE;
  gboolean live;
  GstClockTime min, max;
  gst_query_parse_latency(q, &live, &min, &max);
  GST_OBJECT_LOCK(self);
  self->live = live;
  GstClockTime own = self->settings.async ? 0 : self->latency.reported;
  GST_OBJECT_UNLOCK(self);
  if (GST_CLOCK_TIME_IS_VALID(max)) max += own;
  gst_query_set_latency(q, live, min + own, max);
  return TRUE;
}

/* ---- Properties ----------------------------------------------------------- */

static void (*set_any_property)(GObject *, guint, const GValue *, GParamSpec *);

/* A model that is set is loaded, but not one that the element goes back to. */
static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(object);
  set_any_property(object, id, value, spec);
  if (!(gst_winnow_properties_find(spec)->access.change & GST_WINNOW_CHANGE_MODEL)) return;
  GST_OBJECT_LOCK(self);
  self->model_set = TRUE;
  GST_OBJECT_UNLOCK(self);
}

/* Comes once for all properties of one g_object_set(), after the last of them: a frame between two
 * of them sees neither, and a policy that is set with a model is for that model. */
static void dispatch_properties_changed(GObject *object, guint n, GParamSpec **specs) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(object);
  guint change = GST_WINNOW_CHANGE_NONE;
  for (guint i = 0; i < n; i++) {
    const GstWinnowProperty *row = gst_winnow_properties_find(specs[i]);
    if (row != NULL) change |= row->access.change;
  }
  gboolean policy = (change & GST_WINNOW_CHANGE_POLICY) != 0;
  GST_OBJECT_LOCK(self);
  if (self->models != NULL && self->model_set) {
    gst_winnow_classify_swap_order(self, policy);
  } else if (policy) {
    self->policy_dirty = TRUE;
    self->policy_serial++;
  }
  if (change & GST_WINNOW_CHANGE_DISPLAY) self->display_dirty = TRUE;
  GST_OBJECT_UNLOCK(self);
  G_OBJECT_CLASS(gst_winnow_classify_parent_class)->dispatch_properties_changed(object, n, specs);
}

static void finalize(GObject *object) {
  GstWinnowClassify *self = GST_WINNOW_CLASSIFY(object);
  gst_winnow_properties_clear(object);
  gst_winnow_stats_reset(&self->stats, 0, 0);
  gst_winnow_settings_clear(&self->good);
  G_OBJECT_CLASS(gst_winnow_classify_parent_class)->finalize(object);
}

static void gst_winnow_classify_class_init(GstWinnowClassifyClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS(klass);

  object_class->dispatch_properties_changed = dispatch_properties_changed;
  object_class->finalize = finalize;
  gst_winnow_properties_install(object_class, &gst_winnow_settings_properties);
  set_any_property = object_class->set_property;
  object_class->set_property = set_property;
  gst_winnow_frame_add_template(element_class, "sink", GST_PAD_SINK, TRUE);
  gst_winnow_frame_add_template(element_class, "src", GST_PAD_SRC, TRUE);
  gst_element_class_set_static_metadata(
      element_class, "Winnow classifier", "Filter/Analyzer/Video",
      "Classifies frames with a network that rules classes out as it goes", "The Winnow authors");

  trans_class->start = start;
  trans_class->stop = stop;
  trans_class->set_caps = set_caps;
  trans_class->transform_ip = transform_ip;
  trans_class->sink_event = sink_event;
  trans_class->src_event = src_event;
  trans_class->query = query;
  gst_winnow_meta_register();
}

static void gst_winnow_classify_init(GstWinnowClassify *self) {
  gst_winnow_properties_init(G_OBJECT(self));
  gst_winnow_pace_reset(&self->pace);
  gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
  gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), TRUE);
}
