/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See shm_publisher.h.  The lock guards the publisher, which one thread at a time may use.
 */
#include "channel/shm_publisher.h"

#include "channel/wait.h"

/* Between two looks at a reader who cannot be let in now: descriptors have run out. */
enum { PAUSE_US = 20000 };

struct GstWinnowShmPublisher {
  GMutex lock;
  WnPublisher *publisher;
  GstPoll *poll; /* for the publisher's descriptor; flushing: the thread ends */
  GThread *thread;
};

static gpointer let_readers_in(gpointer data) {
  GstWinnowShmPublisher *self = data;
  while (gst_winnow_wait_until_readable(self->poll)) {
    g_mutex_lock(&self->lock);
    wn_publisher_serve(self->publisher);
    g_mutex_unlock(&self->lock);
    if (gst_winnow_wait_is_readable(self->poll)) g_usleep(PAUSE_US);
  }
  return NULL;
}

GstWinnowShmPublisher *
gst_winnow_shm_publisher_new(const gchar *path, const WnPublisherOptions *options, WnError *error) {
  WnPublisher *publisher;
  if (wn_publisher_new(path, options, &publisher, error) != WN_OK) return NULL;
  GstWinnowShmPublisher *self = g_new0(GstWinnowShmPublisher, 1);
  g_mutex_init(&self->lock);
  self->publisher = publisher;
  self->poll = gst_winnow_wait_new(wn_publisher_descriptor(publisher));
  self->thread = g_thread_new("winnowshmsink", let_readers_in, self);
  return self;
}

WnStatus gst_winnow_shm_publisher_publish(GstWinnowShmPublisher *self, const WnFrame *frame,
                                          const WnResult *results, gint n_results, WnError *error) {
  g_mutex_lock(&self->lock);
  WnStatus status = wn_publisher_publish(self->publisher, frame, results, n_results, error);
  g_mutex_unlock(&self->lock);
  return status;
}

WnStatus gst_winnow_shm_publisher_describe(GstWinnowShmPublisher *self, const gchar *json,
                                           WnError *error) {
  g_mutex_lock(&self->lock);
  WnStatus status = wn_publisher_describe(self->publisher, json, error);
  g_mutex_unlock(&self->lock);
  return status;
}

void gst_winnow_shm_publisher_free(GstWinnowShmPublisher *self) {
  if (self == NULL) return;
  gst_poll_set_flushing(self->poll, TRUE);
  g_thread_join(self->thread);
  gst_poll_free(self->poll);
  wn_publisher_free(self->publisher);
  g_mutex_clear(&self->lock);
  g_free(self);
}
