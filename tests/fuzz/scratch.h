/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder for targets that need files, in memory where there is such a place.  It goes with the
 * process.
 */
#ifndef FUZZ_SCRATCH_H
#define FUZZ_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[32]; /* "": not made yet */

static inline int scratch_drop(const char *path, const struct stat *info, int type,
                               struct FTW *place) {
  (void)info;
  (void)type;
  if (place->level > 0 && remove(path) != 0) abort();
  return 0;
}

static inline void scratch_empty(void) {
  enum { DESCRIPTORS = 8 };
  nftw(scratch, scratch_drop, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_remove(void) {
  scratch_empty();
  rmdir(scratch);
}

/* Its path; the same each time. */
static inline char *scratch_make(void) {
  if (*scratch) return scratch;
  strcpy(scratch, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-XXXXXX" : "/tmp/fuzz-XXXXXX");
  if (!mkdtemp(scratch)) abort();
  atexit(scratch_remove);
  return scratch;
}

#endif
