/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowclassify consists of, for its three parts: gstwinnowclassify.c (the stream), infer.c
 * (the inference of one frame) and swap.c (another model).
 */
#ifndef GST_WINNOW_CLASSIFY_PRIVATE_H
#define GST_WINNOW_CLASSIFY_PRIVATE_H

#include <gst/video/video.h>
#include "meta/attach.h"
#include "classify/engine.h"
#include "classify/settings.h"
#include "classify/stats.h"
#include "classify/worker.h"
#include "classify/gstwinnowclassify.h"
#include "classify/latency.h"
#include "classify/pace.h"
#include "common/tracks.h"
#include "handover.h"

struct _GstWinnowClassify {
  GstBaseTransform parent;

  /* Under the object lock: written by any thread. */
  GstWinnowSettings settings;
  gboolean policy_dirty, display_dirty;
  GstWinnowStats stats;
  GstWinnowLatency latency;
  GstWinnowPace pace;             /* which frames are classified */
  GstWinnowResultList *last;      /* the newest results, or NULL */
  GstWinnowFrameTimes last_times; /* of the frame that they were made for */
  guint generation;               /* counts flushes and renegotiations */
  gboolean failed;                /* the worker met an error */
  gboolean live;                  /* the last LATENCY query said so */
  gchar *description;             /* of `last` (wn_session_describe()), or NULL */
  Handover *models;               /* NULL: stopped; the thread that infers needs no lock for it */
  gboolean model_set;             /* a property of the model, not ordered yet */
  guint model_serial, policy_serial; /* count orders, and changes of the policy alone */
  guint model_done;                  /* the last order that is in force, or could not be */
  gboolean policy_waits;             /* the policy was set with a model that is loaded */
  /* In force: the policy of the session, and what was said of the newest model that could be used.
   * Nothing else in it counts. */
  GstWinnowSettings good;

  /* The streaming thread's. */
  GstVideoInfo info;
  GstWinnowWorker *worker; /* NULL unless async */
  GstWinnowFrameCopy copy; /* of a frame in a driver's memory */

  /* Of the thread that infers. */
  GstWinnowEngine engine;
  guint engine_generation; /* of the last frame that the session saw */
  GstWinnowTracks *tracks; /* what messages said */
  guint tracks_generation;
  guint next_region;              /* that the next frame begins with, where a deadline is short */
  GstWinnowResultList *announced; /* what `tracks` were fed last, one each, or NULL */
  GstWinnowFrameTimes announced_times;
  gchar *about;       /* `description` of what it infers */
  gboolean described; /* `about` is of the session as it is, since described_generation */
  guint described_generation;
};

GST_DEBUG_CATEGORY_EXTERN(gst_winnow_classify_debug);

/* Counts the frame and decides whether it is classified. */
gboolean gst_winnow_classify_is_due(GstWinnowClassify *self, GstBuffer *buffer,
                                    const GstWinnowFrameTimes *times);

/* Classifies a frame, or each of its `regions`: counts, posts messages, and gives
 * the results in *results.  ERROR: it has been posted; FLUSHING: the frame was given up. */
GstFlowReturn gst_winnow_classify_infer(GstWinnowClassify *self, const WnFrame *frame,
                                        const GArray *regions, const GstWinnowFrameTimes *times,
                                        GstWinnowResultList **results);

/* With the object lock, when what was inferred becomes `last`: its description does, too. */
void gst_winnow_classify_infer_show(GstWinnowClassify *self);

/* Before the first frame: makes what infer keeps. */
void gst_winnow_classify_infer_begin(GstWinnowClassify *self);

/* A frame without an inference passes: posts what is unknown by now. */
void gst_winnow_classify_infer_pass(GstWinnowClassify *self, const GstWinnowFrameTimes *times);

/* At the end of the stream, when no inference is under way: posts what is not steady yet. */
void gst_winnow_classify_infer_end(GstWinnowClassify *self);

/* Forgets what messages said; frees everything that infer keeps. */
void gst_winnow_classify_infer_clear(GstWinnowClassify *self);

/* Between start and stop another model can be ordered.  begin and order: with the object lock. */
void gst_winnow_classify_swap_begin(GstWinnowClassify *self);
void gst_winnow_classify_swap_end(GstWinnowClassify *self);

/* Has the model that the properties name opened; `with_policy`: the policy was set with it. */
void gst_winnow_classify_swap_order(GstWinnowClassify *self, gboolean with_policy);

/* Between two frames, by the thread that infers: a model that is ready takes its place. */
void gst_winnow_classify_swap_take(GstWinnowClassify *self);

#endif
