/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See split.h.  splitmuxsink releases a group of pictures when the next one begins: after
 * `split-after` the one that waits still goes to the old file, and the next one to a new file.
 */
#include "gate/split.h"

#include "gate/source.h"

struct GstWinnowSplit {
  GPtrArray *hooks;
};

/* One at a pad; the probe owns it. */
typedef struct {
  GstElement *element; /* of whose pads it is one, and which outlives it */
  gboolean any;        /* an event has begun in the first file */
} Hook;

typedef struct {
  GstPad *pad;
  gulong probe;
} Hooked;

static void unhook(gpointer data) {
  Hooked *hooked = data;
  gst_pad_remove_probe(hooked->pad, hooked->probe);
  gst_object_unref(hooked->pad);
  g_free(hooked);
}

static GstPadProbeReturn see(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Hook *hook = data;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  if (!gst_event_has_name(event, GST_WINNOW_GATE_EVENT)) return GST_PAD_PROBE_OK;
  const gchar *what = gst_structure_get_string(gst_event_get_structure(event), "event");
  if (g_strcmp0(what, GST_WINNOW_GATE_BEGIN) != 0) return GST_PAD_PROBE_OK;
  if (hook->any) g_signal_emit_by_name(hook->element, "split-after");
  hook->any = TRUE;
  return GST_PAD_PROBE_OK;
}

static gboolean hook_pad(GstElement *element, GstPad *pad, gpointer data) {
  GstWinnowSplit *split = data;
  Hook *hook = g_new0(Hook, 1);
  hook->element = element;
  Hooked *hooked = g_new0(Hooked, 1);
  hooked->pad = gst_object_ref(pad);
  hooked->probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, see, hook, g_free);
  g_ptr_array_add(split->hooks, hooked);
  return TRUE;
}

static void hook_element(const GValue *value, gpointer data) {
  GstElement *element = g_value_get_object(value);
  if (g_signal_lookup("split-after", G_OBJECT_TYPE(element)) != 0)
    gst_element_foreach_sink_pad(element, hook_pad, data);
}

GstWinnowSplit *gst_winnow_split_new(GstElement *gate) {
  GstWinnowSplit *split = g_new0(GstWinnowSplit, 1);
  split->hooks = g_ptr_array_new_with_free_func(unhook);
  GstElement *pipeline = gst_winnow_pipeline_of(gate);
  if (pipeline == NULL) return split;
  GstIterator *elements = gst_bin_iterate_recurse(GST_BIN(pipeline));
  while (gst_iterator_foreach(elements, hook_element, split) == GST_ITERATOR_RESYNC) {
    g_ptr_array_set_size(split->hooks, 0);
    gst_iterator_resync(elements);
  }
  gst_iterator_free(elements);
  gst_object_unref(pipeline);
  return split;
}

void gst_winnow_split_free(GstWinnowSplit *split) {
  g_ptr_array_unref(split->hooks);
  g_free(split);
}
