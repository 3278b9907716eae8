/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames that repeat an answer since nothing has changed, and how old a result on a frame may be.
 */
#include "fixture.h"

/* What a frame carries; frees it. */
typedef struct {
  gboolean has_result, repeated;
  guint64 pts, macs;
  gint64 age_ns;
} Carried;

static Carried carried_by(GstBuffer *frame) {
  Carried carried = {0};
  g_autoptr(GstWinnowResult) result = gst_winnow_result_from_buffer(frame);
  gst_buffer_unref(frame);
  if (result == NULL) return carried;
  const gchar *reason = gst_winnow_result_get_stop_reason(result);
  return (Carried){.has_result = TRUE,
                   .repeated = g_str_equal(reason, "unchanged"),
                   .pts = gst_winnow_result_get_pts(result),
                   .macs = gst_winnow_result_get_macs(result),
                   .age_ns = gst_winnow_result_get_age_ns(result)};
}

static Carried push(Fixture *fixture, guint seed) {
  return carried_by(fixture_push(fixture, seed, 0));
}

/* Pushes a picture without a timestamp. */
static Carried push_bare(Fixture *fixture, guint seed) {
  return carried_by(
      gst_harness_push_and_pull(fixture->harness, make_picture(&fixture->info, seed, 0)));
}

static void fail_unless_repeats(Carried carried, guint64 pts, gint64 age_ns) {
  fail_unless(carried.has_result && carried.repeated);
  fail_unless_equals_uint64(carried.pts, pts);
  fail_unless_equals_int64(carried.age_ns, age_ns);
  fail_unless_equals_uint64(carried.macs, 0);
}

static void fail_unless_new(Carried carried, guint64 pts) {
  fail_unless(carried.has_result && !carried.repeated && carried.macs > 0);
  fail_unless_equals_uint64(carried.pts, pts);
  fail_unless_equals_int64(carried.age_ns, 0);
}

static void flush(Fixture *fixture) {
  gst_harness_push_event(fixture->harness, gst_event_new_flush_start());
  gst_harness_push_event(fixture->harness, gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(fixture->harness, gst_event_new_segment(&segment));
}

GST_START_TEST(test_defaults) {
  Fixture fixture = fixture_open(NULL, NULL);
  gdouble level = -1.0;
  guint64 max_age = 0;
  g_object_get(fixture.element, "unchanged", &level, "max-age", &max_age, NULL);
  fail_unless(level == 0.0);
  fail_unless_equals_uint64(max_age, 2 * GST_SECOND);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 3; i++) fail_unless_new(push(&fixture, 1), i * FRAME_DURATION);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_repeats) {
  Fixture fixture = fixture_open("unchanged", 8.0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  Carried first = push(&fixture, 1);
  fail_unless_new(first, 0);
  fail_unless_repeats(push(&fixture, 1), 0, FRAME_DURATION);
  fail_unless_repeats(push(&fixture, 1), 0, 2 * FRAME_DURATION);
  fail_unless_new(push(&fixture, 2), 3 * FRAME_DURATION);
  fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), 4);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 2);
  fail_unless_equals_uint64(fixture_stat(&fixture, "unchanged"), 2);
  fail_unless_equals_uint64(fixture_stat(&fixture, "skipped"), 0);
  /* The mean is over all four; an exit is taken by two. */
  GstStructure *stats = NULL;
  gdouble mean = 0.0;
  guint64 n_exits = 0;
  g_object_get(fixture.element, "stats", &stats, NULL);
  fail_unless(gst_structure_get_double(stats, "macs-mean", &mean));
  fail_unless(mean > 0.0 && mean < (gdouble)first.macs);
  const GValue *exits = gst_structure_get_value(stats, "exits");
  for (guint i = 0; i < gst_value_array_get_size(exits); i++)
    n_exits += g_value_get_uint64(gst_value_array_get_value(exits, i));
  fail_unless_equals_uint64(n_exits, 2);
  gst_structure_free(stats);
  fixture_close(&fixture);
}
GST_END_TEST

