/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One frame in, the same frame and the engine's own result out: for every format,
 * size and stride, over state changes, new caps, flushes and the end.
 */
#include "fixture.h"

#include <malloc.h>

static GQuark digest(GstBuffer *buffer) {
  GstMapInfo map;
  fail_unless(gst_buffer_map(buffer, &map, GST_MAP_READ));
  g_autofree gchar *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA1, map.data, map.size);
  gst_buffer_unmap(buffer, &map);
  return g_quark_from_string(sum);
}

/* Pushes a picture; the pixels must come out unchanged and the result be the reference's. */
static void check_frame(Fixture *fixture, Reference *reference, guint seed, gint padding,
                        const WnFrame *like) {
  GstBuffer *in = make_picture(&fixture->info, seed, padding);
  GQuark before = digest(in);
  GstBuffer *out = fixture_push_buffer(fixture, in);
  fail_unless(digest(out) == before, "the pixels changed");
  g_autoptr(GstWinnowResult) result = result_on(out);
  reference_equal(result, reference_frame(reference, &fixture->info, out, NULL, like));
  gst_buffer_unref(out);
}

/* Every format, with the strides of GStreamer and with odd ones. */
GST_START_TEST(test_formats) {
  Reference reference = reference_open(NULL);
  WnFrame like = {0};
  Fixture fixture = fixture_open(NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(every_format); i++) {
    like.range = g_str_has_prefix(every_format[i], "GRAY") ? WN_RANGE_FULL : WN_RANGE_LIMITED;
    fixture_caps(&fixture, every_format[i], 67, 45, NULL);
    check_frame(&fixture, &reference, 1, 0, &like);
    check_frame(&fixture, &reference, 2, 13, &like);
  }
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

GST_START_TEST(test_sizes) {
  static const gint sizes[][2] = {{1, 1},   {1, 7},     {2, 2},       {3, 5},   {32, 32},
                                  {33, 31}, {640, 480}, {1919, 1079}, {1, 4096}};
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open(NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    fixture_caps(&fixture, "I420", sizes[i][0], sizes[i][1],
                 ",colorimetry=bt601,chroma-site=mpeg2");
    check_frame(&fixture, &reference, (guint)i, 0, NULL);
    fixture_caps(&fixture, "YUY2", sizes[i][0], sizes[i][1],
                 ",colorimetry=bt601,chroma-site=mpeg2");
    check_frame(&fixture, &reference, (guint)i, 5, NULL);
  }
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

GST_START_TEST(test_8192) {
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "NV12", 8192, 8192, ",colorimetry=bt601,chroma-site=mpeg2");
  check_frame(&fixture, &reference, 3, 0, NULL);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

GST_START_TEST(test_colour) {
  static const struct {
    const gchar *caps;
    WnFrame like;
  } rows[] = {
      {",colorimetry=bt709", {.matrix = WN_MATRIX_BT709}},
      {",colorimetry=1:4:0:0", {.range = WN_RANGE_FULL}},
      {",colorimetry=bt601,chroma-site=jpeg", {.chroma_site = WN_CHROMA_CENTRED}},
  };
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open(NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    fixture_caps(&fixture, "I420", 40, 40, rows[i].caps);
    check_frame(&fixture, &reference, 9, 0, &rows[i].like);
  }
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* Memory that may not be written, and a buffer that someone else holds too. */
GST_START_TEST(test_pixels_are_not_copied) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gsize size = fixture.info.size;
  GstMemory *memory =
      gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, g_malloc0(size), size, 0, size, NULL, NULL);
  gpointer pixels = NULL;
  GstMapInfo map;
  gst_memory_map(memory, &map, GST_MAP_READ);
  pixels = map.data;
  gst_memory_unmap(memory, &map);
  GstBuffer *in = gst_buffer_new();
  gst_buffer_append_memory(in, memory);
  GST_BUFFER_PTS(in) = 0;
  gst_buffer_ref(in);
  GstBuffer *out = gst_harness_push_and_pull(fixture.harness, in);
  fail_unless(out != in, "a shared buffer was changed");
  fail_unless(gst_buffer_peek_memory(out, 0) == memory);
  fail_unless(gst_winnow_result_from_buffer(in) == NULL);
  gst_winnow_result_unref(result_on(out));
  fail_unless(gst_buffer_is_writable(out));
  gst_buffer_unref(in);
  gst_buffer_unref(out);
  g_free(pixels);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_no_timestamp) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  GstBuffer *in = make_picture(&fixture.info, 1, 0);
  GstBuffer *out = gst_harness_push_and_pull(fixture.harness, in);
  g_autoptr(GstWinnowResult) result = result_on(out);
  fail_if(GST_CLOCK_TIME_IS_VALID(gst_winnow_result_get_pts(result)));
  gst_buffer_unref(out);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_state_cycling) {
  Reference reference = reference_open(NULL);
  for (gint async = 0; async < 2; async++) {
    Fixture fixture = fixture_open("async", async, NULL);
    for (gint i = 0; i < 10; i++) {
      fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_NULL),
                             GST_STATE_CHANGE_SUCCESS);
      fail_unless_equals_int(gst_element_set_state(fixture.element, GST_STATE_PLAYING),
                             GST_STATE_CHANGE_SUCCESS);
      fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), 0);
      gst_harness_push_event(fixture.harness, gst_event_new_stream_start("again"));
      fixture_caps(&fixture, "I420", 32, 32, ",colorimetry=bt601,chroma-site=mpeg2");
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment));
      if (async)
        gst_buffer_unref(fixture_push(&fixture, (guint)i, 0));
      else
        check_frame(&fixture, &reference, (guint)i, 0, NULL);
      fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), 1);
    }
    fixture_close(&fixture);
  }
  reference_close(&reference);
}
GST_END_TEST

