/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bad files and bad values: each is one clear error on the bus, and the element can
 * be set right afterwards.
 */
#include "fixture.h"

#include <glib/gstdio.h>

static gchar *write_file(const gchar *name, const gchar *data, gssize size) {
  gchar *path = g_build_filename(g_get_tmp_dir(), name, NULL);
  fail_unless(g_file_set_contents(path, data, size, NULL));
  return path;
}

/* Starting must fail with this error, whose text names `word`; then it must work with
 * the property set back. */
static void check_start(const gchar *property, const gchar *value, GQuark domain, gint code,
                        const gchar *word) {
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  GstBus *bus = gst_bus_new();
  gst_element_set_bus(element, bus);
  g_object_set(element, "model-file", MODEL_FILE, "threads", 1, NULL);
  gst_util_set_object_arg(G_OBJECT(element), property, value);
  fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  fail_unless(message != NULL, "%s=%s: no error on the bus", property, value);
  g_autoptr(GError) error = NULL;
  gst_message_parse_error(message, &error, NULL);
  fail_unless(g_error_matches(error, domain, code), "%s=%s: %s, code %d: %s", property, value,
              g_quark_to_string(error->domain), error->code, error->message);
  fail_unless(strstr(error->message, word) != NULL, "%s=%s: no %s in: %s", property, value, word,
              error->message);
  fail_unless(strchr(error->message, '\n') == NULL);
  gst_message_unref(message);
  fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL, "a second error");

  gst_element_set_state(element, GST_STATE_NULL);
  GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), property);
  if (g_str_equal(property, "model-file"))
    g_object_set(element, property, MODEL_FILE, NULL);
  else
    g_object_set_property(G_OBJECT(element), property, g_param_spec_get_default_value(spec));
  fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                         GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_element_set_bus(element, NULL);
  gst_object_unref(bus);
  gst_object_unref(element);
}

GST_START_TEST(test_no_model_file) {
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  GstBus *bus = gst_bus_new();
  gst_element_set_bus(element, bus);
  fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                         GST_STATE_CHANGE_FAILURE);
  GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  g_autoptr(GError) error = NULL;
  gst_message_parse_error(message, &error, NULL);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  fail_unless(strstr(error->message, "model-file") != NULL);
  gst_message_unref(message);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_element_set_bus(element, NULL);
  gst_object_unref(bus);
  gst_object_unref(element);
}
GST_END_TEST

/* By its name alone. */
GST_START_TEST(test_installed_model) {
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  g_object_set(element, "model-file", "person", "threads", 1, NULL);
  fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                         GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_object_unref(element);
}
GST_END_TEST

GST_START_TEST(test_model_files) {
  g_autofree gchar *model = NULL;
  gsize size = 0;
  fail_unless(g_file_get_contents(MODEL_FILE, &model, &size, NULL));
  check_start("model-file", "/nonexistent/model.onnx", GST_RESOURCE_ERROR,
              GST_RESOURCE_ERROR_NOT_FOUND, "/nonexistent/model.onnx");
  check_start("model-file", "no\nsuch", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
              "/share/winnow/models/no such.onnx");

  g_autofree gchar *empty = write_file("winnow-test-empty.onnx", "", 0);
  check_start("model-file", empty, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT, "winnow-test-empty");
  g_autofree gchar *text = write_file("winnow-test-text.onnx", "no model\n", -1);
  check_start("model-file", text, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT, "winnow-test-text");
  g_autofree gchar *half = write_file("winnow-test-half.onnx", model, (gssize)size / 2);
  check_start("model-file", half, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT, "winnow-test-half");
  /* The lengths at the start of the file no longer fit what follows. */
  for (gsize i = 0; i < 64 && i < size; i++) model[i] = (gchar)(model[i] ^ 0x55);
  g_autofree gchar *flipped = write_file("winnow-test-flipped.onnx", model, (gssize)size);
  check_start("model-file", flipped, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT,
              "winnow-test-flipped");
  g_unlink(empty);
  g_unlink(text);
  g_unlink(half);
  g_unlink(flipped);
}
GST_END_TEST

GST_START_TEST(test_labels_files) {
  check_start("labels-file", "/nonexistent/labels.txt", GST_RESOURCE_ERROR,
              GST_RESOURCE_ERROR_NOT_FOUND, "/nonexistent/labels.txt");
  g_autofree gchar *few = write_file("winnow-test-labels.txt", "one\ntwo\n", -1);
  check_start("labels-file", few, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "label");
  g_unlink(few);
}
GST_END_TEST

