/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See display_event.h.  The event may come from an element of another version: a field that it
 * lacks stays as it was.
 */
#include "common/display_event.h"

#define EVENT_NAME "winnow-display"
#define STABLE_TIME "stable-time"
#define MIN_CONFIDENCE "min-confidence"
#define MAX_AGE "max-age"
#define DESCRIPTION "description"

gboolean gst_winnow_display_equal(const GstWinnowDisplay *a, const GstWinnowDisplay *b) {
  return a->stable_time == b->stable_time && a->min_confidence == b->min_confidence &&
         a->max_age == b->max_age;
}

GstEvent *gst_winnow_display_event_new(const GstWinnowDisplay *display, const gchar *description) {
  GstStructure *structure = gst_structure_new(
      EVENT_NAME, STABLE_TIME, G_TYPE_UINT64, display->stable_time, MIN_CONFIDENCE, G_TYPE_DOUBLE,
      display->min_confidence, MAX_AGE, G_TYPE_UINT64, display->max_age, NULL);
  if (description != NULL)
    gst_structure_set(structure, DESCRIPTION, G_TYPE_STRING, description, NULL);
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure);
}

gboolean gst_winnow_display_event_parse(GstEvent *event, GstWinnowDisplay *display) {
  if (!gst_event_has_name(event, EVENT_NAME)) return FALSE;
  const GstStructure *structure = gst_event_get_structure(event);
  gst_structure_get_uint64(structure, STABLE_TIME, &display->stable_time);
  gst_structure_get_double(structure, MIN_CONFIDENCE, &display->min_confidence);
  gst_structure_get_uint64(structure, MAX_AGE, &display->max_age);
  return TRUE;
}

const gchar *gst_winnow_display_event_description(GstEvent *event) {
  return gst_event_has_name(event, EVENT_NAME)
             ? gst_structure_get_string(gst_event_get_structure(event), DESCRIPTION)
             : NULL;
}
