/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowgate in a harness, fed with buffers of 100 ms whose results are made, and what it said and
 * passed, as text.
 */
#ifndef WINNOW_TEST_GATE_FIXTURE_H
#define WINNOW_TEST_GATE_FIXTURE_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include "gstwinnow.h"

#define STEP (100 * GST_MSECOND)

/* A model with a group, and its watch set as JSON. */
#define DESCRIPTION(watch)                                                                         \
  "{\"labels\":[\"cat\",\"dog\",\"bird\",\"truck\"],\"groups\":{\"animal\":[\"cat\",\"dog\"]},"    \
  "\"watch\":" watch "}"

typedef struct {
  GstHarness *harness;
  GstElement *element;
  GstBus *bus;
} Gate;

/* Without pre-roll and hold; properties as for g_object_set().  Every answer is a state. */
Gate gate_open(const gchar *first_property, ...) G_GNUC_NULL_TERMINATED;
void gate_close(Gate *gate);

/* Tells what the results are about; `stable_time` in ns. */
GstEvent *display_event(const gchar *description, guint64 stable_time);

/* A buffer of time i * STEP; with a result for `label` ("": nothing), unless that is NULL, of a
 * classifier that watches and sees one (`watched` 1), or not (0), or watches nothing (-1). */
GstBuffer *gate_buffer(guint i, const gchar *label, gint watched);

/* Pushes buffers from `first` on for `label`, until `end`. */
void gate_push(Gate *gate, guint first, guint end, const gchar *label);

/* Encoded ones, of which each `every`th is a key frame. */
void gate_push_encoded(Gate *gate, guint first, guint end, const gchar *label, guint every);

/* What has passed since the last call, as the numbers of buffers: "3-7 12-14". */
gchar *gate_passed(Gate *gate);
void fail_unless_passed(Gate *gate, const gchar *wanted);

/* The element messages since then: "begin 0 cat 3, end 0 cat 3+5": number, state, the buffer that
 * it began with, and for how many. */
void fail_unless_told(Gate *gate, const gchar *wanted);

/* The next message of the kind, which must come and hold `says`. */
void fail_unless_posted(Gate *gate, GstMessageType type, const gchar *says);
void fail_if_posted(Gate *gate, GstMessageType type);

/* Says how the results behind it are shown, with the description or without one. */
void gate_push_display(Gate *gate, const gchar *description);

#endif
