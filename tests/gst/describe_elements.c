/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints what a plugin's elements are, as JSON, for docs/elements.py: names, pads, properties and
 * signals as the classes have them.  Nothing in it may depend on the machine.
 *
 * describe_elements PLUGIN.so
 */
#include <gst/video/video.h>
#include <jansson.h>
#include <stdio.h>

/* ---- Values --------------------------------------------------------------- */

static json_t *text_of(const GValue *value) {
  if (G_VALUE_HOLDS_STRING(value)) {
    const gchar *text = g_value_get_string(value);
    return text != NULL ? json_string(text) : json_null();
  }
  g_autofree gchar *text = gst_value_serialize(value);
  return text != NULL ? json_string(text) : json_null();
}

/* A whole number's default and limits; a limit that is the type's own is left out. */
static void add_limits(json_t *to, const GParamSpec *spec) {
#define WHOLE(SPEC, TYPE, MIN, MAX)                                                                \
  if (G_IS_PARAM_SPEC_##SPEC(spec)) {                                                              \
    const GParamSpec##TYPE *s = G_PARAM_SPEC_##SPEC(spec);                                         \
    if (s->minimum != (MIN)) json_object_set_new(to, "min", json_integer((json_int_t)s->minimum)); \
    if (s->maximum < (MAX)) json_object_set_new(to, "max", json_integer((json_int_t)s->maximum));  \
  }
  WHOLE(INT, Int, G_MININT, G_MAXINT)
  WHOLE(UINT, UInt, G_MAXUINT, G_MAXINT)
  WHOLE(INT64, Int64, G_MININT64, G_MAXINT64)
  WHOLE(UINT64, UInt64, G_MAXUINT64, G_MAXINT64)
#undef WHOLE
  if (G_IS_PARAM_SPEC_DOUBLE(spec)) {
    json_object_set_new(to, "min", json_real(G_PARAM_SPEC_DOUBLE(spec)->minimum));
    json_object_set_new(to, "max", json_real(G_PARAM_SPEC_DOUBLE(spec)->maximum));
  }
}

/* ---- Properties and signals ------------------------------------------------ */

static json_t *enum_values(const GParamSpec *spec) {
  json_t *list = json_array();
  const GEnumClass *values = G_PARAM_SPEC_ENUM(spec)->enum_class;
  for (guint i = 0; i < values->n_values; i++)
    json_array_append_new(list, json_pack("{s:s, s:s}", "nick", values->values[i].value_nick,
                                          "what", values->values[i].value_name));
  return list;
}

static const gchar *when_set(const GParamSpec *spec) {
  if (!(spec->flags & G_PARAM_WRITABLE)) return "read-only";
  if (spec->flags & G_PARAM_CONSTRUCT_ONLY) return "construction";
  if (spec->flags & GST_PARAM_MUTABLE_PLAYING) return "playing";
  if (spec->flags & GST_PARAM_MUTABLE_PAUSED) return "paused";
  return spec->flags & GST_PARAM_MUTABLE_READY ? "ready" : "unsaid";
}

static json_t *describe_property(GParamSpec *spec) {
  json_t *property =
      json_pack("{s:s, s:s, s:s, s:s?}", "name", spec->name, "type", g_type_name(spec->value_type),
                "when", when_set(spec), "blurb", g_param_spec_get_blurb(spec));
  if (spec->flags & G_PARAM_WRITABLE)
    json_object_set_new(property, "default", text_of(g_param_spec_get_default_value(spec)));
  if (G_IS_PARAM_SPEC_ENUM(spec)) json_object_set_new(property, "values", enum_values(spec));
  add_limits(property, spec);
  return property;
}

static json_t *describe_properties(GObjectClass *klass) {
  guint n = 0;
  json_t *list = json_array();
  g_autofree GParamSpec **specs = g_object_class_list_properties(klass, &n);
  for (guint i = 0; i < n; i++)
    if (specs[i]->owner_type == G_OBJECT_CLASS_TYPE(klass))
      json_array_append_new(list, describe_property(specs[i]));
  return list;
}

static json_t *describe_signals(GType type) {
  guint n = 0;
  json_t *list = json_array();
  g_autofree guint *ids = g_signal_list_ids(type, &n);
  for (guint i = 0; i < n; i++) {
    GSignalQuery query;
    g_signal_query(ids[i], &query);
    json_t *arguments = json_array();
    for (guint k = 0; k < query.n_params; k++)
      json_array_append_new(arguments, json_string(g_type_name(query.param_types[k])));
    json_array_append_new(list,
                          json_pack("{s:s, s:b, s:s, s:o}", "name", query.signal_name, "action",
                                    (query.signal_flags & G_SIGNAL_ACTION) != 0, "returns",
                                    g_type_name(query.return_type & ~G_SIGNAL_TYPE_STATIC_SCOPE),
                                    "arguments", arguments));
  }
  return list;
}

