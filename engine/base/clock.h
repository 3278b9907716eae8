/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one clock of the engine: CLOCK_MONOTONIC, which all processes of a machine share.
 */
#ifndef WNI_BASE_CLOCK_H
#define WNI_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t wni_clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
