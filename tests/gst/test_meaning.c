/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the model sees and what its scores mean, said by properties: frames get what the engine
 * answers when it is told the same; a wrong value is refused and leaves all as it was; where nobody
 * says it there is one warning for each model; and several labels come through every carrier.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <winnow/ipc.h>

#define PATIENCE (60 * G_USEC_PER_SEC) /* only a hang takes so long */

/* "#name" for each field of WnMeaning. */
#define NAME(field, name, argument, what) name,
static const gchar *const names[] = {WN_MEANING_FIELDS(NAME)};
#undef NAME

static Fixture open_small(const gchar *property, const gchar *value) {
  Fixture fixture = fixture_open(property, value, NULL);
  fixture_caps(&fixture, "RGB", 48, 32, NULL);
  return fixture;
}

/* Pushes the test picture: whether it comes out with the answer of `reference`. */
static gboolean push_for(Fixture *fixture, Reference *reference) {
  GstBuffer *out = fixture_push(fixture, 1, 0);
  g_autoptr(GstWinnowResult) got = gst_winnow_result_from_buffer(out);
  const WnResult *wanted = reference_frame(reference, &fixture->info, out, NULL, NULL);
  gst_buffer_unref(out);
  return got != NULL && gst_winnow_result_get_class_index(got) == wanted->class_index &&
         gst_winnow_result_get_survivor_count(got) == wanted->survivor_count &&
         ABS(gst_winnow_result_get_confidence(got) - wanted->confidence) < 1e-5;
}

static gboolean push(Fixture *fixture, const WnMeaning *meaning) {
  Reference reference = reference_open_meaning(meaning);
  gboolean same = push_for(fixture, &reference);
  reference_close(&reference);
  return same;
}

static void push_until(Fixture *fixture, const WnMeaning *meaning) {
  Reference reference = reference_open_meaning(meaning);
  gint64 end = g_get_monotonic_time() + PATIENCE;
  while (!push_for(fixture, &reference))
    fail_unless(g_get_monotonic_time() < end, "the model stays");
  reference_close(&reference);
}

/* The next warning holds `says`; frames go on. */
static void fail_unless_warned(Fixture *fixture, const gchar *says) {
  g_autoptr(GError) warning = NULL;
  GstMessage *message = NULL;
  gint64 end = g_get_monotonic_time() + PATIENCE;
  while ((message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_WARNING)) == NULL) {
    fail_unless(g_get_monotonic_time() < end, "no warning: %s", says);
    gst_buffer_unref(fixture_push(fixture, 1, 0));
  }
  gst_message_parse_warning(message, &warning, NULL);
  fail_unless(strstr(warning->message, says) != NULL, "%s", warning->message);
  gst_message_unref(message);
}

static void fail_unless_silent(Fixture *fixture) {
  for (guint i = 0; i < 3; i++) gst_buffer_unref(fixture_push(fixture, 1, 0));
  GstMessage *message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_WARNING);
  fail_unless(message == NULL);
}

/* ---- What is said ---------------------------------------------------------- */

/* Each field has its property. */
GST_START_TEST(test_each_field) {
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), names[i]);
    fail_unless(spec != NULL && (spec->flags & GST_PARAM_MUTABLE_PLAYING), "%s", names[i]);
  }
  gst_object_unref(element);
}
GST_END_TEST

