/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See fail.h.  Calls of the libraries under this project's own (GLib, OpenMP's) do not count: they
 * end the program when there is no memory, by design.
 *
 * env FAIL_AT: the call that fails; FAIL_ALL: and all later ones of the same function; FAIL_COUNT:
 * a file that gets the number of calls and the name of what failed when the program ends.
 */
/* The functions themselves are written here, under all of their names. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "fail.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#pragma GCC visibility push(default) /* for the libraries to find */

/* NOLINTBEGIN(bugprone-reserved-identifier): the C library's own names */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);
/* NOLINTEND(bugprone-reserved-identifier) */

static atomic_size_t calls, blocks;
static size_t fails_at;
static bool counting, fails_all;
static const char *_Atomic failed;

/* ---- whose calls count ---- */

enum { MOST_RANGES = 32 };

static struct { uintptr_t begin, end; } ranges[MOST_RANGES];
static int n_ranges;

static int note_range(struct dl_phdr_info *info, size_t size, void *user) {
  static const char *const ours[] = {"winnow", "protobuf-c"};
  const bool *whole = user;
  (void)size;
  bool is_ours = !*info->dlpi_name; /* the program */
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    is_ours |= strstr(info->dlpi_name, ours[i]) != NULL;
  /* The C library allocates for GLib, too; jansson's parser does not look whether its buffer grew.
   */
  is_ours |= *whole && (strstr(info->dlpi_name, "/libc.so") || strstr(info->dlpi_name, "jansson"));
  for (int i = 0; is_ours && i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) &&
        n_ranges < MOST_RANGES) {
      ranges[n_ranges].begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      ranges[n_ranges].end = ranges[n_ranges].begin + info->dlpi_phdr[i].p_memsz;
      n_ranges++;
    }
  return 0;
}

static bool fails(const char *name, const void *caller) {
  bool is_ours = false;
  if (!counting) return false;
  for (int i = 0; i < n_ranges && !is_ours; i++)
    is_ours = (uintptr_t)caller >= ranges[i].begin && (uintptr_t)caller < ranges[i].end;
  if (!is_ours) return false;
  size_t call = atomic_fetch_add(&calls, 1) + 1;
  const char *before = failed;
  if (call == fails_at)
    failed = name;
  else if (!fails_all || !before || strcmp(before, name) != 0)
    return false;
  return true;
}

#define FAILS(name) fails(name, __builtin_return_address(0))

static void start(size_t n, bool all, bool whole) {
  if (n_ranges == 0) dl_iterate_phdr(note_range, &whole);
  failed = NULL;
  calls = 0;
  fails_at = n;
  fails_all = all;
  counting = true;
}

void fail_from_here(size_t n, int all) {
  start(n, all, true);
}

size_t fail_end(void) {
  counting = false;
  return calls;
}

const char *fail_name(void) {
  return failed;
}

size_t fail_blocks(void) {
  return blocks;
}

static void tell_count(void) {
  const char *path = getenv("FAIL_COUNT");
  size_t n = fail_end();
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%zu %s\n", n, failed ? failed : "-");
  fclose(file);
}

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("FAIL_AT");
  if (!at) return;
  atexit(tell_count);
  start(strtoul(at, NULL, 10), getenv("FAIL_ALL") != NULL, false);
}

/* ---- memory ---- */

static void *count(void *memory) {
  if (memory)
    blocks++;
  else
    errno = ENOMEM;
  return memory;
}

void *malloc(size_t size) {
  return count(FAILS(FAIL_MEMORY) ? NULL : __libc_malloc(size));
}

void *calloc(size_t n, size_t size) {
  return count(FAILS(FAIL_MEMORY) ? NULL : __libc_calloc(n, size));
}

void *realloc(void *memory, size_t size) {
  if (FAILS(FAIL_MEMORY)) {
    errno = ENOMEM;
    return NULL;
  }
  void *grown = __libc_realloc(memory, size);
  if (!memory && grown) blocks++;
  if (memory && size == 0) blocks--;
  return grown;
}

