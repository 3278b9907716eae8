/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which frames are classified and what the others carry: interval, rate, late frames, frames that
 * are no pictures.
 */
#include "fixture.h"

/* Timestamp of the frame whose result a frame carries. */
static guint64 result_pts(GstBuffer *frame) {
  g_autoptr(GstWinnowResult) result = result_on(frame);
  gst_buffer_unref(frame);
  return gst_winnow_result_get_pts(result);
}

GST_START_TEST(test_interval) {
  Fixture fixture = fixture_open("inference-interval", 3u, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 10; i++)
    fail_unless_equals_uint64(result_pts(fixture_push(&fixture, i, 0)), i / 3 * 3 * FRAME_DURATION);
  fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), 10);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 4);
  fail_unless_equals_uint64(fixture_stat(&fixture, "skipped"), 6);
  fail_unless_equals_uint64(fixture_stat(&fixture, "late"), 0);
  g_object_set(fixture.element, "inference-interval", 1u, NULL);
  fail_unless_equals_uint64(result_pts(fixture_push(&fixture, 0, 0)), 10 * FRAME_DURATION);
  fixture_close(&fixture);
}
GST_END_TEST

/* Late frames pass with the last result; the QoS event travels on upstream. */
GST_START_TEST(test_late_frames) {
  for (gint qos = 0; qos < 2; qos++) {
    Fixture fixture = fixture_open("qos", qos, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    fail_unless_equals_uint64(result_pts(fixture_push(&fixture, 0, 0)), 0);
    /* Frame 0 came two and a half frames late: frames up to number 5 are. */
    fail_unless(gst_harness_push_upstream_event(
        fixture.harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0,
                                           5 * (GstClockTimeDiff)FRAME_DURATION / 2 + 1, 0)));
    GstEvent *event;
    gboolean passed = FALSE;
    while ((event = gst_harness_try_pull_upstream_event(fixture.harness)) != NULL) {
      passed = passed || GST_EVENT_TYPE(event) == GST_EVENT_QOS;
      gst_event_unref(event);
    }
    fail_unless(passed);
    for (guint i = 1; i < 9; i++) {
      guint64 wanted = qos && i <= 5 ? 0 : i * FRAME_DURATION;
      fail_unless_equals_uint64(result_pts(fixture_push(&fixture, i, 0)), wanted);
    }
    fail_unless_equals_uint64(fixture_stat(&fixture, "late"), qos ? 5 : 0);
    fail_unless_equals_uint64(fixture_stat(&fixture, "skipped"), qos ? 5 : 0);
    /* In time again. */
    gst_harness_push_upstream_event(
        fixture.harness, gst_event_new_qos(GST_QOS_TYPE_OVERFLOW, 0.5, -100, 20 * FRAME_DURATION));
    fail_unless_equals_uint64(result_pts(fixture_push(&fixture, 9, 0)), 9 * FRAME_DURATION);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* Says that everything up to frame `n` is late. */
static void all_late(Fixture *fixture, guint64 n) {
  gst_harness_push_upstream_event(
      fixture->harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 3.0,
                                          (GstClockTimeDiff)(n * FRAME_DURATION / 2 + 1), 0));
}

/* However late frames are, one a second is classified; each of the others is told of. */
GST_START_TEST(test_late_floor) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gst_buffer_unref(fixture_push(&fixture, 0, 0));
  all_late(&fixture, 1000);
  for (guint i = 1; i < 192; i++) {
    guint64 age = i * FRAME_DURATION - result_pts(fixture_push(&fixture, i, 0));
    fail_unless(age < GST_SECOND, "%" GST_TIME_FORMAT, GST_TIME_ARGS(age));
  }
  fail_unless(fixture_stat(&fixture, "inferences") >= 7);
  guint64 late = fixture_stat(&fixture, "late"), told = 0, dropped = 0;
  fail_unless_equals_uint64(late + fixture_stat(&fixture, "inferences"), 192);
  GstMessage *message;
  while ((message = gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_QOS)) != NULL) {
    GstFormat format;
    guint64 running_time;
    gdouble proportion;
    gst_message_parse_qos(message, NULL, &running_time, NULL, NULL, NULL);
    gst_message_parse_qos_values(message, NULL, &proportion, NULL);
    gst_message_parse_qos_stats(message, &format, NULL, &dropped);
    fail_unless(format == GST_FORMAT_BUFFERS && proportion == 3.0);
    fail_unless_equals_uint64(running_time % FRAME_DURATION, 0);
    fail_unless_equals_uint64(dropped, ++told);
    gst_message_unref(message);
  }
  fail_unless_equals_uint64(told, late);
  fixture_close(&fixture);
}
GST_END_TEST

