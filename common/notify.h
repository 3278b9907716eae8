/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a service tells systemd: that it is ready, that it lives, how it is doing.  The protocol
 * is that of sd_notify(3): lines of text in a datagram to the socket named in the environment.
 * Everywhere else these functions do nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* Sends `state`: "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=...", or several with line breaks
 * between them. */
void notify(const char *state);

/* How often "WATCHDOG=1" is due, ns: half of what systemd waits; 0: it does not watch. */
int64_t notify_watchdog_ns(void);

#endif
