/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pace.h.
 */
#include "pace.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <glib.h>

#define NS_PER_S 1000000000

int pace_open(int64_t period_ns) {
  int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct itimerspec when = {
      .it_interval = {(time_t)(period_ns / NS_PER_S), (long)(period_ns % NS_PER_S)},
      .it_value = {0, 1}};
  if (descriptor >= 0 && timerfd_settime(descriptor, 0, &when, NULL) < 0) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

bool pace_take(int descriptor, const char *name, char **problem) {
  uint64_t n_due;
  *problem = NULL;
  if (read(descriptor, &n_due, sizeof n_due) == (ssize_t)sizeof n_due) return true;
  if (errno != EAGAIN && errno != EINTR)
    *problem = g_strdup_printf("%s: its timer cannot be read: %s", name, g_strerror(errno));
  return false;
}
