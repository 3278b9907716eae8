/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Three jobs change places under the lock and are written and read outside it:
 *
 *   submit writes `spare` --swap--> `pending` --swap--> `working` is read by work
 */
#include "classify/worker.h"

struct GstWinnowWorker {
  GThread *thread;
  GstWinnowWork work;
  gpointer owner;
  GstWinnowJob *spare;   /* the submitting thread's */
  GstWinnowJob *working; /* the worker thread's */
  GMutex lock;           /* guards what follows */
  GCond changed;
  GstWinnowJob *pending;
  gboolean has_pending, busy, quit;
};

static gpointer worker_main(gpointer data) {
  GstWinnowWorker *worker = data;
  g_mutex_lock(&worker->lock);
  while (!worker->quit) {
    if (!worker->has_pending) {
      g_cond_wait(&worker->changed, &worker->lock);
      continue;
    }
    GstWinnowJob *job = worker->pending;
    worker->pending = worker->working;
    worker->working = job;
    worker->has_pending = FALSE;
    worker->busy = TRUE;
    g_mutex_unlock(&worker->lock);
    worker->work(worker->owner, job);
    g_mutex_lock(&worker->lock);
    worker->busy = FALSE;
    g_cond_broadcast(&worker->changed);
  }
  g_mutex_unlock(&worker->lock);
  return NULL;
}

static void job_free(GstWinnowJob *job) {
  if (job->regions != NULL) g_array_unref(job->regions);
  gst_winnow_frame_copy_clear(&job->copy);
  g_free(job);
}

GstWinnowWorker *gst_winnow_worker_new(GstWinnowWork work, gpointer owner) {
  GstWinnowWorker *worker = g_new0(GstWinnowWorker, 1);
  worker->work = work;
  worker->owner = owner;
  worker->spare = g_new0(GstWinnowJob, 1);
  worker->pending = g_new0(GstWinnowJob, 1);
  worker->working = g_new0(GstWinnowJob, 1);
  g_mutex_init(&worker->lock);
  g_cond_init(&worker->changed);
  worker->thread = g_thread_new("winnowclassify", worker_main, worker);
  return worker;
}

void gst_winnow_worker_free(GstWinnowWorker *worker) {
  if (worker == NULL) return;
  g_mutex_lock(&worker->lock);
  worker->quit = TRUE;
  g_cond_broadcast(&worker->changed);
  g_mutex_unlock(&worker->lock);
  g_thread_join(worker->thread);
  job_free(worker->spare);
  job_free(worker->pending);
  job_free(worker->working);
  g_mutex_clear(&worker->lock);
  g_cond_clear(&worker->changed);
  g_free(worker);
}

gboolean gst_winnow_worker_submit(GstWinnowWorker *worker, const WnFrame *frame, GArray *regions,
                                  const GstWinnowFrameTimes *times) {
  GstWinnowJob *job = worker->spare;
  gst_winnow_frame_copy(&job->copy, frame);
  if (job->regions != NULL) g_array_unref(job->regions);
  job->regions = regions;
  job->times = *times;

  g_mutex_lock(&worker->lock);
  gboolean replaced = worker->has_pending;
  worker->spare = worker->pending;
  worker->pending = job;
  worker->has_pending = TRUE;
  g_cond_broadcast(&worker->changed);
  g_mutex_unlock(&worker->lock);
  return replaced;
}

void gst_winnow_worker_flush(GstWinnowWorker *worker) {
  g_mutex_lock(&worker->lock);
  worker->has_pending = FALSE;
  g_mutex_unlock(&worker->lock);
}

void gst_winnow_worker_drain(GstWinnowWorker *worker) {
  g_mutex_lock(&worker->lock);
  while (worker->has_pending || worker->busy) g_cond_wait(&worker->changed, &worker->lock);
  g_mutex_unlock(&worker->lock);
}
