/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which frames are classified and what the others carry: interval, late frames,
 * async; messages, latency and counters.
 */
#include "fixture.h"
#include "classify/latency.h"

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

/* The report rises on a second slow frame, not on the first, and falls after a calm
 * window. */
GST_START_TEST(test_latency_drift) {
  GstWinnowLatency latency = {.reported = 10 * GST_MSECOND};
  fail_if(gst_winnow_latency_feed(&latency, 80 * GST_MSECOND));
  fail_if(gst_winnow_latency_feed(&latency, 11 * GST_MSECOND));
  fail_unless(gst_winnow_latency_feed(&latency, 40 * GST_MSECOND));
  fail_unless_equals_uint64(latency.reported, 40 * GST_MSECOND);
  guint n = 0;
  while (!gst_winnow_latency_feed(&latency, 5 * GST_MSECOND)) fail_unless(++n < 1000);
  fail_unless(n > 50);
  fail_unless_equals_uint64(latency.reported, 5 * GST_MSECOND);
  for (n = 0; n < 1000; n++)
    fail_if(gst_winnow_latency_feed(&latency, (4 + n % 3) * GST_MSECOND), "drifts by itself");
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
  tcase_add_test(tc, test_interval);
  tcase_add_test(tc, test_late_frames);
  tcase_add_test(tc, test_async);
  tcase_add_test(tc, test_async_newest_wins);
  tcase_add_test(tc, test_message_times);
  tcase_add_test(tc, test_policies);
  tcase_add_test(tc, test_deadline);
  tcase_add_test(tc, test_latency_query);
  tcase_add_test(tc, test_latency_drift);
  tcase_add_test(tc, test_stats);
  return suite;
}

GST_CHECK_MAIN(classify_stream)
