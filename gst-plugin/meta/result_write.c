/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WnResult to GstStructure, called by winnowclassify once per inference: a function for each kind
 * of field.
 */
#include "meta/result_write.h"
#include <winnow/result_fields.h>

/* A GstStructure refuses text that is not UTF-8; labels come from a file. */
static void set_text(GValue *value, const char *text) {
  g_value_init(value, G_TYPE_STRING);
  if (g_utf8_validate(text, -1, NULL))
    g_value_set_string(value, text);
  else
    g_value_take_string(value, g_utf8_make_valid(text, -1));
}

static void set_int(GValue *value, gint x) {
  g_value_init(value, G_TYPE_INT);
  g_value_set_int(value, x);
}

static void set_real(GValue *value, gdouble x) {
  g_value_init(value, G_TYPE_DOUBLE);
  g_value_set_double(value, x);
}

static gint n_kept(const WnResult *r) {
  return MIN(r->n_survivors, WN_RESULT_MAX_SURVIVORS);
}

/* A field that is an array of x[0] to x[n - 1], each set by `set`. */
#define WRITE_ARRAY(structure, name, x, n, set)                                                    \
  do {                                                                                             \
    GValue array = G_VALUE_INIT;                                                                   \
    gst_value_array_init(&array, (guint)(n));                                                      \
    for (gint i = 0; i < (n); i++) {                                                               \
      GValue value = G_VALUE_INIT;                                                                 \
      set(&value, (x)[i]);                                                                         \
      gst_value_array_append_and_take_value(&array, &value);                                       \
    }                                                                                              \
    gst_structure_take_value(structure, name, &array);                                             \
  } while (0)

static void write_TEXT(GstStructure *s, const gchar *name, const WnResult *r, const char *x) {
  GValue value = G_VALUE_INIT;
  set_text(&value, x);
  gst_structure_take_value(s, name, &value);
}
#define write_LABEL write_TEXT

static void write_REASON(GstStructure *s, const gchar *name, const WnResult *r, WnStopReason x) {
  write_TEXT(s, name, r, wn_stop_reason_name(x));
}

static void write_INT(GstStructure *s, const gchar *name, const WnResult *r, int32_t x) {
  gst_structure_set(s, name, G_TYPE_INT, x, NULL);
}

static void write_COUNT(GstStructure *s, const gchar *name, const WnResult *r, uint64_t x) {
  gst_structure_set(s, name, G_TYPE_UINT64, x, NULL);
}

static void write_DURATION(GstStructure *s, const gchar *name, const WnResult *r, int64_t x) {
  gst_structure_set(s, name, G_TYPE_INT64, x, NULL);
}
#define write_UTC write_DURATION

static void write_STAMP(GstStructure *s, const gchar *name, const WnResult *r, int64_t x) {
  write_COUNT(s, name, r, x == WN_PTS_NONE ? GST_CLOCK_TIME_NONE : (guint64)x);
}

static void write_REAL(GstStructure *s, const gchar *name, const WnResult *r, double x) {
  gst_structure_set(s, name, G_TYPE_DOUBLE, x, NULL);
}

static void write_CLASSES(GstStructure *s, const gchar *name, const WnResult *r, const int32_t *x) {
  WRITE_ARRAY(s, name, x, n_kept(r), set_int);
}

static void write_LABELS(GstStructure *s, const gchar *name, const WnResult *r,
                         const char *const *x) {
  WRITE_ARRAY(s, name, x, n_kept(r), set_text);
}

static void write_SCORES(GstStructure *s, const gchar *name, const WnResult *r, const double *x) {
  WRITE_ARRAY(s, name, x, n_kept(r), set_real);
}

static void write_STAGES(GstStructure *s, const gchar *name, const WnResult *r, const int32_t *x) {
  WRITE_ARRAY(s, name, x, r->n_stages_evaluated, set_int);
}

void gst_winnow_result_write(GstStructure *structure, const WnResult *r) {
#define WN_FIELD(kind, member, name) write_##kind(structure, name, r, r->member);
  WN_RESULT_FIELDS(WN_FIELD)
  if (r->has_region) {
    WN_REGION_FIELDS(WN_FIELD)
  }
#undef WN_FIELD
}
