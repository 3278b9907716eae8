/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One file an event: where an event of winnowgate begins, the splitmuxsink that it comes to begins
 * another file.  A probe sees the event that the gate sends before its first buffer, so that an
 * encoder between the two may hold frames back.
 */
#ifndef GST_WINNOW_SPLIT_H
#define GST_WINNOW_SPLIT_H

#include <gst/gst.h>

/* The name of the structure of the gate's event, which has a string `event`. */
#define GST_WINNOW_GATE_EVENT "GstWinnowGate"
#define GST_WINNOW_GATE_BEGIN "begin"
#define GST_WINNOW_GATE_END "end"

typedef struct GstWinnowSplit GstWinnowSplit;

/* Has the elements that split files in the pipeline of `gate` do so, those that are there now. */
GstWinnowSplit *gst_winnow_split_new(GstElement *gate);
void gst_winnow_split_free(GstWinnowSplit *split);

#endif
