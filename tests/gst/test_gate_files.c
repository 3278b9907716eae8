/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowgate in pipelines with encoders, muxers and splitmuxsink: one file an event, which begins
 * with a key frame and can be played.
 */
#include "gate_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

/* Cats are seen in these frames, of 60, ten a second. */
static const guint cats[][2] = {{10, 15}, {30, 33}};

/* An encoder gives nothing for a frame that is like the last one, and may make key frames of noise.
 */
#define SOURCE_OF(pattern)                                                                         \
  "videotestsrc num-buffers=60 pattern=" pattern                                                   \
  " ! video/x-raw,format=I420,width=64,height=48,framerate=10/1 ! identity name=c "
#define SOURCE SOURCE_OF("snow")
#define GATE "winnowgate name=g when=cat pre-roll=300000000 hold=200000000 "

static GstPadProbeReturn attach(GstPad *pad, GstPadProbeInfo *info, gpointer unused) {
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  info->data = buffer;
  guint i = (guint)(GST_BUFFER_PTS(buffer) / STEP);
  if (i == 0) gst_pad_push_event(pad, display_event(NULL, 0));
  gboolean cat = FALSE;
  for (guint k = 0; k < G_N_ELEMENTS(cats); k++) cat = cat || (i >= cats[k][0] && i < cats[k][1]);
  GstBuffer *made = gate_buffer(i, cat ? "cat" : "dog", -1);
  GstCustomMeta *meta = gst_buffer_get_custom_meta(made, GST_WINNOW_META_NAME);
  gst_winnow_buffer_add_result(buffer, gst_custom_meta_get_structure(meta));
  gst_buffer_unref(made);
  return GST_PAD_PROBE_OK;
}

