/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs a pipeline written as for gst-launch-1.0 and prints every change of the steady state that
 * winnowclassify posts on the bus with its result, one line each, and at the end what the stream
 * cost; demo.sh shows both with it.
 * Ctrl-C ends the stream properly, so that a recording stays playable.
 *   cc results.c $(pkg-config --cflags --libs gstwinnow-1.0) -o results
 *   ./results v4l2src ! decodebin ! winnowclassify model-file=model.onnx ! fakesink
 */
#include <glib-unix.h>
#include <gstwinnow.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct App {
  GstElement *pipeline;
  GMainLoop *loop;
  int status;
} App;

static void print_result(GstMessage *message, const GstWinnowResult *result) {
  guint64 time_ns = 0;
  const GstStructure *structure = gst_message_get_structure(message);
  const gchar *state = gst_structure_get_string(structure, "state");
  const gchar *event = gst_structure_get_string(structure, "event");
  gst_structure_get_uint64(structure, "running-time", &time_ns);
  gboolean changed = g_strcmp0(event, "changed") == 0; /* else it answers a question */
  g_autofree gchar *said = changed ? g_strdup(state) : g_strconcat(state, " ", event, NULL);
  gint n_exits = gst_winnow_result_get_stage_count(result) - 1;
  gsize n_stages = 0;
  const gint *survivors = gst_winnow_result_get_survivors_per_stage(result, &n_stages);
  GString *path = g_string_new(NULL);
  for (gsize i = 0; i < n_stages; i++)
    g_string_append_printf(path, "%s%d", i > 0 ? " > " : "", survivors[i]);
  g_print("%" G_GUINT64_FORMAT ":%04.1f  %-16s %3.0f %%  ", time_ns / (60 * GST_SECOND),
          (double)(time_ns % (60 * GST_SECOND)) / GST_SECOND, said,
          100 * gst_winnow_result_get_confidence(result));
  if (n_exits > 0)
    g_print("exit %d/%d  classes left %-9s ", gst_winnow_result_get_exit_stage(result), n_exits,
            path->str);
  g_print("%s\n", gst_winnow_result_get_stop_reason(result));
  fflush(stdout);
  g_string_free(path, TRUE);
}

/* What the first winnowclassify computed, if no `name` was given to it. */
static void print_cost(GstElement *pipeline) {
  guint64 inferences = 0, unchanged = 0, macs_full = 0;
  gdouble macs_mean = 0, saved = 0;
  GstStructure *stats = NULL;
  GstElement *classify = gst_bin_get_by_name(GST_BIN(pipeline), "winnowclassify0");
  if (classify == NULL) return;
  g_object_get(classify, "stats", &stats, NULL);
  gst_structure_get(stats, "inferences", G_TYPE_UINT64, &inferences, "unchanged", G_TYPE_UINT64,
                    &unchanged, "macs-mean", G_TYPE_DOUBLE, &macs_mean, "macs-full", G_TYPE_UINT64,
                    &macs_full, "mac-reduction", G_TYPE_DOUBLE, &saved, NULL);
  gdouble sum = macs_mean * (gdouble)(inferences + unchanged); /* those that repeat cost none */
  if (inferences > 0)
    g_print("%" G_GUINT64_FORMAT " frames computed, %.1f of %.1f M MACs each; %" G_GUINT64_FORMAT
            " unchanged ones cost none. Saved %.1f %%\n",
            inferences, sum / (gdouble)inferences / 1e6, (gdouble)macs_full / 1e6, unchanged,
            100 * saved);
  gst_structure_free(stats);
  gst_object_unref(classify);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer user_data) {
  App *app = user_data;
  GError *error = NULL;
  GstWinnowResult *result = NULL;
  switch (GST_MESSAGE_TYPE(message)) {
  case GST_MESSAGE_ELEMENT:
    result = gst_winnow_result_from_message(message);
    if (result == NULL) break; /* some other element's message */
    print_result(message, result);
    gst_winnow_result_unref(result);
    break;
  case GST_MESSAGE_ERROR:
    gst_message_parse_error(message, &error, NULL);
    g_printerr("results: %s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
    g_error_free(error);
    app->status = EXIT_FAILURE;
    g_main_loop_quit(app->loop);
    break;
  case GST_MESSAGE_EOS:
    g_main_loop_quit(app->loop);
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer user_data) {
  App *app = user_data;
  gst_element_send_event(app->pipeline, gst_event_new_eos());
  return G_SOURCE_REMOVE; /* a second Ctrl-C ends the program at once */
}

int main(int argc, char **argv) {
  App app = {.status = EXIT_SUCCESS};
  GError *error = NULL;
  gst_init(&argc, &argv);
  app.pipeline = gst_parse_launchv((const gchar **)argv + 1, &error);
  if (error != NULL) {
    g_printerr("results: %s\n", error->message);
    g_error_free(error);
    gst_clear_object(&app.pipeline);
    return EXIT_FAILURE;
  }
  app.loop = g_main_loop_new(NULL, FALSE);
  GstBus *bus = gst_element_get_bus(app.pipeline);
  guint watch = gst_bus_add_watch(bus, on_message, &app);
  g_unix_signal_add(SIGINT, on_interrupt, &app);
  gst_element_set_state(app.pipeline, GST_STATE_PLAYING); /* a failure arrives on the bus */
  g_main_loop_run(app.loop);
  if (app.status == EXIT_SUCCESS) print_cost(app.pipeline);

  gst_element_set_state(app.pipeline, GST_STATE_NULL);
  g_source_remove(watch);
  gst_object_unref(bus);
  gst_object_unref(app.pipeline);
  g_main_loop_unref(app.loop);
  return app.status;
}
