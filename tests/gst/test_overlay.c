/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowoverlay changes of a frame, and what not.
 */
#include "made_overlay.h"

GST_START_TEST(test_nothing_to_draw) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *in = grey(&info);
  GstBuffer *untouched = gst_buffer_copy_deep(in);
  GstBuffer *out = gst_harness_push_and_pull(harness, in);
  fail_unless(same_bytes(out, untouched));
  gst_buffer_unref(untouched);
  gst_buffer_unref(out);
  gst_harness_teardown(harness);
}
GST_END_TEST

/* The panel is at the bottom left and nowhere else; each part of a result shows. */
GST_START_TEST(test_panel) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *plain = grey(&info);
  GstBuffer *base = draw_once("cat", 1, 2, 0.9);
  fail_unless(same(base, plain, W, 0, 0, W, 150), "drawn outside of the panel");
  fail_unless(same(base, plain, W, 0, 0, 7, H));
  fail_if(same(base, plain, W, HEAD_X, HEAD_Y, HEAD_W, HEAD_H));
  GstBuffer *again = draw_once("cat", 1, 2, 0.9);
  fail_unless(same_bytes(base, again));

  GstBuffer *label = draw_once("dog", 1, 2, 0.9);
  GstBuffer *stage = draw_once("cat", 1, 4, 0.9);
  GstBuffer *survivors = draw_once("cat", 3, 2, 0.9);
  GstBuffer *confidence = draw_once("cat", 1, 2, 0.5);
  fail_if(same(base, label, W, HEAD_X, HEAD_Y, HEAD_W, HEAD_H));
  fail_unless(same(base, stage, W, HEAD_X, HEAD_Y, HEAD_W, HEAD_H));
  fail_if(same(base, stage, W, 18, 188, 182, 10), "the ladder shows no exit");
  fail_if(same(base, stage, W, 140, 212, 60, 12), "nothing shows what was saved");
  fail_unless(same(base, survivors, W, 18, 188, 182, 8));
  fail_if(same(base, survivors, W, 212, 160, 92, 70), "survivors are not listed");
  fail_if(same(base, confidence, W, 150, HEAD_Y, 50, HEAD_H), "confidence is not drawn");
  GstBuffer *all[] = {plain, base, again, label, stage, survivors, confidence};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++) gst_buffer_unref(all[i]);
  gst_harness_teardown(harness);
}
GST_END_TEST

/* Whatever a label says, it stays inside the panel and out of its neighbour. */
GST_START_TEST(test_extremes) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *plain = grey(&info);
  GString *text = g_string_new(NULL);
  for (gint i = 0; i < 200; i++) g_string_append(text, "W\xc3\xb6rter\n");
  static const gchar *const fixed[] = {"", "\n\n", "%s%n", "<b>",
                                       "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"};
  GstBuffer *three = draw_once("cat", 3, 6, 0.9);
  for (gsize i = 0; i <= G_N_ELEMENTS(fixed); i++) {
    GstBuffer *out = draw_once(i < G_N_ELEMENTS(fixed) ? fixed[i] : text->str, 200, 6, 0.9);
    fail_unless(same(out, plain, W, 0, 0, W, 150), "label %zu leaves the panel", i);
    fail_unless(same(out, plain, W, 312, 0, 8, H), "label %zu leaves the panel", i);
    fail_unless(same(out, three, W, 201, 150, 10, 85), "label %zu runs into the list", i);
    gst_buffer_unref(out);
  }
  gst_buffer_unref(three);
  gst_buffer_unref(plain);
  g_string_free(text, TRUE);
  gst_harness_teardown(harness);
}
GST_END_TEST

