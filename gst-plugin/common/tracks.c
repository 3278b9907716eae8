/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An object is the one that its region overlaps most, if it does so enough.
 */
#include "common/tracks.h"
#include "common/regions.h"

static void track_clear(gpointer data) {
  gst_winnow_headline_clear(&((GstWinnowTrack *)data)->headline);
}

GArray *gst_winnow_tracks_new(void) {
  GArray *tracks = g_array_new(FALSE, TRUE, sizeof(GstWinnowTrack));
  g_array_set_clear_func(tracks, track_clear);
  return tracks;
}

GstWinnowTrack gst_winnow_tracks_take(GArray *old, gboolean has_region, const WnRect *region) {
  GstWinnowTrack found = {.has_region = has_region, .region = *region, .pts = G_MAXUINT64};
  gint best = -1;
  gdouble best_overlap = GST_WINNOW_REGION_SAME;
  for (guint i = 0; old != NULL && i < old->len; i++) {
    const GstWinnowTrack *track = &g_array_index(old, GstWinnowTrack, i);
    if (track->has_region != has_region) continue;
    gdouble overlap = has_region ? gst_winnow_region_overlap(&track->region, region) : 1.0;
    if (overlap < best_overlap) continue;
    best_overlap = overlap;
    best = (gint)i;
  }
  if (best < 0) return found;
  GstWinnowTrack *track = &g_array_index(old, GstWinnowTrack, (guint)best);
  found.headline = track->headline;
  found.pts = track->pts;
  track->headline = (GstWinnowHeadline){0}; /* it has moved */
  g_array_remove_index_fast(old, (guint)best);
  return found;
}
