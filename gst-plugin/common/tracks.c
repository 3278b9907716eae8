/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An object is the one that its region overlaps most, if it does so enough.
 */
#include "common/tracks.h"
#include "common/regions.h"

struct GstWinnowTracks {
  GstWinnowDisplay display;
  gchar *description;
  GPtrArray *now;    /* of GstWinnowTrack */
  GPtrArray *before; /* of the frame before, while one is on its way; else NULL */
};

static void track_free(gpointer data) {
  GstWinnowTrack *track = data;
  wn_state_free(track->state);
  g_free(track);
}

static GPtrArray *list_new(void) {
  return g_ptr_array_new_with_free_func(track_free);
}

GstWinnowTracks *gst_winnow_tracks_new(void) {
  GstWinnowTracks *tracks = g_new0(GstWinnowTracks, 1);
  tracks->display = GST_WINNOW_DISPLAY_DEFAULT;
  tracks->now = list_new();
  return tracks;
}

void gst_winnow_tracks_free(GstWinnowTracks *tracks) {
  g_ptr_array_unref(tracks->now);
  g_free(tracks->description);
  g_free(tracks);
}

/* ---- Options -------------------------------------------------------------- */

static WnStateOptions options_of(const GstWinnowTracks *tracks) {
  return (WnStateOptions){.stable_time_ns = (int64_t)tracks->display.stable_time,
                          .min_confidence = tracks->display.min_confidence,
                          .max_age_ns = (int64_t)tracks->display.max_age,
                          .description = tracks->description};
}

/* Whether states can be decided so; an event from elsewhere may say anything. */
static gboolean is_possible(const GstWinnowTracks *tracks) {
  const WnStateOptions options = options_of(tracks);
  WnState *state;
  if (wn_state_new(&options, &state, NULL) != WN_OK) return FALSE;
  wn_state_free(state);
  return TRUE;
}

void gst_winnow_tracks_configure(GstWinnowTracks *tracks, const GstWinnowDisplay *display,
                                 const gchar *description) {
  if (gst_winnow_display_equal(display, &tracks->display) &&
      g_strcmp0(description, tracks->description) == 0)
    return;
  tracks->display = *display;
  g_free(tracks->description);
  tracks->description = g_strdup(description);
  if (!is_possible(tracks)) g_clear_pointer(&tracks->description, g_free);
  if (!is_possible(tracks)) tracks->display = GST_WINNOW_DISPLAY_DEFAULT;
  const WnStateOptions options = options_of(tracks);
  for (guint i = 0; i < tracks->now->len; i++)
    wn_state_set_options(gst_winnow_tracks_get(tracks, i)->state, &options, NULL);
}

void gst_winnow_tracks_reset(GstWinnowTracks *tracks) {
  g_ptr_array_set_size(tracks->now, 0);
}

/* ---- Frames --------------------------------------------------------------- */

void gst_winnow_tracks_begin(GstWinnowTracks *tracks) {
  tracks->before = tracks->now;
  tracks->now = list_new();
}

static GstWinnowTrack *track_new(const GstWinnowTracks *tracks) {
  const WnStateOptions options = options_of(tracks);
  GstWinnowTrack *track = g_new0(GstWinnowTrack, 1);
  if (wn_state_new(&options, &track->state, NULL) != WN_OK) g_error("no memory for a state");
  return track;
}

/* Takes the track of the same object out of the frame before; NULL: it is new. */
static GstWinnowTrack *take_old(GstWinnowTracks *tracks, gboolean has_region,
                                const WnRect *region) {
  gint best = -1;
  gdouble best_overlap = GST_WINNOW_REGION_SAME;
  for (guint i = 0; i < tracks->before->len; i++) {
    const GstWinnowTrack *track = g_ptr_array_index(tracks->before, i);
    if (track->has_region != has_region) continue;
    gdouble overlap = has_region ? gst_winnow_region_overlap(&track->region, region) : 1.0;
    if (overlap < best_overlap) continue;
    best_overlap = overlap;
    best = (gint)i;
  }
  return best >= 0 ? g_ptr_array_steal_index_fast(tracks->before, (guint)best) : NULL;
}

GstWinnowTrack *gst_winnow_tracks_take(GstWinnowTracks *tracks, gboolean has_region,
                                       const WnRect *region) {
  GstWinnowTrack *track = take_old(tracks, has_region, region);
  if (track == NULL) track = track_new(tracks);
  track->has_region = has_region;
  if (has_region) track->region = *region;
  g_ptr_array_add(tracks->now, track);
  return track;
}

void gst_winnow_tracks_end(GstWinnowTracks *tracks) {
  g_clear_pointer(&tracks->before, g_ptr_array_unref);
}

guint gst_winnow_tracks_count(const GstWinnowTracks *tracks) {
  return tracks->now->len;
}

GstWinnowTrack *gst_winnow_tracks_get(const GstWinnowTracks *tracks, guint i) {
  return g_ptr_array_index(tracks->now, i);
}

static gint64 now_ns(void) {
  return g_get_monotonic_time() * 1000;
}

/* What the state said, which is written where the caller wants it. */
static gint take_changes(GstWinnowTrack *track, const WnStateChange *all, gint n,
                         WnStateChange *changes) {
  for (gint i = 0; i < n; i++) {
    if (all[i].event != WN_STATE_CHANGED) track->seen = all[i].event == WN_STATE_SEEN;
    if (changes != NULL) changes[i] = all[i];
  }
  return n;
}

gint gst_winnow_track_feed(GstWinnowTrack *track, const WnResult *result, WnStateChange *changes) {
  WnStateChange all[WN_STATE_MAX_CHANGES];
  return take_changes(track, all, wn_state_feed(track->state, result, now_ns(), all), changes);
}

gint gst_winnow_track_tick(GstWinnowTrack *track, WnStateChange *changes) {
  WnStateChange all[WN_STATE_MAX_CHANGES];
  return take_changes(track, all, wn_state_tick(track->state, now_ns(), all), changes);
}

gint gst_winnow_track_finish(GstWinnowTrack *track, WnStateChange *changes) {
  WnStateChange all[WN_STATE_MAX_CHANGES];
  return take_changes(track, all, wn_state_end(track->state, all), changes);
}