/* Numbers from another process may be anything. */
GST_START_TEST(test_hostile_numbers) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  for (gint round = 0; round < 5; round++) {
    GstBuffer *buffer = grey(&info);
    GstCustomMeta *meta = gst_buffer_add_custom_meta(
        buffer, gst_winnow_meta_register() != NULL ? GST_WINNOW_META_NAME : NULL);
    GstStructure *structure = gst_custom_meta_get_structure(meta);
    fill(structure, "cat", 1, 2, round == 0 ? NAN : round == 1 ? -1e308 : 1e308, 0);
    if (round == 2)
      gst_structure_set(structure, "stage-count", G_TYPE_INT, G_MAXINT, "exit-stage", G_TYPE_INT,
                        G_MAXINT - 1, NULL);
    if (round == 3)
      gst_structure_set(structure, "x", G_TYPE_INT, G_MININT, "y", G_TYPE_INT, 5, "w", G_TYPE_INT,
                        G_MAXINT, "h", G_TYPE_INT, -4, NULL);
    if (round == 4)
      gst_structure_set(structure, "x", G_TYPE_INT, 319, "y", G_TYPE_INT, 239, "w", G_TYPE_INT,
                        G_MAXINT, "h", G_TYPE_INT, G_MAXINT, NULL);
    GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
    fail_unless(out != NULL);
    gst_buffer_unref(out);
  }
  gst_harness_teardown(harness);
}
GST_END_TEST

/* Results of regions of interest and of others, which only their own meta places, stand beside each
 * other. */
GST_START_TEST(test_regions_of_both_kinds) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *plain = grey(&info), *buffer = grey(&info);
  GstVideoRegionOfInterestMeta *roi =
      gst_buffer_add_video_region_of_interest_meta(buffer, "thing", 10, 80, 100, 90);
  GstStructure *param = gst_structure_new_empty(GST_WINNOW_REGION_PARAM_NAME);
  fill(param, "cat", 1, 2, 0.9, 0);
  gst_video_region_of_interest_meta_add_param(roi, param);
  attach(buffer, "dog", 3, 4, 0.5, 0);
  GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, GST_WINNOW_META_NAME);
  gst_structure_set(gst_custom_meta_get_structure(meta), "x", G_TYPE_INT, 180, "y", G_TYPE_INT, 80,
                    "w", G_TYPE_INT, 100, "h", G_TYPE_INT, 90, "region", G_TYPE_STRING, "", NULL);
  GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
  fail_if(same(out, plain, W, 10, 100, 4, 20), "the region of interest is not drawn");
  fail_if(same(out, plain, W, 180, 100, 4, 20), "the other is not drawn");
  gst_buffer_unref(out);
  gst_buffer_unref(plain);
  gst_harness_teardown(harness);
}
GST_END_TEST

/* A region is a box with a tag; inside, the picture stays free. */
GST_START_TEST(test_regions) {
  GstVideoInfo info;
  for (gint with_roi = 0; with_roi < 2; with_roi++) {
    GstHarness *harness = open_overlay("RGBx", W, H, &info);
    GstBuffer *plain = grey(&info), *buffer = grey(&info);
    if (with_roi) {
      GstVideoRegionOfInterestMeta *roi =
          gst_buffer_add_video_region_of_interest_meta(buffer, "thing", 100, 80, 120, 90);
      GstStructure *param = gst_structure_new_empty(GST_WINNOW_REGION_PARAM_NAME);
      fill(param, "cat", 1, 2, 0.9, 0);
      gst_video_region_of_interest_meta_add_param(roi, param);
    }
    /* The custom meta is in pixels of the frame as it was: the region's own place counts. */
    attach(buffer, "cat", 1, 2, 0.9, 0);
    GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, GST_WINNOW_META_NAME);
    gint x = with_roi ? 1 : 100;
    gst_structure_set(gst_custom_meta_get_structure(meta), "x", G_TYPE_INT, x, "y", G_TYPE_INT, 80,
                      "w", G_TYPE_INT, 120, "h", G_TYPE_INT, 90, "region", G_TYPE_STRING, "", NULL);
    GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
    fail_unless(same(out, plain, W, 106, 90, 108, 74), "drawn inside of the box");
    fail_unless(same(out, plain, W, 0, 175, W, 65), "drawn below the box");
    fail_unless(same(out, plain, W, 0, 0, 98, H), "drawn beside the box");
    fail_if(same(out, plain, W, 100, 80, 120, 4));
    fail_if(same(out, plain, W, 100, 166, 120, 4));
    fail_if(same(out, plain, W, 100, 100, 4, 20));
    fail_if(same(out, plain, W, 216, 100, 4, 20));
    fail_if(same(out, plain, W, 104, 58, 40, 18), "no tag");
    gst_buffer_unref(out);
    gst_buffer_unref(plain);
    gst_harness_teardown(harness);
  }
}
GST_END_TEST

