/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See gate.h.
 */
#include "base/gate.h"

#include "base/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  SPIN_NS = 40000, /* longer than most waits inside a frame, short beside a pause between frames */
  SHORT_SPIN_NS = SPIN_NS / 16,
  TRY_AGAIN = 16, /* short spins; then one in full, to see whether the cores are free again */
  ROUNDS = 16     /* between two looks at the clock */
};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/* A round takes from one to fifty nanoseconds, depending on the processor: spinning goes by
 * the clock. */
static bool spin(WniGate *gate, unsigned old, int64_t limit_ns) {
  int64_t started_ns = 0;
  for (;;) {
    for (int i = 0; i < ROUNDS; i++) {
      if (gate->value != old) return true;
      relax();
    }
    if (!started_ns) started_ns = wni_clock_ns();
    if (wni_clock_ns() - started_ns >= limit_ns) return false;
  }
}

void wni_gate_wait(WniGate *gate, unsigned old) {
  if (gate->value != old) return; /* says nothing about spinning */
  unsigned in_vain = gate->in_vain;
  if (spin(gate, old, in_vain % TRY_AGAIN ? SHORT_SPIN_NS : SPIN_NS)) {
    if (in_vain) gate->in_vain = 0;
    return;
  }
  gate->in_vain++;
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