/* What delays nothing skips nothing. */
GST_START_TEST(test_async_is_never_late) {
  Fixture fixture = fixture_open("async", TRUE, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gst_buffer_unref(fixture_push(&fixture, 0, 0));
  all_late(&fixture, 1000);
  for (guint i = 1; i < 20; i++) gst_buffer_unref(fixture_push(&fixture, i, 0));
  fail_unless_equals_uint64(fixture_stat(&fixture, "late"), 0);
  fixture_close(&fixture);
}
GST_END_TEST

/* So many inferences a second, whatever the frames' own steps are. */
GST_START_TEST(test_max_rate) {
  static const struct {
    gint n, d;
    guint64 inferences; /* of the first 300 frames */
  } rates[] = {{0, 1, 300}, {10, 1, 100}, {1, 1, 10}, {1, 2, 5}, {20, 1, 200}, {60, 1, 300}};
  for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
    Fixture fixture = fixture_open(NULL, NULL);
    gint n = -1, d = -1;
    GValue rate = G_VALUE_INIT;
    g_value_init(&rate, GST_TYPE_FRACTION);
    gst_value_set_fraction(&rate, rates[i].n, rates[i].d);
    g_object_set_property(G_OBJECT(fixture.element), "max-rate", &rate);
    g_value_reset(&rate);
    g_object_get_property(G_OBJECT(fixture.element), "max-rate", &rate);
    n = gst_value_get_fraction_numerator(&rate);
    d = gst_value_get_fraction_denominator(&rate);
    fail_unless(n == rates[i].n && d == rates[i].d, "%d/%d", n, d);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    for (guint k = 0; k < 300; k++) gst_buffer_unref(fixture_push(&fixture, 0, 0));
    guint64 got = fixture_stat(&fixture, "inferences");
    fail_unless(got >= rates[i].inferences - 1 && got <= rates[i].inferences + 1,
                "%d/%d: %" G_GUINT64_FORMAT, n, d, got);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* What a decoder could not read, or made up, keeps the last result. */
GST_START_TEST(test_no_pictures) {
  static const GstBufferFlags flags[] = {GST_BUFFER_FLAG_CORRUPTED, GST_BUFFER_FLAG_GAP};
  for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
    Fixture fixture = fixture_open(NULL, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    GstBuffer *damaged = make_picture(&fixture.info, 1, 0);
    GST_BUFFER_FLAG_SET(damaged, flags[i]);
    GstBuffer *out = fixture_push_buffer(&fixture, gst_buffer_copy(damaged));
    fail_unless(gst_winnow_result_from_buffer(out) == NULL, "there is no last one yet");
    gst_buffer_unref(out);
    fail_unless_equals_uint64(result_pts(fixture_push(&fixture, 2, 0)), FRAME_DURATION);
    fail_unless_equals_uint64(result_pts(fixture_push_buffer(&fixture, damaged)), FRAME_DURATION);
    fail_unless_equals_uint64(result_pts(fixture_push(&fixture, 3, 0)), 3 * FRAME_DURATION);
    fail_unless_equals_uint64(fixture_stat(&fixture, "skipped"), 2);
    fixture_close(&fixture);
  }
}
GST_END_TEST

static Suite *classify_pace_suite(void) {
  Suite *suite = suite_create("classify_pace");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_interval);
  tcase_add_test(tc, test_late_frames);
  tcase_add_test(tc, test_late_floor);
  tcase_add_test(tc, test_async_is_never_late);
  tcase_add_test(tc, test_max_rate);
  tcase_add_test(tc, test_no_pictures);
  return suite;
}

GST_CHECK_MAIN(classify_pace)
