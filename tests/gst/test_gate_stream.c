/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowgate in a harness: time stamps and gaps, results from elsewhere, and what it owes its
 * neighbours.
 */
#include "gate_fixture.h"

#include <gst/video/video.h>
#include <string.h>

/* ---- Time ----------------------------------------------------------------- */

/* The events of that type that have come, "from+duration" of gaps in steps. */
static gchar *gaps(Gate *gate) {
  GString *text = g_string_new(NULL);
  GstEvent *event;
  while ((event = gst_harness_try_pull_event(gate->harness)) != NULL) {
    GstClockTime from, duration;
    if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
      gst_event_parse_gap(event, &from, &duration);
      g_string_append_printf(text, "%s%u+%u", text->len > 0 ? " " : "", (guint)(from / STEP),
                             (guint)(duration / STEP));
    }
    gst_event_unref(event);
  }
  return g_string_free(text, FALSE);
}

/* Where time stamps of frames are kept, what is behind hears once a second that nothing comes. */
GST_START_TEST(test_gaps) {
  static const struct {
    gboolean retimestamp;
    const gchar *caps, *closed, *open;
  } cases[] = {{FALSE, "video/x-raw", "0+10 10+10", "20+5 28+1"},
               {FALSE, "audio/x-raw", "0+10 10+10", "20+5 28+1"},
               {FALSE, "video/x-vp8", "", "28+1"},
               {TRUE, "video/x-raw", "", ""}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Gate gate =
        gate_open("when", "cat", "pre-roll", 2 * STEP, "retimestamp", cases[i].retimestamp, NULL);
    gst_harness_set_src_caps_str(gate.harness, cases[i].caps);
    gate_push(&gate, 0, 27, "dog");
    g_autofree gchar *closed = gaps(&gate);
    fail_unless_equals_string(closed, cases[i].closed);
    gate_push(&gate, 27, 28, "cat");
    gst_harness_push_event(gate.harness, gst_event_new_gap(28 * STEP, STEP));
    g_autofree gchar *open = gaps(&gate);
    fail_unless_equals_string(open, cases[i].open);
    gate_close(&gate);
  }
}
GST_END_TEST

static GstBuffer *pull(Gate *gate) {
  GstBuffer *buffer = gst_harness_try_pull(gate->harness);
  fail_unless(buffer != NULL);
  return buffer;
}

/* Times begin at 0 and go on, with and without durations, whatever segments there are. */
GST_START_TEST(test_retimestamp) {
  Gate gate = gate_open("when", "cat", "retimestamp", TRUE, NULL);
  guint n = 0;
  for (guint i = 10; i < 40; i++) {
    GstBuffer *buffer = gate_buffer(i, i % 5 < 2 ? "cat" : "dog", -1);
    GST_BUFFER_DTS(buffer) = GST_BUFFER_PTS(buffer);
    GST_BUFFER_PTS(buffer) += STEP / 2;
    if (i >= 20) GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
    if (i == 30) {
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      segment.start = segment.time = 30 * STEP;
      segment.base = 20 * STEP;
      gst_harness_push_event(gate.harness, gst_event_new_segment(&segment));
    }
    fail_unless_equals_int(gst_harness_push(gate.harness, buffer), GST_FLOW_OK);
    GstBuffer *out = gst_harness_try_pull(gate.harness);
    /* What was decoded before the state ended is shown when it has. */
    fail_unless((out != NULL) == (i % 5 < 3));
    if (out == NULL) continue;
    GstClockTime dts = GST_BUFFER_DTS(out);
    fail_unless_equals_uint64(GST_BUFFER_PTS(out), dts + STEP / 2);
    /* The last one of an event is shown half a step longer than the next would be decoded. */
    fail_unless_equals_uint64(dts, n * STEP + n / 3 * (STEP / 2));
    fail_unless(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_DISCONT) == (i % 5 == 0));
    gst_buffer_unref(out);
    n++;
  }
  const GstSegment *segment;
  GstEvent *event;
  guint n_segments = 0;
  while ((event = gst_harness_try_pull_event(gate.harness)) != NULL) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
      n_segments++;
      gst_event_parse_segment(event, &segment);
      fail_unless(segment->start == 0 && segment->base == 0);
    }
    gst_event_unref(event);
  }
  fail_unless_equals_int((gint)n_segments, 1);
  gate_close(&gate);
}
GST_END_TEST

