/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See gate_fixture.h.
 */
#include "gate_fixture.h"

#include <string.h>
#include "made_result.h"

Gate gate_open(const gchar *first_property, ...) {
  Gate gate = {.element = gst_element_factory_make("winnowgate", NULL)};
  fail_unless(gate.element != NULL, "no winnowgate: is GST_PLUGIN_PATH set?");
  g_object_set(gate.element, "pre-roll", (guint64)0, "hold", (guint64)0, NULL);
  va_list args;
  va_start(args, first_property);
  g_object_set_valist(G_OBJECT(gate.element), first_property, args);
  va_end(args);
  gate.bus = gst_bus_new();
  gst_element_set_bus(gate.element, gate.bus);
  gate.harness = gst_harness_new_with_element(gate.element, "sink", "src");
  gst_harness_set_src_caps_str(gate.harness, "anything/at-all");
  gst_harness_push_event(gate.harness, display_event(NULL, 0));
  return gate;
}

void gate_close(Gate *gate) {
  gst_harness_teardown(gate->harness);
  gst_element_set_bus(gate->element, NULL);
  gst_object_unref(gate->element);
  gst_bus_set_flushing(gate->bus, TRUE);
  gst_object_unref(gate->bus);
}

GstEvent *display_event(const gchar *description, guint64 stable_time) {
  GstStructure *structure =
      gst_structure_new("winnow-display", "stable-time", G_TYPE_UINT64, stable_time, NULL);
  if (description != NULL)
    gst_structure_set(structure, "description", G_TYPE_STRING, description, NULL);
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure);
}

GstBuffer *gate_buffer(guint i, const gchar *label, gint watched) {
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, 1000, NULL);
  GST_BUFFER_PTS(buffer) = i * STEP;
  GST_BUFFER_DURATION(buffer) = STEP;
  if (label == NULL) return buffer;
  made_result_attach(buffer, label, (guint)(i * STEP / 1000));
  GstStructure *fields =
      gst_custom_meta_get_structure(gst_buffer_get_custom_meta(buffer, GST_WINNOW_META_NAME));
  gst_structure_set(fields, "watched", G_TYPE_INT, watched, NULL);
  if (label[0] == '\0') gst_structure_set(fields, "class-index", G_TYPE_INT, -1, NULL);
  return buffer;
}

void gate_push(Gate *gate, guint first, guint end, const gchar *label) {
  gate_push_encoded(gate, first, end, label, 1);
}

void gate_push_encoded(Gate *gate, guint first, guint end, const gchar *label, guint every) {
  for (guint i = first; i < end; i++) {
    GstBuffer *buffer = gate_buffer(i, label, -1);
    if (i % every != 0) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    fail_unless_equals_int(gst_harness_push(gate->harness, buffer), GST_FLOW_OK);
  }
}

/* ---- What came ------------------------------------------------------------ */

static void add_range(GString *text, gint64 first, gint64 last) {
  if (first < 0) return;
  if (text->len > 0) g_string_append_c(text, ' ');
  g_string_append_printf(text, "%" G_GINT64_FORMAT, first);
  if (last > first) g_string_append_printf(text, "-%" G_GINT64_FORMAT, last);
}

gchar *gate_passed(Gate *gate) {
  GString *text = g_string_new(NULL);
  gint64 first = -1, last = -1;
  GstBuffer *buffer;
  while ((buffer = gst_harness_try_pull(gate->harness)) != NULL) {
    gint64 i = (gint64)(GST_BUFFER_PTS(buffer) / STEP);
    if (first < 0 || i != last + 1) {
      add_range(text, first, last);
      first = i;
    }
    last = i;
    gst_buffer_unref(buffer);
  }
  add_range(text, first, last);
  return g_string_free(text, FALSE);
}

void fail_unless_passed(Gate *gate, const gchar *wanted) {
  g_autofree gchar *passed = gate_passed(gate);
  fail_unless_equals_string(passed, wanted);
}

static guint64 number_of(const GstStructure *structure, const gchar *name) {
  guint64 value = 0;
  fail_unless(gst_structure_get_uint64(structure, name, &value), "no %s in the message", name);
  return value;
}

static void add_message(GString *text, const GstStructure *structure) {
  const gchar *event = gst_structure_get_string(structure, "event");
  guint64 time = number_of(structure, "timestamp");
  fail_unless(gst_structure_has_name(structure, "winnowgate"));
  fail_unless_equals_uint64(number_of(structure, "running-time"), time);
  fail_unless_equals_uint64(number_of(structure, "stream-time"), time);
  g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT,
                         text->len > 0 ? ", " : "", event, number_of(structure, "id"),
                         gst_structure_get_string(structure, "state"), time / STEP);
  if (g_str_equal(event, "end"))
    g_string_append_printf(text, "+%" G_GUINT64_FORMAT, number_of(structure, "duration") / STEP);
}

void fail_unless_told(Gate *gate, const gchar *wanted) {
  GString *text = g_string_new(NULL);
  GstMessage *message;
  while ((message = gst_bus_pop_filtered(gate->bus, GST_MESSAGE_ELEMENT)) != NULL) {
    add_message(text, gst_message_get_structure(message));
    gst_message_unref(message);
  }
  fail_unless_equals_string(text->str, wanted);
  g_string_free(text, TRUE);
}

void fail_unless_posted(Gate *gate, GstMessageType type, const gchar *says) {
  GstMessage *message = gst_bus_pop_filtered(gate->bus, type);
  g_autoptr(GError) error = NULL;
  fail_unless(message != NULL, "nothing was said");
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error(message, &error, NULL);
  else
    gst_message_parse_warning(message, &error, NULL);
  fail_unless(strstr(error->message, says) != NULL, "%s", error->message);
  gst_message_unref(message);
}

void fail_if_posted(Gate *gate, GstMessageType type) {
  GstMessage *message = gst_bus_pop_filtered(gate->bus, type);
  fail_unless(message == NULL, "%" GST_PTR_FORMAT, message);
}

void gate_push_display(Gate *gate, const gchar *description) {
  fail_unless(gst_harness_push_event(gate->harness, display_event(description, 0)));
}
