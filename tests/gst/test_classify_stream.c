/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Async, messages, latency and counters.
 */
#include "fixture.h"
#include "classify/latency.h"

GST_START_TEST(test_async) {
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open("async", TRUE, "stable-time", (guint64)0, NULL);
  fixture_caps(&fixture, "I420", 63, 41, ",colorimetry=bt601,chroma-site=mpeg2");
  GstBuffer *pictures[6];
  /* A frame, then the same again until its result is there. */
  for (guint i = 0; i < 6; i++) {
    pictures[i] = make_picture(&fixture.info, i, 7);
    gst_buffer_unref(fixture_push_buffer(&fixture, gst_buffer_copy_deep(pictures[i])));
    guint64 pts = (fixture.n_pushed - 1) * FRAME_DURATION, got = G_MAXUINT64;
    GstBuffer *out = NULL;
    for (gint tries = 0; tries < 500 && (got == G_MAXUINT64 || got < pts); tries++) {
      g_usleep(10000);
      if (out != NULL) gst_buffer_unref(out);
      out = fixture_push_buffer(&fixture, gst_buffer_copy_deep(pictures[i]));
      g_autoptr(GstWinnowResult) result = gst_winnow_result_from_buffer(out);
      if (result != NULL) got = gst_winnow_result_get_pts(result);
    }
    fail_unless(got >= pts && got != G_MAXUINT64, "no result of frame %u", i);
    g_autoptr(GstWinnowResult) result = result_on(out);
    GST_BUFFER_PTS(out) = got;
    reference_equal(result, reference_frame(&reference, &fixture.info, out, NULL, NULL));
    gst_buffer_unref(out);
    gst_buffer_unref(pictures[i]);
  }
  /* At the end all is done and counted. */
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences") +
                                fixture_stat(&fixture, "skipped"),
                            fixture_stat(&fixture, "frames"));
  fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), fixture.n_pushed);
  fail_unless(fixture_count_messages(&fixture) >= 1);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* Pushing a burst takes far less time than classifying it, and the newest frame wins. */
GST_START_TEST(test_async_newest_wins) {
  Fixture fixture = fixture_open("async", TRUE, "strategy", WN_STRATEGY_NONE, "threads", 1, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (guint i = 0; i < 200; i++) gst_buffer_unref(fixture_push(&fixture, i, 0));
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
  guint64 inferences = fixture_stat(&fixture, "inferences");
  fail_unless(inferences >= 1);
  fail_unless_equals_uint64(inferences + fixture_stat(&fixture, "skipped"), 200);
  fail_unless(gst_harness_query_latency(fixture.harness) == 0);
  fixture_close(&fixture);
}
GST_END_TEST

/* ---- Messages ------------------------------------------------------------- */

static guint64 message_u64(GstMessage *message, const gchar *name) {
  guint64 value = 0;
  fail_unless(gst_structure_get_uint64(gst_message_get_structure(message), name, &value),
              "no %s in the message", name);
  return value;
}

/* Stream and running time follow the segment. */
GST_START_TEST(test_message_times) {
  Fixture fixture = fixture_open("stable-time", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.position = GST_SECOND;
  segment.time = 5 * GST_SECOND;
  segment.base = 7 * GST_SECOND;
  gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment));
  fixture.n_pushed = 60;
  gst_buffer_unref(fixture_push(&fixture, 1, 0));
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  guint64 pts = 60 * FRAME_DURATION;
  fail_unless_equals_uint64(message_u64(message, "timestamp"), pts);
  fail_unless_equals_uint64(message_u64(message, "stream-time"), pts + 4 * GST_SECOND);
  fail_unless_equals_uint64(message_u64(message, "running-time"), pts + 6 * GST_SECOND);
  gst_message_unref(message);
  fixture_close(&fixture);
}
GST_END_TEST

/* ---- Policy, latency, counters -------------------------------------------- */

/* What the properties ask for is what the engine does. */
GST_START_TEST(test_policies) {
  static const WnPolicy policies[] = {
      {.strategy = WN_STRATEGY_NONE},
      {.threshold_scale = 5.0},
      {.watch = "cat, dog"},
      {.group_exit = true},
      {.strategy = WN_STRATEGY_ENTROPY, .thresholds = FIXTURE_THRESHOLDS("0.5")},
      {.strategy = WN_STRATEGY_CONFIDENCE, .thresholds = FIXTURE_THRESHOLDS("0.9")},
      {.strategy = WN_STRATEGY_CLASS_EXCLUSION, .thresholds = FIXTURE_THRESHOLDS("0.5")},
      {0},
  };
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
    const WnPolicy *p = &policies[i];
    g_object_set(fixture.element, "strategy", p->strategy, "thresholds", p->thresholds,
                 "threshold-scale", p->threshold_scale > 0.0 ? p->threshold_scale : 1.0, "watch",
                 p->watch, "group-exit", (gboolean)p->group_exit, NULL);
    Reference reference = reference_open(p);
    for (guint seed = 0; seed < 20; seed++) {
      GstBuffer *out = fixture_push(&fixture, seed, 0);
      g_autoptr(GstWinnowResult) result = result_on(out);
      reference_equal(result, reference_frame(&reference, &fixture.info, out, NULL, NULL));
      gst_buffer_unref(out);
    }
    reference_close(&reference);
  }
  fixture_close(&fixture);
}
GST_END_TEST

