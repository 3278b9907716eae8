/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One steady state (winnow/state.h) for the whole frame, or one for each object in it, followed
 * from frame to frame by where it is.  winnowclassify's messages, winnowoverlay and winnowpublish
 * each keep such tracks; one thread at a time uses them.
 */
#ifndef GST_WINNOW_TRACKS_H
#define GST_WINNOW_TRACKS_H

#include "common/display_event.h"
#include <winnow/state.h>

typedef struct {
  gboolean has_region;
  WnRect region;
  WnState *state;
  gboolean seen; /* a watched state holds */
} GstWinnowTrack;

typedef struct GstWinnowTracks GstWinnowTracks;

/* New tracks of nothing, which decide as GST_WINNOW_DISPLAY_DEFAULT says. */
GstWinnowTracks *gst_winnow_tracks_new(void);
void gst_winnow_tracks_free(GstWinnowTracks *tracks);

/* How states are decided from now on; `description` (wn_session_describe()), which may be NULL,
 * tells the watch set. */
void gst_winnow_tracks_configure(GstWinnowTracks *tracks, const GstWinnowDisplay *display,
                                 const gchar *description);

/* Forgets everything but that. */
void gst_winnow_tracks_reset(GstWinnowTracks *tracks);

/* A frame: the objects on it are taken one by one, and those that were not taken until its end are
 * forgotten.  A track belongs to `tracks`. */
void gst_winnow_tracks_begin(GstWinnowTracks *tracks);
GstWinnowTrack *gst_winnow_tracks_take(GstWinnowTracks *tracks, gboolean has_region,
                                       const WnRect *region);
void gst_winnow_tracks_end(GstWinnowTracks *tracks);

/* Of the last frame, in the order in which they were taken. */
guint gst_winnow_tracks_count(const GstWinnowTracks *tracks);
GstWinnowTrack *gst_winnow_tracks_get(const GstWinnowTracks *tracks, guint i);

/* Feeds the track's state a result at this moment; gives the number of `changes`
 * [WN_STATE_MAX_CHANGES], which may be NULL. */
gint gst_winnow_track_feed(GstWinnowTrack *track, const WnResult *result, WnStateChange *changes);

/* Tells it that there is none now, or none to come. */
gint gst_winnow_track_tick(GstWinnowTrack *track, WnStateChange *changes);
gint gst_winnow_track_finish(GstWinnowTrack *track, WnStateChange *changes);

#endif
