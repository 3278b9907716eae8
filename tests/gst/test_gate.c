/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowgate in a harness: which buffers pass, and what it says about it.
 */
#include "gate_fixture.h"

#include <string.h>

static void push_end(Gate *gate) {
  fail_unless(gst_harness_push_event(gate->harness, gst_event_new_eos()));
}

/* From before the state begins until after it has ended; the message and the event say it. */
GST_START_TEST(test_around_an_event) {
  Gate gate = gate_open("when", "cat", "pre-roll", 3 * STEP, "hold", 2 * STEP, NULL);
  gate_push(&gate, 0, 10, "dog");
  fail_unless_passed(&gate, "");
  gate_push(&gate, 10, 11, "cat");
  fail_unless_passed(&gate, "7-10");
  fail_unless_told(&gate, "begin 0 cat 7");
  gate_push(&gate, 11, 15, "cat");
  gate_push(&gate, 15, 17, "dog");
  fail_unless_passed(&gate, "11-16");
  fail_unless_told(&gate, "");
  gate_push(&gate, 17, 30, "dog");
  fail_unless_passed(&gate, "");
  fail_unless_told(&gate, "end 0 cat 7+10");
  gate_push(&gate, 30, 31, "cat");
  fail_unless_passed(&gate, "27-30");
  push_end(&gate);
  fail_unless_told(&gate, "begin 1 cat 27, end 1 cat 27+4");
  gate_close(&gate);
}
GST_END_TEST

/* Buffers and events in their order, as a text. */
static void note(GString *text, const gchar *what) {
  g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", what);
}

static GstPadProbeReturn note_order(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    g_autofree gchar *i =
        g_strdup_printf("%u", (guint)(GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)) / STEP));
    note(data, i);
    return GST_PAD_PROBE_OK;
  }
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  const GstStructure *structure = gst_event_get_structure(event);
  GstCaps *caps;
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    gst_event_parse_caps(event, &caps);
    note(data, gst_structure_get_name(gst_caps_get_structure(caps, 0)));
  } else if (gst_event_has_name(event, "GstWinnowGate")) {
    guint64 id;
    fail_unless(gst_structure_get_uint64(structure, "id", &id));
    note(data, gst_structure_get_string(structure, "event"));
  } else if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_DOWNSTREAM_STICKY) {
    note(data, GST_EVENT_TYPE_NAME(event));
  }
  return GST_PAD_PROBE_OK;
}

static GString *note_from(Gate *gate) {
  GString *text = g_string_new(NULL);
  GstPad *pad = gst_element_get_static_pad(gate->element, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                    note_order, text, NULL);
  gst_object_unref(pad);
  return text;
}

static void push_tags(Gate *gate) {
  gst_harness_push_event(gate->harness,
                         gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "a title", NULL)));
}

/* What is serialised keeps its place, whether it is held back, passes or outlives what is dropped.
 */
GST_START_TEST(test_order) {
  Gate gate = gate_open("when", "cat", "pre-roll", 3 * STEP, NULL);
  GString *text = note_from(&gate);
  gate_push(&gate, 0, 1, "dog");
  gst_harness_set_src_caps_str(gate.harness, "second/format");
  gate_push(&gate, 1, 4, "dog");
  fail_unless_equals_string(text->str, "");
  gate_push(&gate, 4, 5, "dog");
  fail_unless_equals_string(text->str, "second/format segment");
  push_tags(&gate);
  gate_push(&gate, 5, 6, "cat");
  gst_harness_set_src_caps_str(gate.harness, "third/format");
  gate_push(&gate, 6, 7, "cat");
  gate_push(&gate, 7, 9, "dog");
  push_end(&gate);
  fail_unless_equals_string(text->str, "second/format segment begin 2 3 4 tag 5 "
                                       "third/format segment 6 end eos");
  g_string_free(text, TRUE);
  gate_close(&gate);
}
GST_END_TEST

