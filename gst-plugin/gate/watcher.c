/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See watcher.h.  Labels and groups are the watch set of one state, `nothing` and `unknown` states
 * of another one without a watch set; both are fed the same.
 */
#include "gate/watcher.h"

#include <string.h>
#include "gate/when.h"
#include "gstwinnow.h"
#include "common/display_event.h"
#include "common/properties.h"
#include "common/tracks.h"

struct GstWinnowWatcher {
  gchar *text;       /* of the property */
  gchar *good;       /* the one that `when` was made of */
  gboolean in_force; /* one was */
  gchar *description;
  GstWinnowDisplay display;
  gboolean changed; /* one of these, since `when` was made of them */
  GstWinnowWhen when;
  GstWinnowTracks *entries, *plain;
  GPtrArray *last; /* the last results there were, one for each track, or NULL */
  gint64 last_time;
  gboolean seen;
};

GstWinnowWatcher *gst_winnow_watcher_new(void) {
  GstWinnowWatcher *watcher = g_new0(GstWinnowWatcher, 1);
  watcher->display = GST_WINNOW_DISPLAY_DEFAULT;
  watcher->entries = gst_winnow_tracks_new();
  watcher->plain = gst_winnow_tracks_new();
  watcher->changed = TRUE;
  return watcher;
}

void gst_winnow_watcher_free(GstWinnowWatcher *watcher) {
  gst_winnow_watcher_reset(watcher);
  gst_winnow_tracks_free(watcher->entries);
  gst_winnow_tracks_free(watcher->plain);
  gst_winnow_when_clear(&watcher->when);
  g_free(watcher->description);
  g_free(watcher->text);
  g_free(watcher->good);
  g_free(watcher);
}

void gst_winnow_watcher_reset(GstWinnowWatcher *watcher) {
  gst_winnow_tracks_reset(watcher->entries);
  gst_winnow_tracks_reset(watcher->plain);
  g_clear_pointer(&watcher->last, g_ptr_array_unref);
}

gboolean gst_winnow_watcher_has_seen(const GstWinnowWatcher *watcher) {
  return watcher->seen;
}

/* ---- What is waited for --------------------------------------------------- */

void gst_winnow_watcher_set_when(GstWinnowWatcher *watcher, const gchar *when) {
  if (g_strcmp0(when, watcher->text) == 0) return;
  gst_winnow_string_set(&watcher->text, when);
  watcher->changed = TRUE;
}

void gst_winnow_watcher_event(GstWinnowWatcher *watcher, GstEvent *event) {
  if (!gst_winnow_display_event_parse(event, &watcher->display)) return;
  g_free(watcher->description);
  watcher->description = g_strdup(gst_winnow_display_event_description(event));
  watcher->changed = TRUE;
}

gboolean gst_winnow_watcher_in_force(const GstWinnowWatcher *watcher, const gchar **when) {
  *when = watcher->good;
  return watcher->in_force;
}

static gboolean is_watching(const GPtrArray *results) {
  for (guint i = 0; i < results->len; i++)
    if (gst_winnow_result_get_watched(g_ptr_array_index(results, i)) < 0) return FALSE;
  return TRUE;
}

static gboolean parse(const GstWinnowWatcher *watcher, const GPtrArray *results,
                      GstWinnowWhen *when, gchar **problem) {
  if (watcher->text != NULL || is_watching(results))
    return gst_winnow_when_parse(watcher->text, watcher->description, when, problem);
  *problem = g_strdup("when is not set and the classifier has no watch list: set when=LABEL,... "
                      "here or watch=LABEL,... there");
  return FALSE;
}

/* What cannot be is said once, and what was in force before stays.  FALSE: nothing was. */
static gboolean configure(GstWinnowWatcher *watcher, const GPtrArray *results, gchar **problem) {
  GstWinnowWhen when;
  if (!watcher->changed) return TRUE;
  if (!parse(watcher, results, &when, problem)) {
    watcher->changed = !watcher->in_force;
    if (watcher->in_force) gst_winnow_string_set(&watcher->text, watcher->good);
    return watcher->in_force;
  }
  gst_winnow_when_clear(&watcher->when);
  watcher->when = when;
  watcher->in_force = TRUE;
  gst_winnow_string_set(&watcher->good, watcher->text);
  gst_winnow_tracks_configure(watcher->entries, &watcher->display, watcher->when.description);
  gst_winnow_tracks_configure(watcher->plain, &watcher->display, NULL);
  watcher->changed = FALSE;
  return TRUE;
}

