/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See line_output.h.
 *
 * Standard output is shared with other programs, the shell included, so that it cannot be made
 * non-blocking.  A pipe or terminal is opened a second time for that.  A file is not: the programs
 * share the place at which they write.  What cannot be opened again, a socket, may block; but when
 * poll() says that it takes something, it takes PIPE_BUF bytes.
 *
 * A file takes a whole line or none: of one that a full disk cuts what is there already is taken
 * back.
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
  do output->fd = open(output->location, flags | O_CREAT, MODE);
  while (output->fd < 0 && errno == EINTR);
  return output->fd >= 0;
}

static bool has_room(const LineOutput *output, int timeout_ms) {
  struct pollfd wait = {output->fd, POLLOUT, 0};
  const gint64 end = g_get_monotonic_time() + timeout_ms * (gint64)1000;
  int n;
  do n = poll(&wait, 1, (int)(MAX(end - g_get_monotonic_time(), 0) / 1000));
  while (n < 0 && errno == EINTR);
  return n > 0;
}

/* write() that reports a pipe without a reader and a file that would exceed RLIMIT_FSIZE, and
 * raises no SIGPIPE or SIGXFSZ, which would end the program. */
static ssize_t write_quietly(int fd, const char *bytes, size_t n) {
  sigset_t signals, before, waiting;
  const struct timespec now = {0, 0};
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGXFSZ);
  sigpending(&waiting);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  ssize_t written = write(fd, bytes, n);
  int reason = errno, raised = reason == EPIPE ? SIGPIPE : SIGXFSZ;
  if (written < 0 && (reason == EPIPE || reason == EFBIG) && !sigismember(&waiting, raised)) {
    sigemptyset(&signals);
    sigaddset(&signals, raised);
    while (sigtimedwait(&signals, NULL, &now) < 0 && errno == EINTR) continue;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  return written;
}

/* Takes back the last n bytes of a file unless somebody has written behind them. */
static void take_back(int fd, size_t n) {
  int reason = errno;
  struct stat status;
  off_t end = lseek(fd, 0, SEEK_CUR);
  if (n > 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && end == status.st_size &&
      end >= (off_t)n && ftruncate(fd, end - (off_t)n) == 0)
    lseek(fd, end - (off_t)n, SEEK_SET);
  errno = reason;
}

static void forget_line(LineOutput *output) {
  g_string_truncate(output->pending, 0);
  output->n_written = 0;
}

/* Whoever reads a FIFO next begins with a whole line. */
static void hang_up(LineOutput *output) {
  close(output->fd);
  output->fd = -1;
  forget_line(output);
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
    if (n > 0) output->n_written += (size_t)n;
    if (n >= 0 || errno == EINTR) continue;
    if (errno == EAGAIN) return true;
    if (errno == EPIPE) {
      hang_up(output);
      errno = EPIPE;
      return false;
    }
    take_back(output->fd, output->n_written);
    forget_line(output);
    return false;
  }
  if (output->pending != NULL) output->n_written = 0;
  return true;
}

LineResult line_output_write(LineOutput *output, const char *line) {
  if (output->fd < 0 && !open_now(output)) return errno == ENXIO ? LINE_LEFT_OUT : LINE_FAILED;
  bool works = line_output_flush(output);
  if (works && !line_output_put(output, line)) return LINE_LEFT_OUT;
  if (works) works = line_output_flush(output);
  if (!works) return errno == EPIPE ? LINE_LEFT_OUT : LINE_FAILED;
  /* None of the line is written: it can be left out.  A part is: the rest has to follow. */
  if (output->pending->len < strlen(line)) return LINE_WRITTEN;
  forget_line(output);
  return LINE_LEFT_OUT;
}

bool line_write(int fd, const char *line, size_t n) {
  size_t n_written = 0;
  while (n_written < n) {
    ssize_t k = write_quietly(fd, line + n_written, n - n_written);
    if (k > 0) n_written += (size_t)k;
    if (k < 0 && errno == EAGAIN) poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1);
    if (k >= 0 || errno == EINTR || errno == EAGAIN) continue;
    take_back(fd, n_written);
    return false;
  }
  return true;
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