/* An encoder behind begins each event with a key frame. */
GST_START_TEST(test_key_frames_are_asked_for) {
  Gate gate = gate_open("when", "cat", NULL);
  gst_harness_set_src_caps_str(gate.harness, "video/x-raw,format=GRAY8,width=10,height=100");
  gate_push(&gate, 0, 2, "dog");
  gate_push(&gate, 2, 3, "cat");
  gate_push(&gate, 3, 4, "dog");
  gate_push(&gate, 4, 5, "cat");
  GstEvent *event;
  guint n = 0;
  while ((event = gst_harness_try_pull_event(gate.harness)) != NULL) {
    GstClockTime time;
    if (gst_video_event_is_force_key_unit(event)) {
      fail_unless(
          gst_video_event_parse_downstream_force_key_unit(event, &time, NULL, NULL, NULL, NULL));
      fail_unless_equals_uint64(time, n == 0 ? 2 * STEP : 4 * STEP);
      n++;
    }
    gst_event_unref(event);
  }
  fail_unless_equals_int((gint)n, 2);
  gate_close(&gate);
}
GST_END_TEST

/* ---- Results from elsewhere ----------------------------------------------- */

typedef struct {
  GstElement *bin;
  GstHarness *results; /* through the element called c */
  Gate gate;
} Pair;

static Pair pair_open(const gchar *first_property, ...) {
  Pair pair = {.bin = gst_pipeline_new(NULL)};
  GstElement *c = gst_element_factory_make("identity", "c");
  pair.gate.element = gst_element_factory_make("winnowgate", NULL);
  va_list args;
  va_start(args, first_property);
  g_object_set(pair.gate.element, "when", "cat", "classifier", "c", NULL);
  g_object_set_valist(G_OBJECT(pair.gate.element), first_property, args);
  va_end(args);
  gst_bin_add_many(GST_BIN(pair.bin), gst_object_ref(c), gst_object_ref(pair.gate.element), NULL);
  pair.gate.bus = gst_bus_new();
  gst_element_set_bus(pair.gate.element, pair.gate.bus);
  pair.results = gst_harness_new_with_element(c, "sink", "src");
  pair.gate.harness = gst_harness_new_with_element(pair.gate.element, "sink", "src");
  gst_harness_set_src_caps_str(pair.results, "anything/at-all");
  gst_harness_set_src_caps_str(pair.gate.harness, "something/else");
  gst_harness_set_drop_buffers(pair.results, TRUE);
  gst_harness_push_event(pair.results, display_event(DESCRIPTION("[]"), 0));
  gst_object_unref(c);
  return pair;
}

static void pair_close(Pair *pair) {
  gst_harness_teardown(pair->results);
  gate_close(&pair->gate);
  gst_object_unref(pair->bin);
}

static void see(Pair *pair, guint first, guint end, const gchar *label) {
  for (guint i = first; i < end; i++)
    fail_unless_equals_int(gst_harness_push(pair->results, gate_buffer(i, label, -1)), GST_FLOW_OK);
}

/* Results are ahead of an encoder's buffers. */
GST_START_TEST(test_results_ahead) {
  Pair pair = pair_open("pre-roll", 2 * STEP, "hold", STEP, NULL);
  see(&pair, 0, 10, "dog");
  see(&pair, 10, 13, "cat");
  see(&pair, 13, 17, "dog");
  see(&pair, 17, 18, "cat");
  see(&pair, 18, 30, "dog");
  gate_push_encoded(&pair.gate, 0, 10, NULL, 3);
  fail_unless_passed(&pair.gate, "6-9");
  gate_push_encoded(&pair.gate, 10, 30, NULL, 3);
  fail_unless_passed(&pair.gate, "10-13 15-18");
  fail_unless_told(&pair.gate, "begin 0 cat 6, end 0 cat 6+8, begin 1 cat 15, end 1 cat 15+4");
  pair_close(&pair);
}
GST_END_TEST

/* A classifier in a thread of its own is behind them: what passes is the same. */
GST_START_TEST(test_results_behind) {
  Pair pair = pair_open("pre-roll", 2 * STEP, "hold", STEP, NULL);
  gate_push(&pair.gate, 0, 5, NULL);
  see(&pair, 0, 3, "dog");
  gate_push(&pair.gate, 5, 20, NULL);
  fail_unless_passed(&pair.gate, "");
  see(&pair, 3, 10, "dog");
  see(&pair, 10, 13, "cat");
  see(&pair, 13, 14, "dog");
  gate_push(&pair.gate, 20, 21, NULL);
  fail_unless_passed(&pair.gate, "8-13");
  /* Ones that are late by more than two seconds find what is left. */
  gate_push(&pair.gate, 21, 60, NULL);
  see(&pair, 14, 15, "cat");
  gate_push(&pair.gate, 60, 61, NULL);
  fail_unless_passed(&pair.gate, "37-60");
  pair_close(&pair);
}
GST_END_TEST

