/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What leaves winnowgate: time stamps that are kept, with a word about the time in which nothing
 * comes, or ones that go on without a gap from event to event.  Of the streaming thread.
 */
#ifndef GST_WINNOW_OUTPUT_H
#define GST_WINNOW_OUTPUT_H

#include "gate/ring.h"

typedef struct {
  GstPad *src;
  gboolean retimestamp;
  gboolean cut;              /* something was left out before the next buffer */
  gboolean has_segment;      /* retimestamp: the one segment was sent */
  gint64 next, shift;        /* retimestamp: where the stream goes on; what is added now */
  gint64 last, step;         /* the last buffer's time, and how long it lasts */
  GstClockTime gap_from, to; /* left out and not told yet; NONE: nothing */
  guint n_keys;              /* key frames that were asked for */
} GstWinnowOutput;

void gst_winnow_output_init(GstWinnowOutput *output, GstPad *src, gboolean retimestamp);

/* Takes the event and sends it on, unless it has no place in what leaves. */
void gst_winnow_output_event(GstWinnowOutput *output, GstEvent *event);

/* Before the first buffer of an event, which `first` is: what was left out is told, and an encoder
 * behind is asked for a key frame. */
void gst_winnow_output_begin(GstWinnowOutput *output, const GstWinnowItem *first);

/* Takes a buffer and sends it; takes one, or a gap, and leaves it out. */
GstFlowReturn gst_winnow_output_buffer(GstWinnowOutput *output, const GstWinnowItem *item);
void gst_winnow_output_skip(GstWinnowOutput *output, const GstWinnowItem *item);

#endif
