/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See notify.h.
 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = path != NULL ? strlen(path) : 0;
  if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0'; /* an abstract name */
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t n;
  do n = sendto(descriptor, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  while (n < 0 && errno == EINTR);
  close(descriptor);
}

int64_t notify_watchdog_ns(void) {
  const char *period = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
  if (period == NULL || (process != NULL && atol(process) != (long)getpid())) return 0;
  long long microseconds = atoll(period);
  return microseconds > 0 && microseconds < INT64_MAX / 1000 ? microseconds * 1000 / 2 : 0;
}
