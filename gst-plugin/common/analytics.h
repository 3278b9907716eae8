/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GstAnalyticsRelationMeta: what GStreamer's own elements have detected on a frame, and how they
 * read what was recognised.  Before GStreamer 1.24 there is nothing to be found, and nothing
 * happens.
 */
#ifndef GST_WINNOW_ANALYTICS_H
#define GST_WINNOW_ANALYTICS_H

#include <gst/gst.h>
#include <winnow/result.h>

/* Whether there is such a meta: the plugin was built with GStreamer 1.24 or newer. */
extern const gboolean gst_winnow_analytics_available;

/* The next detection (GstAnalyticsODMtd) on `buffer` of which something lies in `bounds`: that in
 * `*rect`, and its number in the meta.  `*state` is 0 for the first, and belongs to the function.
 * -1: there is no other. */
gint gst_winnow_analytics_next(GstBuffer *buffer, guint *state, const WnRect *bounds, WnRect *rect);

/* Adds a detection of the result's class at `rect`; gives its number, -1 if nothing was recognised.
 * `buffer` is writable here and below. */
gint gst_winnow_analytics_detect(GstBuffer *buffer, const WnResult *result, const WnRect *rect);

/* Adds a GstAnalyticsClsMtd with the survivors of `result`, best first, and relates it to
 * `detection` unless that is -1; gives its number, -1 if nothing was recognised. */
gint gst_winnow_analytics_classify(GstBuffer *buffer, const WnResult *result, gint detection);

#endif