static gboolean has_elements(const gchar *line) {
  GstParseContext *context = gst_parse_context_new();
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch_full(line, context, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_auto(GStrv) missing = gst_parse_context_get_missing_elements(context);
  fail_unless(pipeline != NULL || missing != NULL, "%s: %s", line, error ? error->message : "");
  if (missing != NULL) g_printerr("skipped: %s is not installed\n", missing[0]);
  if (pipeline != NULL) gst_object_unref(pipeline);
  gst_parse_context_free(context);
  g_clear_error(&error);
  return missing == NULL;
}

/* Whether the message says that a file was begun (1) or closed (-1). */
static gint files_open(GstMessage *message) {
  const GstStructure *structure = gst_message_get_structure(message);
  return gst_structure_has_name(structure, "splitmuxsink-fragment-opened")   ? 1
         : gst_structure_has_name(structure, "splitmuxsink-fragment-closed") ? -1
                                                                             : 0;
}

/* Until the end of the stream.  Gives how many warnings say `says`, which may be NULL.
 * GStreamer's splitmuxsink (1.22, 1.26) does not always say that it ends, but closes its last file.
 */
static guint run(GstElement *pipeline, const gchar *says) {
  GstBus *bus = gst_element_get_bus(pipeline);
  guint n = 0, n_files = 0;
  gint n_open = 0;
  gboolean ended = FALSE;
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (!ended) {
    GstMessage *message = gst_bus_timed_pop_filtered(bus, 5 * GST_SECOND,
                                                     GST_MESSAGE_EOS | GST_MESSAGE_ERROR |
                                                         GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
    g_autoptr(GError) error = NULL;
    if (message == NULL) {
      ended = n_files > 0 && n_open == 0;
      continue;
    }
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      gst_message_parse_error(message, &error, NULL);
      fail("%s", error->message);
      break;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning(message, &error, NULL);
      n += says != NULL && strstr(error->message, says) != NULL;
      break;
    case GST_MESSAGE_ELEMENT:
      n_open += files_open(message);
      n_files += files_open(message) > 0;
      break;
    default:
      ended = TRUE;
    }
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return n;
}

/* Runs the line, with `results` behind the element c, and writes files into the folder. */
static guint record(const gchar *line, const gchar *folder, gboolean results, const gchar *says) {
  GError *error = NULL;
  g_autofree gchar *text = g_strdup_printf(
      "%s ! splitmuxsink name=files muxer=matroskamux location=%s/%%05d.mkv", line, folder);
  GstElement *pipeline = gst_parse_launch(text, &error);
  fail_unless(pipeline != NULL && error == NULL, "%s: %s", text, error ? error->message : "");
  GstElement *c = gst_bin_get_by_name(GST_BIN(pipeline), "c");
  GstPad *pad = gst_element_get_static_pad(c, "src");
  if (results) gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, attach, NULL, NULL);
  gst_object_unref(pad);
  gst_object_unref(c);
  guint n = run(pipeline, says);
  gst_object_unref(pipeline);
  return n;
}

/* ---- What was written ----------------------------------------------------- */

typedef struct {
  guint n_encoded, n_decoded;
  gboolean begins_with_key;
} Played;

static void see_encoded(GstElement *element, GstBuffer *buffer, gpointer data) {
  Played *played = data;
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) return; /* a header */
  if (played->n_encoded++ == 0)
    played->begins_with_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

static void see_decoded(GstElement *element, GstBuffer *buffer, GstPad *pad, gpointer data) {
  ((Played *)data)->n_decoded++;
}

static Played play(const gchar *path, const gchar *decoder) {
  Played played = {0};
  g_autofree gchar *line = g_strdup_printf(
      "filesrc location=%s ! matroskademux ! identity name=e signal-handoffs=true ! %s "
      "! fakesink name=d signal-handoffs=true",
      path, decoder);
  GstElement *pipeline = gst_parse_launch(line, NULL);
  GstElement *e = gst_bin_get_by_name(GST_BIN(pipeline), "e");
  GstElement *d = gst_bin_get_by_name(GST_BIN(pipeline), "d");
  g_signal_connect(e, "handoff", G_CALLBACK(see_encoded), &played);
  g_signal_connect(d, "handoff", G_CALLBACK(see_decoded), &played);
  run(pipeline, NULL);
  gst_object_unref(e);
  gst_object_unref(d);
  gst_object_unref(pipeline);
  return played;
}

/* The folder has files of so many frames, up to a 0, and nothing else; they are removed. */
static void check_files(const gchar *folder, const gchar *decoder, const guint *frames,
                        const gchar *line) {
  for (guint i = 0; frames[i] > 0; i++) {
    g_autofree gchar *path = g_strdup_printf("%s/%05u.mkv", folder, i);
    fail_unless(g_file_test(path, G_FILE_TEST_EXISTS), "%s: no file %u", line, i);
    Played played = play(path, decoder);
    fail_unless(played.begins_with_key, "%s: file %u", line, i);
    /* Of VP8 some may be there that are never shown. */
    fail_unless(played.n_decoded == frames[i] &&
                    (played.n_encoded == frames[i] ||
                     (g_str_equal(decoder, "vp8dec") && played.n_encoded > frames[i])),
                "%s: file %u has %u frames, %u can be decoded, %u are wanted", line, i,
                played.n_encoded, played.n_decoded, frames[i]);
    g_unlink(path);
  }
  fail_unless_equals_int(g_rmdir(folder), 0);
}

static gboolean check_line(const gchar *line, const gchar *decoder, const guint *frames) {
  g_autofree gchar *elements = g_strdup_printf("%s ! splitmuxsink muxer=matroskamux", line);
  if (!has_elements(elements) || !has_elements(decoder)) return FALSE;
  g_autofree gchar *folder = g_dir_make_tmp("winnow-gate-XXXXXX", NULL);
  fail_unless_equals_int((gint)record(line, folder, TRUE, "no results"), 0);
  check_files(folder, decoder, frames, line);
  return TRUE;
}

/* The gate behind the encoder, whose key frames are 4 apart, and in front of one that would make
 * none but the first by itself. */
GST_START_TEST(test_a_file_for_each_event) {
  static const struct {
    const gchar *line, *decoder;
    guint frames[6];
  } cases[] = {
      {SOURCE "! vp8enc deadline=1 keyframe-max-dist=4 threads=1 ! " GATE, "vp8dec", {13, 11}},
      {SOURCE_OF(
           "smpte") "! theoraenc keyframe-auto=false keyframe-freq=4 keyframe-force=4 ! " GATE,
       "theoradec",
       {13, 11}},
      {SOURCE "! jpegenc ! " GATE, "jpegdec", {10, 8}},
      {SOURCE "! " GATE "! vp8enc deadline=1 keyframe-max-dist=999 threads=1", "vp8dec", {10, 8}},
      {SOURCE "! " GATE "! theoraenc keyframe-auto=false keyframe-freq=64 keyframe-force=64",
       "theoradec",
       {10, 8}},
      {SOURCE "! " GATE "retimestamp=true ! jpegenc", "jpegdec", {10, 8}},
      {SOURCE "! jpegenc ! " GATE "split=false", "jpegdec", {18}},
      {SOURCE "! jpegenc ! " GATE "max=300000000", "jpegdec", {6, 3, 1, 6, 2}},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
    check_line(cases[i].line, cases[i].decoder, cases[i].frames);
}
GST_END_TEST

/* What came out of a container has no results of its own; the classifier may be named. */
GST_START_TEST(test_classifier_elsewhere) {
  static const guint frames[] = {13, 11, 0};
  check_line(SOURCE "! vp8enc deadline=1 keyframe-max-dist=4 threads=1 "
                    "! matroskamux streamable=true ! matroskademux ! " GATE "classifier=c",
             "vp8dec", frames);
}
GST_END_TEST

/* It does not stay closed in silence; splitmuxsink then writes one file without frames. */
GST_START_TEST(test_without_results) {
  static const guint none[] = {0};
  const gchar *line = SOURCE "! jpegenc ! " GATE;
  if (!has_elements(SOURCE "! jpegenc ! splitmuxsink muxer=matroskamux")) return;
  g_autofree gchar *folder = g_dir_make_tmp("winnow-gate-XXXXXX", NULL);
  fail_unless_equals_int((gint)record(line, folder, FALSE, "no results on the buffers"), 1);
  g_autofree gchar *path = g_strconcat(folder, "/00000.mkv", NULL);
  g_unlink(path);
  check_files(folder, "", none, line);
}
GST_END_TEST

static Suite *gate_files_suite(void) {
  Suite *suite = suite_create("gate_files");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_a_file_for_each_event);
  tcase_add_test(tc, test_classifier_elsewhere);
  tcase_add_test(tc, test_without_results);
  return suite;
}

GST_CHECK_MAIN(gate_files)
