/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowgate consists of, for its two parts: gstwinnowgate.c (the stream, and what is seen)
 * and pass.c (which buffers leave).
 */
#ifndef GST_WINNOW_GATE_PRIVATE_H
#define GST_WINNOW_GATE_PRIVATE_H

#include "gate/gstwinnowgate.h"
#include "gate/output.h"
#include "gate/ring.h"
#include "gate/source.h"
#include "gate/spans.h"
#include "gate/split.h"
#include "gate/watcher.h"

struct _GstWinnowGate {
  GstElement parent;
  GstPad *sink, *src;

  /* Under the object lock. */
  gchar *when, *classifier;
  guint64 pre_roll, hold, max, max_bytes;
  guint max_buffers;
  gboolean retimestamp, split;

  /* Between READY and PAUSED. */
  GstWinnowSource *source; /* NULL: the results are on the buffers */
  GstWinnowSplit *splitters;

  /* Under `lock`: with `source` its thread feeds them. */
  GMutex lock;
  GstWinnowWatcher *watcher;
  GstWinnowSpans *spans;
  gchar *problem;   /* that ends the stream */
  gboolean refused; /* or does not: what was in force stays */

  /* Of the streaming thread. */
  GstSegment segment;
  GstWinnowRing *ring;
  GstWinnowOutput output;
  gint64 now, newest;  /* of the last buffer `at`, and the latest `shown` */
  gint64 began;        /* the first buffer, or TIME_NONE */
  gboolean told;       /* that there are no results */
  gboolean cut_short;  /* max-bytes took some of the pre-roll */
  gboolean told_short; /* and that was said */
  gboolean asked;      /* for a key frame */
  gboolean open;
  guint64 n_events;
  GstStructure *event; /* the one that is under way */
  gint64 event_began, event_end;
  guint n_passed; /* buffers of it */
};

GST_DEBUG_CATEGORY_EXTERN(gst_winnow_gate_debug);

/* The properties of that name, as they are now. */
GstWinnowSpanRules gst_winnow_gate_rules(GstWinnowGate *self);

/* Takes the results on a buffer at that running time; an event about how they are shown; their end.
 * Forgets them. */
void gst_winnow_gate_see(GstWinnowGate *self, GstBuffer *buffer, gint64 time);
void gst_winnow_gate_see_event(GstWinnowGate *self, GstEvent *event);
void gst_winnow_gate_see_end(GstWinnowGate *self);
void gst_winnow_gate_forget(GstWinnowGate *self);

/* The same for a classifier elsewhere. */
extern const GstWinnowSourceCalls gst_winnow_gate_source_calls;

/* Says when there are no results; FALSE: they are of no use, and an error was posted. */
gboolean gst_winnow_gate_check(GstWinnowGate *self);

/* By the streaming thread: sends what is wanted of the ring and drops what cannot be any more. */
GstFlowReturn gst_winnow_gate_advance(GstWinnowGate *self);

/* Ends what is under way, and drops what is held back; `eos`: events there pass. */
void gst_winnow_gate_finish(GstWinnowGate *self, gboolean eos);

#endif
