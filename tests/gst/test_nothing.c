/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A frame of nothing that the model knows: what the element attaches and posts, and what the
 * overlay makes of it.  The model is the test model with floors that reject half of the pictures.
 */
#include "fixture.h"
#include "overlay/view.h"

#include <glib/gstdio.h>
#include <winnow/tune.h>

enum { N_PICTURES = 60 };

static gchar *model_path;
static guint rejected_seed, kept_seed;

static void frame_of(GstBuffer *buffer, GstMapInfo *map, WnFrame *frame) {
  fail_unless(gst_buffer_map(buffer, map, GST_MAP_READ));
  *frame = (WnFrame){.format = WN_PIXEL_RGB,
                     .width = 32,
                     .height = 32,
                     .plane = {map->data},
                     .stride_bytes = {32 * 3},
                     .pts_ns = WN_PTS_NONE};
}

static GstBuffer *picture(guint seed) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, 32, 32);
  return make_picture(&info, seed, 0);
}

static void write_model(void) {
  const WnTuneRequest request = {.max_rejected = 0.5, .keep_thresholds = true};
  WnTuner *tuner;
  WnTuning tuning;
  WnError error;
  fail_unless(wn_tuner_new(MODEL_FILE, NULL, &tuner, &error) == WN_OK, "%s", error.message);
  for (guint seed = 0; seed < N_PICTURES; seed++) {
    GstBuffer *buffer = picture(seed);
    GstMapInfo map;
    WnFrame frame;
    frame_of(buffer, &map, &frame);
    fail_unless(wn_tuner_add(tuner, &frame, NULL, (gint)seed % 10, &error) == WN_OK);
    gst_buffer_unmap(buffer, &map);
    gst_buffer_unref(buffer);
  }
  fail_unless(wn_tuner_search(tuner, &request, &tuning, &error) == WN_OK, "%s", error.message);
  fail_unless(wn_tuner_write(tuner, model_path, &error) == WN_OK, "%s", error.message);
  wn_tuner_free(tuner);
}

/* A picture that the model rejects and one that it does not. */
static void find_seeds(void) {
  WnModel *model;
  WnSession *session;
  fail_unless(wn_model_open(model_path, NULL, &model, NULL) == WN_OK);
  fail_unless(wn_session_new(model, NULL, &session, NULL) == WN_OK);
  rejected_seed = kept_seed = N_PICTURES;
  for (guint seed = 0; seed < N_PICTURES; seed++) {
    GstBuffer *buffer = picture(seed);
    GstMapInfo map;
    WnFrame frame;
    const WnResult *result;
    frame_of(buffer, &map, &frame);
    fail_unless(wn_session_classify(session, &frame, NULL, &result, NULL) == WN_OK);
    *(result->class_index < 0 ? &rejected_seed : &kept_seed) = seed;
    gst_buffer_unmap(buffer, &map);
    gst_buffer_unref(buffer);
  }
  wn_session_free(session);
  wn_model_unref(model);
  fail_unless(rejected_seed < N_PICTURES && kept_seed < N_PICTURES);
}

static void set_up(void) {
  gint file = g_file_open_tmp("winnow-nothing-XXXXXX.onnx", &model_path, NULL);
  fail_unless(file >= 0);
  g_close(file, NULL);
  write_model();
  find_seeds();
}

static void tear_down(void) {
  g_unlink(model_path);
  g_clear_pointer(&model_path, g_free);
}

static void check_result(const GstWinnowResult *result) {
  gsize n;
  fail_unless_equals_string(gst_winnow_result_get_label(result), "");
  fail_unless_equals_int(gst_winnow_result_get_class_index(result), -1);
  fail_unless_equals_string(gst_winnow_result_get_stop_reason(result), "nothing");
  fail_unless_equals_float(gst_winnow_result_get_confidence(result), 0);
  gst_winnow_result_get_survivors(result, &n);
  fail_unless_equals_uint64(n, 0);
  const gint *left = gst_winnow_result_get_survivors_per_stage(result, &n);
  fail_unless_equals_int(left[n - 1], 0);
}

