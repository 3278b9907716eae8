/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowclassify's inference of one frame, run by the streaming thread or with
 * async by the worker: policy, session, counters, bus messages.
 */
#include "classify/private.h"

#include <stdlib.h>
#include <winnow/ipc.h>
#include <winnow/region.h>
#include "common/analytics.h"
#include "common/regions.h"
#include "gstwinnow.h"

#define GST_CAT_DEFAULT gst_winnow_classify_debug

void gst_winnow_classify_infer_clear(GstWinnowClassify *self) {
  g_clear_pointer(&self->tracks, gst_winnow_tracks_free);
  g_clear_pointer(&self->announced, g_ptr_array_unref);
  g_clear_pointer(&self->about, g_free);
  self->described = FALSE;
  GST_OBJECT_LOCK(self);
  g_clear_pointer(&self->description, g_free);
  GST_OBJECT_UNLOCK(self);
}

/* ---- Policy --------------------------------------------------------------- */

/* Whether the region and the ignored areas are such, and lie in this frame. */
static WnStatus check_places(const WnPolicy *policy, const WnFrame *frame, WnError *error) {
  const gchar *region = policy->region != NULL ? policy->region : "";
  const gchar *ignore = policy->ignore != NULL ? policy->ignore : "";
  WnRegion regions[1 + WN_MAX_IGNORED];
  WnRect rect;
  gsize n = 0;
  WnStatus status = wn_region_parse_list(ignore, regions, &n, error);
  if (status == WN_OK && region[0] != '\0') status = wn_region_parse(region, &regions[n++], error);
  for (gsize i = 0; i < n && status == WN_OK; i++)
    status = wn_region_place(&regions[i], frame->width, frame->height, &rect, error);
  return status;
}

/* The properties say again what is in force, unless they have been set once more meanwhile: a
 * model that is set later is to begin with a policy that is good.  One that is loaded now may allow
 * what this one does not, but for places, which are the frame's. */
static void take_back(GstWinnowClassify *self) {
  GST_OBJECT_LOCK(self);
  gboolean changed = !self->policy_dirty;
  if (changed && self->model_serial != self->model_done) {
    self->policy_waits = TRUE;
    changed = g_strcmp0(self->settings.region, self->good.region) != 0 ||
              g_strcmp0(self->settings.ignore, self->good.ignore) != 0;
    gst_winnow_string_set(&self->settings.region, self->good.region);
    gst_winnow_string_set(&self->settings.ignore, self->good.ignore);
  } else if (changed) {
    gst_winnow_settings_take(&self->settings, &self->good, GST_WINNOW_CHANGE_POLICY);
  }
  GST_OBJECT_UNLOCK(self);
  if (changed) gst_winnow_settings_notify(G_OBJECT(self), GST_WINNOW_CHANGE_POLICY);
}

/* Puts changed properties into force.  What the engine refuses is said once, and all of them are
 * again what they were. */
static void update_policy(GstWinnowClassify *self, const WnFrame *frame) {
  GST_OBJECT_LOCK(self);
  if (!self->policy_dirty) {
    GST_OBJECT_UNLOCK(self);
    return;
  }
  self->policy_dirty = FALSE;
  self->described = FALSE;
  GstWinnowSettings settings = gst_winnow_settings_copy(&self->settings);
  GST_OBJECT_UNLOCK(self);
  const WnPolicy policy = gst_winnow_settings_policy(&settings);
  WnError error;
  if (check_places(&policy, frame, &error) == WN_OK &&
      wn_session_set_policy(self->engine.session, &policy, &error) == WN_OK) {
    GST_INFO_OBJECT(self, "policy: %s",
                    wn_strategy_name(wn_session_strategy(self->engine.session)));
    gst_winnow_engine_warn(GST_ELEMENT(self), &self->engine);
    GST_OBJECT_LOCK(self);
    gst_winnow_settings_take(&self->good, &settings, GST_WINNOW_CHANGE_POLICY);
    GST_OBJECT_UNLOCK(self);
  } else {
    take_back(self);
    gst_winnow_engine_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &error);
  }
  gst_winnow_settings_clear(&settings);
}

/* ---- Messages ------------------------------------------------------------- */

static void post_message(GstWinnowClassify *self, const GstWinnowResultEntry *entry,
                         const WnStateChange *change, const GstWinnowFrameTimes *times) {
  GstStructure *structure = gst_structure_copy(entry->fields);
  gst_structure_set_name(structure, GST_WINNOW_MESSAGE_NAME);
  gst_structure_set(structure, "event", G_TYPE_STRING, wn_state_event_name(change->event), "state",
                    G_TYPE_STRING, change->state, "since", G_TYPE_UINT64,
                    change->since_ns < 0 ? GST_CLOCK_TIME_NONE : (guint64)change->since_ns,
                    "timestamp", G_TYPE_UINT64, times->timestamp, "stream-time", G_TYPE_UINT64,
                    times->stream_time, "running-time", G_TYPE_UINT64, times->running_time,
                    "duration", G_TYPE_UINT64, times->duration, NULL);
  gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), structure));
}

