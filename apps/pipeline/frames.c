/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See frames.h.  Streaming threads only count up; the main thread looks whether a count has moved.
 */
#include "frames.h"

typedef struct Place {
  GstPad *pad;
  gulong probe;
  char *name;    /* of the element */
  gint n_frames; /* atomic; written by the pad's streaming thread */
  gint n_seen;   /* by the main thread, at `moved_us` */
  gint64 moved_us;
} Place;

struct Frames {
  GPtrArray *places;
};

static GstPadProbeReturn count(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Place *place = data;
  g_atomic_int_inc(&place->n_frames);
  return GST_PAD_PROBE_OK;
}

static void place_free(gpointer data) {
  Place *place = data;
  gst_pad_remove_probe(place->pad, place->probe);
  gst_object_unref(place->pad);
  g_free(place->name);
  g_free(place);
}

static gboolean add_pad(GstElement *element, GstPad *pad, gpointer data) {
  Frames *frames = data;
  Place *place = g_new0(Place, 1);
  place->pad = gst_object_ref(pad);
  place->name = gst_element_get_name(element);
  place->moved_us = g_get_monotonic_time();
  place->probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                                   count, place, NULL);
  g_ptr_array_add(frames->places, place);
  return TRUE;
}

static void add_element(const GValue *item, gpointer data) {
  gst_element_foreach_sink_pad(g_value_get_object(item), add_pad, data);
}

/* Nothing is added to the pipeline yet, so that the list stays as it is. */
static void add_all(GstIterator *elements, Frames *frames) {
  gst_iterator_foreach(elements, add_element, frames);
  gst_iterator_free(elements);
}

Frames *frames_new(GstBin *pipeline) {
  Frames *frames = g_new0(Frames, 1);
  frames->places = g_ptr_array_new_with_free_func(place_free);
  add_all(gst_bin_iterate_all_by_element_factory_name(pipeline, "winnowclassify"), frames);
  if (frames->places->len == 0) add_all(gst_bin_iterate_sinks(pipeline), frames);
  if (frames->places->len == 0) g_clear_pointer(&frames, frames_free);
  return frames;
}

void frames_free(Frames *frames) {
  if (frames == NULL) return;
  g_ptr_array_unref(frames->places);
  g_free(frames);
}

gboolean frames_have_come(const Frames *frames) {
  for (guint i = 0; i < frames->places->len; i++) {
    Place *place = g_ptr_array_index(frames->places, i);
    if (g_atomic_int_get(&place->n_frames) == 0) return FALSE;
  }
  return TRUE;
}

const char *frames_silent(Frames *frames, gint64 timeout_us) {
  gint64 now_us = g_get_monotonic_time();
  for (guint i = 0; i < frames->places->len; i++) {
    Place *place = g_ptr_array_index(frames->places, i);
    gint n_frames = g_atomic_int_get(&place->n_frames);
    if (n_frames != place->n_seen) {
      place->n_seen = n_frames;
      place->moved_us = now_us;
    } else if (now_us - place->moved_us >= timeout_us) {
      return place->name;
    }
  }
  return NULL;
}
