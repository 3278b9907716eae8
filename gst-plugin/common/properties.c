/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See properties.h.  The id of a property is its row + 1; the table hangs on the type of the class
 * that installed it.
 */
#include "common/properties.h"

static GQuark table_quark(void) {
  return g_quark_from_static_string("gst-winnow-properties");
}

/* ---- Installation --------------------------------------------------------- */

static GParamSpec *make_spec(const GstWinnowProperty *row) {
  const GstWinnowPropertyType *t = &row->type;
  const gchar *name = row->name, *nick = row->nick, *blurb = row->blurb;
  GParamFlags flags = row->access.flags;
  switch (t->type) {
  case G_TYPE_STRING:
    return g_param_spec_string(name, nick, blurb, t->initial_text, flags);
  case G_TYPE_INT:
    return g_param_spec_int(name, nick, blurb, (gint)t->whole.min, (gint)t->whole.max,
                            (gint)t->whole.initial, flags);
  case G_TYPE_UINT:
    return g_param_spec_uint(name, nick, blurb, (guint)t->whole.min, (guint)t->whole.max,
                             (guint)t->whole.initial, flags);
  case G_TYPE_UINT64:
    return g_param_spec_uint64(name, nick, blurb, (guint64)t->whole.min, (guint64)t->whole.max,
                               (guint64)t->whole.initial, flags);
  case G_TYPE_DOUBLE:
    return g_param_spec_double(name, nick, blurb, t->real.min, t->real.max, t->real.initial, flags);
  case G_TYPE_BOOLEAN:
    return g_param_spec_boolean(name, nick, blurb, (gboolean)t->whole.initial, flags);
  case G_TYPE_ENUM:
    return g_param_spec_enum(name, nick, blurb, t->get_type(), (gint)t->whole.initial, flags);
  case GST_WINNOW_TYPE_FRACTION:
    return gst_param_spec_fraction(name, nick, blurb, 0, 1, G_MAXINT, 1, (gint)t->whole.initial,
                                   (gint)t->whole.min, flags);
  case G_TYPE_BOXED:
    return g_param_spec_boxed(name, nick, blurb, t->get_type(), flags);
  default:
    g_assert_not_reached();
  }
}

/* ---- Values --------------------------------------------------------------- */

static void set_field(GObject *object, const GstWinnowProperty *row, const GValue *value) {
  gpointer field = G_STRUCT_MEMBER_P(object, row->offset);
  const gchar *text;
  switch (row->type.type) {
  case G_TYPE_STRING:
    text = g_value_get_string(value);
    g_free(*(gchar **)field);
    *(gchar **)field = g_strdup(text != NULL ? text : row->type.initial_text);
    break;
  case G_TYPE_INT:
    *(gint *)field = g_value_get_int(value);
    break;
  case G_TYPE_UINT:
    *(guint *)field = g_value_get_uint(value);
    break;
  case G_TYPE_UINT64:
    *(guint64 *)field = g_value_get_uint64(value);
    break;
  case G_TYPE_DOUBLE:
    *(gdouble *)field = g_value_get_double(value);
    break;
  case G_TYPE_BOOLEAN:
    *(gboolean *)field = g_value_get_boolean(value);
    break;
  case G_TYPE_ENUM:
    *(gint *)field = g_value_get_enum(value);
    break;
  case GST_WINNOW_TYPE_FRACTION:
    *(GstWinnowFraction *)field = (GstWinnowFraction){gst_value_get_fraction_numerator(value),
                                                      gst_value_get_fraction_denominator(value)};
    break;
  default:
    g_assert_not_reached();
  }
}

static void get_field(GObject *object, const GstWinnowProperty *row, GValue *value) {
  gconstpointer field = G_STRUCT_MEMBER_P(object, row->offset);
  switch (row->type.type) {
  case G_TYPE_STRING:
    g_value_set_string(value, *(gchar *const *)field);
    break;
  case G_TYPE_INT:
    g_value_set_int(value, *(const gint *)field);
    break;
  case G_TYPE_UINT:
    g_value_set_uint(value, *(const guint *)field);
    break;
  case G_TYPE_UINT64:
    g_value_set_uint64(value, *(const guint64 *)field);
    break;
  case G_TYPE_DOUBLE:
    g_value_set_double(value, *(const gdouble *)field);
    break;
  case G_TYPE_BOOLEAN:
    g_value_set_boolean(value, *(const gboolean *)field);
    break;
  case G_TYPE_ENUM:
    g_value_set_enum(value, *(const gint *)field);
    break;
  case GST_WINNOW_TYPE_FRACTION:
    gst_value_set_fraction(value, ((const GstWinnowFraction *)field)->n,
                           ((const GstWinnowFraction *)field)->d);
    break;
  case G_TYPE_BOXED:
    g_value_take_boxed(value, row->type.make(object));
    break;
  default:
    g_assert_not_reached();
  }
}

/* ---- For the class -------------------------------------------------------- */

static const GstWinnowProperties *table_of(GType type) {
  return g_type_get_qdata(type, table_quark());
}

const GstWinnowProperty *gst_winnow_properties_find(const GParamSpec *spec) {
  const GstWinnowProperties *properties = table_of(spec->owner_type);
  return properties != NULL ? &properties->rows[spec->param_id - 1] : NULL;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  GST_OBJECT_LOCK(object);
  set_field(object, gst_winnow_properties_find(spec), value);
  GST_OBJECT_UNLOCK(object);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  GST_OBJECT_LOCK(object);
  get_field(object, gst_winnow_properties_find(spec), value);
  GST_OBJECT_UNLOCK(object);
}

void gst_winnow_properties_install(GObjectClass *klass, const GstWinnowProperties *properties) {
  g_type_set_qdata(G_OBJECT_CLASS_TYPE(klass), table_quark(), (gpointer)properties);
  klass->set_property = set_property;
  klass->get_property = get_property;
  for (guint i = 0; i < properties->n_rows; i++)
    g_object_class_install_property(klass, i + 1, make_spec(&properties->rows[i]));
}

/* ---- For an instance ------------------------------------------------------ */

void gst_winnow_properties_init(GObject *object) {
  const GstWinnowProperties *properties = table_of(G_OBJECT_TYPE(object));
  for (guint i = 0; i < properties->n_rows; i++) {
    const GstWinnowProperty *row = &properties->rows[i];
    if (row->type.make != NULL) continue;
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), row->name);
    set_field(object, row, g_param_spec_get_default_value(spec));
  }
}

void gst_winnow_properties_clear(GObject *object) {
  const GstWinnowProperties *properties = table_of(G_OBJECT_TYPE(object));
  for (guint i = 0; i < properties->n_rows; i++)
    if (properties->rows[i].type.type == G_TYPE_STRING)
      g_clear_pointer((gchar **)G_STRUCT_MEMBER_P(object, properties->rows[i].offset), g_free);
}

void gst_winnow_string_set(gchar **string, const gchar *to) {
  g_free(*string);
  *string = g_strdup(to);
}