/* A nanosecond is over before the second stage. */
GST_START_TEST(test_deadline) {
  Fixture fixture = fixture_open("deadline", (guint64)1, "strategy", WN_STRATEGY_NONE, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  GstBuffer *out = fixture_push(&fixture, 1, 0);
  g_autoptr(GstWinnowResult) result = result_on(out);
  fail_unless_equals_string(gst_winnow_result_get_stop_reason(result), "deadline");
  fail_unless_equals_int(gst_winnow_result_get_exit_stage(result), 0);
  gst_buffer_unref(out);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_latency_query) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gst_harness_set_upstream_latency(fixture.harness, 7 * GST_MSECOND);
  GstClockTime latency = gst_harness_query_latency(fixture.harness);
  fail_unless(latency > 7 * GST_MSECOND && latency < 10 * GST_SECOND,
              "%" GST_TIME_FORMAT " before the first frame", GST_TIME_ARGS(latency));
  fixture_close(&fixture);
}
GST_END_TEST

/* Feeds `seconds` of frames that take so long, ten a second or as fast as they go, and gives how
 * often the report changed. */
static guint feed(GstWinnowLatency *latency, gint64 *now_us, gdouble seconds, GstClockTime each) {
  guint changes = 0;
  for (gint64 end = *now_us + (gint64)(seconds * 1e6); *now_us < end;) {
    *now_us += MAX(100000, (gint64)(each / GST_USECOND));
    changes += gst_winnow_latency_feed(latency, *now_us, each, FALSE) ? 1 : 0;
  }
  return changes;
}

/* The report follows a load within two seconds in either direction, in one step, and an outlier
 * not at all. */
GST_START_TEST(test_latency_follows_the_load) {
  GstWinnowLatency latency;
  gint64 now = 1000;
  gst_winnow_latency_begin(&latency, 10 * GST_MSECOND);
  fail_unless_equals_int((gint)feed(&latency, &now, 60, 8 * GST_MSECOND), 0);
  fail_if(gst_winnow_latency_feed(&latency, now, 200 * GST_MSECOND, FALSE));
  fail_unless_equals_int((gint)feed(&latency, &now, 60, 11 * GST_MSECOND), 0);
  fail_unless_equals_int((gint)feed(&latency, &now, 2, 100 * GST_MSECOND), 1);
  fail_unless_equals_uint64(latency.reported, 100 * GST_MSECOND);
  fail_unless_equals_int((gint)feed(&latency, &now, 2, 5 * GST_MSECOND), 1);
  fail_unless_equals_uint64(latency.reported, 10 * GST_MSECOND);
  fail_unless_equals_int((gint)feed(&latency, &now, 60, 5 * GST_MSECOND), 0);
}
GST_END_TEST

/* A network that was measured on a busy machine takes less later, all stages included. */
GST_START_TEST(test_latency_of_all_stages) {
  GstWinnowLatency latency;
  gst_winnow_latency_begin(&latency, 90 * GST_MSECOND);
  for (gint64 now = 0; now < 10 * G_USEC_PER_SEC; now += 33333)
    gst_winnow_latency_feed(&latency, now, 20 * GST_MSECOND, TRUE);
  fail_unless(latency.reported >= 20 * GST_MSECOND && latency.reported < 26 * GST_MSECOND,
              "%" GST_TIME_FORMAT, GST_TIME_ARGS(latency.reported));
}
GST_END_TEST

GST_START_TEST(test_stats) {
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gdouble macs = 0.0;
  guint64 exits[FIXTURE_EXITS + 1] = {0}, full = 0;
  for (guint i = 0; i < 30; i++) {
    GstBuffer *out = fixture_push(&fixture, i, 0);
    const WnResult *wanted = reference_frame(&reference, &fixture.info, out, NULL, NULL);
    macs += (gdouble)wanted->macs / 30.0;
    full = wanted->macs_full;
    exits[wanted->exit_stage]++;
    gst_buffer_unref(out);
  }
  GstStructure *stats = NULL;
  gdouble mean = 0.0, reduction = 0.0, latency = 0.0;
  gint64 latency_max = 0;
  g_object_get(fixture.element, "stats", &stats, NULL);
  fail_unless(gst_structure_get(stats, "macs-mean", G_TYPE_DOUBLE, &mean, "mac-reduction",
                                G_TYPE_DOUBLE, &reduction, "latency-mean", G_TYPE_DOUBLE, &latency,
                                "latency-max", G_TYPE_INT64, &latency_max, NULL));
  fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), 30);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 30);
  fail_unless_equals_uint64(fixture_stat(&fixture, "macs-full"), full);
  fail_unless_close(mean, macs, 1.0);
  fail_unless_close(reduction, 1.0 - macs / (gdouble)full, 1e-9);
  fail_unless(latency > 0.0 && latency <= (gdouble)latency_max);
  const GValue *counts = gst_structure_get_value(stats, "exits");
  fail_unless_equals_int((gint)gst_value_array_get_size(counts), FIXTURE_EXITS + 1);
  for (guint i = 0; i < FIXTURE_EXITS + 1; i++)
    fail_unless_equals_uint64(g_value_get_uint64(gst_value_array_get_value(counts, i)), exits[i]);
  gst_structure_free(stats);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

static Suite *classify_stream_suite(void) {
  Suite *suite = suite_create("classify_stream");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_async);
  tcase_add_test(tc, test_async_newest_wins);
  tcase_add_test(tc, test_message_times);
  tcase_add_test(tc, test_policies);
  tcase_add_test(tc, test_deadline);
  tcase_add_test(tc, test_latency_query);
  tcase_add_test(tc, test_latency_follows_the_load);
  tcase_add_test(tc, test_latency_of_all_stages);
  tcase_add_test(tc, test_stats);
  return suite;
}

GST_CHECK_MAIN(classify_stream)
