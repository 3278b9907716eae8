/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When winnowgate is to be open, from what was seen when: spans of running time during which a
 * wanted state held.  Knows times alone: what was seen may be ahead of the buffers, which an
 * encoder delays, or behind them.  Times are in ns and may be negative.  One thread at a time.
 */
#ifndef GST_WINNOW_SPANS_H
#define GST_WINNOW_SPANS_H

#include <glib.h>

#define GST_WINNOW_SPAN_OPEN G_MAXINT64 /* the end of one that has not ended */
#define GST_WINNOW_TIME_NONE G_MININT64

/* The element's properties, all at least 0; 0 is no maximum. */
typedef struct {
  gint64 pre_roll, hold, max;
} GstWinnowSpanRules;

/* time - ns, and the first moment there is where that is earlier. */
gint64 gst_winnow_time_before(gint64 time, gint64 ns);

typedef struct {
  gint64 begin, end; /* of the state; a later piece begins where `max` cut */
  gchar *state;
} GstWinnowSpan;

typedef struct GstWinnowSpans GstWinnowSpans;

GstWinnowSpans *gst_winnow_spans_new(void);
void gst_winnow_spans_free(GstWinnowSpans *spans);
void gst_winnow_spans_reset(GstWinnowSpans *spans);

/* At `time` a wanted state holds, called `state`, or none (NULL).  A span that began again less
 * than `hold` after its end has not ended. */
void gst_winnow_spans_feed(GstWinnowSpans *spans, gint64 time, const gchar *state, gint64 hold);

/* The latest time that was fed; GST_WINNOW_TIME_NONE: none was. */
gint64 gst_winnow_spans_latest(const GstWinnowSpans *spans);

/* The first span that is not past for who is at `time`; past ones are forgotten.  NULL: none. */
const GstWinnowSpan *gst_winnow_spans_next(GstWinnowSpans *spans, const GstWinnowSpanRules *rules,
                                           gint64 time);

/* From when on buffers are wanted of a span. */
gint64 gst_winnow_span_start(const GstWinnowSpan *span, const GstWinnowSpanRules *rules);

/* Whether the first span is over for a buffer at `time`, of which `key` says whether another one
 * can begin.  One that is over is forgotten, or goes on behind the cut of `max`. */
gboolean gst_winnow_spans_is_over(GstWinnowSpans *spans, const GstWinnowSpanRules *rules,
                                  gint64 time, gboolean key);

#endif
