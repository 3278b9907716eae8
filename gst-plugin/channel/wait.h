/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waiting for a descriptor until another thread calls it off.  Called by winnowshmsrc and
 * shm_publisher.c.
 */
#ifndef GST_WINNOW_WAIT_H
#define GST_WINNOW_WAIT_H

#include <gst/gst.h>

/* A new set that holds `fd` alone.  gst_poll_set_flushing() calls waiting off and allows it again;
 * gst_poll_free() ends it. */
GstPoll *gst_winnow_wait_new(gint fd);

/* Sleeps until the descriptor is readable.  FALSE: it was called off. */
gboolean gst_winnow_wait_until_readable(GstPoll *poll);

/* Whether the descriptor is readable now. */
gboolean gst_winnow_wait_is_readable(GstPoll *poll);

#endif
