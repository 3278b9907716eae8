/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowshmsink and winnowshmsrc, each in its harness: frames, caps, timestamps and results that go
 * in come out; either side may come, go and change its caps at any time.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include "made_result.h"

typedef struct {
  gchar *folder, *path;
  GstHarness *sink, *src;
  GstBus *bus; /* of the sink's, then of the source's messages */
} Channel;

static GstHarness *open_one(Channel *c, const gchar *factory, const gchar *pad_in,
                            const gchar *pad_out) {
  GstElement *element = gst_element_factory_make(factory, NULL);
  fail_unless(element != NULL);
  g_object_set(element, "socket-path", c->path, NULL);
  if (pad_in != NULL) g_object_set(element, "sync", FALSE, NULL);
  gst_element_set_bus(element, c->bus);
  GstHarness *harness = gst_harness_new_with_element(element, pad_in, pad_out);
  gst_object_unref(element);
  return harness;
}

static Channel channel_new(void) {
  Channel c = {.folder = g_dir_make_tmp("winnow-shm-XXXXXX", NULL), .bus = gst_bus_new()};
  c.path = g_build_filename(c.folder, "channel", NULL);
  return c;
}

static void open_sink(Channel *c) {
  c->sink = open_one(c, "winnowshmsink", "sink", NULL);
}

static void open_src(Channel *c) {
  c->src = open_one(c, "winnowshmsrc", NULL, "src");
  gst_harness_play(c->src);
}

static void channel_free(Channel *c) {
  if (c->src != NULL) gst_harness_teardown(c->src);
  if (c->sink != NULL) gst_harness_teardown(c->sink);
  gst_bus_set_flushing(c->bus, TRUE);
  gst_object_unref(c->bus);
  fail_unless_equals_int(g_rmdir(c->folder), 0); /* the socket is gone */
  g_free(c->folder);
  g_free(c->path);
}

static GstCaps *set_caps(Channel *c, const gchar *format, gint width, gint height,
                         GstVideoInfo *info) {
  g_autofree gchar *text = g_strdup_printf(
      "video/x-raw, format=%s, width=%d, height=%d, framerate=30/1", format, width, height);
  GstCaps *caps = gst_caps_from_string(text);
  fail_unless(gst_video_info_from_caps(info, caps));
  gst_harness_set_src_caps(c->sink, gst_caps_ref(caps));
  return caps;
}

/* Pushes a picture until the source has it, which sees the newest one only, once it is connected.
 */
static GstBuffer *through(Channel *c, const GstVideoInfo *info, guint seed, gint padding) {
  for (gint i = 0; i < 1000; i++) {
    GstBuffer *in = make_picture(info, seed, padding), *out;
    GST_BUFFER_PTS(in) = (GstClockTime)seed * 1000;
    made_result_attach(in, "cat", seed);
    fail_unless_equals_int(gst_harness_push(c->sink, in), GST_FLOW_OK);
    g_usleep(10000);
    while ((out = gst_harness_try_pull(c->src)) != NULL) {
      g_autoptr(GstWinnowResult) result = gst_winnow_result_from_buffer(out);
      fail_unless(result != NULL);
      if (gst_winnow_result_get_macs(result) == seed) return out;
      gst_buffer_unref(out); /* of an earlier push */
    }
  }
  fail("nothing came through");
  return NULL;
}

static void compare_pixels(GstBuffer *got, const GstVideoInfo *info, guint seed, gint padding) {
  GstVideoFrame a, b;
  GstBuffer *wanted = make_picture(info, seed, padding);
  fail_unless(gst_video_frame_map(&a, info, got, GST_MAP_READ));
  fail_unless(gst_video_frame_map(&b, info, wanted, GST_MAP_READ));
  for (guint k = 0; k < GST_VIDEO_FRAME_N_COMPONENTS(&a); k++)
    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&a, k); y++)
      for (gint x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH(&a, k); x++) {
        gint step = GST_VIDEO_FRAME_COMP_PSTRIDE(&a, k);
        guint8 *p = GST_VIDEO_FRAME_COMP_DATA(&a, k), *q = GST_VIDEO_FRAME_COMP_DATA(&b, k);
        fail_unless_equals_int(p[y * GST_VIDEO_FRAME_COMP_STRIDE(&a, k) + x * step],
                               q[y * GST_VIDEO_FRAME_COMP_STRIDE(&b, k) + x * step]);
      }
  gst_video_frame_unmap(&a);
  gst_video_frame_unmap(&b);
  gst_buffer_unref(wanted);
}

