/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The carrier without the element: writer, text form, reader, and what the reader
 * refuses.
 */
#include "fixture.h"
#include "meta/result_write.h"

/* A result whose labels need quoting. */
static WnResult sample(void) {
  static const int32_t survivors[] = {7, 2, 0};
  static const char *const labels[] = {"horse, \"grey\"", "b\xc3\xa4r; 100 %", ""};
  static const double scores[] = {0.1 + 0.2, 1e-300, 0.0};
  static const int32_t per_stage[] = {10, 3};
  return (WnResult){.label = labels[0],
                    .class_index = 7,
                    .confidence = scores[0],
                    .group = "",
                    .exit_stage = 1,
                    .stage_count = 7,
                    .stop_reason = WN_STOP_DEADLINE,
                    .n_survivors = 3,
                    .survivor_count = 5,
                    .watched = 1,
                    .survivors = survivors,
                    .survivor_labels = labels,
                    .survivor_scores = scores,
                    .n_stages_evaluated = 2,
                    .survivors_per_stage = per_stage,
                    .macs = 1,
                    .macs_full = G_MAXUINT64,
                    .latency_ns = 123456789,
                    .model_id = "model@0a1b2c3d",
                    .pts_ns = 4000000000,
                    .time_ns = 1700000000123456789,
                    .age_ns = 40000000,
                    .has_region = true,
                    .region = {1, 2, 3, 4},
                    .region_name = "door"};
}

static GstStructure *sample_structure(void) {
  WnResult result = sample();
  GstStructure *structure = gst_structure_new_empty("test");
  gst_winnow_result_write(structure, &result);
  return structure;
}

GST_START_TEST(test_text_round_trip) {
  WnResult wanted = sample();
  GstStructure *written = sample_structure();
  g_autofree gchar *text = gst_structure_serialize(written, GST_SERIALIZE_FLAG_NONE);
  fail_unless(text != NULL, "a field cannot be serialised");
  GstStructure *parsed = gst_structure_from_string(text, NULL);
  fail_unless(parsed != NULL, "%s", text);
  fail_unless(gst_structure_is_equal(written, parsed), "%s", text);
  g_autoptr(GstWinnowResult) result = gst_winnow_result_from_structure(parsed);
  fail_unless(result != NULL);
  reference_equal(result, &wanted);
  fail_unless(gst_winnow_result_get_confidence(result) == wanted.confidence);
  fail_unless_equals_int64(gst_winnow_result_get_latency_ns(result), 123456789);
  gst_structure_free(written);
  gst_structure_free(parsed);
}
GST_END_TEST

/* Names and types are a contract with programs that read the structure themselves. */
GST_START_TEST(test_fields) {
  static const struct {
    const gchar *name, *type;
  } wanted[] = {{"label", "gchararray"},
                {"class-index", "gint"},
                {"confidence", "gdouble"},
                {"group", "gchararray"},
                {"exit-stage", "gint"},
                {"stage-count", "gint"},
                {"stop-reason", "gchararray"},
                {"survivors", "GstValueArray"},
                {"survivor-labels", "GstValueArray"},
                {"survivor-scores", "GstValueArray"},
                {"survivor-count", "gint"},
                {"survivors-per-stage", "GstValueArray"},
                {"watched", "gint"},
                {"macs", "guint64"},
                {"macs-full", "guint64"},
                {"latency-ns", "gint64"},
                {"model-id", "gchararray"},
                {"pts", "guint64"},
                {"time", "gint64"},
                {"age-ns", "gint64"},
                {"x", "gint"},
                {"y", "gint"},
                {"w", "gint"},
                {"h", "gint"},
                {"region", "gchararray"}};
  GstStructure *structure = sample_structure();
  fail_unless(gst_structure_n_fields(structure) >= (gint)G_N_ELEMENTS(wanted));
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    fail_unless_equals_string(g_type_name(gst_structure_get_field_type(structure, wanted[i].name)),
                              wanted[i].type);
  gst_structure_free(structure);
}
GST_END_TEST

