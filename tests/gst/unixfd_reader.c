/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A program that reads results from another process's frames and does no more than link
 * libgstwinnow: a line for each frame, its label or "no result".  usage: unixfd_reader SOCKET N
 */
#include "gstwinnow.h"

#include <stdlib.h>

static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  g_autoptr(GstWinnowResult) result =
      gst_winnow_result_from_buffer(GST_PAD_PROBE_INFO_BUFFER(info));
  g_print("%s\n", result != NULL ? gst_winnow_result_get_label(result) : "no result");
  return GST_PAD_PROBE_OK;
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  if (argc != 3) return 2;
  g_autofree gchar *launch = g_strdup_printf(
      "unixfdsrc socket-path=%s num-buffers=%d ! fakesink name=sink", argv[1], atoi(argv[2]));
  GstElement *pipeline = gst_parse_launch(launch, NULL);
  if (pipeline == NULL) return 77;
  GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  GstPad *pad = gst_element_get_static_pad(sink, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, NULL, NULL);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus *bus = gst_element_get_bus(pipeline);
  GstMessage *message =
      gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gboolean ended = message != NULL && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  gst_clear_message(&message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pad);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  return ended ? 0 : 1;
}
