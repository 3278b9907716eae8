/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing without signals.  A pipe that nobody reads and a file that would exceed the limit of the
 * process (RLIMIT_FSIZE) are errors that whoever writes can tell, EPIPE and EFBIG; by default they
 * end the program, which is not ours to end.
 */
#ifndef WNI_BASE_QUIET_H
#define WNI_BASE_QUIET_H

#include <signal.h>
#include <stdbool.h>

typedef enum WniQuietWhat {
  WNI_QUIET_WRITES, /* SIGPIPE and SIGXFSZ */
  WNI_QUIET_ALL     /* all others are put off, too */
} WniQuietWhat;

typedef struct WniQuiet {
  sigset_t before;  /* the mask of the thread */
  sigset_t pending; /* what waited for it already */
} WniQuiet;

/* All signals but those that a thread causes itself, which are never put off. */
void wni_signals_of_others(sigset_t *set);

/* Of the calling thread, which calls end() too.  errno stays as it is. */
WniQuiet wni_quiet_begin(WniQuietWhat what);
void wni_quiet_end(const WniQuiet *quiet);

#endif