GST_START_TEST(test_labels_are_used) {
  g_autofree gchar *path =
      write_file("winnow-test-letters.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", -1);
  Fixture fixture = fixture_open("labels-file", path, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  GstBuffer *out = fixture_push(&fixture, 4, 0);
  g_autoptr(GstWinnowResult) result = result_on(out);
  const gchar *label = gst_winnow_result_get_label(result);
  fail_unless_equals_int((gint)strlen(label), 1);
  fail_unless_equals_int(label[0] - 'a', gst_winnow_result_get_class_index(result));
  gst_buffer_unref(out);
  fixture_close(&fixture);
  g_unlink(path);
}
GST_END_TEST

GST_START_TEST(test_settings) {
  static const gchar *const bad[][3] = {
      {"thresholds", "0.1,0.2", "threshold"},
      {"thresholds", FIXTURE_THRESHOLDS("a"), "threshold"},
      {"thresholds", FIXTURE_THRESHOLDS("2"), "threshold"},
      {"watch", "unicorn", "unicorn"},
      {"strategy", "entropy", "threshold"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    check_start(bad[i][0], bad[i][1], GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, bad[i][2]);
}
GST_END_TEST

static void check_warning(Fixture *fixture, const gchar *word) {
  GstMessage *message = fixture_message(fixture, GST_MESSAGE_WARNING);
  g_autoptr(GError) error = NULL;
  gst_message_parse_warning(message, &error, NULL);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless(strstr(error->message, word) != NULL, "%s", error->message);
  gst_message_unref(message);
}

static gint exit_stage_of_next(Fixture *fixture) {
  GstBuffer *out = fixture_push(fixture, 1, 0);
  g_autoptr(GstWinnowResult) result = result_on(out);
  gst_buffer_unref(out);
  return gst_winnow_result_get_exit_stage(result);
}

static gint strategy_of(Fixture *fixture) {
  gint strategy;
  g_object_get(fixture->element, "strategy", &strategy, NULL);
  return strategy;
}

/* While playing a bad value is a warning, once; what is in force stays, and is what one reads. */
GST_START_TEST(test_bad_values_while_playing) {
  Fixture fixture = fixture_open("strategy", WN_STRATEGY_NONE, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  fail_unless_equals_int(exit_stage_of_next(&fixture), FIXTURE_EXITS);
  g_object_set(fixture.element, "strategy", WN_STRATEGY_CONFIDENCE, NULL);
  fail_unless_equals_int(exit_stage_of_next(&fixture), FIXTURE_EXITS);
  check_warning(&fixture, "threshold");
  fail_unless_equals_int(exit_stage_of_next(&fixture), FIXTURE_EXITS);
  fail_unless(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING) == NULL, "said twice");
  fail_unless_equals_int(strategy_of(&fixture), WN_STRATEGY_NONE);
  g_object_set(fixture.element, "strategy", WN_STRATEGY_MODEL, "watch", "unicorn", NULL);
  exit_stage_of_next(&fixture);
  check_warning(&fixture, "unicorn");
  g_autofree gchar *watch = NULL;
  g_object_get(fixture.element, "watch", &watch, NULL);
  fail_unless(watch == NULL, "%s", watch);
  fail_unless_equals_int(strategy_of(&fixture), WN_STRATEGY_NONE);
  g_object_set(fixture.element, "strategy", WN_STRATEGY_MODEL, NULL);
  g_object_set(fixture.element, "watch", "cat", NULL);
  exit_stage_of_next(&fixture);
  fail_unless(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR) == NULL);
  fixture_close(&fixture);
}
GST_END_TEST

/* Properties of one g_object_set() take effect together. */
GST_START_TEST(test_properties_together) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 10; i++) {
    g_object_set(fixture.element, "strategy", WN_STRATEGY_ENTROPY, "thresholds",
                 FIXTURE_THRESHOLDS("9"), NULL);
    GstBuffer *out = fixture_push(&fixture, i, 0);
    g_autoptr(GstWinnowResult) result = result_on(out);
    fail_unless_equals_string(gst_winnow_result_get_stop_reason(result), "confident");
    fail_unless_equals_int(gst_winnow_result_get_exit_stage(result), 0);
    gst_buffer_unref(out);
    g_object_set(fixture.element, "thresholds", NULL, "strategy", WN_STRATEGY_NONE, NULL);
    fail_unless_equals_int(exit_stage_of_next(&fixture), FIXTURE_EXITS);
  }
  fail_unless(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING) == NULL);
  fixture_close(&fixture);
}
GST_END_TEST

/* The property allows what the engine does, and no more. */
GST_START_TEST(test_the_most_threads) {
  Reference reference = reference_open(NULL);
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), "threads");
  gint most = G_PARAM_SPEC_INT(spec)->maximum;
  const WnSessionOptions options = {.threads = most}, over = {.threads = most + 1};
  WnSession *session = NULL;
  WnError error = {0};
  fail_unless(wn_session_new(reference.model, &options, &session, &error) == WN_OK, "%s",
              error.message);
  wn_session_free(session);
  fail_unless(wn_session_new(reference.model, &over, &session, &error) == WN_ERROR_ARGUMENT);
  fail_unless(strstr(error.message, "threads") != NULL, "%s", error.message);
  gst_object_unref(element);
  reference_close(&reference);
}
GST_END_TEST

GST_START_TEST(test_short_buffer) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 64, 64, NULL);
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, 100, NULL);
  GST_BUFFER_PTS(buffer) = 0;
  fail_unless_equals_int(gst_harness_push(fixture.harness, buffer), GST_FLOW_ERROR);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ERROR);
  g_autoptr(GError) error = NULL;
  gst_message_parse_error(message, &error, NULL);
  fail_unless(g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED));
  gst_message_unref(message);
  fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_errors_suite(void) {
  Suite *suite = suite_create("classify_errors");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_no_model_file);
  tcase_add_test(tc, test_installed_model);
  tcase_add_test(tc, test_model_files);
  tcase_add_test(tc, test_labels_files);
  tcase_add_test(tc, test_labels_are_used);
  tcase_add_test(tc, test_settings);
  tcase_add_test(tc, test_bad_values_while_playing);
  tcase_add_test(tc, test_properties_together);
  tcase_add_test(tc, test_the_most_threads);
  tcase_add_test(tc, test_short_buffer);
  return suite;
}

GST_CHECK_MAIN(classify_errors)
