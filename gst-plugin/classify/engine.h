/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowclassify's way into libwinnow: one model, one session, the results of one
 * frame.  Used by one thread at a time: the streaming thread, or with async the
 * worker.
 */
#ifndef GST_WINNOW_CLASSIFY_ENGINE_H
#define GST_WINNOW_CLASSIFY_ENGINE_H

#include <winnow/winnow.h>
#include "classify/settings.h"

/* Zero-initialise. */
typedef struct {
  WnModel *model;
  WnSession *session;
} GstWinnowEngine;

/* Opens the model and makes a session, then computes the whole network:
 * that warms it up and tells how long a frame takes at most.  While `sink` flushes, frames are
 * given up.  On failure nothing stays open. */
WnStatus gst_winnow_engine_open(GstWinnowEngine *engine, GstPad *sink,
                                const GstWinnowSettings *settings, GstClockTime *full_duration,
                                WnError *error);
void gst_winnow_engine_close(GstWinnowEngine *engine);

/* Posts `error` on the bus, or as a warning when the element goes on without. */
void gst_winnow_engine_post(GstElement *element, GstMessageType type, const WnError *error);

/* Posts what there is to be said of a model that was opened: most often that nobody says what its
 * input means. */
void gst_winnow_engine_warn_model(GstElement *element, const GstWinnowEngine *engine);

/* Posts what the session has to say about the watch list of a new policy. */
void gst_winnow_engine_warn(GstElement *element, const GstWinnowEngine *engine);

/* Notes in the log which model runs, how long all of it took, and on which kernels. */
void gst_winnow_engine_log(GstElement *element, const GstWinnowEngine *engine,
                           GstClockTime full_duration);

#endif
