/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every property of every element: a new element has the defaults, and what is set is what is read.
 */
#include "fixture.h"

static const gchar *const elements[] = {"winnowclassify", "winnowgate",    "winnowoverlay",
                                        "winnowpublish",  "winnowshmsink", "winnowshmsrc"};

/* A value that a property of this kind may have, other than its default. */
static void set_other(const GParamSpec *spec, GValue *value) {
  if (G_IS_PARAM_SPEC_STRING(spec)) {
    g_value_set_string(value, "other");
  } else if (G_IS_PARAM_SPEC_INT(spec)) {
    g_value_set_int(value, ((const GParamSpecInt *)spec)->maximum);
  } else if (G_IS_PARAM_SPEC_UINT(spec)) {
    g_value_set_uint(value, ((const GParamSpecUInt *)spec)->maximum);
  } else if (G_IS_PARAM_SPEC_UINT64(spec)) {
    g_value_set_uint64(value, ((const GParamSpecUInt64 *)spec)->maximum);
  } else if (G_IS_PARAM_SPEC_DOUBLE(spec)) {
    g_value_set_double(value, ((const GParamSpecDouble *)spec)->maximum);
  } else if (G_IS_PARAM_SPEC_BOOLEAN(spec)) {
    g_value_set_boolean(value, !((const GParamSpecBoolean *)spec)->default_value);
  } else if (GST_IS_PARAM_SPEC_FRACTION(spec)) {
    gst_value_set_fraction(value, 7, 3);
  } else {
    const GEnumClass *values = ((const GParamSpecEnum *)spec)->enum_class;
    g_value_set_enum(value, values->values[values->n_values - 1].value);
  }
}

static void check_default(GObject *object, GParamSpec *spec) {
  GValue got = G_VALUE_INIT;
  g_object_get_property(object, spec->name, &got);
  if (G_IS_PARAM_SPEC_BOXED(spec))
    fail_unless(g_value_get_boxed(&got) != NULL, "%s", spec->name);
  else
    fail_unless(g_param_value_defaults(spec, &got), "%s is not its default", spec->name);
  g_value_unset(&got);
}

/* With `set` sets another value; else that value must be there. */
static void check_other(GObject *object, GParamSpec *spec, gboolean set) {
  GValue got = G_VALUE_INIT, other = G_VALUE_INIT;
  if (!(spec->flags & G_PARAM_WRITABLE)) return;
  g_value_init(&other, spec->value_type);
  set_other(spec, &other);
  fail_if(g_param_value_defaults(spec, &other), "%s: only one value is possible", spec->name);
  if (set) g_object_set_property(object, spec->name, &other);
  g_object_get_property(object, spec->name, &got);
  fail_unless(g_param_values_cmp(spec, &got, &other) == 0, "%s is not what was set", spec->name);
  g_value_unset(&got);
  g_value_unset(&other);
}

/* All are set before they are looked at again: no two lie in one field. */
GST_START_TEST(test_defaults_and_values) {
  guint n_checked = 0;
  for (guint i = 0; i < G_N_ELEMENTS(elements); i++) {
    GObject *object = G_OBJECT(gst_element_factory_make(elements[i], NULL));
    guint n = 0;
    g_autofree GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(object), &n);
    for (gint pass = 0; pass < 3; pass++)
      for (guint k = 0; k < n; k++) {
        if (specs[k]->owner_type != G_OBJECT_TYPE(object)) continue;
        n_checked++;
        if (pass == 0)
          check_default(object, specs[k]);
        else
          check_other(object, specs[k], pass == 1);
      }
    gst_object_unref(object);
  }
  fail_unless(n_checked >= 3 * 25, "%u properties", n_checked);
}
GST_END_TEST

GST_START_TEST(test_no_location_is_standard_output) {
  GstElement *element = gst_element_factory_make("winnowpublish", NULL);
  g_autofree gchar *location = NULL;
  g_object_set(element, "location", "/somewhere", NULL);
  g_object_set(element, "location", NULL, NULL);
  g_object_get(element, "location", &location, NULL);
  fail_unless_equals_string(location, "-");
  gst_object_unref(element);
}
GST_END_TEST

static Suite *properties_suite(void) {
  Suite *suite = suite_create("properties");
  TCase *tcase = tcase_create("general");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, test_defaults_and_values);
  tcase_add_test(tcase, test_no_location_is_standard_output);
  return suite;
}

GST_CHECK_MAIN(properties);
