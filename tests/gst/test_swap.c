/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Another model while frames flow: each frame comes out, with a result of the one model or the
 * other and what the elements behind know of it; a file that cannot be used changes nothing.
 * SWAPS in the environment: how many times in the long run, 30 without; from 200 on the memory is
 * watched, too.
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE (60 * G_USEC_PER_SEC) /* only a hang takes so long */

/* What is in use is counted and must stay.  What the allocator holds back of freed models, over the
 * heaps of several threads, settles after some hundred of them at up to 30 MB; 900 models lost
 * would be gigabytes. */
#define LIMIT_USED_KB 128
#define LIMIT_KB (24 * 1024)

static const gchar *const files[2] = {MODEL_FILE, OTHER_MODEL_FILE};
static gchar *ids[2];

static void find_ids(void) {
  for (guint i = 0; i < 2; i++) {
    WnModel *model;
    fail_unless(wn_model_open(files[i], NULL, &model, NULL) == WN_OK);
    ids[i] = g_strdup(wn_model_info(model)->id);
    wn_model_unref(model);
  }
}

static void free_ids(void) {
  for (guint i = 0; i < 2; i++) g_free(ids[i]);
}

/* ---- What the elements behind know ---------------------------------------- */

typedef struct {
  gchar *about;     /* model-id of the last description */
  guint n, unlike;  /* frames with results, and those that were of another model */
  gboolean foreign; /* a label that the description lacks */
  json_t *labels;
} Known;

static GstPadProbeReturn see_event(Known *known, GstEvent *event) {
  if (!gst_event_has_name(event, "winnow-display")) return GST_PAD_PROBE_OK;
  json_t *json =
      json_loads(gst_structure_get_string(gst_event_get_structure(event), "description"), 0, NULL);
  g_free(known->about);
  json_decref(known->labels);
  known->about = g_strdup(json_string_value(json_object_get(json, "model-id")));
  known->labels = json_incref(json_object_get(json, "labels"));
  json_decref(json);
  return GST_PAD_PROBE_OK;
}

static gboolean is_known(const Known *known, const gchar *label) {
  gsize i;
  json_t *value;
  json_array_foreach(known->labels, i,
                     value) if (g_str_equal(json_string_value(value), label)) return TRUE;
  return FALSE;
}

static GstPadProbeReturn see(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Known *known = data;
  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM)
    return see_event(known, GST_PAD_PROBE_INFO_EVENT(info));
  g_autoptr(GPtrArray) results = gst_winnow_results_from_buffer(GST_PAD_PROBE_INFO_BUFFER(info));
  for (guint i = 0; i < results->len; i++) {
    const GstWinnowResult *result = g_ptr_array_index(results, i);
    const gchar *const *labels = gst_winnow_result_get_survivor_labels(result);
    known->n++;
    if (g_strcmp0(gst_winnow_result_get_model_id(result), known->about) != 0) known->unlike++;
    for (; *labels != NULL; labels++)
      if (!is_known(known, *labels)) known->foreign = TRUE;
  }
  return GST_PAD_PROBE_OK;
}

static void watch(Fixture *fixture, Known *known) {
  GstPad *pad = gst_element_get_static_pad(fixture->element, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, see,
                    known, NULL);
  gst_object_unref(pad);
}

/* ---- Frames ---------------------------------------------------------------- */

/* The model-id on the next frame, or NULL; it is one of the two. */
static const gchar *push(Fixture *fixture) {
  GstBuffer *in = make_picture(&fixture->info, (guint)fixture->n_pushed, 0);
  gst_buffer_add_video_region_of_interest_meta(in, "all", 0, 0, 32, 32);
  GstBuffer *out = fixture_push_buffer(fixture, in);
  g_autoptr(GstWinnowResult) result = gst_winnow_result_from_buffer(out);
  gst_buffer_unref(out);
  if (result == NULL) return NULL;
  const gchar *id = gst_winnow_result_get_model_id(result);
  fail_unless(g_str_equal(id, ids[0]) || g_str_equal(id, ids[1]), "%s", id);
  return g_str_equal(id, ids[0]) ? ids[0] : ids[1];
}

static void push_until(Fixture *fixture, const gchar *id) {
  gint64 end = g_get_monotonic_time() + PATIENCE;
  while (g_strcmp0(push(fixture), id) != 0)
    fail_unless(g_get_monotonic_time() < end, "no result of %s", id);
}

