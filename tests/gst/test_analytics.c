/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What GStreamer's own elements read and write of a frame: GstAnalyticsRelationMeta, from 1.24 on.
 */
#include "fixture.h"

#include <gst/analytics/analytics.h>

static GstAnalyticsODMtd add_detection(GstBuffer *buffer, gint x, gint y, gint w, gint h) {
  GstAnalyticsODMtd detection;
  fail_unless(gst_analytics_relation_meta_add_od_mtd(gst_buffer_add_analytics_relation_meta(buffer),
                                                     g_quark_from_static_string("thing"), x, y, w,
                                                     h, 0.5f, &detection));
  return detection;
}

static guint count(GstBuffer *buffer, GstAnalyticsMtdType type) {
  GstAnalyticsRelationMeta *relations = gst_buffer_get_analytics_relation_meta(buffer);
  GstAnalyticsMtd mtd;
  gpointer state = NULL;
  guint n = 0;
  while (relations != NULL && gst_analytics_relation_meta_iterate(relations, &state, type, &mtd))
    n++;
  return n;
}

/* The classes of detection `id` are what the result says, best first; both are related. */
static void fail_unless_described(GstBuffer *buffer, guint id, const GstWinnowResult *result) {
  GstAnalyticsRelationMeta *relations = gst_buffer_get_analytics_relation_meta(buffer);
  GstAnalyticsClsMtd classes;
  fail_unless(gst_analytics_relation_meta_get_direct_related(
      relations, id, GST_ANALYTICS_REL_TYPE_RELATE_TO, gst_analytics_cls_mtd_get_mtd_type(), NULL,
      &classes));
  fail_unless(gst_analytics_relation_meta_get_relation(relations, classes.id, id) ==
              GST_ANALYTICS_REL_TYPE_RELATE_TO);
  fail_unless_equals_int((gint)classes.id, gst_winnow_result_get_cls_mtd(result));
  gsize n;
  const gdouble *scores = gst_winnow_result_get_survivor_scores(result, &n);
  const gchar *const *labels = gst_winnow_result_get_survivor_labels(result);
  fail_unless_equals_int((gint)gst_analytics_cls_mtd_get_length(&classes), (gint)n);
  for (gsize i = 0; i < n; i++) {
    fail_unless_equals_string(g_quark_to_string(gst_analytics_cls_mtd_get_quark(&classes, i)),
                              labels[i]);
    fail_unless_close(gst_analytics_cls_mtd_get_level(&classes, i), scores[i], 1e-6);
  }
}

/* Each detection of which something is on the frame is classified, once where a region of interest
 * is about the same, and whatever numbers it has. */
GST_START_TEST(test_detections) {
  static const WnRect given[] = {
      {10, 20, 50, 40}, {100, 10, 60, 60}, {-20, -20, 30, 30},           {500, 0, 10, 10},
      {5, 5, 0, 9},     {5, 5, -3, 9},     {190, 95, G_MAXINT, G_MAXINT}};
  static const WnRect clipped[] = {{10, 20, 50, 40}, {100, 10, 60, 60}, {0, 0, 10, 10},
                                   {0, 0, 0, 0},     {0, 0, 0, 0},      {0, 0, 0, 0},
                                   {190, 95, 10, 5}};
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open("inference-region", 1, NULL);
  fixture_caps(&fixture, "RGB", 200, 100, NULL);
  GstBuffer *in = make_picture(&fixture.info, 5, 0);
  gst_buffer_add_video_region_of_interest_meta(in, "thing", 100, 10, 60, 60);
  for (gsize i = 0; i < G_N_ELEMENTS(given); i++)
    add_detection(in, given[i].x, given[i].y, given[i].width, given[i].height);
  GstBuffer *out = fixture_push_buffer(&fixture, in);
  g_autoptr(GPtrArray) all = gst_winnow_results_from_buffer(out);
  fail_unless_equals_int((gint)all->len, 4);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 4);
  guint n = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(given); i++) {
    if (clipped[i].width == 0) continue;
    const WnResult *wanted = reference_frame(&reference, &fixture.info, out, &clipped[i], NULL);
    for (guint k = 0; k < all->len; k++) {
      const GstWinnowResult *result = g_ptr_array_index(all, k);
      gint x, y, w, h;
      fail_unless(gst_winnow_result_get_region(result, &x, &y, &w, &h));
      if (x != clipped[i].x || y != clipped[i].y) continue;
      reference_equal(result, wanted);
      fail_unless_described(out, (guint)i, result);
      n++;
    }
  }
  fail_unless_equals_int((gint)n, 4);
  fail_unless_equals_int((gint)count(out, gst_analytics_cls_mtd_get_mtd_type()), 4);
  fail_unless_equals_int((gint)count(out, gst_analytics_od_mtd_get_mtd_type()),
                         (gint)G_N_ELEMENTS(given));
  gst_buffer_unref(out);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* Detections are left alone where the whole frame is classified; its classes are nobody's then, or
 * those of a detection of the frame. */
