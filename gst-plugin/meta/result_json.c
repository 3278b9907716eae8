/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See result_json.h.
 */
#include "meta/result_json.h"

#include <math.h>

/* RFC 8259: quotes, backslashes and control characters are escaped; the rest is UTF-8. */
static void put_text(GString *out, const gchar *text) {
  g_string_append_c(out, '"');
  for (const gchar *c = text; *c != '\0'; c++)
    if (*c == '"' || *c == '\\')
      g_string_append_printf(out, "\\%c", *c);
    else if ((guchar)*c < 0x20)
      g_string_append_printf(out, "\\u%04x", (guchar)*c);
    else
      g_string_append_c(out, *c);
  g_string_append_c(out, '"');
}

/* JSON has no name for what is not finite. */
static void put_real(GString *out, gdouble value) {
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(out, isfinite(value) ? g_ascii_dtostr(text, sizeof text, value) : "null");
}

static void put_key(GString *out, const gchar *name) {
  g_string_append_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
}

static void put_ints(GString *out, const gchar *name, const gint *values, gsize n) {
  put_key(out, name);
  for (gsize i = 0; i < n; i++) g_string_append_printf(out, "%c%d", i ? ',' : '[', values[i]);
  g_string_append(out, n ? "]" : "[]");
}

static void put_survivors(GString *out, const GstWinnowResult *r) {
  gsize n;
  const gint *survivors = gst_winnow_result_get_survivors(r, &n);
  const gchar *const *labels = gst_winnow_result_get_survivor_labels(r);
  const gdouble *scores = gst_winnow_result_get_survivor_scores(r, &n);
  put_ints(out, "survivors", survivors, n);
  put_key(out, "survivor-labels");
  for (gsize i = 0; i < n; i++) {
    g_string_append_c(out, i ? ',' : '[');
    put_text(out, labels[i]);
  }
  g_string_append(out, n ? "]" : "[]");
  put_key(out, "survivor-scores");
  for (gsize i = 0; i < n; i++) {
    g_string_append_c(out, i ? ',' : '[');
    put_real(out, scores[i]);
  }
  g_string_append(out, n ? "]" : "[]");
}

static void put_named_text(GString *out, const gchar *name, const gchar *text) {
  put_key(out, name);
  put_text(out, text);
}

static void put_number(GString *out, const gchar *name, gint64 value) {
  put_key(out, name);
  g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
}

gchar *gst_winnow_result_json(const GstWinnowResult *r) {
  GString *out = g_string_new("{");
  gsize n_stages;
  const gint *per_stage = gst_winnow_result_get_survivors_per_stage(r, &n_stages);
  GstClockTime pts = gst_winnow_result_get_pts(r);
  gint x, y, w, h;
  put_named_text(out, "label", gst_winnow_result_get_label(r));
  put_number(out, "class-index", gst_winnow_result_get_class_index(r));
  put_key(out, "confidence");
  put_real(out, gst_winnow_result_get_confidence(r));
  put_named_text(out, "group", gst_winnow_result_get_group(r));
  put_number(out, "exit-stage", gst_winnow_result_get_exit_stage(r));
  put_number(out, "stage-count", gst_winnow_result_get_stage_count(r));
  put_named_text(out, "stop-reason", gst_winnow_result_get_stop_reason(r));
  put_survivors(out, r);
  put_ints(out, "survivors-per-stage", per_stage, n_stages);
  put_number(out, "macs", (gint64)gst_winnow_result_get_macs(r));
  put_number(out, "macs-full", (gint64)gst_winnow_result_get_macs_full(r));
  put_number(out, "latency-ns", gst_winnow_result_get_latency_ns(r));
  put_named_text(out, "model-id", gst_winnow_result_get_model_id(r));
  if (GST_CLOCK_TIME_IS_VALID(pts)) {
    put_number(out, "pts", (gint64)pts);
  } else {
    put_key(out, "pts");
    g_string_append(out, "null");
  }
  if (gst_winnow_result_get_region(r, &x, &y, &w, &h)) {
    put_number(out, "x", x);
    put_number(out, "y", y);
    put_number(out, "w", w);
    put_number(out, "h", h);
  }
  g_string_append(out, "}\n");
  return g_string_free(out, FALSE);
}
