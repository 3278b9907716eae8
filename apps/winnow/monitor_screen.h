/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor's screen: a result and a summary, drawn with ncurses to fit any terminal.
 */
#ifndef MONITOR_SCREEN_H
#define MONITOR_SCREEN_H

#include "monitor_stats.h"

/* False: there is no terminal that it could be drawn on. */
bool screen_open(void);
void screen_close(void); /* the terminal is as before */

/* Whether the user has asked to leave; *resized becomes true when the terminal has a new size. */
bool screen_wants_to_leave(bool *resized);

/* `snapshot` NULL: nothing yet, and `status` says why. */
void screen_draw(const char *socket, const char *status, const WnSnapshot *snapshot,
                 const MonitorSummary *summary, uint64_t missed);

#endif