GST_START_TEST(test_labels_that_are_not_utf8) {
  WnResult result = sample();
  const char *labels[] = {"\xff\xfe", "a", "b"};
  result.label = labels[0];
  result.survivor_labels = labels;
  GstStructure *structure = gst_structure_new_empty("test");
  gst_winnow_result_write(structure, &result);
  g_autoptr(GstWinnowResult) read = gst_winnow_result_from_structure(structure);
  fail_unless(read != NULL);
  fail_unless(g_utf8_validate(gst_winnow_result_get_label(read), -1, NULL));
  gst_structure_free(structure);
}
GST_END_TEST

/* No field may be missing or of another type, and the lengths must agree. */
GST_START_TEST(test_refused) {
  GstStructure *good = sample_structure();
  for (gint i = 0; i < gst_structure_n_fields(good); i++) {
    const gchar *name = gst_structure_nth_field_name(good, (guint)i);
    if (g_str_equal(name, "x")) continue; /* without it the whole frame was classified */
    GstStructure *bad = gst_structure_copy(good);
    gst_structure_remove_field(bad, name);
    fail_unless(gst_winnow_result_from_structure(bad) == NULL, "without %s", name);
    gst_structure_set(bad, name, G_TYPE_FLOAT, 1.0f, NULL);
    fail_unless(gst_winnow_result_from_structure(bad) == NULL, "with a float %s", name);
    gst_structure_free(bad);
  }
  static const struct {
    const gchar *name;
    gint value;
  } ranges[] = {{"exit-stage", -1},
                {"exit-stage", 7},
                {"stage-count", 0},
                {"stage-count", 1},
                {"survivor-count", 2}};
  for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++) {
    GstStructure *bad = gst_structure_copy(good);
    gst_structure_set(bad, ranges[i].name, G_TYPE_INT, ranges[i].value, NULL);
    fail_unless(gst_winnow_result_from_structure(bad) == NULL, "%s %d", ranges[i].name,
                ranges[i].value);
    gst_structure_free(bad);
  }
  /* Numbers that nobody could calculate with. */
  for (gint i = 0; i < 4; i++) {
    GstStructure *bad = gst_structure_copy(good);
    if (i == 0) gst_structure_set(bad, "age-ns", G_TYPE_INT64, G_MAXINT64, NULL);
    if (i == 1) gst_structure_set(bad, "time", G_TYPE_INT64, G_MININT64, NULL);
    if (i == 2) gst_structure_set(bad, "latency-ns", G_TYPE_INT64, G_MAXINT64, NULL);
    if (i == 3) gst_structure_set(bad, "confidence", G_TYPE_DOUBLE, (gdouble)NAN, NULL);
    fail_unless(gst_winnow_result_from_structure(bad) == NULL, "number %d", i);
    gst_structure_free(bad);
  }
  GstStructure *shorter = gst_structure_from_string(
      "x, survivors=(int)<1>, survivor-labels=(string)<a, b>, survivor-scores=(double)<0.5>", NULL);
  GstStructure *bad = gst_structure_copy(good);
  gst_structure_set_value(bad, "survivor-labels",
                          gst_structure_get_value(shorter, "survivor-labels"));
  fail_unless(gst_winnow_result_from_structure(bad) == NULL);
  fail_unless(gst_winnow_result_from_structure(NULL) == NULL);
  gst_structure_free(bad);
  gst_structure_free(shorter);
  gst_structure_free(good);
}
GST_END_TEST

static gboolean copy_field(GQuark field, const GValue *value, gpointer to) {
  gst_structure_id_set_value(to, field, value);
  return TRUE;
}

