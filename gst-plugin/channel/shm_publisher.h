/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A publisher of winnow/ipc.h that lets readers in by itself: a thread waits for them, so that they
 * need no frame to be published.  Called by winnowshmsink.
 */
#ifndef GST_WINNOW_SHM_PUBLISHER_H
#define GST_WINNOW_SHM_PUBLISHER_H

#include <glib.h>
#include <winnow/ipc.h>

typedef struct GstWinnowShmPublisher GstWinnowShmPublisher;

/* As wn_publisher_new().  NULL: `error` says why. */
GstWinnowShmPublisher *
gst_winnow_shm_publisher_new(const gchar *path, const WnPublisherOptions *options, WnError *error);

/* As wn_publisher_publish(); waits for the thread to be done with a reader. */
WnStatus gst_winnow_shm_publisher_publish(GstWinnowShmPublisher *publisher, const WnFrame *frame,
                                          const WnResult *results, gint n_results, WnError *error);

/* As wn_publisher_describe(). */
WnStatus gst_winnow_shm_publisher_describe(GstWinnowShmPublisher *publisher, const gchar *json,
                                           WnError *error);

/* Ends the thread and the channel; NULL is ignored. */
void gst_winnow_shm_publisher_free(GstWinnowShmPublisher *publisher);

#endif
