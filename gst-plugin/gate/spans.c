/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See spans.h.  Only the last span can be without an end.
 */
#include "gate/spans.h"

/* Of results that are ahead of the buffers; more are one. */
enum { MAX_SPANS = 32 };

struct GstWinnowSpans {
  GQueue list; /* of GstWinnowSpan */
  gint64 latest;
};

static void span_free(gpointer data) {
  GstWinnowSpan *span = data;
  g_free(span->state);
  g_free(span);
}

static void forget_first(GstWinnowSpans *spans) {
  span_free(g_queue_pop_head(&spans->list));
}

GstWinnowSpans *gst_winnow_spans_new(void) {
  GstWinnowSpans *spans = g_new0(GstWinnowSpans, 1);
  g_queue_init(&spans->list);
  spans->latest = GST_WINNOW_TIME_NONE;
  return spans;
}

void gst_winnow_spans_free(GstWinnowSpans *spans) {
  g_queue_clear_full(&spans->list, span_free);
  g_free(spans);
}

void gst_winnow_spans_reset(GstWinnowSpans *spans) {
  g_queue_clear_full(&spans->list, span_free);
  spans->latest = GST_WINNOW_TIME_NONE;
}

/* time + ns, and the last moment there is where that is later. */
static gint64 later(gint64 time, gint64 ns) {
  return time > G_MAXINT64 - ns ? G_MAXINT64 : time + ns;
}

gint64 gst_winnow_time_before(gint64 time, gint64 ns) {
  return time < G_MININT64 + ns ? G_MININT64 : time - ns;
}

static void begin(GstWinnowSpans *spans, gint64 time, const gchar *state, gint64 hold) {
  GstWinnowSpan *last = g_queue_peek_tail(&spans->list);
  if (last != NULL && (time < later(last->end, hold) || spans->list.length >= MAX_SPANS)) {
    last->end = GST_WINNOW_SPAN_OPEN;
    return;
  }
  GstWinnowSpan *span = g_new0(GstWinnowSpan, 1);
  span->begin = time;
  span->end = GST_WINNOW_SPAN_OPEN;
  span->state = g_strdup(state);
  g_queue_push_tail(&spans->list, span);
}

void gst_winnow_spans_feed(GstWinnowSpans *spans, gint64 time, const gchar *state, gint64 hold) {
  GstWinnowSpan *last = g_queue_peek_tail(&spans->list);
  spans->latest = MAX(spans->latest, time);
  if (state != NULL)
    begin(spans, time, state, hold);
  else if (last != NULL && last->end == GST_WINNOW_SPAN_OPEN)
    last->end = MAX(time, last->begin);
}

gint64 gst_winnow_spans_latest(const GstWinnowSpans *spans) {
  return spans->latest;
}

const GstWinnowSpan *gst_winnow_spans_next(GstWinnowSpans *spans, const GstWinnowSpanRules *rules,
                                           gint64 time) {
  const GstWinnowSpan *span;
  while ((span = g_queue_peek_head(&spans->list)) != NULL && span->end != GST_WINNOW_SPAN_OPEN &&
         time >= later(span->end, rules->hold))
    forget_first(spans);
  return span;
}

gint64 gst_winnow_span_start(const GstWinnowSpan *span, const GstWinnowSpanRules *rules) {
  return gst_winnow_time_before(span->begin, rules->pre_roll);
}

gboolean gst_winnow_spans_is_over(GstWinnowSpans *spans, const GstWinnowSpanRules *rules,
                                  gint64 time, gboolean key) {
  guint before = spans->list.length;
  if (gst_winnow_spans_next(spans, rules, time) == NULL || spans->list.length < before) return TRUE;
  if (rules->max == 0 || !key) return FALSE;
  GstWinnowSpan *span = g_queue_peek_head(&spans->list);
  gboolean over = FALSE;
  while (time >= later(span->begin, rules->max)) {
    span->begin = later(span->begin, rules->max);
    over = TRUE;
  }
  return over;
}