/* The next warning, which holds `says`; frames go on. */
static void fail_unless_warned(Fixture *fixture, const gchar *says, const gchar *id) {
  g_autoptr(GError) warning = NULL;
  GstMessage *message = NULL;
  gint64 end = g_get_monotonic_time() + PATIENCE;
  while ((message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_WARNING)) == NULL) {
    fail_unless(g_get_monotonic_time() < end, "no warning: %s", says);
    fail_unless_equals_string(push(fixture), id);
  }
  gst_message_parse_warning(message, &warning, NULL);
  fail_unless(strstr(warning->message, says) != NULL, "%s", warning->message);
  gst_message_unref(message);
}

static void fail_unless_silent(Fixture *fixture) {
  GstMessage *message = gst_bus_pop_filtered(fixture->bus, GST_MESSAGE_WARNING);
  fail_unless(message == NULL);
}

static void fail_unless_named(Fixture *fixture, const gchar *file) {
  g_autofree gchar *name = NULL;
  g_object_get(fixture->element, "model-file", &name, NULL);
  fail_unless_equals_string(name, file);
}

/* ---- Tests ----------------------------------------------------------------- */

static gsize resident_kb(void) {
  gsize pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  fail_unless(file != NULL && fscanf(file, "%*u %zu", &pages) == 1);
  fclose(file);
  return pages * (gsize)sysconf(_SC_PAGESIZE) / 1024;
}

/* What was allocated and not freed. */
static gsize used_kb(void) {
#ifdef HAVE_MALLINFO2
  struct mallinfo2 all = mallinfo2();
  return (all.uordblks + all.hblkhd) / 1024;
#else
  return 0;
#endif
}

/* The least within a moment, which an old model takes to go. */
static void measure(gsize *resident, gsize *used) {
  for (guint i = 0; i < 20; i++) {
    *resident = MIN(*resident, resident_kb());
    *used = MIN(*used, used_kb());
    g_usleep(5000);
  }
}

static void swap_many_times(guint n, const gchar *property, gint value) {
  Known known = {0};
  gsize early = G_MAXSIZE, late = G_MAXSIZE, used_early = G_MAXSIZE, used_late = G_MAXSIZE;
  Fixture fixture = fixture_open("max-age", (guint64)0, property, value, NULL);
  watch(&fixture, &known);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_until(&fixture, ids[0]);
  for (guint i = 1; i <= n; i++) {
    g_object_set(fixture.element, "model-file", files[i % 2], NULL);
    push_until(&fixture, ids[i % 2]);
    fail_unless_equals_string(push(&fixture), ids[i % 2]);
    fail_unless_named(&fixture, files[i % 2]);
    if (n >= 200 && i > 80 && i <= 100) measure(&early, &used_early);
    if (n >= 200 && i > n - 20) measure(&late, &used_late);
    /* they would keep memory */
    for (GstMessage *m; (m = gst_bus_pop(fixture.bus)) != NULL;) gst_message_unref(m);
    for (GstEvent *e; (e = gst_harness_try_pull_event(fixture.harness)) != NULL;)
      gst_event_unref(e);
  }
  fail_unless(known.n > n);
  fail_unless_equals_int((gint)known.unlike, 0);
  fail_if(known.foreign);
  fail_unless_equals_uint64(fixture_stat(&fixture, "frames"), fixture.n_pushed);
  fail_unless_equals_int((gint)gst_harness_buffers_received(fixture.harness),
                         (gint)fixture.n_pushed);
  if (n >= 200) {
    g_print("%u models, %" G_GUINT64_FORMAT " frames, none lost; %zu kB after 100, of them %zu in "
            "use, %zu after all, %zu in use\n",
            n, fixture.n_pushed, early, used_early, late, used_late);
    fail_unless(used_late < used_early + LIMIT_USED_KB);
    fail_unless(late < early + LIMIT_KB);
  }
  fixture_close(&fixture);
  g_free(known.about);
  json_decref(known.labels);
}

GST_START_TEST(test_many_times) {
  const gchar *swaps = g_getenv("SWAPS");
  swap_many_times(swaps != NULL ? (guint)atoi(swaps) : 30, NULL, 0);
}
GST_END_TEST

GST_START_TEST(test_async) {
  swap_many_times(6, "async", TRUE);
}
GST_END_TEST

GST_START_TEST(test_interval) {
  swap_many_times(6, "inference-interval", 3);
}
GST_END_TEST

GST_START_TEST(test_regions) {
  swap_many_times(6, "inference-region", 1);
}
GST_END_TEST

