/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the element tests share: winnowclassify in a harness with a bus, pictures in
 * any format and stride, and the engine itself as the judge of what comes out.
 */
#ifndef WINNOW_TEST_RIG_H
#define WINNOW_TEST_RIG_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <winnow/winnow.h>
#include "gstwinnow.h"

#define FRAME_DURATION (GST_SECOND / 30)

/* What the test model has: so many exits, and a list of thresholds for them. */
#define RIG_EXITS 8
#define RIG_THRESHOLDS(t) t "," t "," t "," t "," t "," t "," t "," t

/* Every format that winnowclassify takes. */
extern const gchar *const rig_formats[12];

typedef struct {
  GstHarness *harness;
  GstElement *element;
  GstBus *bus;
  GstVideoInfo info;
  guint64 n_pushed;
} Rig;

/* winnowclassify with the test model, properties as for g_object_set(), in PLAYING. */
Rig rig_open(const gchar *first_property, ...) G_GNUC_NULL_TERMINATED;
void rig_close(Rig *rig);

/* Sets caps; `extra` is appended to them, e.g. ",colorimetry=bt709". */
void rig_caps(Rig *rig, const gchar *format, gint width, gint height, const gchar *extra);

/* A new frame: 8 x 8 patches of colour that `seed` decides; `padding` bytes are added to
 * every row and hold noise. */
GstBuffer *rig_picture(const GstVideoInfo *info, guint seed, gint padding);

/* Pushes a picture with the next timestamp and gives the frame that comes out. */
GstBuffer *rig_push(Rig *rig, guint seed, gint padding);

/* The same for a buffer made elsewhere, which gets the next timestamp. */
GstBuffer *rig_push_buffer(Rig *rig, GstBuffer *buffer);

/* The result on a frame, which must have one. */
GstWinnowResult *rig_result(GstBuffer *buffer);

/* The next message of the kind within five seconds, which must come. */
GstMessage *rig_message(Rig *rig, GstMessageType type);

/* How many winnowclassify messages wait; they are taken. */
guint rig_count_messages(Rig *rig);

/* An element that does not start: it posts a resource error of this code whose text holds `says`.
 * Takes the reference. */
void rig_start_fails(GstElement *element, GstResourceError code, const gchar *says);

/* Fails unless the two differ by `delta` at most. */
void rig_close_to(gdouble got, gdouble wanted, gdouble delta);

guint64 rig_stat(Rig *rig, const gchar *name);

/* ---- The judge ---- */

typedef struct {
  WnModel *model;
  WnSession *session;
} Judge;

Judge judge_open(const WnPolicy *policy);
void judge_close(Judge *judge);

/* What the engine says about a frame; colour as in `like`, which may be NULL for BT.601,
 * limited range, MPEG-2 chroma. */
const WnResult *judge_frame(Judge *judge, const GstVideoInfo *info, GstBuffer *buffer,
                            const WnRect *region, const WnFrame *like);

/* Fails unless all fields but the latency are equal. */
void judge_equal(const GstWinnowResult *got, const WnResult *wanted);

/* Two seeds whose pictures in `info` get different labels. */
void judge_two_seeds(const GstVideoInfo *info, guint seeds[2]);

#endif