GST_START_TEST(test_buffer) {
  const GstMetaInfo *info = gst_winnow_meta_register();
  fail_unless(info == gst_winnow_meta_register());
  fail_unless(info == gst_meta_get_info("GstWinnowClassificationMeta"));
  fail_unless(gst_meta_info_is_custom(info));

  GstBuffer *buffer = gst_buffer_new();
  fail_unless(gst_winnow_result_from_buffer(buffer) == NULL);
  GstStructure *structure = sample_structure();
  GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, GST_WINNOW_META_NAME);
  fail_unless(gst_winnow_result_from_buffer(buffer) == NULL); /* empty */
  gst_structure_foreach(structure, copy_field, gst_custom_meta_get_structure(meta));
  meta = gst_buffer_add_custom_meta(buffer, GST_WINNOW_META_NAME);
  gst_structure_set(structure, "label", G_TYPE_STRING, "second", NULL);
  gst_structure_foreach(structure, copy_field, gst_custom_meta_get_structure(meta));

  /* A copy has its own metas. */
  GstBuffer *copy = gst_buffer_copy(buffer);
  gst_buffer_unref(buffer);
  GPtrArray *all = gst_winnow_results_from_buffer(copy);
  fail_unless_equals_int((gint)all->len, 2);
  WnResult wanted = sample();
  reference_equal(g_ptr_array_index(all, 0), &wanted);
  g_autoptr(GstWinnowResult) last = gst_winnow_result_from_buffer(copy);
  fail_unless_equals_string(gst_winnow_result_get_label(last), "second");
  g_ptr_array_unref(all);
  gst_structure_free(structure);
  gst_buffer_unref(copy);
}
GST_END_TEST

GST_START_TEST(test_region_and_message) {
  GstBuffer *buffer = gst_buffer_new();
  GstVideoRegionOfInterestMeta *roi =
      gst_buffer_add_video_region_of_interest_meta(buffer, "face", 1, 2, 3, 4);
  gst_video_region_of_interest_meta_add_param(roi, gst_structure_new_empty("other"));
  fail_unless(gst_winnow_result_from_region(roi) == NULL);
  GstStructure *structure = sample_structure();
  gst_structure_set_name(structure, "winnow-classification");
  gst_video_region_of_interest_meta_add_param(roi, structure);
  g_autoptr(GstWinnowResult) result = gst_winnow_result_from_region(roi);
  WnResult wanted = sample();
  reference_equal(result, &wanted);
  gst_buffer_unref(buffer);

  structure = sample_structure();
  GstMessage *other = gst_message_new_element(NULL, gst_structure_copy(structure));
  gst_structure_set_name(structure, "winnowclassify");
  GstMessage *message = gst_message_new_element(NULL, structure);
  fail_unless(gst_winnow_result_from_message(other) == NULL);
  g_autoptr(GstWinnowResult) told = gst_winnow_result_from_message(message);
  reference_equal(told, &wanted);
  gst_message_unref(other);
  gst_message_unref(message);
}
GST_END_TEST

GST_START_TEST(test_mac_reduction) {
  static const struct {
    guint64 macs, full;
    gdouble wanted;
  } cases[] = {{25, 100, 0.75}, {100, 100, 0.0}, {101, 100, 0.0}, {1, 0, 0.0}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    GstStructure *structure = sample_structure();
    gst_structure_set(structure, "macs", G_TYPE_UINT64, cases[i].macs, "macs-full", G_TYPE_UINT64,
                      cases[i].full, NULL);
    g_autoptr(GstWinnowResult) result = gst_winnow_result_from_structure(structure);
    fail_unless_equals_float(gst_winnow_result_get_mac_reduction(result), cases[i].wanted);
    gst_structure_free(structure);
  }
}
GST_END_TEST

/* ---- Regions of pictures that are changed ---------------------------------- */

#define RGB " ! videoconvert ! capsfilter caps=video/x-raw,format=RGB"
#define PICTURE "video/x-raw,format=I420,width=320,height=240,framerate=30/1"

/* A 320 x 240 frame with a result on the whole, one on a region with a name and one on a region
 * without, through these elements. */
