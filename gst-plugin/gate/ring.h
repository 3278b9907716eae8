/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowgate holds back: buffers and, in order with them, serialised events.  Says how much of
 * it can go so that what is left begins with a key frame; dropping is the element's.  One thread at
 * a time.
 */
#ifndef GST_WINNOW_RING_H
#define GST_WINNOW_RING_H

#include <gst/gst.h>
#include "gate/spans.h"

typedef struct {
  GstMiniObject *object; /* a GstBuffer or a GstEvent */
  /* Running times: when it comes in the stream (dts), which never goes back, and when it is shown
   * (pts).  TIME_NONE: an event that has no time. */
  gint64 at, shown;
  GstClockTime stream_time;
  gboolean key; /* of a buffer: a stream can begin with it */
  gsize bytes;
} GstWinnowItem;

typedef struct GstWinnowRing GstWinnowRing;

GstWinnowRing *gst_winnow_ring_new(void);
void gst_winnow_ring_free(GstWinnowRing *ring); /* with all that is in it */

/* Takes item->object. */
void gst_winnow_ring_push(GstWinnowRing *ring, const GstWinnowItem *item);

/* Takes a buffer and gives one that may be held for long: a copy of what belongs to a driver or a
 * decoder, which has few and would wait for them. */
GstBuffer *gst_winnow_ring_own(GstBuffer *buffer);

/* The first item, which stays, or NULL; taking it. */
const GstWinnowItem *gst_winnow_ring_first(const GstWinnowRing *ring);
GstWinnowItem gst_winnow_ring_pop(GstWinnowRing *ring);

/* How many items come before the last key frame that is shown at or before `start`; there is none:
 * before the first key frame; there is none either: all. */
guint gst_winnow_ring_before(const GstWinnowRing *ring, gint64 start);

/* How many have to go so that at most `max_bytes` are left, from a key frame on.  The newest buffer
 * stays where it is one. */
guint gst_winnow_ring_too_many(const GstWinnowRing *ring, guint64 max_bytes);

#endif