/* The answer that is repeated is the new model's own. */
GST_START_TEST(test_unchanged) {
  Fixture fixture = fixture_open("unchanged", 255.0, "max-age", (guint64)0, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_until(&fixture, ids[0]);
  fail_unless_equals_string(push(&fixture), ids[0]);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 1);
  g_object_set(fixture.element, "model-file", files[1], NULL);
  push_until(&fixture, ids[1]);
  fail_unless_equals_string(push(&fixture), ids[1]);
  fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), 1);
  fail_unless_equals_uint64(fixture_stat(&fixture, "unchanged"), 1);
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_bad_files) {
  g_autofree gchar *text = NULL, *damaged = NULL, *data = NULL;
  gsize size = 0;
  gint fd = g_file_open_tmp("winnow-test-text-XXXXXX", &text, NULL);
  fail_unless(fd >= 0 && g_close(fd, NULL));
  fd = g_file_open_tmp("winnow-test-damaged-XXXXXX", &damaged, NULL);
  fail_unless(fd >= 0 && g_close(fd, NULL));
  fail_unless(g_file_set_contents(text, "no model", -1, NULL));
  /* Its weights are no numbers, which shows when it classifies. */
  fail_unless(g_file_get_contents(MODEL_FILE, &data, &size, NULL));
  memset(data + 48000, 0xFF, 256);
  fail_unless(g_file_set_contents(damaged, data, (gssize)size, NULL));
  const struct {
    const gchar *file, *says;
  } bad[] = {{"/nonexistent.onnx", "/nonexistent.onnx"},
             {text, "winnow-test-text"},
             {damaged, "not finite"},
             {OTHER_MODEL_FILE, "is not a label"}, /* what is watched */
             {NULL, "no model file"}};
  for (gint async = 0; async < 2; async++) {
    /* Any frame but the first has a result, however old. */
    Fixture fixture = fixture_open("watch", "cat", "async", async, "max-age", (guint64)0, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    push_until(&fixture, ids[0]);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
      g_object_set(fixture.element, "model-file", bad[i].file, NULL);
      fail_unless_warned(&fixture, bad[i].says, ids[0]);
      fail_unless_equals_string(push(&fixture), ids[0]);
      fail_unless_named(&fixture, MODEL_FILE);
      fail_unless_silent(&fixture);
    }
    /* The present model was never loaded again either. */
    if (!async) fail_unless_equals_uint64(fixture_stat(&fixture, "inferences"), fixture.n_pushed);
    /* Good ones are still taken. */
    g_object_set(fixture.element, "watch", NULL, "model-file", files[1], NULL);
    push_until(&fixture, ids[1]);
    fail_unless_silent(&fixture);
    fixture_close(&fixture);
  }
  g_unlink(text);
  g_unlink(damaged);
}
GST_END_TEST

