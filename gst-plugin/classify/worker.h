/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread behind async=true: takes the newest frame, forgets older ones.
 *
 * Pixels are copied into blocks of its own.  A reference would keep the frame from
 * its pool for as long as an inference takes, and make every element behind that
 * draws copy it instead.
 */
#ifndef GST_WINNOW_CLASSIFY_WORKER_H
#define GST_WINNOW_CLASSIFY_WORKER_H

#include <gst/gst.h>
#include "classify/times.h"
#include "common/frame_copy.h"

typedef struct {
  GstWinnowFrameCopy copy;
  GArray *regions; /* of WnRect; NULL: the whole frame */
  GstWinnowFrameTimes times;
} GstWinnowJob;

typedef struct GstWinnowWorker GstWinnowWorker;
typedef void (*GstWinnowWork)(gpointer owner, const GstWinnowJob *job);

/* Starts the thread, which calls `work` for one job after the other. */
GstWinnowWorker *gst_winnow_worker_new(GstWinnowWork work, gpointer owner);

/* Finishes the job under way, forgets the next one and joins; NULL is ignored. */
void gst_winnow_worker_free(GstWinnowWorker *worker);

/* Copies the frame as the next job and takes `regions`; TRUE when it replaced one
 * that had not begun.  Called by one thread. */
gboolean gst_winnow_worker_submit(GstWinnowWorker *worker, const WnFrame *frame, GArray *regions,
                                  const GstWinnowFrameTimes *times);

/* Forgets the job that has not begun. */
void gst_winnow_worker_flush(GstWinnowWorker *worker);

/* Waits until no job is left. */
void gst_winnow_worker_drain(GstWinnowWorker *worker);

#endif
