/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions that a detector in front found: each is classified and carries a result of its own.
 */
#include "fixture.h"

#include <string.h>

static GstVideoRegionOfInterestMeta *add_roi(GstBuffer *buffer, const WnRect *r) {
  return gst_buffer_add_video_region_of_interest_meta(buffer, "thing", (guint)r->x, (guint)r->y,
                                                      (guint)r->width, (guint)r->height);
}

/* The region metas of a frame in order. */
static guint list_rois(GstBuffer *buffer, GstVideoRegionOfInterestMeta **rois, guint max) {
  guint n = 0;
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL &&
         n < max)
    rois[n++] = (GstVideoRegionOfInterestMeta *)meta;
  return n;
}

GST_START_TEST(test_roi_list) {
  static const WnRect given[] = {{10, 20, 50, 40}, {0, 0, 200, 100}, {190, 95, 100, 100},
                                 {500, 0, 10, 10}, {3, 3, 0, 5},     {7, 9, 1, 1}};
  static const WnRect clipped[] = {{10, 20, 50, 40}, {0, 0, 200, 100}, {190, 95, 10, 5},
                                   {0, 0, 0, 0},     {0, 0, 0, 0},     {7, 9, 1, 1}};
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open("inference-region", 1, NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  GstBuffer *in = make_picture(&fixture.info, 5, 0);
  for (gsize i = 0; i < G_N_ELEMENTS(given); i++) add_roi(in, &given[i]);
  GstBuffer *out = fixture_push_buffer(&fixture, in);
  GstVideoRegionOfInterestMeta *rois[8] = {0};
  fail_unless_equals_int((gint)list_rois(out, rois, 8), (gint)G_N_ELEMENTS(given));
  GPtrArray *all = gst_winnow_results_from_buffer(out);
  fail_unless_equals_int((gint)all->len, 4);
  for (gsize i = 0, k = 0; i < G_N_ELEMENTS(given); i++) {
    g_autoptr(GstWinnowResult) result = gst_winnow_result_from_region(rois[i]);
    if (clipped[i].width == 0) {
      fail_unless(result == NULL, "region %zu is outside", i);
      continue;
    }
    fail_unless(result != NULL, "region %zu has no result", i);
    const WnResult *wanted = reference_frame(&reference, &fixture.info, out, &clipped[i], NULL);
    reference_equal(result, wanted);
    reference_equal(g_ptr_array_index(all, k++), wanted);
    fail_unless(rois[i]->x == (guint)given[i].x, "the region was moved");
  }
  g_ptr_array_unref(all);
  gst_buffer_unref(out);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 4);
  /* No region, no result. */
  out = fixture_push(&fixture, 5, 0);
  fail_unless(gst_winnow_result_from_buffer(out) == NULL);
  gst_buffer_unref(out);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* Between inferences a region carries the result of what it overlaps most. */
GST_START_TEST(test_roi_list_interval) {
  static const WnRect places[] = {{0, 0, 50, 50}, {100, 40, 60, 60}};
  static const WnRect moved[] = {{104, 38, 60, 60}, {4, 2, 50, 50}, {0, 80, 20, 20}};
  static const gint same_as[] = {1, 0, -1};
  Fixture fixture = fixture_open("inference-region", 1, "inference-interval", 2u, NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  GstBuffer *in = make_picture(&fixture.info, 5, 0);
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) add_roi(in, &places[i]);
  gst_buffer_unref(fixture_push_buffer(&fixture, in));
  in = make_picture(&fixture.info, 6, 0);
  for (gsize i = 0; i < G_N_ELEMENTS(moved); i++) add_roi(in, &moved[i]);
  GstBuffer *out = fixture_push_buffer(&fixture, in);
  GstVideoRegionOfInterestMeta *rois[4] = {0};
  fail_unless_equals_int((gint)list_rois(out, rois, 4), 3);
  for (gint i = 0; i < 3; i++) {
    g_autoptr(GstWinnowResult) result = gst_winnow_result_from_region(rois[i]);
    fail_unless((result != NULL) == (same_as[i] >= 0));
    gint x;
    if (result == NULL) continue;
    gst_winnow_result_get_region(result, &x, NULL, NULL, NULL);
    fail_unless_equals_int(x, places[same_as[i]].x);
    fail_unless_equals_uint64(gst_winnow_result_get_pts(result), 0);
  }
  gst_buffer_unref(out);
  fixture_close(&fixture);
}
GST_END_TEST

/* The deadline is the frame's: what cannot be begun in time keeps what it had, and comes first in
 * the next frame. */
GST_START_TEST(test_roi_list_deadline) {
  enum { N = 5 };
  Fixture fixture = fixture_open("inference-region", 1, "max-age", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 320, 64, NULL);
  for (guint frame = 0; frame < 6; frame++) {
    GstBuffer *in = make_picture(&fixture.info, frame, 0);
    for (gint i = 0; i < N; i++) add_roi(in, &(WnRect){64 * i, 0, 64, 64});
    if (frame == 1) g_object_set(fixture.element, "deadline", (guint64)1, NULL);
    GstBuffer *out = fixture_push_buffer(&fixture, in);
    GstVideoRegionOfInterestMeta *rois[N] = {0};
    fail_unless_equals_int((gint)list_rois(out, rois, N), N);
    for (guint i = 0; i < N; i++) {
      g_autoptr(GstWinnowResult) result = gst_winnow_result_from_region(rois[i]);
      fail_unless(result != NULL, "region %u of frame %u", i, frame);
      /* Frame 1 classifies region 0, frame 2 region 1 and so on. */
      guint64 of = frame > i ? i + 1 : 0;
      fail_unless_equals_uint64(gst_winnow_result_get_pts(result), of * FRAME_DURATION);
      fail_unless_equals_int64(gst_winnow_result_get_age_ns(result),
                               (gint64)((frame - of) * FRAME_DURATION));
    }
    gst_buffer_unref(out);
  }
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), N + 5);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_roi_list_async) {
  static const WnRect rect = {10, 20, 50, 40};
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open("inference-region", 1, "async", TRUE, NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  GstBuffer *picture = make_picture(&fixture.info, 5, 3);
  add_roi(picture, &rect);
  g_autoptr(GstWinnowResult) result = NULL;
  for (gint tries = 0; tries < 500 && result == NULL; tries++) {
    GstBuffer *out = fixture_push_buffer(&fixture, gst_buffer_copy_deep(picture));
    GstVideoRegionOfInterestMeta *roi = NULL;
    fail_unless_equals_int((gint)list_rois(out, &roi, 1), 1);
    result = gst_winnow_result_from_region(roi);
    gst_buffer_unref(out);
    g_usleep(10000);
  }
  fail_unless(result != NULL);
  GST_BUFFER_PTS(picture) = gst_winnow_result_get_pts(result);
  reference_equal(result, reference_frame(&reference, &fixture.info, picture, &rect, NULL));
  gst_buffer_unref(picture);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* ---- The region that is always looked at ----------------------------------- */

GST_START_TEST(test_region) {
  const WnPolicy policy = {.region = "door:0.5,0.0,0.5,1", .ignore = "150,0,20,20;0,0,9,9"};
  static const WnRect thing = {90, 0, 100, 100};
  Reference reference = reference_open(&policy);
  Fixture fixture = fixture_open("region", policy.region, "ignore", policy.ignore, NULL);
  fixture_caps(&fixture, "NV12", 200, 100, NULL);
  GstBuffer *in = make_picture(&fixture.info, 5, 0);
  add_roi(in, &thing);
  GstBuffer *out = fixture_push_buffer(&fixture, in);
  g_autoptr(GstWinnowResult) result = result_on(out);
  reference_equal(result, reference_frame(&reference, &fixture.info, out, NULL, NULL));
  gint x, y, w, h;
  fail_unless(gst_winnow_result_get_region(result, &x, &y, &w, &h));
  fail_unless(x == 100 && y == 0 && w == 100 && h == 100);
  fail_unless_equals_string(gst_winnow_result_get_region_name(result), "door");
  /* It is not about what somebody else found there. */
  GstVideoRegionOfInterestMeta *roi = NULL;
  fail_unless_equals_int((gint)list_rois(out, &roi, 1), 1);
  fail_unless(gst_winnow_result_from_region(roi) == NULL);
  gst_buffer_unref(out);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

GST_START_TEST(test_roi_list_in_a_region) {
  static const WnRect given[] = {{0, 0, 50, 50}, {80, 10, 60, 50}, {120, 20, 30, 30}};
  static const WnRect clipped = {100, 10, 40, 50};
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open("inference-region", 1, "region", "100,0,100,100", NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  GstBuffer *in = make_picture(&fixture.info, 5, 0);
  for (gsize i = 0; i < G_N_ELEMENTS(given); i++) add_roi(in, &given[i]);
  GstBuffer *out = fixture_push_buffer(&fixture, in);
  GstVideoRegionOfInterestMeta *rois[4] = {0};
  fail_unless_equals_int((gint)list_rois(out, rois, 4), 3);
  fail_unless(gst_winnow_result_from_region(rois[0]) == NULL);
  const WnRect *wanted[] = {NULL, &clipped, &given[2]};
  for (gsize i = 1; i < 3; i++) {
    g_autoptr(GstWinnowResult) result = gst_winnow_result_from_region(rois[i]);
    reference_equal(result, reference_frame(&reference, &fixture.info, out, wanted[i], NULL));
  }
  gst_buffer_unref(out);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

static void check_place(Fixture *fixture, gint wanted_x) {
  GstBuffer *out = fixture_push(fixture, 5, 0);
  g_autoptr(GstWinnowResult) result = result_on(out);
  gint x = -1;
  gboolean has = gst_winnow_result_get_region(result, &x, NULL, NULL, NULL);
  fail_unless_equals_int(has ? x : -1, wanted_x);
  gst_buffer_unref(out);
}

static void expect_warning(Fixture *fixture, const gchar *says) {
  g_autoptr(GError) error = NULL;
  GstMessage *message = fixture_message(fixture, GST_MESSAGE_WARNING);
  gst_message_parse_warning(message, &error, NULL);
  fail_unless(strstr(error->message, says) != NULL, "%s", error->message);
  gst_message_unref(message);
}

GST_START_TEST(test_region_changes_while_playing) {
  Fixture fixture = fixture_open("stable-time", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  check_place(&fixture, -1);
  g_object_set(fixture.element, "region", "20,0,100,100", NULL);
  check_place(&fixture, 20);
  static const gchar *const bad[][2] = {{"1,2,3", "X,Y,W,H"},
                                        {"200,0,10,10", "outside the frame of 200 x 100"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_object_set(fixture.element, "region", bad[i][0], NULL);
    check_place(&fixture, 20);
    expect_warning(&fixture, bad[i][1]);
  }
  g_object_set(fixture.element, "region", NULL, "ignore", "0,100,5,5", NULL);
  check_place(&fixture, 20);
  expect_warning(&fixture, "0,100,5,5");
  g_object_set(fixture.element, "region", NULL, NULL); /* both were taken back */
  check_place(&fixture, -1);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_bad_regions) {
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  g_object_set(element, "model-file", MODEL_FILE, "ignore", "1,2,3,4;5", NULL);
  fail_unless_start_fails(element, GST_RESOURCE_ERROR_SETTINGS, "ignore '5'");
  Fixture fixture = fixture_open("region", "200,0,10,10", NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  GstBuffer *in = make_picture(&fixture.info, 5, 0);
  fail_unless_equals_int(gst_harness_push(fixture.harness, in), GST_FLOW_ERROR);
  g_autoptr(GError) error = NULL;
  GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ERROR);
  gst_message_parse_error(message, &error, NULL);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless(strstr(error->message, "outside the frame of 200 x 100") != NULL);
  gst_message_unref(message);
  fixture_close(&fixture);
}
GST_END_TEST

/* What needs a newer GStreamer says so. */
GST_START_TEST(test_as_detection) {
  Fixture fixture = fixture_open("as-detection", TRUE, NULL);
  if (HAVE_GST_ANALYTICS)
    fail_unless(gst_bus_pop_filtered(fixture.bus, GST_MESSAGE_WARNING) == NULL);
  else
    expect_warning(&fixture, "as-detection has no effect");
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  gst_buffer_unref(fixture_push(&fixture, 5, 0));
  fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_regions_suite(void) {
  Suite *suite = suite_create("classify_regions");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_roi_list);
  tcase_add_test(tc, test_roi_list_interval);
  tcase_add_test(tc, test_roi_list_deadline);
  tcase_add_test(tc, test_roi_list_async);
  tcase_add_test(tc, test_region);
  tcase_add_test(tc, test_roi_list_in_a_region);
  tcase_add_test(tc, test_region_changes_while_playing);
  tcase_add_test(tc, test_bad_regions);
  tcase_add_test(tc, test_as_detection);
  return suite;
}

GST_CHECK_MAIN(classify_regions)