/* What is set with a model is its own: the one before never hears of it. */
GST_START_TEST(test_policy_of_its_own) {
  Fixture fixture = fixture_open("watch", "cat", NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_until(&fixture, ids[0]);
  g_object_set(fixture.element, "watch", "person", "model-file", files[1], NULL);
  push_until(&fixture, ids[1]);
  fail_unless_silent(&fixture);
  /* Set while a model is loaded it is for both. */
  g_object_set(fixture.element, "model-file", files[0], "watch", "dog", NULL);
  push_until(&fixture, ids[0]);
  g_object_set(fixture.element, "watch", NULL, NULL);
  g_object_set(fixture.element, "model-file", files[1], NULL);
  g_object_set(fixture.element, "watch", "person", NULL);
  push_until(&fixture, ids[1]);
  fail_unless_warned(&fixture, "person", ids[1]); /* from the one that has no such label */
  fail_unless_silent(&fixture);
  /* With a model that is bad it is for the one that stays. */
  g_object_set(fixture.element, "watch", "cat", "model-file", "/nonexistent.onnx", NULL);
  fail_unless_warned(&fixture, "/nonexistent.onnx", ids[1]);
  fail_unless_warned(&fixture, "'cat' is not a label", ids[1]);
  fixture_close(&fixture);
}
GST_END_TEST

/* Places that do not lie in the frame are refused, alone or with a model, and those in force stay.
 */
GST_START_TEST(test_places) {
  Fixture fixture = fixture_open("region", "0,0,16,16", NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_until(&fixture, ids[0]);
  static const gchar *const bad[2][2] = {{"region", "100,0,8,8"}, {"ignore", "zz"}};
  for (guint i = 0; i < 2; i++) {
    g_object_set(fixture.element, bad[i][0], bad[i][1], NULL);
    push(&fixture);
    fail_unless_warned(&fixture, bad[i][0], ids[0]);
    g_autofree gchar *region = NULL, *ignore = NULL;
    g_object_get(fixture.element, "region", &region, "ignore", &ignore, NULL);
    fail_unless_equals_string(region, "0,0,16,16");
    fail_unless_equals_string(ignore, NULL);
  }
  g_object_set(fixture.element, "model-file", files[1], NULL);
  push_until(&fixture, ids[1]);
  fail_unless_silent(&fixture);
  g_object_set(fixture.element, "region", "100,0,8,8", "model-file", files[0], NULL);
  push_until(&fixture, ids[0]);
  fail_unless_warned(&fixture, "region", ids[0]);
  fixture_close(&fixture);
}
GST_END_TEST

/* The newest counts, and the names of those that are bad do not come back later. */
GST_START_TEST(test_many_at_once) {
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_until(&fixture, ids[0]);
  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < 20; i++) {
      g_object_set(fixture.element, "model-file", i % 3 == 0 ? "/nonexistent.onnx" : files[i % 2],
                   NULL);
      push(&fixture);
    }
    push_until(&fixture, ids[1]);
    fail_unless_named(&fixture, files[1]);
    g_object_set(fixture.element, "model-file", files[0], NULL);
    push_until(&fixture, ids[0]);
  }
  fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(test_labels_file) {
  g_autofree gchar *path = NULL;
  gint file = g_file_open_tmp("winnow-labels-XXXXXX", &path, NULL);
  fail_unless(file >= 0 && g_close(file, NULL));
  fail_unless(g_file_set_contents(path, "none\nsomebody\n", -1, NULL));
  Fixture fixture = fixture_open(NULL, NULL);
  fixture_caps(&fixture, "RGB", 32, 32, NULL);
  push_until(&fixture, ids[0]);
  g_object_set(fixture.element, "labels-file", path, NULL); /* two for ten classes */
  fail_unless_warned(&fixture, "winnow-labels", ids[0]);
  g_autofree gchar *name = NULL;
  g_object_get(fixture.element, "labels-file", &name, NULL);
  fail_unless(name == NULL);
  g_object_set(fixture.element, "labels-file", path, "model-file", files[1], NULL);
  push_until(&fixture, ids[1]);
  GstBuffer *out = fixture_push(&fixture, 1, 0);
  g_autoptr(GstWinnowResult) result = result_on(out);
  const gchar *label = gst_winnow_result_get_label(result);
  fail_unless(g_str_equal(label, "none") || g_str_equal(label, "somebody"), "%s", label);
  gst_buffer_unref(out);
  g_unlink(path);
  fixture_close(&fixture);
}
GST_END_TEST

/* The element goes while a model comes; what was set is what it starts with again. */
GST_START_TEST(test_stop_meanwhile) {
  for (guint i = 0; i < 6; i++) {
    Fixture fixture = fixture_open("async", i % 2, NULL);
    fixture_caps(&fixture, "RGB", 32, 32, NULL);
    push(&fixture);
    g_object_set(fixture.element, "model-file", files[1], NULL);
    if (i > 2) g_usleep(i * 2000);
    fixture_close(&fixture);
  }
  GstElement *element = gst_element_factory_make("winnowclassify", NULL);
  g_object_set(element, "model-file", "/nonexistent.onnx", NULL); /* nothing is loaded yet */
  g_object_set(element, "model-file", files[0], NULL);
  for (guint i = 0; i < 3; i++) {
    fail_unless(gst_element_set_state(element, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE);
    g_object_set(element, "model-file", files[i % 2], NULL);
    gst_element_set_state(element, GST_STATE_NULL);
  }
  gst_object_unref(element);
}
GST_END_TEST

static Suite *swap_suite(void) {
  Suite *suite = suite_create("swap");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_unchecked_fixture(tc, find_ids, free_ids);
  tcase_add_test(tc, test_many_times);
  if (g_getenv("SWAPS") != NULL) return suite;
  tcase_add_test(tc, test_async);
  tcase_add_test(tc, test_interval);
  tcase_add_test(tc, test_regions);
  tcase_add_test(tc, test_unchanged);
  tcase_add_test(tc, test_bad_files);
  tcase_add_test(tc, test_policy_of_its_own);
  tcase_add_test(tc, test_places);
  tcase_add_test(tc, test_many_at_once);
  tcase_add_test(tc, test_labels_file);
  tcase_add_test(tc, test_stop_meanwhile);
  return suite;
}

GST_CHECK_MAIN(swap)
