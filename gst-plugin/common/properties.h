/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of an element as a table: one row says what a property is and where in the
 * element's instance its value lies; installing, setting, getting, defaults and freeing follow from
 * it.  Values are read and written under the object lock.
 *
 *   static const GstWinnowProperty rows[] = {
 *     {"location", "Location", "File to write to", GST_WINNOW_STRING("-"),
 *      G_STRUCT_OFFSET(GstWinnowPublish, location), GST_WINNOW_READY},
 *   };
 *   static const GstWinnowProperties properties = {rows, G_N_ELEMENTS(rows)};
 *
 *   class_init:  gst_winnow_properties_install(object_class, &properties);
 *   init:        gst_winnow_properties_init(object);
 *   finalize:    gst_winnow_properties_clear(object);
 */
#ifndef GST_WINNOW_PROPERTIES_H
#define GST_WINNOW_PROPERTIES_H

#include <gst/gst.h>

/* Types, with default and limits.  The field is a gchar * of its own, gint, guint, guint64,
 * gdouble, gboolean, gint for an enumeration, whose type `get_type` gives, and GstWinnowFraction.
 */
#define GST_WINNOW_STRING(text)                                                                    \
  { .type = G_TYPE_STRING, .initial_text = (text) }
#define GST_WINNOW_INT(initial, min, max)                                                          \
  {                                                                                                \
    .type = G_TYPE_INT, .whole = {(initial), (min), (max) }                                        \
  }
#define GST_WINNOW_UINT(initial, min, max)                                                         \
  {                                                                                                \
    .type = G_TYPE_UINT, .whole = {(initial), (min), (max) }                                       \
  }
#define GST_WINNOW_UINT64(initial, min, max)                                                       \
  {                                                                                                \
    .type = G_TYPE_UINT64, .whole = {(gint64)(initial), (gint64)(min), (gint64)(max) }             \
  }
#define GST_WINNOW_DOUBLE(initial, min, max)                                                       \
  {                                                                                                \
    .type = G_TYPE_DOUBLE, .real = {(initial), (min), (max) }                                      \
  }
#define GST_WINNOW_BOOLEAN(initial)                                                                \
  {                                                                                                \
    .type = G_TYPE_BOOLEAN, .whole = {(initial), 0, 1 }                                            \
  }
#define GST_WINNOW_ENUM(get_type_function, initial)                                                \
  {                                                                                                \
    .type = G_TYPE_ENUM, .get_type = (get_type_function), .whole = {(initial), 0, 0 }              \
  }
/* A fraction from 0/1 on.  GST_TYPE_FRACTION is no constant. */
#define GST_WINNOW_TYPE_FRACTION G_TYPE_NONE
#define GST_WINNOW_FRACTION(numerator, denominator)                                                \
  {                                                                                                \
    .type = GST_WINNOW_TYPE_FRACTION, .whole = {(numerator), (denominator), 0 }                    \
  }
/* A boxed value that `make_value` makes anew, under the lock, whenever it is asked for. */
#define GST_WINNOW_MADE(get_type_function, make_value)                                             \
  { .type = G_TYPE_BOXED, .get_type = (get_type_function), .make = (make_value) }

typedef struct {
  gint n, d;
} GstWinnowFraction;

typedef struct {
  GType type; /* fundamental */
  GType (*get_type)(void);
  gpointer (*make)(GObject *object);
  const gchar *initial_text; /* what NULL sets, too */
  struct {
    gint64 initial, min, max; /* of a guint64, its bits */
  } whole;
  struct {
    gdouble initial, min, max;
  } real;
} GstWinnowPropertyType;

/* When a property may be set, and what a change leads to: bits of the element's own. */
#define GST_WINNOW_ACCESS(flags, change)                                                           \
  { (GParamFlags)(G_PARAM_STATIC_STRINGS | (flags)), (change) }
#define GST_WINNOW_READ_ONLY GST_WINNOW_ACCESS(G_PARAM_READABLE, 0)
#define GST_WINNOW_READY GST_WINNOW_ACCESS(G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY, 0)
#define GST_WINNOW_PLAYING GST_WINNOW_PLAYING_CHANGES(0)
#define GST_WINNOW_PLAYING_CHANGES(change)                                                         \
  GST_WINNOW_ACCESS(G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING, change)

typedef struct {
  const gchar *name, *nick, *blurb;
  GstWinnowPropertyType type;
  gsize offset; /* of the value's field in the instance; of no meaning for MADE */
  struct {
    GParamFlags flags;
    guint change;
  } access;
} GstWinnowProperty;

typedef struct {
  const GstWinnowProperty *rows;
  guint n_rows;
} GstWinnowProperties;

/* Installs all of them, in order, and the class's set_property and get_property.  `properties`
 * lives as long as the class. */
void gst_winnow_properties_install(GObjectClass *klass, const GstWinnowProperties *properties);

/* Gives every field of a new instance its default. */
void gst_winnow_properties_init(GObject *object);

/* Frees the strings. */
void gst_winnow_properties_clear(GObject *object);

/* Replaces a string that is owned by a copy of another. */
void gst_winnow_string_set(gchar **string, const gchar *to);

/* The row behind a property; NULL: a class above installed it. */
const GstWinnowProperty *gst_winnow_properties_find(const GParamSpec *spec);

#endif