static void post_changes(GstWinnowClassify *self, guint i, const GstWinnowFrameTimes *times,
                         const WnStateChange *changes, gint n) {
  GST_OBJECT_LOCK(self);
  gboolean post = self->settings.post_messages;
  GST_OBJECT_UNLOCK(self);
  for (gint k = 0; post && k < n; k++)
    post_message(self, g_ptr_array_index(self->announced, i), &changes[k], times);
}

static void announce(GstWinnowClassify *self, GstWinnowResultList *results,
                     const GstWinnowFrameTimes *times) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  GST_OBJECT_LOCK(self);
  GstWinnowDisplay display = gst_winnow_settings_display(&self->settings);
  GST_OBJECT_UNLOCK(self);
  if (self->tracks_generation != times->generation) gst_winnow_tracks_reset(self->tracks);
  self->tracks_generation = times->generation;
  gst_winnow_tracks_configure(self->tracks, &display, self->about);
  g_clear_pointer(&self->announced, g_ptr_array_unref);
  self->announced = g_ptr_array_ref(results);
  self->announced_times = *times;
  gst_winnow_tracks_begin(self->tracks);
  for (guint i = 0; i < results->len; i++) {
    const GstWinnowResultEntry *entry = g_ptr_array_index(results, i);
    GstWinnowTrack *track =
        gst_winnow_tracks_take(self->tracks, entry->result->has_region, &entry->result->region);
    post_changes(self, i, times, changes, gst_winnow_track_feed(track, entry->result, changes));
  }
  gst_winnow_tracks_end(self->tracks);
}

void gst_winnow_classify_infer_pass(GstWinnowClassify *self, const GstWinnowFrameTimes *times) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  for (guint i = 0; i < gst_winnow_tracks_count(self->tracks); i++) {
    const GstWinnowResultEntry *entry = g_ptr_array_index(self->announced, i);
    const gint64 age_ns = gst_winnow_frame_age(&self->announced_times, times);
    WnResult late = *entry->result;
    if (age_ns == 0) continue;
    late.age_ns += age_ns;
    late.stop_reason = WN_STOP_FINAL; /* nobody has looked whether this frame is unchanged */
    post_changes(self, i, times, changes,
                 gst_winnow_track_feed(gst_winnow_tracks_get(self->tracks, i), &late, changes));
  }
}

void gst_winnow_classify_infer_end(GstWinnowClassify *self) {
  WnStateChange changes[WN_STATE_MAX_CHANGES];
  GST_OBJECT_LOCK(self);
  gboolean cut = self->tracks_generation != self->generation;
  GST_OBJECT_UNLOCK(self);
  if (cut) return; /* there was no frame since */
  for (guint i = 0; i < gst_winnow_tracks_count(self->tracks); i++)
    post_changes(self, i, &self->announced_times, changes,
                 gst_winnow_track_finish(gst_winnow_tracks_get(self->tracks, i), changes));
}

/* ---- Description ---------------------------------------------------------- */

/* The name of a socket comes to it. */
enum { MAX_DESCRIPTION = WN_CHANNEL_MAX_DESCRIPTION - 512 };

static void describe(GstWinnowClassify *self, guint generation) {
  self->described = TRUE;
  self->described_generation = generation;
  char *text = wn_session_describe(self->engine.session, MAX_DESCRIPTION);
  g_free(self->about);
  self->about = g_strdup(text);
  free(text);
}

/* The streaming thread tells the elements behind. */
void gst_winnow_classify_infer_show(GstWinnowClassify *self) {
  if (g_strcmp0(self->about, self->description) == 0) return;
  g_free(self->description);
  self->description = g_strdup(self->about);
  self->display_dirty = TRUE;
}

/* After the first frame of its size the session knows what the network sees of it, after a change
 * of policy it watches something else, and another model has other labels. */
static void describe_changes(GstWinnowClassify *self, guint generation) {
  if (!self->described || self->described_generation != generation) describe(self, generation);
}

void gst_winnow_classify_infer_begin(GstWinnowClassify *self) {
  if (self->settings.as_detection && !gst_winnow_analytics_available)
    GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS,
                        ("as-detection has no effect: the plugin was built with a GStreamer before "
                         "1.24, or without its library for analytics"),
                        (NULL));
  self->tracks = gst_winnow_tracks_new();
  describe(self, 0);
  self->described = FALSE;
  GST_OBJECT_LOCK(self);
  gst_winnow_classify_infer_show(self);
  GST_OBJECT_UNLOCK(self);
}

/* ---- Inference ------------------------------------------------------------ */