/* New caps in mid-stream, between every two frames. */
GST_START_TEST(test_renegotiation) {
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open(NULL, NULL);
  for (guint i = 0; i < 12; i++) {
    fixture_caps(&fixture, i % 2 ? "I420" : "UYVY", 20 + (gint)i * 31, 200 - (gint)i * 11,
                 ",colorimetry=bt601,chroma-site=mpeg2");
    check_frame(&fixture, &reference, i, 0, NULL);
    check_frame(&fixture, &reference, i + 100, 0, NULL);
  }
  fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), 24);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 24);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* Frames behind a flush do not carry a result from before it. */
GST_START_TEST(test_flush) {
  Fixture fixture = fixture_open("inference-interval", 100u, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gst_buffer_unref(fixture_push(&fixture, 1, 0));
  GstBuffer *second = fixture_push(&fixture, 2, 0);
  g_autoptr(GstWinnowResult) old = result_on(second);
  fail_unless_equals_uint64(gst_winnow_result_get_pts(old), 0);
  gst_buffer_unref(second);
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_flush_start()));
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_segment(&segment)));
  GstBuffer *third = fixture_push(&fixture, 3, 0);
  g_autoptr(GstWinnowResult) fresh = result_on(third);
  fail_unless_equals_uint64(gst_winnow_result_get_pts(fresh), 2 * FRAME_DURATION);
  gst_buffer_unref(third);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_eos) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gst_buffer_unref(fixture_push(&fixture, 1, 0));
  fail_unless(gst_harness_push_event(fixture.harness, gst_event_new_eos()));
  gboolean eos = FALSE;
  GstEvent *event;
  while ((event = gst_harness_try_pull_event(fixture.harness)) != NULL) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) eos = TRUE;
    gst_event_unref(event);
  }
  fail_unless(eos, "the end did not come through");
  fixture_close(&fixture);
}
GST_END_TEST

/* Bytes allocated beyond `before`, those in mappings of their own included, once there are fewer
 * than `limit`: what was read of a file goes behind the scenes when it is packed.  Not fewer within
 * five seconds: all of them. */
static gsize allocated(gsize before, gsize limit) {
  gsize bytes = 0;
  for (guint turn = 0; turn < 500; turn++) {
    struct mallinfo2 info = mallinfo2();
    bytes = info.uordblks + info.hblkhd - before;
    if (bytes < limit) break;
    g_usleep(10000);
  }
  return bytes;
}

