/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the element tests share: winnowclassify in a harness with a bus, pictures in
 * any format and stride, and the engine itself as the reference for what comes out.
 */
#ifndef WINNOW_TEST_FIXTURE_H
#define WINNOW_TEST_FIXTURE_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <winnow/winnow.h>
#include "gstwinnow.h"

#define FRAME_DURATION (GST_SECOND / 30)

/* What the test model has: so many exits, and a list of thresholds for them. */
#define FIXTURE_EXITS 8
#define FIXTURE_THRESHOLDS(t) t "," t "," t "," t "," t "," t "," t "," t

/* Every format that winnowclassify takes. */
extern const gchar *const every_format[23];

typedef struct {
  GstHarness *harness;
  GstElement *element;
  GstBus *bus;
  GstVideoInfo info;
  guint64 n_pushed;
} Fixture;

/* winnowclassify with the test model, properties as for g_object_set(), in PLAYING. */
Fixture fixture_open(const gchar *first_property, ...) G_GNUC_NULL_TERMINATED;
void fixture_close(Fixture *fixture);

/* Sets caps; `extra` is appended to them, e.g. ",colorimetry=bt709". */
void fixture_caps(Fixture *fixture, const gchar *format, gint width, gint height,
                  const gchar *extra);

/* A new frame: 8 x 8 patches of colour that `seed` decides; `padding` bytes are added to
 * every row and hold noise. */
GstBuffer *make_picture(const GstVideoInfo *info, guint seed, gint padding);

/* Pushes a picture with the next timestamp and gives the frame that comes out. */
GstBuffer *fixture_push(Fixture *fixture, guint seed, gint padding);

/* The same for a buffer made elsewhere, which gets the next timestamp. */
GstBuffer *fixture_push_buffer(Fixture *fixture, GstBuffer *buffer);

/* The result on a frame, which must have one. */
GstWinnowResult *result_on(GstBuffer *buffer);

/* The next message of the kind within five seconds, which must come. */
GstMessage *fixture_message(Fixture *fixture, GstMessageType type);

/* How many winnowclassify messages wait; they are taken. */
guint fixture_count_messages(Fixture *fixture);

/* An element that does not start: it posts a resource error of this code whose text holds `says`.
 * Takes `element`. */
void fail_unless_start_fails(GstElement *element, GstResourceError code, const gchar *says);

/* Fails unless the two differ by `delta` at most. */
void fail_unless_close(gdouble got, gdouble wanted, gdouble delta);

guint64 fixture_stat(Fixture *fixture, const gchar *name);

/* ---- The reference ---- */

typedef struct {
  WnModel *model;
  WnSession *session;
} Reference;

Reference reference_open(const WnPolicy *policy);

/* The same of a model of which a user says this. */
Reference reference_open_meaning(const WnMeaning *meaning);
void reference_close(Reference *reference);

/* What the engine says about a frame; colour as in `like`, which may be NULL for BT.601,
 * limited range, MPEG-2 chroma. */
const WnResult *reference_frame(Reference *reference, const GstVideoInfo *info, GstBuffer *buffer,
                                const WnRect *region, const WnFrame *like);

/* Fails unless all fields but the latency are equal. */
void reference_equal(const GstWinnowResult *got, const WnResult *wanted);

/* Two seeds whose pictures in `info` get different labels. */
void reference_two_seeds(const GstVideoInfo *info, guint seeds[2]);

#endif
