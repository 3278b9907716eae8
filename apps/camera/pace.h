/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A clock for sources that have none: a descriptor that is readable when the next frame is due.
 * A frame that is taken late delays those after it; none is left out.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

/* A timer with `period_ns` between frames, the first of which is due at once.  -1 and errno. */
int pace_open(int64_t period_ns);

/* Whether the next frame is due, which counts it as taken.  false with *problem (g_free): the timer
 * of `name` cannot be read, and never will be. */
bool pace_take(int descriptor, const char *name, char **problem);

#endif