/* The end and a flush over there count. */
GST_START_TEST(test_end_of_results) {
  Pair pair = pair_open("pre-roll", (guint64)0, "hold", (guint64)0, NULL);
  gst_harness_push_event(pair.results, display_event(DESCRIPTION("[]"), GST_SECOND));
  see(&pair, 0, 1, "cat");
  gate_push(&pair.gate, 0, 1, NULL);
  fail_unless_passed(&pair.gate, "");
  gst_harness_push_event(pair.results, gst_event_new_eos());
  gate_push(&pair.gate, 1, 3, NULL);
  fail_unless_passed(&pair.gate, "0-2");
  gst_harness_push_event(pair.results, gst_event_new_flush_start());
  gst_harness_push_event(pair.results, gst_event_new_flush_stop(TRUE));
  gate_push(&pair.gate, 3, 5, NULL);
  fail_unless_passed(&pair.gate, "");
  pair_close(&pair);
}
GST_END_TEST

/* What cannot be found, or says nothing, is told. */
GST_START_TEST(test_bad_classifier) {
  Pair pair = pair_open(NULL, NULL);
  see(&pair, 0, 10, "dog");
  gate_push(&pair.gate, 0, 59, NULL);
  fail_if_posted(&pair.gate, GST_MESSAGE_WARNING);
  gate_push(&pair.gate, 59, 70, NULL);
  fail_unless_posted(&pair.gate, GST_MESSAGE_WARNING, "classifier: no results for 5 s");
  fail_if_posted(&pair.gate, GST_MESSAGE_WARNING);
  g_object_set(pair.gate.element, "when", "zebra", NULL);
  see(&pair, 10, 11, "dog");
  gate_push(&pair.gate, 70, 71, NULL);
  fail_unless_posted(&pair.gate, GST_MESSAGE_WARNING, "'zebra' is not a label");
  fail_if_posted(&pair.gate, GST_MESSAGE_ERROR);
  pair_close(&pair);

  static const gchar *const names[] = {"nobody", "sink-only", NULL};
  for (guint i = 0; i < 3; i++) {
    Gate gate = {.element = gst_element_factory_make("winnowgate", NULL), .bus = gst_bus_new()};
    GstElement *pipeline = names[i] != NULL ? gst_pipeline_new(NULL) : NULL;
    if (pipeline != NULL)
      gst_bin_add_many(GST_BIN(pipeline), gst_element_factory_make("fakesink", "sink-only"),
                       gst_object_ref(gate.element), NULL);
    g_object_set(gate.element, "classifier", names[i] != NULL ? names[i] : "alone", NULL);
    gst_element_set_bus(gate.element, gate.bus);
    fail_unless_equals_int(gst_element_set_state(gate.element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    fail_unless_posted(&gate, GST_MESSAGE_ERROR,
                       i == 0   ? "no element of the pipeline is called 'nobody'"
                       : i == 1 ? "'sink-only' has no src pad"
                                : "called 'alone'");
    gst_element_set_state(gate.element, GST_STATE_NULL);
    gst_element_set_bus(gate.element, NULL);
    if (pipeline != NULL) gst_object_unref(pipeline);
    gst_object_unref(gate.element);
    gst_object_unref(gate.bus);
  }
}
GST_END_TEST

/* One region of several is enough. */
GST_START_TEST(test_regions) {
  Gate gate = gate_open("when", "cat", NULL);
  for (guint i = 0; i < 6; i++) {
    GstBuffer *buffer = gate_buffer(i, NULL, -1);
    for (gint x = 0; x < 300; x += 100) {
      GstBuffer *other = gate_buffer(i, i >= 2 && i < 4 && x == 100 ? "cat" : "dog", -1);
      GstStructure *fields = gst_structure_copy(
          gst_custom_meta_get_structure(gst_buffer_get_custom_meta(other, GST_WINNOW_META_NAME)));
      gst_structure_set(fields, "x", G_TYPE_INT, x, "y", G_TYPE_INT, 0, "w", G_TYPE_INT, 50, "h",
                        G_TYPE_INT, 50, "region", G_TYPE_STRING, "", NULL);
      gst_winnow_buffer_add_result(buffer, fields);
      gst_structure_free(fields);
      gst_buffer_unref(other);
    }
    fail_unless_equals_int(gst_harness_push(gate.harness, buffer), GST_FLOW_OK);
  }
  fail_unless_passed(&gate, "2-3");
  gate_close(&gate);
}
GST_END_TEST

/* ---- Neighbours ----------------------------------------------------------- */

static GstBufferPool *pool_new(guint max) {
  GstBufferPool *pool = gst_buffer_pool_new();
  GstStructure *config = gst_buffer_pool_get_config(pool);
  gst_buffer_pool_config_set_params(config, NULL, 1000, 0, max);
  fail_unless(gst_buffer_pool_set_config(pool, config));
  fail_unless(gst_buffer_pool_set_active(pool, TRUE));
  return pool;
}

/* A source with few buffers gets them back, from one with many they are held as they are. */
GST_START_TEST(test_pools) {
  for (guint max = 0; max < 3; max += 2) {
    GstBufferPool *pool = pool_new(max);
    GstBufferPoolAcquireParams now = {.flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT};
    Gate gate = gate_open("when", "cat", "pre-roll", GST_SECOND, NULL);
    GstBuffer *first = NULL;
    for (guint i = 0; i < 5; i++) {
      GstBuffer *buffer = NULL;
      fail_unless_equals_int(gst_buffer_pool_acquire_buffer(pool, &buffer, &now), GST_FLOW_OK);
      gst_buffer_memset(buffer, 0, (guint8)i, 1000);
      GST_BUFFER_PTS(buffer) = i * STEP;
      if (i == 0) first = buffer;
      fail_unless_equals_int(gst_harness_push(gate.harness, buffer), GST_FLOW_OK);
    }
    gate_push(&gate, 5, 6, "cat");
    for (guint i = 0; i < 5; i++) {
      GstBuffer *out = pull(&gate);
      const guint8 byte = (guint8)i;
      fail_unless(gst_buffer_memcmp(out, 999, &byte, 1) == 0);
      fail_unless((out == first) == (max == 0 && i == 0));
      gst_buffer_unref(out);
    }
    gate_close(&gate);
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
  }
}
GST_END_TEST

/* What is held back delays nothing else, and no pool of what is behind is offered. */
GST_START_TEST(test_queries) {
  Gate gate = gate_open("when", "cat", "pre-roll", GST_SECOND, NULL);
  gst_harness_set_upstream_latency(gate.harness, 7 * GST_MSECOND);
  fail_unless_equals_uint64(gst_harness_query_latency(gate.harness), 7 * GST_MSECOND);
  GstBufferPool *pool = pool_new(2);
  gst_harness_set_propose_allocator(gate.harness, NULL, NULL);
  gst_harness_add_propose_allocation_meta(gate.harness, GST_VIDEO_META_API_TYPE, NULL);
  GstCaps *caps = gst_caps_new_empty_simple("anything/at-all");
  GstQuery *query = gst_query_new_allocation(caps, TRUE);
  gst_query_add_allocation_pool(query, pool, 1000, 0, 2);
  fail_unless(gst_pad_peer_query(gate.harness->srcpad, query));
  fail_unless_equals_int((gint)gst_query_get_n_allocation_pools(query), 0);
  fail_unless(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL));
  gst_query_unref(query);
  gst_caps_unref(caps);
  gst_buffer_pool_set_active(pool, FALSE);
  gst_object_unref(pool);
  gate_close(&gate);
}
GST_END_TEST

/* It can be stopped and started in the middle of an event. */
GST_START_TEST(test_restart) {
  Gate gate = gate_open("when", "cat", "pre-roll", GST_SECOND, NULL);
  gate_push(&gate, 0, 3, "cat");
  fail_unless_passed(&gate, "0-2");
  fail_unless_told(&gate, "begin 0 cat 0");
  gst_element_set_state(gate.element, GST_STATE_READY);
  fail_unless_told(&gate, "end 0 cat 0+3");
  gst_element_set_state(gate.element, GST_STATE_PLAYING);
  gst_harness_push_event(gate.harness, gst_event_new_stream_start("again"));
  gst_harness_set_src_caps_str(gate.harness, "anything/at-all");
  gst_harness_push_event(gate.harness, display_event(NULL, 0));
  gate_push(&gate, 3, 4, "dog");
  gate_push(&gate, 4, 6, "cat");
  fail_unless_passed(&gate, "3-5");
  fail_unless_told(&gate, "begin 0 cat 3");
  gate_close(&gate);
}
GST_END_TEST

static Suite *gate_stream_suite(void) {
  Suite *suite = suite_create("gate_stream");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_gaps);
  tcase_add_test(tc, test_retimestamp);
  tcase_add_test(tc, test_key_frames_are_asked_for);
  tcase_add_test(tc, test_results_ahead);
  tcase_add_test(tc, test_results_behind);
  tcase_add_test(tc, test_end_of_results);
  tcase_add_test(tc, test_bad_classifier);
  tcase_add_test(tc, test_regions);
  tcase_add_test(tc, test_pools);
  tcase_add_test(tc, test_queries);
  tcase_add_test(tc, test_restart);
  return suite;
}

GST_CHECK_MAIN(gate_stream)