GST_START_TEST(test_as_detection) {
  for (gint as_detection = 0; as_detection < 2; as_detection++) {
    Fixture fixture = fixture_open("as-detection", as_detection, NULL);
    fixture_caps(&fixture, "RGB", 200, 100, NULL);
    GstBuffer *in = make_picture(&fixture.info, 5, 0);
    add_detection(in, 10, 20, 50, 40);
    GstBuffer *out = fixture_push_buffer(&fixture, in);
    g_autoptr(GstWinnowResult) result = result_on(out);
    fail_unless_equals_int((gint)count(out, gst_analytics_cls_mtd_get_mtd_type()), 1);
    fail_unless_equals_int((gint)count(out, gst_analytics_od_mtd_get_mtd_type()), 1 + as_detection);
    if (as_detection) {
      GstAnalyticsODMtd whole;
      gint x, y, w, h;
      gfloat level;
      fail_unless(gst_analytics_relation_meta_get_od_mtd(
          gst_buffer_get_analytics_relation_meta(out), 1, &whole));
      gst_analytics_od_mtd_get_location(&whole, &x, &y, &w, &h, &level);
      fail_unless(x == 0 && y == 0 && w == 200 && h == 100);
      fail_unless_equals_string(g_quark_to_string(gst_analytics_od_mtd_get_obj_type(&whole)),
                                gst_winnow_result_get_label(result));
      fail_unless_close(level, gst_winnow_result_get_confidence(result), 1e-6);
      fail_unless_described(out, 1, result);
    }
    gst_buffer_unref(out);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* A region of the element's own has its place; without a detection its classes would be the
 * frame's. */
GST_START_TEST(test_region_as_detection) {
  for (gint as_detection = 0; as_detection < 2; as_detection++) {
    Fixture fixture =
        fixture_open("as-detection", as_detection, "region", "door:20,10,80,60", NULL);
    fixture_caps(&fixture, "RGB", 200, 100, NULL);
    GstBuffer *out = fixture_push(&fixture, 5, 0);
    fail_unless_equals_int((gint)count(out, gst_analytics_cls_mtd_get_mtd_type()), as_detection);
    if (as_detection) {
      g_autoptr(GstWinnowResult) result = result_on(out);
      fail_unless_described(out, 0, result);
    }
    gst_buffer_unref(out);
    fixture_close(&fixture);
  }
}
GST_END_TEST

/* Of two classifiers in a row each result names its element and its classes. */
GST_START_TEST(test_two_classifiers) {
  Fixture first = fixture_open("as-detection", TRUE, NULL),
          second = fixture_open("async", FALSE, NULL);
  fixture_caps(&first, "RGB", 200, 100, NULL);
  fixture_caps(&second, "RGB", 200, 100, NULL);
  GstBuffer *out = fixture_push_buffer(&second, fixture_push(&first, 5, 0));
  g_autoptr(GPtrArray) all = gst_winnow_results_from_buffer(out);
  fail_unless_equals_int((gint)all->len, 2);
  const GstWinnowResult *a = g_ptr_array_index(all, 0), *b = g_ptr_array_index(all, 1);
  g_autofree gchar *name_a = gst_element_get_name(first.element);
  g_autofree gchar *name_b = gst_element_get_name(second.element);
  fail_unless_equals_string(gst_winnow_result_get_element(a), name_a);
  fail_unless_equals_string(gst_winnow_result_get_element(b), name_b);
  fail_unless(g_strcmp0(name_a, name_b) != 0);
  fail_unless_described(out, 0, a);
  fail_unless_equals_int(gst_winnow_result_get_cls_mtd(b), 2);
  gst_buffer_unref(out);
  fixture_close(&first);
  fixture_close(&second);
}
GST_END_TEST

static Suite *analytics_suite(void) {
  Suite *suite = suite_create("analytics");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_detections);
  tcase_add_test(tc, test_as_detection);
  tcase_add_test(tc, test_region_as_detection);
  tcase_add_test(tc, test_two_classifiers);
  return suite;
}

GST_CHECK_MAIN(analytics)