void *aligned_alloc(size_t alignment, size_t size) {
  return count(FAILS(FAIL_MEMORY) ? NULL : __libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  *out = count(FAILS(FAIL_MEMORY) ? NULL : __libc_memalign(alignment, size));
  return *out ? 0 : ENOMEM;
}

void free(void *memory) {
  if (memory) blocks--;
  __libc_free(memory);
}

/* ---- the system ---- */

/* A function of the C library that returns `type`, -1 with errno where it fails. */
#define CALL(type, name, parameters, arguments, code)                                              \
  type name parameters {                                                                           \
    static type(*real) parameters;                                                                 \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);                                          \
    if (FAILS(#name)) {                                                                            \
      errno = code;                                                                                \
      return (type)-1;                                                                             \
    }                                                                                              \
    return real arguments;                                                                         \
  }

CALL(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), EIO)
CALL(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n), ENOSPC)
CALL(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at), EIO)
CALL(int, fsync, (int fd), (fd), EIO)
CALL(int, fallocate64, (int fd, int mode, off64_t at, off64_t n), (fd, mode, at, n), ENOSPC)
CALL(int, fstat64, (int fd, struct stat64 *info), (fd, info), EACCES)
CALL(int, stat64, (const char *path, struct stat64 *info), (path, info), EACCES)
CALL(int, lstat64, (const char *path, struct stat64 *info), (path, info), EACCES)
CALL(int, rename, (const char *from, const char *to), (from, to), EACCES)
CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), EACCES)
CALL(int, linkat, (int a, const char *from, int b, const char *to, int flags),
     (a, from, b, to, flags), EACCES)
CALL(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), EACCES)
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), EPERM)
CALL(int, flock, (int fd, int how), (fd, how), ENOLCK)
CALL(int, dup, (int fd), (fd), EMFILE)
CALL(int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE)
CALL(void *, mmap64, (void *at, size_t n, int protection, int flags, int fd, off64_t offset),
     (at, n, protection, flags, fd, offset), ENOMEM)
CALL(int, socket, (int domain, int type, int protocol), (domain, type, protocol), EMFILE)
CALL(int, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n), EACCES)
CALL(int, listen, (int fd, int n), (fd, n), EADDRINUSE)
CALL(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n), ECONNREFUSED)
CALL(int, accept4, (int fd, struct sockaddr *from, socklen_t *n, int flags), (fd, from, n, flags),
     EMFILE)
CALL(int, getsockopt, (int fd, int level, int name, void *to, socklen_t *n),
     (fd, level, name, to, n), ENOBUFS)
CALL(int, setsockopt, (int fd, int level, int name, const void *from, socklen_t n),
     (fd, level, name, from, n), ENOBUFS)
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
     EPIPE)
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     ECONNRESET)
CALL(int, epoll_create1, (int flags), (flags), EMFILE)
CALL(int, epoll_ctl, (int fd, int what, int of, struct epoll_event *event), (fd, what, of, event),
     ENOMEM)
CALL(int, timerfd_create, (int clock, int flags), (clock, flags), EMFILE)
CALL(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags), ENOSYS)

/* Those that take a mode or another argument perhaps. */
#define OPEN(name, parameters, arguments)                                                          \
  int name parameters {                                                                            \
    static int(*real) parameters;                                                                  \
    va_list more;                                                                                  \
    va_start(more, flags);                                                                         \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;                      \
    va_end(more);                                                                                  \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);                                          \
    if (FAILS(#name)) {                                                                            \
      errno = EMFILE;                                                                              \
      return -1;                                                                                   \
    }                                                                                              \
    return real arguments;                                                                         \
  }

/* The analyzer misses va_start() in the macro. NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */
OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))

/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

/* What FORTIFY_SOURCE makes of them. NOLINTBEGIN(bugprone-reserved-identifier) */
int __open64_2(const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);
CALL(int, __open64_2, (const char *path, int flags), (path, flags), EMFILE)
CALL(int, __openat64_2, (int at, const char *path, int flags), (at, path, flags), EMFILE)
/* NOLINTEND(bugprone-reserved-identifier) */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  return FAILS("pthread_create") ? EAGAIN : real(thread, attributes, run, argument);
}
