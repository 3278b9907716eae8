/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file in memory for targets whose readers want one; the same each time, since making one takes
 * longer than reading it.
 */
#ifndef FUZZ_MEMORY_FILE_H
#define FUZZ_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Its descriptor, at its beginning; `path` may be NULL, or becomes a name of it. */
static inline int memory_file(const uint8_t *data, size_t size, char path[32]) {
  static int file = -1;
  if (file < 0) file = memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || pwrite(file, data, size, 0) != (ssize_t)size ||
      ftruncate(file, (off_t)size) != 0 || lseek(file, 0, SEEK_SET) != 0)
    abort();
  if (path) snprintf(path, 32, "/proc/self/fd/%d", file);
  return file;
}

#endif
