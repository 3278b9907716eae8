/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See gate.h.
 */
#include "base/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

void wni_gate_wait(WniGate *gate, unsigned old, int spins) {
  for (int i = 0; i < spins; i++) {
    if (gate->value != old) return;
    relax();
  }
  /* First announced, then looked at again: either the setter sees a sleeper or
   * the sleeper sees the new value. */
  gate->sleepers++;
  while (gate->value == old)
    syscall(SYS_futex, &gate->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
  gate->sleepers--;
}

void wni_gate_set(WniGate *gate, unsigned value) {
  gate->value = value;
  if (gate->sleepers) syscall(SYS_futex, &gate->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