/* A state that comes back in time goes on with its event. */
GST_START_TEST(test_hold) {
  Gate gate = gate_open("when", "cat", "hold", 3 * STEP, NULL);
  gate_push(&gate, 0, 2, "cat");
  gate_push(&gate, 2, 4, "dog");
  gate_push(&gate, 4, 5, "cat");
  gate_push(&gate, 5, 9, "dog");
  fail_unless_passed(&gate, "0-7");
  fail_unless_told(&gate, "begin 0 cat 0, end 0 cat 0+8");
  gate_push(&gate, 9, 10, "cat");
  fail_unless_told(&gate, "begin 1 cat 9");
  gate_close(&gate);
}
GST_END_TEST

/* Long events are cut, and nothing is lost between the pieces. */
GST_START_TEST(test_max) {
  Gate gate = gate_open("when", "cat", "hold", STEP, "max", 4 * STEP, "pre-roll", 2 * STEP, NULL);
  gate_push(&gate, 0, 4, "dog");
  gate_push(&gate, 4, 13, "cat");
  gate_push(&gate, 13, 16, "dog");
  fail_unless_passed(&gate, "2-13");
  fail_unless_told(&gate, "begin 0 cat 2, end 0 cat 2+6, begin 1 cat 8, end 1 cat 8+4, "
                          "begin 2 cat 12, end 2 cat 12+2");
  gate_close(&gate);
}
GST_END_TEST

/* Pieces of an encoded stream begin with key frames. */
GST_START_TEST(test_max_encoded) {
  Gate gate = gate_open("when", "cat", "max", 4 * STEP, NULL);
  gate_push_encoded(&gate, 0, 14, "cat", 5);
  fail_unless_passed(&gate, "0-13");
  fail_unless_told(&gate, "begin 0 cat 0, end 0 cat 0+5, begin 1 cat 5, end 1 cat 5+5, "
                          "begin 2 cat 10");
  gate_close(&gate);
}
GST_END_TEST

/* An encoded stream begins with the last key frame that is old enough, and waits for one. */
GST_START_TEST(test_key_frames) {
  Gate gate = gate_open("when", "cat", "pre-roll", 3 * STEP, NULL);
  gate_push_encoded(&gate, 0, 19, "dog", 5);
  gate_push_encoded(&gate, 19, 21, "cat", 5);
  fail_unless_passed(&gate, "15-20");
  gate_push_encoded(&gate, 21, 22, "dog", 5);
  gate_push_encoded(&gate, 22, 24, "cat", 5);
  fail_unless_passed(&gate, "");
  gate_push_encoded(&gate, 24, 26, "cat", 5);
  fail_unless_passed(&gate, "25");
  fail_unless_told(&gate, "begin 0 cat 15, end 0 cat 15+6, begin 1 cat 25");
  gate_close(&gate);
}
GST_END_TEST

/* Headers of a stream have no time, and nothing can begin with them. */
GST_START_TEST(test_headers) {
  Gate gate = gate_open("when", "cat", NULL);
  GstBuffer *header = gst_buffer_new_allocate(NULL, 10, NULL);
  GST_BUFFER_FLAG_SET(header, GST_BUFFER_FLAG_HEADER);
  fail_unless_equals_int(gst_harness_push(gate.harness, header), GST_FLOW_OK);
  gate_push_encoded(&gate, 1, 7, "cat", 5);
  fail_unless_passed(&gate, "5-6");
  gate_close(&gate);
}
GST_END_TEST

/* One that is over before a key frame comes is none. */
GST_START_TEST(test_no_key_frame) {
  Gate gate = gate_open("when", "cat", NULL);
  gate_push_encoded(&gate, 1, 3, "cat", 10);
  gate_push_encoded(&gate, 3, 25, "dog", 10);
  fail_unless_passed(&gate, "");
  fail_unless_told(&gate, "");
  GstEvent *event = gst_harness_try_pull_upstream_event(gate.harness);
  guint n_asked = 0;
  for (; event != NULL; event = gst_harness_try_pull_upstream_event(gate.harness)) {
    n_asked += gst_event_has_name(event, "GstForceKeyUnit");
    gst_event_unref(event);
  }
  fail_unless_equals_int((gint)n_asked, 1);
  gate_close(&gate);
}
GST_END_TEST