static void check_caps(Channel *c, const GstVideoInfo *wanted) {
  GstVideoInfo got;
  g_autoptr(GstCaps) caps = gst_pad_get_current_caps(c->src->sinkpad);
  fail_unless(gst_video_info_from_caps(&got, caps));
  fail_unless_equals_int(GST_VIDEO_INFO_FORMAT(&got), GST_VIDEO_INFO_FORMAT(wanted));
  fail_unless_equals_int(GST_VIDEO_INFO_WIDTH(&got), GST_VIDEO_INFO_WIDTH(wanted));
  fail_unless_equals_int(GST_VIDEO_INFO_HEIGHT(&got), GST_VIDEO_INFO_HEIGHT(wanted));
  if (!GST_VIDEO_INFO_IS_YUV(wanted)) return;
  fail_unless_equals_int(got.colorimetry.matrix, wanted->colorimetry.matrix);
  fail_unless_equals_int(got.colorimetry.range, wanted->colorimetry.range);
}

GST_START_TEST(test_every_format) {
  for (guint f = 0; f < G_N_ELEMENTS(every_format); f++) {
    Channel c = channel_new();
    GstVideoInfo info;
    open_sink(&c);
    open_src(&c);
    g_object_set(c.src->element, "do-timestamp", FALSE, NULL);
    gst_caps_unref(set_caps(&c, every_format[f], 37 + (gint)f, 720 - (gint)f * 29, &info));
    for (guint seed = 1; seed <= 3; seed++) {
      gint padding = seed == 2 ? 24 : 0;
      GstBuffer *out = through(&c, &info, seed, padding);
      compare_pixels(out, &info, seed, padding);
      check_caps(&c, &info);
      fail_unless_equals_uint64(GST_BUFFER_PTS(out), (guint64)seed * 1000);
      g_autoptr(GstWinnowResult) result = gst_winnow_result_from_buffer(out);
      fail_unless_equals_string(gst_winnow_result_get_label(result), "cat");
      fail_unless_equals_string(gst_winnow_result_get_stop_reason(result), "watch");
      fail_unless_equals_int(gst_winnow_result_get_exit_stage(result), 1);
      fail_unless_equals_uint64(gst_winnow_result_get_pts(result), (guint64)seed * 1000);
      fail_unless_equals_string(gst_winnow_result_get_survivor_labels(result)[1], "dog");
      gst_buffer_unref(out);
    }
    channel_free(&c);
  }
}
GST_END_TEST

GST_START_TEST(test_timestamps_of_arrival) {
  Channel c = channel_new();
  GstVideoInfo info;
  open_sink(&c);
  open_src(&c);
  gst_harness_set_time(c.src, 5 * GST_SECOND);
  gst_caps_unref(set_caps(&c, "NV12", 16, 16, &info));
  GstBuffer *out = through(&c, &info, 9, 0);
  fail_unless_equals_uint64(GST_BUFFER_PTS(out), 5 * GST_SECOND);
  g_autoptr(GstCaps) publisher = gst_caps_new_empty_simple("timestamp/x-winnow-publisher");
  GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(out, publisher);
  fail_unless(meta != NULL);
  fail_unless_equals_uint64(meta->timestamp, 9000);
  gst_buffer_unref(out);
  channel_free(&c);
}
GST_END_TEST

GST_START_TEST(test_caps_may_change) {
  static const struct {
    const gchar *format;
    gint width, height;
  } steps[] = {{"RGB", 20, 10}, {"RGB", 400, 300}, {"NV12", 400, 300}, {"GRAY8", 8, 8}};
  Channel c = channel_new();
  open_sink(&c);
  open_src(&c);
  for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
    GstVideoInfo info;
    gst_caps_unref(set_caps(&c, steps[i].format, steps[i].width, steps[i].height, &info));
    GstBuffer *out = through(&c, &info, i + 1, 0);
    check_caps(&c, &info);
    compare_pixels(out, &info, i + 1, 0);
    gst_buffer_unref(out);
  }
  channel_free(&c);
}
GST_END_TEST

GST_START_TEST(test_either_side_comes_and_goes) {
  Channel c = channel_new();
  GstVideoInfo info;
  open_src(&c); /* before there is a publisher */
  for (guint round = 1; round <= 3; round++) {
    open_sink(&c);
    gst_caps_unref(set_caps(&c, "BGRx", 32, 24, &info));
    gst_buffer_unref(through(&c, &info, round, 0));
    gst_harness_teardown(c.sink);
    c.sink = NULL;
  }
  open_sink(&c);
  gst_caps_unref(set_caps(&c, "BGRx", 32, 24, &info));
  for (guint round = 1; round <= 3; round++) {
    gst_harness_teardown(c.src);
    open_src(&c);
    gst_buffer_unref(through(&c, &info, round, 0));
  }
  channel_free(&c);
}
GST_END_TEST