static gboolean has_places(GstWinnowClassify *self) {
  GST_OBJECT_LOCK(self);
  gboolean has = self->settings.region != NULL || self->settings.ignore != NULL;
  GST_OBJECT_UNLOCK(self);
  return has;
}

/* One inference, of a region or, NULL, of what the policy says. */
static GstFlowReturn infer_one(GstWinnowClassify *self, const WnFrame *frame, const WnRect *region,
                               GstWinnowResultList *made) {
  const WnResult *result = NULL;
  WnError error;
  if (wn_session_classify(self->engine.session, frame, region, &result, &error) != WN_OK) {
    if (error.status == WN_ERROR_CANCELLED) return GST_FLOW_FLUSHING;
    /* Unless the model takes no frames at all or a region is set, this frame is at fault. */
    if (error.status != WN_ERROR_UNSUPPORTED && !has_places(self)) error.status = WN_ERROR_NUMERIC;
    gst_winnow_engine_post(GST_ELEMENT(self), GST_MESSAGE_ERROR, &error);
    return GST_FLOW_ERROR;
  }
  GST_OBJECT_LOCK(self);
  gst_winnow_stats_add(&self->stats, result);
  GST_OBJECT_UNLOCK(self);
  gst_winnow_result_list_add(made, result, GST_OBJECT_NAME(self));
  GST_LOG_OBJECT(self, "%s (%.3f) exit %d/%d, %s", result->label, result->confidence,
                 result->exit_stage, result->stage_count - 1,
                 wn_stop_reason_name(result->stop_reason));
  return GST_FLOW_OK;
}

/* A region that there is no time for keeps what was said of it, if that is not too old. */
static void keep_last(GstWinnowClassify *self, const WnRect *region,
                      const GstWinnowFrameTimes *times, gint64 max_age, GstWinnowResultList *made) {
  if (self->announced == NULL || self->tracks_generation != times->generation) return;
  const GstWinnowResultEntry *entry = gst_winnow_result_list_find(self->announced, region);
  if (entry == NULL) return;
  WnResult kept = *entry->result;
  kept.age_ns += gst_winnow_frame_age(&self->announced_times, times);
  if (max_age == 0 || kept.age_ns < max_age)
    gst_winnow_result_list_add(made, &kept, GST_OBJECT_NAME(self));
}

/* Every region, as long as the frame's deadline allows to begin one; the first always.  The next
 * frame begins with those that were left out. */
static GstFlowReturn infer_regions(GstWinnowClassify *self, const WnFrame *frame,
                                   const GArray *regions, const GstWinnowFrameTimes *times,
                                   GstWinnowResultList *made) {
  GST_OBJECT_LOCK(self);
  const WnRect bounds = gst_winnow_region_bounds(self->good.region, frame->width, frame->height);
  gint64 deadline = (gint64)self->good.deadline, max_age = (gint64)self->good.max_age;
  GST_OBJECT_UNLOCK(self);
  gint64 began_us = g_get_monotonic_time(), spent = 0, shortest = G_MAXINT64;
  guint first = deadline > 0 && self->next_region < regions->len ? self->next_region : 0;
  gboolean in_time = TRUE;
  self->next_region = 0;
  for (guint k = 0; k < regions->len; k++) {
    guint i = (first + k) % regions->len;
    const WnRect *region = &g_array_index(regions, WnRect, i);
    if (gst_winnow_region_overlap(region, &bounds) <= 0.0) continue;
    if (in_time && shortest < G_MAXINT64 && deadline > 0 && spent + shortest > deadline) {
      in_time = FALSE;
      self->next_region = i;
    }
    if (!in_time) {
      keep_last(self, region, times, max_age, made);
      continue;
    }
    wn_session_spend(self->engine.session, spent);
    GstFlowReturn flow = infer_one(self, frame, region, made);
    if (flow != GST_FLOW_OK) return flow;
    gint64 now = (g_get_monotonic_time() - began_us) * 1000;
    shortest = MIN(shortest, now - spent);
    spent = now;
  }
  return GST_FLOW_OK;
}

GstFlowReturn gst_winnow_classify_infer(GstWinnowClassify *self, const WnFrame *frame,
                                        const GArray *regions, const GstWinnowFrameTimes *times,
                                        GstWinnowResultList **results) {
  gst_winnow_classify_swap_take(self);
  update_policy(self, frame);
  if (self->engine_generation != times->generation) wn_session_forget(self->engine.session);
  self->engine_generation = times->generation;
  g_autoptr(GstWinnowResultList) made = gst_winnow_result_list_new();
  GstFlowReturn flow = regions == NULL ? infer_one(self, frame, NULL, made)
                                       : infer_regions(self, frame, regions, times, made);
  if (flow != GST_FLOW_OK) return flow;
  describe_changes(self, times->generation);
  announce(self, made, times);
  *results = g_steal_pointer(&made);
  return GST_FLOW_OK;
}