/* The second element with a file shares the first one's weights. */
GST_START_TEST(test_two_elements_one_model) {
  Reference reference = reference_open(NULL);
  gsize weights = wn_model_info(reference.model)->weight_bytes;
  reference_close(&reference);
  Fixture warm = fixture_open(NULL, NULL); /* whatever is made once per process */
  fixture_close(&warm);
  gsize none = allocated(0, G_MAXSIZE);
  Fixture one = fixture_open("threads", 1, NULL);
  gsize first = allocated(none, weights * 5 / 2); /* packed, weights may take more room */
  Fixture two = fixture_open("threads", 1, NULL);
  gsize both = allocated(none, first + weights / 2);
  if (none > 0) { /* a sanitizer's malloc does not count */
    fail_unless(first > weights, "%zu bytes for the first", first);
    fail_unless(both < first + weights / 2, "%zu bytes, then %zu", first, both);
  }
  reference = reference_open(NULL);

  fixture_caps(&one, "I420", 40, 30, ",colorimetry=bt601,chroma-site=mpeg2");
  fixture_caps(&two, "I420", 50, 60, ",colorimetry=bt601,chroma-site=mpeg2");
  for (guint i = 0; i < 5; i++) {
    check_frame(&one, &reference, i, 0, NULL);
    check_frame(&two, &reference, i + 7, 0, NULL);
  }
  fixture_close(&one);
  check_frame(&two, &reference, 99, 0, NULL);
  fixture_close(&two);
  reference_close(&reference);
}
GST_END_TEST

/* In one pipeline both leave a result; the last one is first served. */
GST_START_TEST(test_two_elements_in_a_row) {
  GstHarness *harness =
      gst_harness_new_parse("winnowclassify model-file=" MODEL_FILE
                            " ! winnowclassify strategy=none model-file=" MODEL_FILE);
  gst_harness_set_src_caps_str(harness, "video/x-raw,format=RGB,width=32,height=32,framerate=1/1");
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, 32, 32);
  GstBuffer *out = gst_harness_push_and_pull(harness, make_picture(&info, 5, 0));
  GPtrArray *results = gst_winnow_results_from_buffer(out);
  fail_unless_equals_int((gint)results->len, 2);
  g_autoptr(GstWinnowResult) last = result_on(out);
  fail_unless_equals_string(gst_winnow_result_get_stop_reason(last), "final");
  fail_unless_equals_int(gst_winnow_result_get_exit_stage(last), FIXTURE_EXITS);
  fail_unless(gst_winnow_result_get_macs(last) <= gst_winnow_result_get_macs_full(last));
  g_ptr_array_unref(results);
  gst_buffer_unref(out);
  gst_harness_teardown(harness);
}
GST_END_TEST

/* The element claims neither more nor less than what is behind it. */
GST_START_TEST(test_allocation_query) {
  for (gint can = 0; can < 2; can++) {
    Fixture fixture = fixture_open(NULL, NULL);
    if (can)
      gst_harness_add_propose_allocation_meta(fixture.harness, GST_VIDEO_META_API_TYPE, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    GstCaps *caps = gst_video_info_to_caps(&fixture.info);
    GstQuery *query = gst_query_new_allocation(caps, TRUE);
    gst_pad_peer_query(fixture.harness->srcpad, query);
    fail_unless_equals_int(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL),
                           can);
    gst_query_unref(query);
    gst_caps_unref(caps);
    fixture_close(&fixture);
  }
}
GST_END_TEST

static Suite *classify_suite(void) {
  Suite *suite = suite_create("classify");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_formats);
  tcase_add_test(tc, test_sizes);
  tcase_add_test(tc, test_8192);
  tcase_add_test(tc, test_colour);
  tcase_add_test(tc, test_pixels_are_not_copied);
  tcase_add_test(tc, test_no_timestamp);
  tcase_add_test(tc, test_state_cycling);
  tcase_add_test(tc, test_renegotiation);
  tcase_add_test(tc, test_flush);
  tcase_add_test(tc, test_eos);
  tcase_add_test(tc, test_two_elements_one_model);
  tcase_add_test(tc, test_two_elements_in_a_row);
  tcase_add_test(tc, test_allocation_query);
  return suite;
}

GST_CHECK_MAIN(classify)