static void check_drawn(const gchar *format, gint width, gint height, gboolean room) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay(format, width, height, &info);
  GstBuffer *plain = grey(&info);
  GstBuffer *out = draw(harness, &info, "a rather long label", 4, 3, 0.5, 0);
  fail_unless(same_bytes(out, plain) == !room, "%s %dx%d", format, width, height);
  gst_buffer_unref(out);
  gst_buffer_unref(plain);
  gst_harness_teardown(harness);
}

GST_START_TEST(test_sizes) {
  static const struct {
    gint width, height;
    gboolean room;
  } sizes[] = {{1, 1, FALSE},    {8, 8, FALSE},      {3, 2000, FALSE},   {64, 48, TRUE},
               {120, 160, TRUE}, {240, 320, TRUE},   {321, 241, TRUE},   {2000, 40, TRUE},
               {719, 577, TRUE}, {1080, 1920, TRUE}, {1920, 1080, TRUE}, {7680, 4320, TRUE}};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
    check_drawn("I420", sizes[i].width, sizes[i].height, sizes[i].room);
}
GST_END_TEST

GST_START_TEST(test_every_format) {
  guint n = 0;
  const GstVideoFormat *formats = gst_video_formats_raw(&n);
  fail_unless(n > 50);
  for (guint i = 0; i < n; i++)
    if (formats[i] != GST_VIDEO_FORMAT_v210) /* grey bytes are no valid words of it */
      check_drawn(gst_video_format_to_string(formats[i]), 322, 242, TRUE);
}
GST_END_TEST

static void count_drawings(GstDebugCategory *category, GstDebugLevel level, const gchar *file,
                           const gchar *function, gint line, GObject *object,
                           GstDebugMessage *message, gpointer n_drawings) {
  if (strstr(gst_debug_message_get(message), "new drawing") != NULL) ++*(guint *)n_drawings;
}

/* What looks the same is not drawn again; what does not, is. */
GST_START_TEST(test_cache) {
  guint n_drawings = 0;
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_add_log_function(count_drawings, &n_drawings, NULL);
  gst_debug_set_active(TRUE);
  gst_debug_set_threshold_for_name("winnowoverlay", GST_LEVEL_LOG);
  for (guint i = 0; i < 20; i++) {
    /* Results come in fives that differ in what does not show. */
    GstBuffer *out = draw(harness, &info, "cat", 4, (gint)(i / 5), 0.9 + (i % 5) * 1e-4, i);
    fail_unless_equals_int((gint)n_drawings, (gint)(i / 5) + 1);
    gst_buffer_unref(out);
  }
  gst_debug_remove_log_function(count_drawings);
  gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(test_in_a_pipeline) {
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch(
      "videotestsrc num-buffers=8 ! video/x-raw,width=320,height=240 ! winnowclassify "
      "model-file=" MODEL_FILE
      " ! queue ! videoconvert ! videoscale ! video/x-raw,format=RGBx,width=640,height=480 ! "
      "winnowoverlay ! fakesink name=sink",
      &error);
  fail_unless(pipeline != NULL && error == NULL);
  GstBus *bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage *message =
      gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless(message != NULL && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
  GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  GstSample *last = NULL;
  g_object_get(sink, "last-sample", &last, NULL);
  g_autoptr(GstWinnowResult) result = result_on(gst_sample_get_buffer(last));
  fail_unless_equals_int(gst_winnow_result_get_stage_count(result), FIXTURE_EXITS + 1);
  gst_sample_unref(last);
  gst_object_unref(sink);
  gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}
GST_END_TEST

static Suite *overlay_suite(void) {
  Suite *suite = suite_create("overlay");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_nothing_to_draw);
  tcase_add_test(tc, test_panel);
  tcase_add_test(tc, test_extremes);
  tcase_add_test(tc, test_hostile_numbers);
  tcase_add_test(tc, test_regions);
  tcase_add_test(tc, test_regions_of_both_kinds);
  tcase_add_test(tc, test_sizes);
  tcase_add_test(tc, test_every_format);
  tcase_add_test(tc, test_cache);
  tcase_add_test(tc, test_in_a_pipeline);
  return suite;
}

GST_CHECK_MAIN(overlay)