/* Pictures that lie between two others come after both. */
GST_START_TEST(test_reordered_pictures) {
  static const struct {
    guint pts, dts;
    gboolean key;
  } order[] = {{2, 0, TRUE},    {4, 1, FALSE},   {3, 2, FALSE},   {6, 3, FALSE},  {5, 4, FALSE},
               {8, 5, TRUE},    {7, 6, FALSE},   {10, 7, FALSE},  {9, 8, FALSE},  {12, 9, FALSE},
               {11, 10, FALSE}, {14, 11, FALSE}, {13, 12, FALSE}, {16, 13, TRUE}, {15, 14, FALSE}};
  /* From a key frame that is shown early enough, in the order of decoding, up to dts 12. */
  static const gchar *const passed[] = {
      [2] = "8 7 10 9 12 11 14 13", [3] = "2 4 3 6 5 8 7 10 9 12 11 14 13"};
  for (guint pre_roll = 2; pre_roll < 4; pre_roll++) {
    Gate gate = gate_open("when", "cat", "pre-roll", pre_roll * STEP, "hold", STEP, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
      gboolean cat = order[i].pts >= 9 && order[i].pts <= 10;
      GstBuffer *buffer = gate_buffer(order[i].pts, cat ? "cat" : "dog", -1);
      GST_BUFFER_DTS(buffer) = order[i].dts * STEP;
      if (!order[i].key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
      fail_unless_equals_int(gst_harness_push(gate.harness, buffer), GST_FLOW_OK);
    }
    fail_unless_passed(&gate, passed[pre_roll]);
    gate_close(&gate);
  }
}
GST_END_TEST

/* Memory is bounded, which is said once where it makes a pre-roll shorter. */
GST_START_TEST(test_max_bytes) {
  Gate gate = gate_open("when", "cat", "pre-roll", 8 * STEP, "max-bytes", (guint64)3999, NULL);
  for (guint round = 0; round < 2; round++) {
    gate_push(&gate, 40 * round, 40 * round + 20, "dog");
    gate_push(&gate, 40 * round + 20, 40 * round + 21, "cat");
    fail_unless_passed(&gate, round == 0 ? "17-20" : "57-60");
    if (round == 0) fail_unless_posted(&gate, GST_MESSAGE_WARNING, "max-bytes=3999 holds 0.5 s");
  }
  fail_if_posted(&gate, GST_MESSAGE_WARNING);
  /* A group of pictures that does not fit is none. */
  gate_push_encoded(&gate, 100, 107, "dog", 10);
  gate_push_encoded(&gate, 107, 112, "cat", 10);
  fail_unless_passed(&gate, "110-111");
  gate_close(&gate);
}
GST_END_TEST

/* One picture of each event. */
GST_START_TEST(test_max_buffers) {
  Gate gate = gate_open("when", "cat", "hold", 2 * STEP, "max-buffers", 1u, NULL);
  gate_push(&gate, 0, 3, "dog");
  gate_push(&gate, 3, 9, "cat");
  gate_push(&gate, 9, 13, "dog");
  gate_push(&gate, 13, 14, "cat");
  fail_unless_passed(&gate, "3 13");
  fail_unless_told(&gate, "begin 0 cat 3, end 0 cat 3+1, begin 1 cat 13");
  gate_close(&gate);
}
GST_END_TEST

/* At the end what leads is the state, so that one picture is enough; what nobody waits for goes. */
GST_START_TEST(test_end) {
  for (guint wanted = 0; wanted < 2; wanted++) {
    Gate gate = gate_open("when", "cat", NULL);
    gst_harness_push_event(gate.harness, display_event(NULL, GST_SECOND));
    gate_push(&gate, 0, 1, wanted ? "cat" : "dog");
    fail_unless_passed(&gate, "");
    push_end(&gate);
    fail_unless_passed(&gate, wanted ? "0" : "");
    fail_unless_told(&gate, wanted ? "begin 0 cat 0, end 0 cat 0+1" : "");
    gate_close(&gate);
  }
}
GST_END_TEST

/* Nothing of before a flush comes after it. */
GST_START_TEST(test_flush) {
  Gate gate = gate_open("when", "cat", "pre-roll", 9 * STEP, NULL);
  for (guint open = 0; open < 2; open++) {
    gate_push(&gate, 0, 5, open ? "cat" : "dog");
    fail_unless_passed(&gate, open ? "0-4" : "");
    gst_harness_push_event(gate.harness, gst_event_new_flush_start());
    gst_harness_push_event(gate.harness, gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(gate.harness, gst_event_new_segment(&segment));
    gate_push(&gate, 20, 22, "dog");
    gate_push(&gate, 22, 23, "cat");
    fail_unless_passed(&gate, "20-22");
    gst_harness_push_event(gate.harness, gst_event_new_flush_start());
    gst_harness_push_event(gate.harness, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(gate.harness, gst_event_new_segment(&segment));
  }
  fail_unless_told(&gate, "begin 0 cat 20, end 0 cat 20+3, begin 1 cat 0, end 1 cat 0+5, "
                          "begin 2 cat 20, end 2 cat 20+3");
  gate_close(&gate);
}
GST_END_TEST

/* ---- What is waited for --------------------------------------------------- */

GST_START_TEST(test_when) {
  static const struct {
    const gchar *when, *description, *passed;
  } cases[] = {
      {"cat", DESCRIPTION("[]"), "0-1"},
      {"animal", DESCRIPTION("[]"), "0-3"},
      {" dog , truck", DESCRIPTION("[]"), "2-3 6-7"},
      {"1", DESCRIPTION("[]"), "2-3"},
      {"nothing", DESCRIPTION("[]"), "4-5"},
      {"nothing,cat", DESCRIPTION("[]"), "0-1 4-5"},
      {NULL, DESCRIPTION("[\"animal\",\"truck\"]"), "0-3 6-7"},
      /* What the classifier watches is another question. */
      {"cat", DESCRIPTION("[\"truck\"]"), "0-1"},
      {"dog", NULL, "2-3"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Gate gate = gate_open("when", cases[i].when, NULL);
    gboolean watching = cases[i].description != NULL && strstr(cases[i].description, "[]") == NULL;
    gate_push_display(&gate, cases[i].description);
    static const gchar *const labels[] = {"cat", "dog", "", "truck"};
    for (guint k = 0; k < 8; k++) {
      GstBuffer *buffer = gate_buffer(k, labels[k / 2], watching ? k / 2 != 2 : -1);
      fail_unless_equals_int(gst_harness_push(gate.harness, buffer), GST_FLOW_OK);
    }
    g_autofree gchar *passed = gate_passed(&gate);
    fail_unless(g_str_equal(passed, cases[i].passed), "%s: %s", cases[i].when, passed);
    gate_close(&gate);
  }
}
GST_END_TEST

/* Once results have settled, it counts that none come any more. */
GST_START_TEST(test_unknown) {
  Gate gate = gate_open("when", "unknown", NULL);
  gst_harness_push_event(gate.harness, display_event(NULL, 2 * STEP));
  gate_push(&gate, 0, 5, "cat");
  fail_unless_passed(&gate, "");
  gate_push(&gate, 5, 26, NULL); /* max-age is 2 s */
  fail_unless_passed(&gate, "25");
  gate_push(&gate, 26, 30, "cat");
  fail_unless_passed(&gate, "");
  gate_close(&gate);
}
GST_END_TEST

/* One clear sentence for what cannot be waited for. */
GST_START_TEST(test_bad_when) {
  static const struct {
    const gchar *when, *description, *says;
  } cases[] = {
      {"cat,zebra", DESCRIPTION("[]"),
       "'zebra' is not a label or group of the model, nor nothing or unknown; its labels are cat, "
       "dog, bird...; its groups are animal; 'winnow inspect' lists them"},
      {"9", DESCRIPTION("[]"), "'9' is not a label"},
      {"cat,,dog", DESCRIPTION("[]"), "has an empty item"},
      {"", DESCRIPTION("[]"), "when"},
      {NULL, DESCRIPTION("[]"), "when is not set and the classifier has no watch list"},
      {NULL, NULL, "set when=LABEL,... here or watch=LABEL,... there"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Gate gate = gate_open("when", cases[i].when, NULL);
    gate_push_display(&gate, cases[i].description);
    fail_unless_equals_int(gst_harness_push(gate.harness, gate_buffer(0, "cat", -1)),
                           GST_FLOW_ERROR);
    fail_unless_posted(&gate, GST_MESSAGE_ERROR, cases[i].says);
    fail_if_posted(&gate, GST_MESSAGE_ERROR);
    gate_close(&gate);
  }
}
GST_END_TEST

/* Later what cannot be is refused, by another model too, and the property says what still counts.
 */
GST_START_TEST(test_bad_when_later) {
  static const gchar *const bad[] = {"zebra", "", NULL};
  for (guint i = 0; i <= G_N_ELEMENTS(bad); i++) {
    Gate gate = gate_open("when", "cat", NULL);
    gate_push_display(&gate, DESCRIPTION("[]"));
    gate_push(&gate, 0, 3, "dog");
    if (i == G_N_ELEMENTS(bad))
      gate_push_display(&gate, "{\"labels\":[\"dog\"],\"watch\":[]}");
    else
      g_object_set(gate.element, "when", bad[i], NULL);
    gate_push(&gate, 3, 5, "dog");
    fail_unless_posted(&gate, GST_MESSAGE_WARNING, "what was set before stays");
    g_autofree gchar *when = NULL;
    g_object_get(gate.element, "when", &when, NULL);
    fail_unless_equals_string(when, "cat");
    gate_push(&gate, 5, 7, "cat");
    fail_unless_passed(&gate, "5-6");
    fail_if_posted(&gate, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
    gate_close(&gate);
  }
}
GST_END_TEST

/* Another list while buffers flow is another question. */
GST_START_TEST(test_another_when) {
  Gate gate = gate_open("when", "cat", NULL);
  gate_push(&gate, 0, 3, "dog");
  g_object_set(gate.element, "when", "dog", NULL);
  gate_push(&gate, 3, 5, "dog");
  fail_unless_passed(&gate, "3-4");
  g_object_set(gate.element, "when", "cat", NULL);
  gate_push(&gate, 5, 7, "dog");
  fail_unless_passed(&gate, "");
  fail_unless_told(&gate, "begin 0 dog 3, end 0 dog 3+2");
  gate_close(&gate);
}
GST_END_TEST

/* Outliers are none, as for messages and overlay. */
GST_START_TEST(test_steady_state) {
  Gate gate = gate_open("when", "cat", NULL);
  gst_harness_push_event(gate.harness, display_event(NULL, 5 * STEP));
  gate_push(&gate, 0, 10, "dog");
  gate_push(&gate, 10, 12, "cat");
  gate_push(&gate, 12, 20, "dog");
  fail_unless_told(&gate, "");
  gate_push(&gate, 20, 30, "cat");
  fail_unless_told(&gate, "begin 0 cat 23");
  gate_close(&gate);
}
GST_END_TEST

/* It never opens in silence. */
GST_START_TEST(test_no_results) {
  Gate gate = gate_open("when", "cat", NULL);
  gate_push(&gate, 0, 50, NULL);
  fail_if_posted(&gate, GST_MESSAGE_WARNING);
  gate_push(&gate, 50, 150, NULL);
  fail_unless_posted(&gate, GST_MESSAGE_WARNING, "no results on the buffers");
  fail_if_posted(&gate, GST_MESSAGE_WARNING);
  gate_close(&gate);
}
GST_END_TEST

static Suite *gate_suite(void) {
  Suite *suite = suite_create("gate");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_around_an_event);
  tcase_add_test(tc, test_order);
  tcase_add_test(tc, test_hold);
  tcase_add_test(tc, test_max);
  tcase_add_test(tc, test_max_encoded);
  tcase_add_test(tc, test_key_frames);
  tcase_add_test(tc, test_headers);
  tcase_add_test(tc, test_no_key_frame);
  tcase_add_test(tc, test_reordered_pictures);
  tcase_add_test(tc, test_max_bytes);
  tcase_add_test(tc, test_max_buffers);
  tcase_add_test(tc, test_end);
  tcase_add_test(tc, test_flush);
  tcase_add_test(tc, test_when);
  tcase_add_test(tc, test_unknown);
  tcase_add_test(tc, test_bad_when);
  tcase_add_test(tc, test_bad_when_later);
  tcase_add_test(tc, test_another_when);
  tcase_add_test(tc, test_steady_state);
  tcase_add_test(tc, test_no_results);
  return suite;
}

GST_CHECK_MAIN(gate)