/* ---- Results -------------------------------------------------------------- */

static void feed_tracks(GstWinnowTracks *tracks, const GPtrArray *results, gboolean as_watched) {
  gst_winnow_tracks_begin(tracks);
  for (guint i = 0; i < results->len; i++) {
    WnResult result = *gst_winnow_result_peek(g_ptr_array_index(results, i));
    /* What the classifier watches is not what is waited for here. */
    if (!as_watched) result.watched = -1;
    gst_winnow_track_feed(gst_winnow_tracks_take(tracks, result.has_region, &result.region),
                          &result, NULL);
  }
  gst_winnow_tracks_end(tracks);
}

static void take(GstWinnowWatcher *watcher, GPtrArray *results, gint64 time) {
  feed_tracks(watcher->entries, results, watcher->text == NULL);
  feed_tracks(watcher->plain, results, FALSE);
  if (watcher->last != NULL) g_ptr_array_unref(watcher->last);
  watcher->last = g_ptr_array_ref(results);
  watcher->last_time = time;
  watcher->seen = TRUE;
}

/* A buffer without results makes the last ones older. */
static void age_tracks(GstWinnowTracks *tracks, const GstWinnowWatcher *watcher, gint64 time,
                       gboolean as_watched) {
  for (guint i = 0; i < gst_winnow_tracks_count(tracks); i++) {
    WnResult late = *gst_winnow_result_peek(g_ptr_array_index(watcher->last, i));
    if (time <= watcher->last_time) continue;
    late.age_ns += time - watcher->last_time;
    late.stop_reason = WN_STOP_FINAL; /* nobody knows whether this frame looks the same */
    if (!as_watched) late.watched = -1;
    gst_winnow_track_feed(gst_winnow_tracks_get(tracks, i), &late, NULL);
  }
}

/* ---- The answer ----------------------------------------------------------- */

static const gchar *wanted_entry(const GstWinnowWatcher *watcher) {
  for (guint i = 0; i < gst_winnow_tracks_count(watcher->entries); i++) {
    const GstWinnowTrack *track = gst_winnow_tracks_get(watcher->entries, i);
    if (track->seen) return wn_state_name(track->state);
  }
  return NULL;
}

/* Before the first steady state it is not known that nothing is known. */
static const gchar *wanted_other(const GstWinnowWatcher *watcher) {
  for (guint i = 0; i < gst_winnow_tracks_count(watcher->plain); i++) {
    const WnState *state = gst_winnow_tracks_get(watcher->plain, i)->state;
    const gchar *name = wn_state_name(state);
    if (watcher->when.nothing && strcmp(name, WN_STATE_NOTHING) == 0) return name;
    if (watcher->when.unknown && strcmp(name, WN_STATE_UNKNOWN) == 0 && wn_state_is_settled(state))
      return name;
  }
  return NULL;
}

static const gchar *wanted(const GstWinnowWatcher *watcher) {
  const gchar *name = watcher->when.entries ? wanted_entry(watcher) : NULL;
  return name != NULL ? name : wanted_other(watcher);
}

const gchar *gst_winnow_watcher_feed(GstWinnowWatcher *watcher, GstBuffer *buffer, gint64 time,
                                     gchar **problem) {
  g_autoptr(GPtrArray) results = gst_winnow_results_from_buffer(buffer);
  /* Whether anything is watched the results say. */
  if (results->len > 0 || (watcher->description != NULL && watcher->text != NULL))
    if (!configure(watcher, results, problem)) return NULL;
  if (results->len > 0) {
    take(watcher, results, time);
  } else if (watcher->last != NULL) {
    age_tracks(watcher->entries, watcher, time, watcher->text == NULL);
    age_tracks(watcher->plain, watcher, time, FALSE);
  }
  return wanted(watcher);
}

const gchar *gst_winnow_watcher_end(GstWinnowWatcher *watcher) {
  for (guint i = 0; i < gst_winnow_tracks_count(watcher->entries); i++) {
    gst_winnow_track_finish(gst_winnow_tracks_get(watcher->entries, i), NULL);
    gst_winnow_track_finish(gst_winnow_tracks_get(watcher->plain, i), NULL);
  }
  return wanted(watcher);
}