static GstBuffer *through(const gchar *elements) {
  GstHarness *harness = gst_harness_new_parse(elements);
  gst_harness_set_src_caps_str(harness, PICTURE);
  GstBuffer *buffer = gst_harness_create_buffer(harness, 320 * 240 * 3 / 2);
  gst_buffer_memset(buffer, 0, 128, (gsize)-1);
  GST_BUFFER_PTS(buffer) = 0;
  GST_BUFFER_DURATION(buffer) = GST_SECOND / 30;
  for (guint i = 0; i < 3; i++) {
    GstStructure *fields = sample_structure();
    gst_structure_remove_fields(fields, "x", "y", "w", "h", "region", NULL);
    if (i > 0)
      gst_structure_set(fields, "x", G_TYPE_INT, 120, "y", G_TYPE_INT, 30, "w", G_TYPE_INT, 100,
                        "h", G_TYPE_INT, 121, "region", G_TYPE_STRING, i == 1 ? "door" : "", NULL);
    gst_winnow_buffer_add_result(buffer, fields);
    gst_structure_free(fields);
  }
  GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
  fail_unless(out != NULL, "%s", elements);
  gst_harness_teardown(harness);
  return out;
}

/* What is where on the frame that comes out: the whole's result, and w the regions' width or 0. */
static void fail_unless_moved(const gchar *elements, guint n, gint x, gint y, gint w, gint h) {
  GstBuffer *out = through(elements);
  GPtrArray *all = gst_winnow_results_from_buffer(out);
  fail_unless(all->len == n, "%s: %u results", elements, all->len);
  for (guint i = 0; i < all->len; i++) {
    gint at[4] = {0};
    gboolean has =
        gst_winnow_result_get_region(g_ptr_array_index(all, i), &at[0], &at[1], &at[2], &at[3]);
    fail_unless(has == (i > 0 && w > 0), "%s: result %u", elements, i);
    if (has)
      fail_unless(at[0] == x && at[1] == y && at[2] == w && at[3] == h, "%s: %d,%d,%d,%d", elements,
                  at[0], at[1], at[2], at[3]);
  }
  g_ptr_array_unref(all);
  gst_buffer_unref(out);
}

GST_START_TEST(test_regions_follow_the_picture) {
  fail_unless_moved("identity", 3, 120, 30, 100, 121);
  fail_unless_moved("videoscale ! capsfilter caps=video/x-raw,width=640,height=480", 3, 240, 60,
                    200, 242);
  fail_unless_moved("videoscale ! capsfilter caps=video/x-raw,width=160,height=240", 3, 60, 30, 50,
                    121);
  fail_unless_moved("identity" RGB, 3, 120, 30, 100, 121);
  fail_unless_moved("videoscale ! capsfilter caps=video/x-raw,width=640,height=480 ! videoscale ! "
                    "capsfilter caps=video/x-raw,width=320,height=240",
                    3, 120, 30, 100, 121);
  guint major, minor, micro, nano;
  gst_version(&major, &minor, &micro, &nano);
  /* Croppers of before 1.28 do not say what they did: what is known by its place alone goes. */
  if (minor >= 27) {
    fail_unless_moved("videocrop left=100 top=10" RGB, 3, 20, 20, 100, 121);
    fail_unless_moved("videocrop left=230" RGB, 2, 0, 0, 0, 0);
  } else {
    fail_unless_moved("videocrop left=100 top=10" RGB, 2, 0, 0, 0, 0);
  }
}
GST_END_TEST

/* Encoders and decoders keep results and where they are. */
GST_START_TEST(test_results_through_an_encoder) {
  GstElementFactory *factory = gst_element_factory_find("vp8enc");
  if (factory == NULL) return;
  gst_object_unref(factory);
  fail_unless_moved("vp8enc deadline=1 ! vp8dec", 3, 120, 30, 100, 121);
}
GST_END_TEST

static Suite *meta_suite(void) {
  Suite *suite = suite_create("meta");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_text_round_trip);
  tcase_add_test(tc, test_fields);
  tcase_add_test(tc, test_labels_that_are_not_utf8);
  tcase_add_test(tc, test_refused);
  tcase_add_test(tc, test_buffer);
  tcase_add_test(tc, test_region_and_message);
  tcase_add_test(tc, test_mac_reduction);
  tcase_add_test(tc, test_regions_follow_the_picture);
  tcase_add_test(tc, test_results_through_an_encoder);
  return suite;
}

GST_CHECK_MAIN(meta)
