/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowclassify says on the bus, beside a state of the library that is fed the same results.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <winnow/state.h>

static const gchar *text_of(GstMessage *message, const gchar *name) {
  const gchar *text = gst_structure_get_string(gst_message_get_structure(message), name);
  fail_unless(text != NULL, "no %s in the message", name);
  return text;
}

static guint64 time_of(GstMessage *message, const gchar *name) {
  guint64 value = 0;
  fail_unless(gst_structure_get_uint64(gst_message_get_structure(message), name, &value),
              "no %s in the message", name);
  return value;
}

/* What waits on the bus, as "changed cat, gone dog". */
static gchar *heard(Fixture *fixture) {
  GString *text = g_string_new(NULL);
  GstMessage *message;
  while ((message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_ELEMENT)) != NULL) {
    g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", text_of(message, "event"),
                           text_of(message, "state"));
    fail_unless(time_of(message, "since") <= time_of(message, "timestamp"));
    gst_message_unref(message);
  }
  return g_string_free(text, FALSE);
}

static void fail_unless_heard(Fixture *fixture, const gchar *wanted) {
  g_autofree gchar *text = heard(fixture);
  fail_unless_equals_string(text, wanted);
}

static void push_many(Fixture *fixture, guint seed, guint n) {
  for (guint i = 0; i < n; i++) gst_buffer_unref(fixture_push(fixture, seed, 0));
}

static void push_end(Fixture *fixture) {
  fail_unless(gst_harness_push_event(fixture->harness, gst_event_new_eos()));
}

/* A picture whose label is in `labels`, or with `not` is not; of those there is one in hundreds, so
 * that the search begins where one is. */
static guint find_seed(const GstVideoInfo *info, const gchar *const *labels, gboolean not,
                       gchar **label) {
  Reference reference = reference_open(NULL);
  const guint first = not ? 600 : 0;
  guint seed = first;
  for (;; seed++) {
    fail_unless(seed < first + 1000);
    GstBuffer *picture = make_picture(info, seed, 0);
    const WnResult *r = reference_frame(&reference, info, picture, NULL, NULL);
    gst_buffer_unref(picture);
    if (g_strv_contains(labels, r->label) == not || r->confidence < 0.5) continue;
    *label = g_strdup(r->label);
    break;
  }
  reference_close(&reference);
  return seed;
}

static const gchar *const vehicles[] = {"airplane", "automobile", "ship", "truck", NULL};

GST_START_TEST(test_messages_follow_the_state) {
  Reference reference = reference_open(NULL);
  const WnStateOptions options = {.stable_time_ns = 100000000};
  WnState *state;
  fail_unless_equals_int(wn_state_new(&options, &state, NULL), WN_OK);
  Fixture fixture = fixture_open("stable-time", (guint64)100000000, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  guint s[2], n = 0;
  reference_two_seeds(&fixture.info, s);
  for (guint i = 0; i < 40; i++) {
    /* An outlier, then the other picture for good. */
    GstBuffer *out = fixture_push(&fixture, s[i == 10 || i > 20], 0);
    const WnResult *wanted = reference_frame(&reference, &fixture.info, out, NULL, NULL);
    WnStateChange change[WN_STATE_MAX_CHANGES];
    gint changes = wn_state_feed(state, wanted, 0, change);
    GstMessage *message = gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_ELEMENT);
    fail_unless((message != NULL) == (changes == 1), "frame %u", i);
    if (message != NULL) {
      n++;
      g_autoptr(GstWinnowResult) told = gst_winnow_result_from_message(message);
      fail_unless(told != NULL);
      reference_equal(told, wanted);
      fail_unless(GST_MESSAGE_SRC(message) == GST_OBJECT(fixture.element));
      fail_unless_equals_string(text_of(message, "event"), "changed");
      fail_unless_equals_string(text_of(message, "state"), change[0].state);
      fail_unless_equals_uint64(time_of(message, "since"), i * FRAME_DURATION);
      fail_unless_equals_uint64(time_of(message, "timestamp"), i * FRAME_DURATION);
      fail_unless_equals_uint64(time_of(message, "running-time"), i * FRAME_DURATION);
      fail_unless_equals_uint64(time_of(message, "stream-time"), i * FRAME_DURATION);
      fail_unless_equals_uint64(time_of(message, "duration"), FRAME_DURATION);
      gst_message_unref(message);
    }
    gst_buffer_unref(out);
  }
  fail_unless_equals_int((gint)n, 2);
  g_object_set(fixture.element, "post-messages", FALSE, NULL);
  push_many(&fixture, s[0], 20);
  push_end(&fixture);
  fail_unless_equals_int((gint)fixture_count_messages(&fixture), 0);
  fixture_close(&fixture);
  wn_state_free(state);
  reference_close(&reference);
}
GST_END_TEST

