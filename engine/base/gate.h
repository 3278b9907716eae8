/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one thing threads of the engine wait on: a number that another thread
 * changes.  A waiter spins for some microseconds, because a thread's turn usually
 * comes sooner than the system could put it to sleep and wake it, and then sleeps.
 * Where that does not hold (other programs have the cores, or nothing is to be
 * done) a gate notices it and its waiters go to sleep almost at once.
 *
 * All fields are atomic; any thread may wait, any thread may change the number.
 */
#ifndef WNI_BASE_GATE_H
#define WNI_BASE_GATE_H

#include <stdatomic.h>

typedef struct WniGate {
  _Atomic unsigned value;
  _Atomic unsigned sleepers;
  _Atomic unsigned in_vain; /* times that spinning did not help, since it last did */
} WniGate;

/* Returns as soon as the value is not `old`; what was written before it changed
 * is visible then. */
void wni_gate_wait(WniGate *gate, unsigned old);

/* Changes the value and wakes everyone who waits. */
void wni_gate_set(WniGate *gate, unsigned value);

#endif
