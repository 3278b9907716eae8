/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the C library writes and MemorySanitizer (of clang 14) does not know of: it takes it for
 * memory that nobody has written.  Linked into the targets that it sees.
 */
#include <dlfcn.h>
#include <sanitizer/msan_interface.h>
#include <stddef.h>
#include <sys/stat.h>

#define PUBLIC __attribute__((visibility("default")))

#define SEEN(name, parameters, arguments, to)                                                      \
  PUBLIC int name parameters {                                                                     \
    static int(*real) parameters;                                                                  \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);                                          \
    int result = real arguments;                                                                   \
    if (result == 0) __msan_unpoison(to, sizeof *to);                                              \
    return result;                                                                                 \
  }

SEEN(stat64, (const char *path, struct stat64 *to), (path, to), to)
SEEN(lstat64, (const char *path, struct stat64 *to), (path, to), to)
SEEN(fstat64, (int fd, struct stat64 *to), (fd, to), to)
SEEN(fstatat64, (int at, const char *path, struct stat64 *to, int flags), (at, path, to, flags), to)