/* Nothing is no doubt: min-confidence does not turn it into `unknown`. */
GST_START_TEST(test_meta_and_message) {
  Fixture fixture = fixture_open("model-file", model_path, "min-confidence", 0.01, "stable-time",
                                 G_GUINT64_CONSTANT(0), NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  gst_buffer_unref(fixture_push(&fixture, kept_seed, 0));
  gst_message_unref(fixture_message(&fixture, GST_MESSAGE_ELEMENT));
  GstBuffer *out = fixture_push(&fixture, rejected_seed, 0);
  g_autoptr(GstWinnowResult) attached = result_on(out);
  check_result(attached);
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ELEMENT);
  g_autoptr(GstWinnowResult) posted = gst_winnow_result_from_message(message);
  check_result(posted);
  fail_unless_equals_string(gst_structure_get_string(gst_message_get_structure(message), "state"),
                            "nothing");
  gst_message_unref(message);
  gst_buffer_unref(out);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_words) {
  Fixture fixture = fixture_open("model-file", model_path, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  GstBuffer *out = fixture_push(&fixture, rejected_seed, 0);
  g_autoptr(GstWinnowResult) result = result_on(out);
  GstWinnowView *view = gst_winnow_view_new(result, "nothing", "nothing", NULL);
  fail_unless_equals_string(view->headline, "nothing");
  fail_unless_equals_int(view->percent, -1);
  fail_unless_equals_string(view->reason, "no class has enough");
  fail_unless_equals_int((gint)view->n_rows, 0);
  gst_winnow_view_free(view);
  gst_buffer_unref(out);
  fixture_close(&fixture);
}
GST_END_TEST

/* The overlay draws it, and a line of JSON has no label. */
GST_START_TEST(test_overlay_and_publish) {
  g_autofree gchar *lines = g_strconcat(model_path, ".jsonl", NULL);
  g_autofree gchar *line = g_strdup_printf("winnowclassify model-file=%s ! winnowpublish "
                                           "location=%s ! winnowoverlay",
                                           model_path, lines);
  GstHarness *harness = gst_harness_new_parse(line);
  gst_harness_set_src_caps_str(harness,
                               "video/x-raw,format=RGB,width=320,height=320,framerate=1/1");
  GstVideoInfo info; /* the same patches, larger */
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, 320, 320);
  GstBuffer *in = make_picture(&info, rejected_seed, 0), *copy = gst_buffer_copy_deep(in);
  GST_BUFFER_PTS(in) = 0;
  GstBuffer *out = gst_harness_push_and_pull(harness, in);
  GstMapInfo map;
  fail_unless(gst_buffer_map(out, &map, GST_MAP_READ));
  fail_unless(gst_buffer_memcmp(copy, 0, map.data, map.size) != 0, "no word was drawn");
  gst_buffer_unmap(out, &map);
  gst_buffer_unref(copy);
  gst_buffer_unref(out);
  gst_harness_teardown(harness);
  g_autofree gchar *text = NULL;
  fail_unless(g_file_get_contents(lines, &text, NULL, NULL));
  fail_unless(strstr(text, "\"label\":null,\"class-index\":-1") != NULL, "%s", text);
  fail_unless(strstr(text, "\"stop-reason\":\"nothing\"") != NULL, "%s", text);
  g_unlink(lines);
}
GST_END_TEST

static Suite *nothing_suite(void) {
  Suite *suite = suite_create("nothing");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_unchecked_fixture(tc, set_up, tear_down);
  tcase_add_test(tc, test_meta_and_message);
  tcase_add_test(tc, test_words);
  tcase_add_test(tc, test_overlay_and_publish);
  return suite;
}

GST_CHECK_MAIN(nothing)
