/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowoverlay writes: the steady state, groups, the watch list, names of regions.
 */
#include "made_overlay.h"

/* Until the state is steady what leads shows; then a dog of 0.45 leads a cat, whose level was
 * 0.9 (1 - exp(-28 / 15)) = 0.76, after log(1.21 / 0.45) of half a second, and is the state when it
 * is 0.1 ahead, after log(1.21 / 0.35). */
GST_START_TEST(test_steady_headline) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  guint64 pts = 0;
  for (guint i = 0; i < 60; i++, pts += GST_SECOND / 30) {
    const gchar *label = i < 2 ? "ship" : i < 30 ? "cat" : "dog";
    const gchar *shown = i < 2 ? "ship" : i >= 48 ? "dog" : i >= 16 ? "cat" : NULL;
    GstBuffer *out = draw(harness, &info, label, 1, 2, i < 30 ? 0.9 : 0.45, pts);
    GstBuffer *wanted = draw_once(shown != NULL ? shown : "", 1, 2, 0.9);
    gboolean equal = same(out, wanted, W, HEAD_X, HEAD_Y, HEAD_W, HEAD_H);
    fail_unless(equal || shown == NULL, "step %u is not %s", i, shown);
    gst_buffer_unref(wanted);
    gst_buffer_unref(out);
  }
  gst_harness_teardown(harness);
}
GST_END_TEST

/* A group that was decided before the label, an entry of the watch list, nothing. */
GST_START_TEST(test_words_of_the_headline) {
  static const struct {
    const gchar *label, *group, *shown;
    gint watched;
  } steps[] = {{"cat", "animal", "animal", -1},
               {"", "", "nothing", -1},
               {"cat", "", "pet", 1},
               {"ship", "", "other", 0}};
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
    GstVideoInfo info;
    GstHarness *harness = open_overlay("RGBx", W, H, &info);
    if (steps[i].watched >= 0)
      gst_harness_push_event(
          harness,
          gst_event_new_custom(
              GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
              gst_structure_new("winnow-display", "description", G_TYPE_STRING,
                                "{\"groups\":{\"pet\":[\"cat\"]},\"watch\":[\"pet\"]}", NULL)));
    GstBuffer *buffer = grey(&info);
    attach(buffer, steps[i].label, 1, 2, 0.9, 0);
    gst_structure_set(
        gst_custom_meta_get_structure(gst_buffer_get_custom_meta(buffer, GST_WINNOW_META_NAME)),
        "group", G_TYPE_STRING, steps[i].group, "watched", G_TYPE_INT, steps[i].watched,
        "class-index", G_TYPE_INT, steps[i].label[0] != '\0' ? 0 : -1, NULL);
    GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
    GstBuffer *wanted = draw_once(steps[i].shown, 1, 2, steps[i].label[0] != '\0' ? 0.9 : 0.0);
    gboolean equal = same(out, wanted, W, HEAD_X, HEAD_Y, HEAD_W, HEAD_H);
    fail_unless(equal, "step %zu is not %s", i, steps[i].shown);
    gst_buffer_unref(wanted);
    gst_buffer_unref(out);
    gst_harness_teardown(harness);
  }
}
GST_END_TEST

/* winnowclassify's settings arrive as an event. */
GST_START_TEST(test_display_event) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstStructure *structure =
      gst_structure_new("winnow-display", "stable-time", G_TYPE_UINT64, (guint64)0,
                        "min-confidence", G_TYPE_DOUBLE, 0.7, NULL);
  fail_unless(gst_harness_push_event(
      harness, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure)));
  static const struct {
    const gchar *label, *shown;
    gdouble confidence;
  } steps[] = {{"cat", "cat", 0.9}, {"dog", "dog", 0.9}, {"dog", "unknown", 0.6}};
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
    GstBuffer *out = draw(harness, &info, steps[i].label, 1, 2, steps[i].confidence, i);
    GstBuffer *wanted = draw_once(steps[i].shown, 1, 2, 0.9);
    fail_unless(same(out, wanted, W, HEAD_X, HEAD_Y, HEAD_W, HEAD_H), "step %zu is not %s", i,
                steps[i].shown);
    gst_buffer_unref(wanted);
    gst_buffer_unref(out);
  }
  gst_harness_teardown(harness);
}
GST_END_TEST

/* A region of this name with a result for `label`. */
static GstBuffer *draw_region(GstHarness *harness, const GstVideoInfo *info, const gchar *name,
                              const gchar *label) {
  GstBuffer *buffer = grey(info);
  attach(buffer, label, 1, 2, 0.9, 0);
  GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, GST_WINNOW_META_NAME);
  gst_structure_set(gst_custom_meta_get_structure(meta), "x", G_TYPE_INT, 100, "y", G_TYPE_INT, 80,
                    "w", G_TYPE_INT, 200, "h", G_TYPE_INT, 90, "region", G_TYPE_STRING, name, NULL);
  return gst_harness_push_and_pull(harness, buffer);
}

/* The name stands before what was found; another name is another drawing. */
GST_START_TEST(test_region_name) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *door = draw_region(harness, &info, "door", "cat");
  GstBuffer *gate = draw_region(harness, &info, "gate", "cat");
  gst_harness_teardown(harness);
  harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *wanted = draw_region(harness, &info, "", "door: cat");
  gst_harness_teardown(harness);
  fail_unless(same_bytes(door, wanted));
  fail_if(same_bytes(gate, wanted));
  gst_buffer_unref(door);
  gst_buffer_unref(gate);
  gst_buffer_unref(wanted);
}
GST_END_TEST

static Suite *overlay_text_suite(void) {
  Suite *suite = suite_create("overlay text");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_steady_headline);
  tcase_add_test(tc, test_words_of_the_headline);
  tcase_add_test(tc, test_display_event);
  tcase_add_test(tc, test_region_name);
  return suite;
}

GST_CHECK_MAIN(overlay_text)