/* ---- Pads ------------------------------------------------------------------ */

/* Which formats there are depends on the version of GStreamer. */
static gboolean is_any_format(const GValue *formats) {
  g_autoptr(GstCaps) all = gst_caps_from_string("video/x-raw,format=" GST_VIDEO_FORMATS_ALL);
  return gst_value_compare(formats, gst_structure_get_value(gst_caps_get_structure(all, 0),
                                                            "format")) == GST_VALUE_EQUAL;
}

static gboolean add_field(GQuark field, const GValue *value, gpointer fields) {
  const gchar *name = g_quark_to_string(field);
  gboolean any = g_str_equal(name, "format") && is_any_format(value);
  json_object_set_new(fields, name, any ? json_string("any") : text_of(value));
  return TRUE;
}

static json_t *describe_caps(const GstCaps *caps) {
  json_t *list = json_array();
  if (gst_caps_is_any(caps)) return list;
  for (guint i = 0; i < gst_caps_get_size(caps); i++) {
    const GstStructure *structure = gst_caps_get_structure(caps, i);
    g_autofree gchar *features = gst_caps_features_to_string(gst_caps_get_features(caps, i));
    json_t *fields = json_object();
    gst_structure_foreach(structure, add_field, fields);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:o}", "media", gst_structure_get_name(structure),
                                    "features", features, "fields", fields));
  }
  return list;
}

static json_t *describe_pads(GstElementFactory *factory) {
  static const gchar *const presence[] = {"always", "sometimes", "on request"};
  json_t *list = json_array();
  for (const GList *l = gst_element_factory_get_static_pad_templates(factory); l; l = l->next) {
    GstStaticPadTemplate *pad = l->data;
    g_autoptr(GstCaps) caps = gst_static_pad_template_get_caps(pad);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s, s:o}", "name", pad->name_template, "direction",
                                    pad->direction == GST_PAD_SRC ? "src" : "sink", "presence",
                                    presence[pad->presence], "caps", describe_caps(caps)));
  }
  return list;
}

/* ---- Elements -------------------------------------------------------------- */

static json_t *describe(GstElementFactory *factory) {
  GType type = gst_element_factory_get_element_type(factory);
  GObjectClass *klass = g_type_class_ref(type);
  json_t *above = json_array();
  for (GType t = g_type_parent(type); t != 0; t = g_type_parent(t))
    json_array_append_new(above, json_string(g_type_name(t)));
  json_t *element =
      json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", GST_OBJECT_NAME(factory), "type",
                g_type_name(type), "above", above, "pads", describe_pads(factory), "properties",
                describe_properties(klass), "signals", describe_signals(type));
  static const gchar *const about[] = {GST_ELEMENT_METADATA_LONGNAME, GST_ELEMENT_METADATA_KLASS,
                                       GST_ELEMENT_METADATA_DESCRIPTION};
  for (guint i = 0; i < G_N_ELEMENTS(about); i++)
    json_object_set_new(element, about[i],
                        json_string(gst_element_factory_get_metadata(factory, about[i])));
  g_type_class_unref(klass);
  return element;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  gst_init(&argc, &argv);
  if (argc != 2) {
    fprintf(stderr, "usage: %s PLUGIN.so\n", argv[0]);
    return 2;
  }
  g_autoptr(GstPlugin) plugin = gst_plugin_load_file(argv[1], &error);
  if (plugin == NULL) {
    fprintf(stderr, "%s: %s\n", argv[1], error->message);
    return 1;
  }
  json_t *elements = json_array();
  GList *features =
      gst_registry_get_feature_list_by_plugin(gst_registry_get(), gst_plugin_get_name(plugin));
  for (GList *l = features; l != NULL; l = l->next) {
    g_autoptr(GstPluginFeature) loaded = gst_plugin_feature_load(l->data);
    if (GST_IS_ELEMENT_FACTORY(loaded))
      json_array_append_new(elements, describe(GST_ELEMENT_FACTORY(loaded)));
  }
  gst_plugin_feature_list_free(features);
  json_dumpf(elements, stdout, JSON_INDENT(1));
  putchar('\n');
  json_decref(elements);
  return 0;
}
