/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One headline for the whole frame, or one for each object in it, followed from
 * frame to frame by where it is.  winnowclassify's messages and winnowoverlay each
 * keep an array of these.
 */
#ifndef GST_WINNOW_TRACKS_H
#define GST_WINNOW_TRACKS_H

#include "common/headline.h"
#include <winnow/frame.h>

typedef struct {
  gboolean has_region;
  WnRect region;
  GstWinnowHeadline headline;
  guint64 pts; /* of the last result that was fed, for the owner's use */
} GstWinnowTrack;

/* A new array of GstWinnowTrack that clears its elements. */
GArray *gst_winnow_tracks_new(void);

/* Moves the track of the same object out of `old` (NULL: none); a new one, with pts
 * G_MAXUINT64, when there is none. */
GstWinnowTrack gst_winnow_tracks_take(GArray *old, gboolean has_region, const WnRect *region);

#endif
