/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pace.h.
 */
#include "pace.h"

#include <sys/timerfd.h>
#include <unistd.h>

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

bool pace_take(int descriptor) {
  uint64_t n_due;
  return read(descriptor, &n_due, sizeof n_due) == (ssize_t)sizeof n_due;
}
