/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See quiet.h.  Both signals go to the thread that writes: they are blocked, and taken away again
 * if they came.
 */
#include "base/quiet.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static const int of_writes[] = {SIGPIPE, SIGXFSZ};
enum { N_OF_WRITES = sizeof of_writes / sizeof *of_writes };

/* What a thread causes itself. */
static const int own[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};

void wni_signals_of_others(sigset_t *set) {
  sigfillset(set);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(set, own[i]);
}

WniQuiet wni_quiet_begin(WniQuietWhat what) {
  int why = errno;
  WniQuiet quiet;
  sigset_t set;
  if (what == WNI_QUIET_ALL) {
    wni_signals_of_others(&set);
  } else {
    sigemptyset(&set);
    for (int i = 0; i < N_OF_WRITES; i++) sigaddset(&set, of_writes[i]);
  }
  sigpending(&quiet.pending);
  pthread_sigmask(SIG_BLOCK, &set, &quiet.before);
  errno = why;
  return quiet;
}

void wni_quiet_end(const WniQuiet *quiet) {
  int why = errno;
  const struct timespec now = {0, 0};
  for (int i = 0; i < N_OF_WRITES; i++) {
    sigset_t one;
    if (sigismember(&quiet->pending, of_writes[i])) continue;
    sigemptyset(&one);
    sigaddset(&one, of_writes[i]);
    while (sigtimedwait(&one, NULL, &now) < 0 && errno == EINTR) continue;
  }
  pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
  errno = why;
}
