/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How results are to be shown, and what they are about: winnowclassify, and winnowshmsrc in the
 * place of one in another process, tells the elements behind it by a sticky event, so that it is
 * set once.  Both ends of the event are here.
 */
#ifndef GST_WINNOW_DISPLAY_EVENT_H
#define GST_WINNOW_DISPLAY_EVENT_H

#include <gst/gst.h>
#include <winnow/state.h>

typedef struct {
  guint64 stable_time; /* as in WnStateOptions */
  gdouble min_confidence;
  guint64 max_age;
} GstWinnowDisplay;

/* What holds until an event comes. */
#define GST_WINNOW_DISPLAY_DEFAULT                                                                 \
  ((GstWinnowDisplay){WN_STATE_STABLE_TIME_NS, 0.0, WN_MAX_AGE_USUAL_NS})

gboolean gst_winnow_display_equal(const GstWinnowDisplay *a, const GstWinnowDisplay *b);

/* A new event that says `display`, and `description` unless that is NULL. */
GstEvent *gst_winnow_display_event_new(const GstWinnowDisplay *display, const gchar *description);

/* Takes over what `event` says.  FALSE: it is another event, and nothing changes. */
gboolean gst_winnow_display_event_parse(GstEvent *event, GstWinnowDisplay *display);

/* What the results are about, as wn_session_describe() says it; it belongs to the event.  NULL: the
 * event does not say, or is another one. */
const gchar *gst_winnow_display_event_description(GstEvent *event);

#endif