GST_START_TEST(test_as_the_engine) {
  static const struct {
    const gchar *property, *value;
    WnMeaning meaning;
  } said[] = {
      {"mean", "0.1,0.5,0.9", {.mean = "0.1,0.5,0.9"}},
      {"std", "0.6", {.std = "0.6"}},
      {"range", "-1..1", {.range = "-1..1"}},
      {"channels", "bgr", {.channels = "bgr"}},
      {"resize", "stretch", {.resize = "stretch"}},
      {"crop", "0.5", {.crop = "0.5"}},
      {"scores", "sigmoid", {.scores = "sigmoid"}},
      {"preset", "torchvision", {.preset = "torchvision"}},
  };
  for (guint i = 0; i < G_N_ELEMENTS(said); i++) {
    Fixture fixture = open_small(said[i].property, said[i].value);
    fail_unless(push(&fixture, &said[i].meaning), "%s", said[i].property);
    if (i != 7) /* the file's own words count more than a preset */
      fail_if(push(&fixture, &(WnMeaning){0}), "%s changes nothing", said[i].property);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* Refused before the start as the other properties are. */
GST_START_TEST(test_wrong_values) {
  static const gchar *const wrong[][2] = {
      {"mean", "1,2"},       {"std", "0"},
      {"range", "5"},        {"channels", "grb"},
      {"resize", "smaller"}, {"crop", "2"},
      {"rounding", "up"},    {"interpolation", "cubic"},
      {"input-size", "big"}, {"scores", "points"},
      {"preset", "unknown"}, {"scores-output", "nowhere"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
    GstElement *element = gst_element_factory_make("winnowclassify", NULL);
    g_object_set(element, "model-file", MODEL_FILE, wrong[i][0], wrong[i][1], NULL);
    fail_unless_start_fails(element, GST_RESOURCE_ERROR_SETTINGS, wrong[i][0]);
  }
}
GST_END_TEST

/* ---- While it plays -------------------------------------------------------- */

GST_START_TEST(test_change) {
  const WnMeaning own = {0}, blue_first = {.channels = "bgr"}, wide = {.mean = "0", .std = "2"};
  for (gint async = 0; async < 2; async++) {
    Fixture fixture = fixture_open("async", async, "max-age", (guint64)0, NULL);
    fixture_caps(&fixture, "RGB", 48, 32, NULL);
    push_until(&fixture, &own);
    g_object_set(fixture.element, "channels", "bgr", NULL);
    push_until(&fixture, &blue_first);
    g_object_set(fixture.element, "channels", NULL, "mean", "0", "std", "2", NULL);
    push_until(&fixture, &wide);
    g_object_set(fixture.element, "mean", NULL, "std", NULL, NULL);
    push_until(&fixture, &own);
    fail_unless_silent(&fixture);
    fixture_close(&fixture);
  }
}
GST_END_TEST

static void count(GObject *object, GParamSpec *spec, gpointer n) {
  ++*(guint *)n;
}

GST_START_TEST(test_refused_change) {
  const WnMeaning blue_first = {.channels = "bgr"};
  guint n_notified = 0;
  Fixture fixture = open_small("channels", "bgr");
  fail_unless(push(&fixture, &blue_first));
  g_signal_connect(fixture.element, "notify::channels", G_CALLBACK(count), &n_notified);
  g_object_set(fixture.element, "channels", "grb", "crop", "0.5", NULL);
  fail_unless_warned(&fixture, "grb");
  g_autofree gchar *channels = NULL, *crop = NULL;
  g_object_get(fixture.element, "channels", &channels, "crop", &crop, NULL);
  fail_unless_equals_string(channels, "bgr");
  fail_unless(crop == NULL, "what was set with it stays: %s", crop);
  fail_unless_equals_int((gint)n_notified, 2);
  fail_unless(push(&fixture, &blue_first));
  fail_unless_silent(&fixture);
  /* The next good one is taken. */
  g_object_set(fixture.element, "channels", "rgb", NULL);
  push_until(&fixture, &(WnMeaning){0});
  fixture_close(&fixture);
}
GST_END_TEST

/* ---- Where nobody says it -------------------------------------------------- */

#define GUESS "0..1 are assumed"

GST_START_TEST(test_one_warning) {
  Fixture fixture = open_small("model-file", SILENT_MODEL_FILE);
  fail_unless_warned(&fixture, GUESS);
  fail_unless_silent(&fixture);
  /* Nor again for a policy. */
  g_object_set(fixture.element, "min-confidence", 0.1, "max-age", (guint64)0, NULL);
  fail_unless_silent(&fixture);
  /* Another model that says it, and back. */
  g_object_set(fixture.element, "model-file", MODEL_FILE, NULL);
  push_until(&fixture, &(WnMeaning){0});
  fail_unless_silent(&fixture);
  g_object_set(fixture.element, "model-file", SILENT_MODEL_FILE, NULL);
  fail_unless_warned(&fixture, GUESS);
  fail_unless_silent(&fixture);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_no_warning) {
  static const gchar *const said[][2] = {
      {"preset", "none"}, {"preset", "torchvision"}, {"range", "-1..1"}, {"mean", "0.5"}};
  for (guint i = 0; i < G_N_ELEMENTS(said); i++) {
    Fixture fixture = fixture_open("model-file", SILENT_MODEL_FILE, said[i][0], said[i][1], NULL);
    fixture_caps(&fixture, "RGB", 48, 32, NULL);
    fail_unless_silent(&fixture);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* ---- Several labels -------------------------------------------------------- */

/* The best first, each above a half, and as the engine has them. */
static void check_labels(const GstWinnowResult *result, const WnResult *wanted) {
  gsize n;
  const gdouble *scores = gst_winnow_result_get_survivor_scores(result, &n);
  fail_unless(n >= 2, "%zu labels", n);
  for (gsize i = 0; i < n; i++) fail_unless(scores[i] > 0.5, "%f", scores[i]);
  reference_equal(result, wanted);
}

/* A picture that has several. */
static guint find_seed(Fixture *fixture) {
  for (guint seed = 0; seed < 500; seed++) {
    gsize n;
    GstBuffer *out = fixture_push(fixture, seed, 0);
    g_autoptr(GstWinnowResult) result = result_on(out);
    gst_buffer_unref(out);
    gst_winnow_result_get_survivors(result, &n);
    if (n >= 2) return seed;
  }
  fail("no picture has two labels");
  return 0;
}

GST_START_TEST(test_several_labels) {
  Fixture fixture = fixture_open("scores", "sigmoid", "stable-time", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 48, 32, NULL);
  Reference reference = reference_open_meaning(&(WnMeaning){.scores = "sigmoid"});
  guint seed = find_seed(&fixture);
  gst_harness_push_event(fixture.harness, gst_event_new_flush_start());
  gst_harness_push_event(fixture.harness, gst_event_new_flush_stop(TRUE));
  fixture_caps(&fixture, "RGB", 48, 32, NULL);
  fixture_count_messages(&fixture);
  GstBuffer *out = fixture_push(&fixture, seed, 0);
  const WnResult *wanted = reference_frame(&reference, &fixture.info, out, NULL, NULL);
  g_autoptr(GstWinnowResult) attached = result_on(out);
  check_labels(attached, wanted);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  g_autoptr(GstWinnowResult) posted = gst_winnow_result_from_message(message);
  check_labels(posted, wanted);
  gst_message_unref(message);
  gst_buffer_unref(out);
  reference_close(&reference);
  fixture_close(&fixture);
}
GST_END_TEST

/* In another process: a line of JSON and a record in shared memory. */
GST_START_TEST(test_several_labels_elsewhere) {
  g_autofree gchar *folder = g_dir_make_tmp("winnow-labels-XXXXXX", NULL);
  g_autofree gchar *lines = g_build_filename(folder, "lines", NULL);
  g_autofree gchar *path = g_build_filename(folder, "channel", NULL);
  g_autofree gchar *line = g_strdup_printf(
      "winnowclassify model-file=%s threads=1 scores=sigmoid ! winnowpublish location=%s ! "
      "winnowshmsink sync=false socket-path=%s",
      MODEL_FILE, lines, path);
  Fixture finder = open_small("scores", "sigmoid");
  GstBuffer *in = make_picture(&finder.info, find_seed(&finder), 0);
  Reference reference = reference_open_meaning(&(WnMeaning){.scores = "sigmoid"});
  const WnResult *wanted = reference_frame(&reference, &finder.info, in, NULL, NULL);
  GstHarness *harness = gst_harness_new_parse(line);
  gst_harness_set_src_caps(harness, gst_video_info_to_caps(&finder.info));
  fail_unless_equals_int(gst_harness_push(harness, in), GST_FLOW_OK);

  WnReader *reader;
  WnSnapshot got;
  fail_unless(wn_reader_new(path, &reader, NULL) == WN_OK);
  fail_unless(wn_reader_read(reader, 5000, &got, NULL) == WN_OK);
  fail_unless_equals_int(got.results[0].n_survivors, wanted->n_survivors);
  for (gint i = 0; i < wanted->n_survivors; i++) {
    fail_unless_equals_string(got.results[0].survivor_labels[i], wanted->survivor_labels[i]);
    fail_unless_close(got.results[0].survivor_scores[i], wanted->survivor_scores[i], 1e-4);
  }
  wn_reader_free(reader);
  gst_harness_teardown(harness);

  g_autofree gchar *text = NULL;
  fail_unless(g_file_get_contents(lines, &text, NULL, NULL));
  g_autofree gchar *best = g_strdup_printf("\"survivor-labels\":[\"%s\",\"%s\"",
                                           wanted->survivor_labels[0], wanted->survivor_labels[1]);
  fail_unless(strstr(text, best) != NULL, "no %s in %s", best, text);
  reference_close(&reference);
  fixture_close(&finder);
  g_unlink(lines);
  fail_unless_equals_int(g_rmdir(folder), 0);
}
GST_END_TEST

static Suite *meaning_suite(void) {
  Suite *suite = suite_create("meaning");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_each_field);
  tcase_add_test(tc, test_as_the_engine);
  tcase_add_test(tc, test_wrong_values);
  tcase_add_test(tc, test_change);
  tcase_add_test(tc, test_refused_change);
  tcase_add_test(tc, test_one_warning);
  tcase_add_test(tc, test_no_warning);
  tcase_add_test(tc, test_several_labels);
  tcase_add_test(tc, test_several_labels_elsewhere);
  return suite;
}

GST_CHECK_MAIN(meaning)