/* What carries a repeated answer on is older by what has passed since. */
GST_START_TEST(test_interval_of_repeats) {
  Fixture fixture = fixture_open("unchanged", 8.0, "inference-interval", 2u, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  fail_unless_new(push(&fixture, 1), 0);
  for (guint i = 1; i < 8; i++) {
    Carried carried = push(&fixture, i % 2 != 0 ? 5 : 1);
    fail_unless_equals_uint64(carried.pts, 0);
    fail_unless_equals_int64(carried.age_ns, i * FRAME_DURATION);
    fail_unless(carried.repeated == (i >= 2));
  }
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_max_age) {
  /* an answer that is repeated is made anew */
  Fixture fixture = fixture_open("unchanged", 8.0, "max-age", 3 * FRAME_DURATION, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 7; i++) fail_unless(push(&fixture, 1).repeated == (i % 3 != 0));
  fixture_close(&fixture);
  /* one that is carried on goes */
  fixture = fixture_open("inference-interval", 1000u, "max-age", 3 * FRAME_DURATION, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 7; i++) fail_unless(push(&fixture, i).has_result == (i < 3));
  g_object_set(fixture.element, "max-age", (guint64)0, NULL);
  fixture.n_pushed = 1000000;
  fail_unless(push(&fixture, 1).has_result);
  fixture_close(&fixture);
  /* and so does one that was repeated and then carried on */
  fixture =
      fixture_open("unchanged", 8.0, "inference-interval", 2u, "max-age", 3 * FRAME_DURATION, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 4; i++) fail_unless(push(&fixture, 1).has_result == (i < 3));
  fixture_close(&fixture);
}
GST_END_TEST

/* Without timestamps the clock tells the age. */
GST_START_TEST(test_max_age_by_the_clock) {
  for (gint short_lived = 0; short_lived < 2; short_lived++) {
    guint64 max_age = short_lived ? GST_MSECOND : 1000 * GST_SECOND;
    Fixture fixture = fixture_open("inference-interval", 2u, "max-age", max_age, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    fail_unless_new(push_bare(&fixture, 1), GST_CLOCK_TIME_NONE);
    g_usleep(2000);
    Carried carried = push_bare(&fixture, 1);
    fail_unless(carried.has_result == !short_lived);
    fail_unless(short_lived || carried.age_ns >= (gint64)(2 * GST_MSECOND));
    fixture_close(&fixture);
  }
  Fixture fixture = fixture_open("unchanged", 8.0, "max-age", 1000 * GST_SECOND, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  fail_unless_new(push_bare(&fixture, 1), GST_CLOCK_TIME_NONE);
  fail_unless(push_bare(&fixture, 1).repeated);
  g_object_set(fixture.element, "max-age", (guint64)1, NULL);
  for (guint i = 0; i < 3; i++) fail_unless(!push_bare(&fixture, 1).repeated);
  fixture_close(&fixture);
}
GST_END_TEST

/* What comes behind a cut of the stream, another size or another policy is looked at. */
GST_START_TEST(test_cuts) {
  Fixture fixture = fixture_open("unchanged", 8.0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  fail_unless_new(push(&fixture, 1), 0);
  fail_unless(push(&fixture, 1).repeated);
  flush(&fixture);
  fail_unless_new(push(&fixture, 1), 2 * FRAME_DURATION);
  fail_unless(push(&fixture, 1).repeated);
  fixture_caps(&fixture, "RGB", 64, 64, NULL);
  fail_unless_new(push(&fixture, 1), 4 * FRAME_DURATION);
  fail_unless(push(&fixture, 1).repeated);
  g_object_set(fixture.element, "threshold-scale", 2.0, NULL);
  fail_unless_new(push(&fixture, 1), 6 * FRAME_DURATION);
  fail_unless(push(&fixture, 1).repeated);
  g_object_set(fixture.element, "unchanged", 0.0, NULL);
  fail_unless_new(push(&fixture, 1), 8 * FRAME_DURATION);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_not_for_regions) {
  Fixture fixture = fixture_open("unchanged", 8.0, "inference-region", 1, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *frame = make_picture(&fixture.info, 1, 0);
    gst_buffer_add_video_region_of_interest_meta(frame, "thing", 0, 0, 16, 16);
    fail_unless_new(carried_by(fixture_push_buffer(&fixture, frame)), i * FRAME_DURATION);
  }
  g_object_set(fixture.element, "inference-region", 0, NULL);
  fail_unless_new(push(&fixture, 1), 3 * FRAME_DURATION);
  fail_unless(push(&fixture, 1).repeated);
  fixture_close(&fixture);
}
GST_END_TEST

/* Pushes the same picture until the worker has repeated an answer. */
static Carried push_until_repeated(Fixture *fixture) {
  Carried carried = {0};
  for (gint tries = 0; tries < 500 && !carried.repeated; tries++) {
    carried = push(fixture, 1);
    g_usleep(10000);
  }
  fail_unless(carried.repeated, "not in five seconds");
  return carried;
}

GST_START_TEST(test_async) {
  Fixture fixture = fixture_open("unchanged", 8.0, "async", TRUE, "max-age", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  Carried carried = push_until_repeated(&fixture);
  fail_unless_equals_int64(carried.age_ns + (gint64)carried.pts,
                           (gint64)((fixture.n_pushed - 1) * FRAME_DURATION));
  fail_unless(fixture_stat(&fixture, "unchanged") >= 1);
  flush(&fixture);
  guint64 inferences = fixture_stat(&fixture, "inferences");
  push_until_repeated(&fixture);
  fail_unless(fixture_stat(&fixture, "inferences") > inferences); /* the first behind the cut */
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences") +
                                fixture_stat(&fixture, "unchanged") +
                                fixture_stat(&fixture, "skipped"),
                            fixture_stat(&fixture, "frames"));
  fixture_close(&fixture);
}
GST_END_TEST

/* A state whose last result was a repeated one ends as any other does where nothing is classified
 * any more. */
GST_START_TEST(test_state_ends) {
  Fixture fixture = fixture_open("unchanged", 8.0, "max-age", 10 * FRAME_DURATION, "stable-time",
                                 (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 64, 48, NULL);
  fail_unless_new(push(&fixture, 1), 0);
  fail_unless_repeats(push(&fixture, 1), 0, FRAME_DURATION);
  fail_unless_equals_int((gint)fixture_count_messages(&fixture), 1);
  g_object_set(fixture.element, "inference-interval", 1000u, NULL);
  for (guint i = 0; i < 9; i++) push(&fixture, 1);
  fail_unless_equals_int((gint)fixture_count_messages(&fixture), 0);
  for (guint i = 0; i < 9; i++) push(&fixture, 1);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  fail_unless_equals_string(gst_structure_get_string(gst_message_get_structure(message), "state"),
                            "unknown");
  gst_message_unref(message);
  fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_unchanged_suite(void) {
  Suite *suite = suite_create("classify_unchanged");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_defaults);
  tcase_add_test(tc, test_repeats);
  tcase_add_test(tc, test_interval_of_repeats);
  tcase_add_test(tc, test_max_age);
  tcase_add_test(tc, test_max_age_by_the_clock);
  tcase_add_test(tc, test_cuts);
  tcase_add_test(tc, test_not_for_regions);
  tcase_add_test(tc, test_async);
  tcase_add_test(tc, test_state_ends);
  return suite;
}

GST_CHECK_MAIN(classify_unchanged)
