/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See display_event.h.  The event may come from an element of another version: a field that it
 * lacks stays as it was.
 */
#include "common/display_event.h"

#define EVENT_NAME "winnow-display"
#define STABLE_FRAMES "stable-frames"
#define MIN_CONFIDENCE "min-confidence"
#define DESCRIPTION "description"

GstEvent *gst_winnow_display_event_new(const GstWinnowDisplay *display, const gchar *description) {
  GstStructure *structure =
      gst_structure_new(EVENT_NAME, STABLE_FRAMES, G_TYPE_UINT, display->stable_frames,
                        MIN_CONFIDENCE, G_TYPE_DOUBLE, display->min_confidence, NULL);
  if (description != NULL)
    gst_structure_set(structure, DESCRIPTION, G_TYPE_STRING, description, NULL);
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure);
}

gboolean gst_winnow_display_event_parse(GstEvent *event, GstWinnowDisplay *display) {
  if (!gst_event_has_name(event, EVENT_NAME)) return FALSE;
  const GstStructure *structure = gst_event_get_structure(event);
  gst_structure_get_uint(structure, STABLE_FRAMES, &display->stable_frames);
  gst_structure_get_double(structure, MIN_CONFIDENCE, &display->min_confidence);
  return TRUE;
}

const gchar *gst_winnow_display_event_description(GstEvent *event) {
  return gst_event_has_name(event, EVENT_NAME)
             ? gst_structure_get_string(gst_event_get_structure(event), DESCRIPTION)
             : NULL;
}
