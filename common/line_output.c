/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See line_output.h.
 *
 * Standard output is shared with other programs, the shell included, so that it cannot be made
 * non-blocking.  A pipe or terminal is opened a second time for that.  A file is not: the programs
 * share the place at which they write.  What cannot be opened again, a socket, may block; but when
 * poll() says that it takes something, it takes PIPE_BUF bytes.
 */
#include "line_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LAST_WAIT_MS = 200, NO_WAIT = 0, MODE = 0644 };

/* ---- The descriptor ------------------------------------------------------- */

static bool open_standard_output(LineOutput *output, int flags) {
  struct stat status;
  bool is_file = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
  output->fd = is_file ? -1 : open("/proc/self/fd/1", flags);
  output->may_block = output->fd < 0 && !is_file;
  if (output->fd < 0) output->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return output->fd >= 0;
}

static bool open_now(LineOutput *output) {
  const int flags = O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY;
  if (strcmp(output->location, "-") == 0) return open_standard_output(output, flags);
  output->fd = open(output->location, flags | O_CREAT, MODE);
  return output->fd >= 0;
}

static bool has_room(const LineOutput *output, int timeout_ms) {
  struct pollfd wait = {output->fd, POLLOUT, 0};
  return poll(&wait, 1, timeout_ms) > 0;
}

/* write() that reports a pipe without a reader and raises no SIGPIPE, which would end the program.
 */
static ssize_t write_quietly(int fd, const char *bytes, size_t n) {
  sigset_t pipe_signal, before, waiting;
  const struct timespec now = {0, 0};
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&waiting);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t written = write(fd, bytes, n);
  int reason = errno;
  if (written < 0 && reason == EPIPE && !sigismember(&waiting, SIGPIPE))
    while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR) continue;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return written;
}

/* Whoever reads a FIFO next begins with a whole line. */
static void hang_up(LineOutput *output) {
  close(output->fd);
  output->fd = -1;
  g_string_truncate(output->pending, 0);
}

/* ---- Lines ---------------------------------------------------------------- */

bool line_output_open(LineOutput *output, const char *location) {
  *output = (LineOutput){.location = g_strdup(location), .pending = g_string_new(NULL)};
  if (open_now(output) || errno == ENXIO) return true; /* a FIFO without a reader */
  int reason = errno;
  line_output_close(output);
  errno = reason;
  return false;
}

bool line_output_is_pending(const LineOutput *output) {
  return output->pending != NULL && output->pending->len > 0;
}

bool line_output_put(LineOutput *output, const char *line) {
  if (line_output_is_pending(output)) return false;
  g_string_append(output->pending, line);
  return true;
}

bool line_output_flush(LineOutput *output) {
  while (line_output_is_pending(output)) {
    GString *pending = output->pending;
    if (output->may_block && !has_room(output, NO_WAIT)) return true;
    size_t most = output->may_block ? MIN(pending->len, PIPE_BUF) : pending->len;
    ssize_t n = write_quietly(output->fd, pending->str, most);
    if (n > 0) g_string_erase(pending, 0, n);
    if (n >= 0 || errno == EINTR) continue;
    if (errno == EAGAIN) return true;
    if (errno != EPIPE) return false;
    hang_up(output);
    errno = EPIPE;
    return false;
  }
  return true;
}

bool line_output_write(LineOutput *output, const char *line) {
  if (output->fd < 0 && !open_now(output)) return false;
  line_output_flush(output);
  if (output->fd < 0 || !line_output_put(output, line)) return false;
  line_output_flush(output);
  if (output->fd < 0) return false;
  /* None of the line is written: it can be left out.  A part is: the rest has to follow. */
  if (output->pending->len < strlen(line)) return true;
  g_string_truncate(output->pending, 0);
  return false;
}

void line_output_close(LineOutput *output) {
  if (output->location == NULL) return;
  while (output->fd >= 0 && line_output_is_pending(output) && has_room(output, LAST_WAIT_MS) &&
         line_output_flush(output))
    continue;
  if (output->fd >= 0) close(output->fd);
  g_free(output->location);
  g_string_free(output->pending, TRUE);
  *output = (LineOutput){.fd = -1};
}