GST_START_TEST(test_a_frame_without_a_result) {
  Channel c = channel_new();
  GstVideoInfo info;
  GstBuffer *out = NULL;
  open_sink(&c);
  open_src(&c);
  gst_caps_unref(set_caps(&c, "RGB", 16, 16, &info));
  for (gint i = 0; i < 1000 && out == NULL; i++) {
    gst_harness_push(c.sink, make_picture(&info, 1, 0));
    g_usleep(10000);
    out = gst_harness_try_pull(c.src);
  }
  fail_unless(out != NULL);
  fail_unless(gst_winnow_result_from_buffer(out) == NULL);
  compare_pixels(out, &info, 1, 0);
  gst_buffer_unref(out);
  while ((out = gst_harness_try_pull(c.src)) != NULL) gst_buffer_unref(out);
  channel_free(&c);
}
GST_END_TEST

/* The watch set in front of the sink is known behind the source, once. */
GST_START_TEST(test_a_description) {
  static const gchar said[] = "\"watch\":[\"pet\"]";
  Channel c = channel_new();
  GstVideoInfo info;
  GstEvent *event;
  guint n = 0;
  open_sink(&c);
  open_src(&c);
  gst_caps_unref(set_caps(&c, "RGB", 16, 16, &info));
  GstStructure *structure =
      gst_structure_new("winnow-display", "stable-time", G_TYPE_UINT64, (guint64)7, "description",
                        G_TYPE_STRING, "{\"watch\":[\"pet\"]}", NULL);
  fail_unless(gst_harness_push_event(
      c.sink, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure)));
  for (guint seed = 1; seed < 4; seed++) gst_buffer_unref(through(&c, &info, seed, 0));
  while ((event = gst_harness_try_pull_event(c.src)) != NULL) {
    if (gst_event_has_name(event, "winnow-display")) {
      const gchar *text = gst_structure_get_string(gst_event_get_structure(event), "description");
      fail_unless(strstr(text, said) != NULL, "%s", text);
      n++;
    }
    gst_event_unref(event);
  }
  fail_unless_equals_int((gint)n, 1);
  channel_free(&c);
}
GST_END_TEST

/* How often the source's thread has gone to sleep. */
static gint64 count_sleeps(void) {
  static const gchar key[] = "voluntary_ctxt_switches:";
  g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, NULL);
  for (const gchar *id; (id = g_dir_read_name(threads)) != NULL;) {
    g_autofree gchar *path = g_strdup_printf("/proc/self/task/%s/status", id), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL) || strstr(text, "winnowshmsrc") == NULL)
      continue;
    return g_ascii_strtoll(strstr(text, key) + strlen(key), NULL, 10);
  }
  fail("the source has no thread");
  return -1;
}

/* While nothing is published the source sleeps all the time, not for some milliseconds each. */
GST_START_TEST(test_sleeps_until_there_is_a_frame) {
  Channel c = channel_new();
  GstVideoInfo info;
  GstBuffer *out;
  gboolean slept = FALSE;
  open_sink(&c);
  open_src(&c);
  gst_caps_unref(set_caps(&c, "GRAY8", 8, 8, &info));
  gst_buffer_unref(through(&c, &info, 1, 0));
  for (gint tries = 0; tries < 20 && !slept; tries++) {
    gint64 before = count_sleeps();
    g_usleep(500000);
    slept = count_sleeps() == before;
  }
  fail_unless(slept, "it keeps waking up");
  gst_buffer_unref(through(&c, &info, 2, 0));
  while ((out = gst_harness_try_pull(c.src)) != NULL) gst_buffer_unref(out);
  channel_free(&c);
}
GST_END_TEST

static void check_start_fails(const gchar *factory, const gchar *path, const gchar *says) {
  GstElement *element = gst_element_factory_make(factory, NULL);
  g_object_set(element, "socket-path", path, NULL);
  fail_unless_start_fails(element, GST_RESOURCE_ERROR_SETTINGS, says);
}

GST_START_TEST(test_what_cannot_start) {
  Channel c = channel_new();
  check_start_fails("winnowshmsink", NULL, "socket-path");
  check_start_fails("winnowshmsrc", NULL, "socket-path");
  check_start_fails("winnowshmsink", "/nowhere/at/all", "/nowhere/at/all");
  open_sink(&c);
  check_start_fails("winnowshmsink", c.path, "another program serves");
  channel_free(&c);
}
GST_END_TEST

static Suite *shm_suite(void) {
  Suite *suite = suite_create("shm");
  TCase *tcase = tcase_create("general");
  suite_add_tcase(suite, tcase);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, test_every_format);
  tcase_add_test(tcase, test_timestamps_of_arrival);
  tcase_add_test(tcase, test_caps_may_change);
  tcase_add_test(tcase, test_either_side_comes_and_goes);
  tcase_add_test(tcase, test_a_frame_without_a_result);
  tcase_add_test(tcase, test_a_description);
  tcase_add_test(tcase, test_sleeps_until_there_is_a_frame);
  tcase_add_test(tcase, test_what_cannot_start);
  return suite;
}

GST_CHECK_MAIN(shm);
