/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowgate waits for, decided from the results on buffers as they come: the steady state
 * (winnow/state.h) of the whole frame or of each region, the same as in winnowclassify's messages,
 * beside the property `when`.  One thread at a time.
 */
#ifndef GST_WINNOW_WATCHER_H
#define GST_WINNOW_WATCHER_H

#include <gst/gst.h>

typedef struct GstWinnowWatcher GstWinnowWatcher;

GstWinnowWatcher *gst_winnow_watcher_new(void);
void gst_winnow_watcher_free(GstWinnowWatcher *watcher);

/* From the next buffer on. */
void gst_winnow_watcher_set_when(GstWinnowWatcher *watcher, const gchar *when);

/* *when is what counts now; FALSE: nothing that could count was set yet. */
gboolean gst_winnow_watcher_in_force(const GstWinnowWatcher *watcher, const gchar **when);

/* Takes over how the results behind the event are decided upon, if it is about that. */
void gst_winnow_watcher_event(GstWinnowWatcher *watcher, GstEvent *event);

/* Takes the results on a buffer, which is at running time `time` in ns, or that it has none.  Gives
 * the name of a wanted state that holds now, valid until the next call, or NULL.  *problem, which
 * is NULL before, becomes a new sentence when it cannot be decided, or what is asked for cannot be
 * and what was in force before stays. */
const gchar *gst_winnow_watcher_feed(GstWinnowWatcher *watcher, GstBuffer *buffer, gint64 time,
                                     gchar **problem);

/* The end of the stream: what leads is the state.  Gives as above. */
const gchar *gst_winnow_watcher_end(GstWinnowWatcher *watcher);

/* Forgets all results. */
void gst_winnow_watcher_reset(GstWinnowWatcher *watcher);

/* Whether there has been any result since it was made. */
gboolean gst_winnow_watcher_has_seen(const GstWinnowWatcher *watcher);

#endif
