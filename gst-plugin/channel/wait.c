/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See wait.h.
 */
#include "channel/wait.h"

#include <errno.h>

GstPoll *gst_winnow_wait_new(gint fd) {
  GstPoll *poll = gst_poll_new(TRUE);
  GstPollFD entry = GST_POLL_FD_INIT;
  entry.fd = fd;
  gst_poll_add_fd(poll, &entry);
  gst_poll_fd_ctl_read(poll, &entry, TRUE);
  return poll;
}

gboolean gst_winnow_wait_until_readable(GstPoll *poll) {
  gint n;
  do n = gst_poll_wait(poll, GST_CLOCK_TIME_NONE);
  while (n < 0 && (errno == EINTR || errno == EAGAIN));
  return n > 0;
}

gboolean gst_winnow_wait_is_readable(GstPoll *poll) {
  return gst_poll_wait(poll, 0) > 0;
}
