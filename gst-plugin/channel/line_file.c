/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See line_file.h.
 */
#include "channel/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LAST_WAIT_MS = 100 };

/* A new description of standard output: O_NONBLOCK on the one that there is would be seen by
 * everybody who shares it, the shell included. */
static gint open_now(const gchar *location) {
  const gint flags = O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY;
  if (!g_str_equal(location, "-")) return open(location, flags | O_CREAT, 0644);
  gint fd = open("/proc/self/fd/1", flags);
  return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3); /* a socket */
}

gboolean gst_winnow_line_file_open(GstWinnowLineFile *file, const gchar *location) {
  *file = (GstWinnowLineFile){.location = g_strdup(location), .pending = g_string_new(NULL)};
  file->fd = open_now(location);
  if (file->fd >= 0 || errno == ENXIO) return TRUE; /* a FIFO without a reader */
  gint reason = errno;
  gst_winnow_line_file_close(file);
  errno = reason;
  return FALSE;
}

/* write() that reports a pipe without a reader and raises no SIGPIPE, which would end the program.
 */
static gssize write_quietly(gint fd, const gchar *bytes, gsize n) {
  sigset_t pipe_signal, before, waiting;
  const struct timespec now = {0, 0};
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&waiting);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  gssize written = write(fd, bytes, n);
  gint reason = errno;
  if (written < 0 && reason == EPIPE && !sigismember(&waiting, SIGPIPE))
    while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR) continue;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return written;
}

/* TRUE: nothing is pending any more. */
static gboolean flush_pending(GstWinnowLineFile *file) {
  while (file->pending->len > 0) {
    gssize n = write_quietly(file->fd, file->pending->str, file->pending->len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FALSE;
    g_string_erase(file->pending, 0, n);
  }
  return TRUE;
}

/* Whoever reads a FIFO next begins with a whole line. */
static void hang_up(GstWinnowLineFile *file) {
  close(file->fd);
  file->fd = -1;
  g_string_truncate(file->pending, 0);
}

gboolean gst_winnow_line_file_write(GstWinnowLineFile *file, const gchar *line) {
  if (file->fd < 0) file->fd = open_now(file->location);
  if (file->fd < 0) return FALSE;
  gboolean was_pending = file->pending->len > 0;
  if (flush_pending(file)) {
    g_string_append(file->pending, line);
    if (flush_pending(file)) return TRUE;
    was_pending = FALSE;
  }
  if (errno == EPIPE) {
    hang_up(file);
    return FALSE;
  }
  /* None of the line is written: it can be left out.  A part is: the rest has to follow. */
  if (!was_pending && file->pending->len < strlen(line)) return TRUE;
  if (!was_pending) g_string_truncate(file->pending, 0);
  return FALSE;
}

void gst_winnow_line_file_close(GstWinnowLineFile *file) {
  struct pollfd wait = {file->fd, POLLOUT, 0};
  if (file->fd >= 0 && !flush_pending(file) && poll(&wait, 1, LAST_WAIT_MS) == 1)
    flush_pending(file);
  if (file->fd >= 0) close(file->fd);
  g_free(file->location);
  g_string_free(file->pending, TRUE);
  *file = (GstWinnowLineFile){.fd = -1};
}
