/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See lines.h.  Standard output is shared with other programs, so that it cannot be made
 * non-blocking; but when poll() says that a pipe takes something, it takes PIPE_BUF bytes.
 */
#include "lines.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

enum { LAST_WAIT_MS = 200 };

void lines_put(Lines *lines, const char *line) {
  if (lines->pending == NULL) lines->pending = g_string_new(NULL);
  if (lines_are_pending(lines))
    lines->n_left_out++;
  else
    g_string_append(lines->pending, line);
}

bool lines_are_pending(const Lines *lines) {
  return lines->pending != NULL && lines->pending->len > 0;
}

bool lines_flush(Lines *lines) {
  struct pollfd output = {STDOUT_FILENO, POLLOUT, 0};
  while (lines_are_pending(lines) && poll(&output, 1, 0) > 0) {
    GString *pending = lines->pending;
    ssize_t n = write(STDOUT_FILENO, pending->str, MIN(pending->len, PIPE_BUF));
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) g_string_erase(pending, 0, n);
  }
  return true;
}

void lines_clear(Lines *lines) {
  struct pollfd output = {STDOUT_FILENO, POLLOUT, 0};
  while (lines_are_pending(lines) && poll(&output, 1, LAST_WAIT_MS) > 0 && lines_flush(lines))
    continue;
  if (lines->pending != NULL) g_string_free(lines->pending, TRUE);
  *lines = (Lines){0};
}