/* One picture is told when the stream ends; so it is in a thread of the element's. */
GST_START_TEST(test_one_picture) {
  for (gint async = 0; async < 2; async++) {
    Fixture fixture = fixture_open("async", async, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    g_autofree gchar *label = NULL;
    push_many(&fixture, find_seed(&fixture.info, vehicles, FALSE, &label), 1);
    if (!async) fail_unless_heard(&fixture, "");
    push_end(&fixture);
    g_autofree gchar *wanted = g_strconcat("changed ", label, NULL);
    fail_unless_heard(&fixture, wanted);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* What was before a flush is nothing that its end could tell. */
GST_START_TEST(test_flush) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_many(&fixture, 1, 3);
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_flush_start()));
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_flush_stop(TRUE)));
  push_end(&fixture);
  fail_unless_heard(&fixture, "");
  fixture_close(&fixture);
}
GST_END_TEST

/* The state is unknown below min-confidence; the result in the message is as it was. */
GST_START_TEST(test_unknown) {
  Fixture fixture = fixture_open("stable-time", (guint64)0, "min-confidence", 1.0, "strategy",
                                 WN_STRATEGY_NONE, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_many(&fixture, 1, 5);
  push_end(&fixture);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  g_autoptr(GstWinnowResult) told = gst_winnow_result_from_message(message);
  fail_unless_equals_string(text_of(message, "state"), "unknown");
  fail_unless(gst_winnow_result_get_confidence(told) < 1.0);
  fail_unless_equals_string(gst_winnow_result_get_label(told),
                            gst_winnow_result_get_survivor_labels(told)[0]);
  fail_unless(gst_winnow_result_get_class_index(told) >= 0);
  gst_message_unref(message);
  fixture_close(&fixture);
}
GST_END_TEST

/* With a watch list only its entries are told, a group by its name; animals pass in silence. */
GST_START_TEST(test_seen_and_gone) {
  Fixture fixture = fixture_open("watch", "vehicle, bird", "stable-time", (guint64)100000000, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  static const gchar *const birds_and_vehicles[] = {"airplane", "automobile", "ship",
                                                    "truck",    "bird",       NULL};
  static const gchar *const birds[] = {"bird", NULL};
  g_autofree gchar *other = NULL, *vehicle = NULL, *bird = NULL;
  guint others = find_seed(&fixture.info, birds_and_vehicles, TRUE, &other);
  push_many(&fixture, others, 20);
  fail_unless_heard(&fixture, "");
  push_many(&fixture, find_seed(&fixture.info, vehicles, FALSE, &vehicle), 20);
  fail_unless_heard(&fixture, "seen vehicle");
  push_many(&fixture, find_seed(&fixture.info, birds, FALSE, &bird), 20);
  fail_unless_heard(&fixture, "gone vehicle, seen bird");
  guint64 before = fixture.n_pushed * FRAME_DURATION;
  push_many(&fixture, others, 20);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  fail_unless_equals_string(text_of(message, "event"), "gone");
  fail_unless_equals_string(text_of(message, "state"), "bird");
  fail_unless(time_of(message, "since") < before && time_of(message, "timestamp") > before);
  gst_message_unref(message);
  push_end(&fixture);
  fail_unless_heard(&fixture, "");
  fixture_close(&fixture);
}
GST_END_TEST

/* Frames that pass without an inference make the last one old: after two seconds it says nothing.
 */
GST_START_TEST(test_old_results) {
  Fixture fixture = fixture_open("stable-time", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  g_autofree gchar *label = NULL;
  guint seed = find_seed(&fixture.info, vehicles, FALSE, &label);
  g_autofree gchar *wanted = g_strconcat("changed ", label, NULL);
  push_many(&fixture, seed, 1);
  fail_unless_heard(&fixture, wanted);
  g_object_set(fixture.element, "inference-interval", 1000u, NULL);
  push_many(&fixture, seed, 60);
  fail_unless_heard(&fixture, "");
  push_many(&fixture, seed, 1);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  fail_unless_equals_string(text_of(message, "state"), "unknown");
  fail_unless_equals_uint64(time_of(message, "timestamp"), 61 * FRAME_DURATION);
  gst_message_unref(message);
  push_many(&fixture, seed, 10);
  fail_unless_heard(&fixture, "");
  g_object_set(fixture.element, "inference-interval", 1u, NULL);
  push_many(&fixture, seed, 1);
  fail_unless_heard(&fixture, wanted);
  fixture_close(&fixture);
}
GST_END_TEST

/* Another list while frames flow is another state. */
GST_START_TEST(test_another_watch_list) {
  Fixture fixture = fixture_open("watch", "animal", "stable-time", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  g_autofree gchar *label = NULL;
  guint seed = find_seed(&fixture.info, vehicles, FALSE, &label);
  push_many(&fixture, seed, 3);
  fail_unless_heard(&fixture, "");
  g_object_set(fixture.element, "watch", "cat,vehicle", NULL);
  push_many(&fixture, seed, 3);
  fail_unless_heard(&fixture, "seen vehicle");
  g_object_set(fixture.element, "watch", NULL, NULL);
  push_many(&fixture, seed, 3);
  g_autofree gchar *wanted = g_strconcat("gone vehicle, changed ", label, NULL);
  fail_unless_heard(&fixture, wanted);
  fixture_close(&fixture);
}
GST_END_TEST

/* Each region has a state of its own. */
GST_START_TEST(test_regions) {
  Fixture fixture = fixture_open("inference-region", 1, "stable-time", (guint64)100000000, NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  for (guint i = 0; i < 20; i++) {
    GstBuffer *in = make_picture(&fixture.info, 5, 0);
    gst_buffer_add_video_region_of_interest_meta(in, "left", i, 0, 80, 80);
    gst_buffer_add_video_region_of_interest_meta(in, "right", 100 - i, 20, 80, 80);
    gst_buffer_unref(fixture_push_buffer(&fixture, in));
    if (i > 4) continue; /* what they show may become something else */
    fail_unless_equals_int((gint)fixture_count_messages(&fixture), i == 4 ? 2 : 0);
  }
  fixture_close(&fixture);
}
GST_END_TEST

/* A label that is called like a group of the model counts, and that is said once. */
GST_START_TEST(test_label_named_like_a_group) {
  g_autofree gchar *path = NULL;
  gint file = g_file_open_tmp("winnow-labels-XXXXXX", &path, NULL);
  fail_unless(file >= 0);
  static const gchar text[] = "animal\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  fail_unless(g_file_set_contents(path, text, -1, NULL));
  close(file);
  Fixture fixture = fixture_open("labels-file", path, "watch", "animal", NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_many(&fixture, 1, 3);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_WARNING);
  g_autoptr(GError) error = NULL;
  gst_message_parse_warning(message, &error, NULL);
  fail_unless(strstr(error->message, "'animal' is a label and a group") != NULL, "%s",
              error->message);
  gst_message_unref(message);
  fail_unless(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING) == NULL, "said twice");
  g_object_set(fixture.element, "watch", "vehicle", NULL);
  push_many(&fixture, 1, 1);
  fail_unless(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING) == NULL);
  fixture_close(&fixture);
  g_unlink(path);
}
GST_END_TEST

/* How states are decided is told to the elements behind. */
GST_START_TEST(test_display_event) {
  Fixture fixture = fixture_open("stable-time", (guint64)9, "min-confidence", 0.25, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint round = 0; round < 2; round++) {
    gst_buffer_unref(fixture_push(&fixture, 1, 0));
    guint n = 0;
    guint64 stable_time = 0;
    gdouble min_confidence = 0.0;
    GstEvent *event;
    while ((event = gst_harness_try_pull_event(fixture.harness)) != NULL) {
      if (gst_event_has_name(event, "winnow-display")) {
        n++;
        gst_structure_get(gst_event_get_structure(event), "stable-time", G_TYPE_UINT64,
                          &stable_time, "min-confidence", G_TYPE_DOUBLE, &min_confidence, NULL);
      }
      gst_event_unref(event);
    }
    fail_unless_equals_int((gint)n, 1);
    fail_unless_equals_uint64(stable_time, round == 0 ? 9 : 2);
    fail_unless_equals_float(min_confidence, 0.25);
    g_object_set(fixture.element, "stable-time", (guint64)2, NULL);
  }
  fixture_close(&fixture);
}
GST_END_TEST

static Suite *state_suite(void) {
  Suite *suite = suite_create("state");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_messages_follow_the_state);
  tcase_add_test(tc, test_one_picture);
  tcase_add_test(tc, test_flush);
  tcase_add_test(tc, test_unknown);
  tcase_add_test(tc, test_seen_and_gone);
  tcase_add_test(tc, test_old_results);
  tcase_add_test(tc, test_another_watch_list);
  tcase_add_test(tc, test_regions);
  tcase_add_test(tc, test_label_named_like_a_group);
  tcase_add_test(tc, test_display_event);
  return suite;
}

GST_CHECK_MAIN(state)
