/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowshmsink at the end of whole pipelines, with a reader of libwinnow: every frame is
 * published, once, however slow or paused the pipeline is, and readers are let in all the while.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <winnow/ipc.h>

#include "made_result.h"

enum { READ_MS = 20000 }; /* a busy machine's worst */

typedef struct {
  gchar *folder, *path;
  GstElement *pipeline;
  WnReader *reader; /* NULL until open_reader() */
} Channel;

/* `source` ! winnowshmsink, in PAUSED with its first frame. */
static Channel channel_new(const gchar *source) {
  Channel c = {.folder = g_dir_make_tmp("winnow-shm-XXXXXX", NULL)};
  c.path = g_build_filename(c.folder, "channel", NULL);
  g_autofree gchar *line =
      g_strdup_printf("%s ! winnowshmsink name=sink socket-path=%s", source, c.path);
  c.pipeline = gst_parse_launch(line, NULL);
  fail_unless(c.pipeline != NULL);
  gst_element_set_state(c.pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int(gst_element_get_state(c.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
                         GST_STATE_CHANGE_SUCCESS);
  return c;
}

static void open_reader(Channel *c) {
  WnError error;
  fail_unless(wn_reader_new(c->path, &c->reader, &error) == WN_OK, "%s", error.message);
}

static WnSnapshot read_next(Channel *c) {
  WnSnapshot got;
  WnError error;
  fail_unless(wn_reader_read(c->reader, READ_MS, &got, &error) == WN_OK, "%s", error.message);
  return got;
}

static void play_to_the_end(Channel *c) {
  gst_element_set_state(c->pipeline, GST_STATE_PLAYING);
  GstBus *bus = gst_element_get_bus(c->pipeline);
  GstMessage *message =
      gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
  gst_message_unref(message);
  gst_object_unref(bus);
}

static void channel_free(Channel *c) {
  gst_element_set_state(c->pipeline, GST_STATE_NULL);
  gst_object_unref(c->pipeline);
  wn_reader_free(c->reader);
  fail_unless_equals_int(g_rmdir(c->folder), 0);
  g_free(c->folder);
  g_free(c->path);
}

GST_START_TEST(test_every_frame_of_a_slow_pipeline) {
  Channel c = channel_new("videotestsrc num-buffers=60 ! video/x-raw,format=I420,width=64,"
                          "height=48,framerate=60/1 ! identity sleep-time=30000");
  play_to_the_end(&c);
  open_reader(&c);
  fail_unless_equals_uint64(read_next(&c).number, 60);
  channel_free(&c);
}
GST_END_TEST

GST_START_TEST(test_readers_come_while_paused) {
  Channel c = channel_new("videotestsrc num-buffers=3 ! video/x-raw,framerate=30/1");
  open_reader(&c);
  fail_unless_equals_uint64(read_next(&c).number, 1);
  play_to_the_end(&c);
  fail_unless_equals_uint64(read_next(&c).number, 3);
  channel_free(&c);
}
GST_END_TEST

/* Paused and played again, the pipeline waits with a frame in its hand each time. */
GST_START_TEST(test_each_frame_once) {
  Channel c = channel_new("videotestsrc num-buffers=40 ! video/x-raw,framerate=200/1");
  for (guint i = 0; i < 10; i++) {
    gst_element_set_state(c.pipeline, GST_STATE_PLAYING);
    g_usleep(5000);
    gst_element_set_state(c.pipeline, GST_STATE_PAUSED);
    gst_element_get_state(c.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  }
  play_to_the_end(&c);
  open_reader(&c);
  fail_unless_equals_uint64(read_next(&c).number, 40);
  channel_free(&c);
}
GST_END_TEST

/* A seek throws away the frame that waits; the next one comes from the same pool. */
GST_START_TEST(test_the_frame_after_a_seek) {
  Channel c = channel_new("videotestsrc num-buffers=5 ! video/x-raw,framerate=30/1");
  open_reader(&c);
  fail_unless_equals_uint64(read_next(&c).number, 1);
  fail_unless(gst_element_seek_simple(c.pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
  gst_element_get_state(c.pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  fail_unless_equals_uint64(read_next(&c).number, 2);
  play_to_the_end(&c);
  fail_unless_equals_uint64(read_next(&c).number, 5);
  channel_free(&c);
}
GST_END_TEST

/* What a reader of the pipeline relies on; `sync` is the user's to change. */
GST_START_TEST(test_frames_are_never_late) {
  GstElement *sink = gst_element_factory_make("winnowshmsink", NULL);
  gint64 max_lateness;
  gboolean qos, sync;
  g_object_get(sink, "max-lateness", &max_lateness, "qos", &qos, "sync", &sync, NULL);
  fail_unless_equals_int64(max_lateness, -1);
  fail_unless(!qos && sync);
  gst_object_unref(sink);
}
GST_END_TEST

/* What winnowclassify says of its results, once the network has seen a frame: 64 of 96 columns. */
GST_START_TEST(test_readers_are_told_what_is_published) {
  Channel c = channel_new("videotestsrc num-buffers=6 ! video/x-raw,format=RGB,width=96,height=64,"
                          "framerate=30/1 ! winnowclassify inference-interval=3 watch=cat,dog "
                          "model-file=" MODEL_FILE);
  open_reader(&c);
  WnSnapshot paused = read_next(&c);
  fail_unless_equals_int(paused.n_results, 1);
  fail_unless_equals_int64(paused.results[0].age_ns, 0);
  play_to_the_end(&c);
  WnSnapshot last = read_next(&c);
  fail_unless_equals_uint64(last.number, 6);
  fail_unless_equals_int64(last.results[0].age_ns, 2 * GST_SECOND / 30);
  const char *description = wn_reader_description(c.reader);
  static const char *const members[] = {"\"name\":\"channel\"", "\"model-id\":\"edge-cifar10@",
                                        "\"watch\":[\"cat\",\"dog\"]", "\"airplane\"",
                                        "\"window\":{\"x\":16.0,\"y\":0.0,\"w\":64.0,\"h\":64.0}"};
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    fail_unless(strstr(description, members[i]) != NULL, "%s is not in %s", members[i],
                description);
  channel_free(&c);
}
GST_END_TEST

/* Buffers and results of other programs' may have any: the frame goes on without them. */
GST_START_TEST(test_times_that_no_channel_takes) {
  static const guint64 pts[] = {5, G_MAXINT64 / 2, G_MAXINT64 - 1, G_MAXUINT64 - 1};
  Channel c = channel_new("videotestsrc num-buffers=1 ! video/x-raw,format=GRAY8,width=8,height=8");
  GstElement *sink = gst_bin_get_by_name(GST_BIN(c.pipeline), "sink");
  GstPad *pad = gst_element_get_static_pad(sink, "sink");
  open_reader(&c);
  play_to_the_end(&c);
  g_object_set(sink, "sync", FALSE, NULL);
  gst_pad_send_event(pad, gst_event_new_flush_start());
  gst_pad_send_event(pad, gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_send_event(pad, gst_event_new_segment(&segment));
  for (gsize i = 0; i < G_N_ELEMENTS(pts); i++) {
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, 64, NULL);
    GST_BUFFER_PTS(buffer) = pts[i];
    made_result_attach(buffer, "cat", 1);
    GstStructure *structure = gst_custom_meta_get_structure(
        gst_buffer_get_custom_meta(buffer, "GstWinnowClassificationMeta"));
    gst_structure_set(structure, "time", G_TYPE_INT64, G_MAXINT64 / 2, "age-ns", G_TYPE_INT64,
                      (gint64)(i ? G_MAXINT64 / 2 : 0), NULL);
    fail_unless_equals_int(gst_pad_chain(pad, buffer), GST_FLOW_OK);
    WnSnapshot got = read_next(&c);
    fail_unless_equals_int64(got.frame.pts_ns, i < 2 ? (gint64)pts[i] : WN_PTS_NONE);
    fail_unless_equals_int64(got.frame.time_ns, i ? 0 : G_MAXINT64 / 2);
  }
  gst_object_unref(pad);
  gst_object_unref(sink);
  channel_free(&c);
}
GST_END_TEST

static Suite *shm_sink_suite(void) {
  Suite *suite = suite_create("shm_sink");
  TCase *tcase = tcase_create("general");
  suite_add_tcase(suite, tcase);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, test_every_frame_of_a_slow_pipeline);
  tcase_add_test(tcase, test_readers_come_while_paused);
  tcase_add_test(tcase, test_each_frame_once);
  tcase_add_test(tcase, test_the_frame_after_a_seek);
  tcase_add_test(tcase, test_frames_are_never_late);
  tcase_add_test(tcase, test_readers_are_told_what_is_published);
  tcase_add_test(tcase, test_times_that_no_channel_takes);
  return suite;
}

GST_CHECK_MAIN(shm_sink);
