/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See file.h.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 1 << 16 };

/* ---- Opening -------------------------------------------------------------- */

/* The descriptor of this program that `path` is a name of; -1: of none. */
static int own_descriptor(const char *path) {
  static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
  guint64 number;
  if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0) return STDIN_FILENO;
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
    if (g_str_has_prefix(path, folders[i]) &&
        g_ascii_string_to_unsigned(path + strlen(folders[i]), 10, 0, G_MAXINT, &number, NULL))
      return (int)number;
  return -1;
}

static const char *kind_name(mode_t mode) {
  return S_ISFIFO(mode) ? "FIFO" : S_ISDIR(mode) ? "folder" : S_ISSOCK(mode) ? "socket" : "device";
}

static bool is_right(const char *path, const char *wanted, bool may_be_pipe,
                     const struct stat *info, char **problem) {
  if (S_ISREG(info->st_mode) || (may_be_pipe && S_ISFIFO(info->st_mode))) return true;
  *problem = g_strdup_printf("%s: is a %s, not a %s file; give a file", path,
                             kind_name(info->st_mode), wanted);
  return false;
}

static int no_descriptor(const char *path, const char *wanted, int descriptor, char **problem) {
  *problem = g_strdup_printf("%s: cannot open the %s file: %s", path, wanted, g_strerror(errno));
  if (descriptor >= 0) close(descriptor);
  return -1;
}

/* Whoever gave it to this program writes it, too, or has closed it. */
static int open_own(const char *path, const char *wanted, int own, struct stat *info,
                    char **problem) {
  int descriptor = fcntl(own, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0 || fstat(descriptor, info) != 0)
    return no_descriptor(path, wanted, descriptor, problem);
  if (S_ISSOCK(info->st_mode) || is_right(path, wanted, true, info, problem)) return descriptor;
  close(descriptor);
  return -1;
}

static int open_checked(const char *path, const char *wanted, bool may_be_pipe, struct stat *info,
                        char **problem) {
  const int own = own_descriptor(path);
  if (own >= 0) return open_own(path, wanted, own, info, problem);
  /* Asked before, since opening a device may do something, and after, since only that is sure. */
  if (stat(path, info) != 0) return no_descriptor(path, wanted, -1, problem);
  if (!is_right(path, wanted, may_be_pipe, info, problem)) return -1;
  int descriptor;
  do descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0 || fstat(descriptor, info) != 0)
    return no_descriptor(path, wanted, descriptor, problem);
  if (is_right(path, wanted, may_be_pipe, info, problem)) return descriptor;
  close(descriptor);
  return -1;
}

int file_open_stream(const char *path, const char *wanted, char **problem) {
  struct stat info;
  return open_checked(path, wanted, true, &info, problem);
}

/* ---- Reading -------------------------------------------------------------- */

typedef struct Bytes {
  char *data; /* [room + 1] */
  size_t n, room;
} Bytes;

static bool make_room(Bytes *bytes, size_t room) {
  char *data = g_try_realloc(bytes->data, room + 1);
  if (data == NULL) return false;
  bytes->data = data;
  bytes->room = room;
  return true;
}

/* 1: there are more bytes, 0: that was the end, -1: errno says why not. */
static int read_more(int descriptor, Bytes *bytes) {
  for (;;) {
    ssize_t n = read(descriptor, bytes->data + bytes->n, bytes->room - bytes->n);
    if (n < 0 && errno == EAGAIN) poll(&(struct pollfd){descriptor, POLLIN, 0}, 1, -1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n > 0) bytes->n += (size_t)n;
    return n > 0 ? 1 : (int)n;
  }
}

/* Up to the size that a file has, or all that comes through a pipe; what is wrong, or NULL. */
static char *read_all(int descriptor, const struct stat *info, const char *wanted, size_t limit,
                      Bytes *bytes) {
  const bool has_size = S_ISREG(info->st_mode);
  size_t room = has_size ? (size_t)info->st_size : FIRST_BYTES;
  int reading = 1;
  if (has_size && room > limit)
    return g_strdup_printf("has %zu bytes; the limit of a %s file is %zu", room, wanted, limit);
  while (reading > 0) {
    if (!make_room(bytes, room))
      return g_strdup_printf("not enough memory for its %zu bytes", room);
    while (reading > 0 && bytes->n < bytes->room) reading = read_more(descriptor, bytes);
    if (bytes->n > limit)
      return g_strdup_printf("has more bytes than the limit of a %s file, %zu", wanted, limit);
    if (has_size && reading > 0) break;
    room = MIN(2 * bytes->room, limit + 1);
  }
  if (reading < 0) return g_strdup_printf("cannot be read: %s", g_strerror(errno));
  bytes->data[bytes->n] = '\0';
  return NULL;
}

char *file_read(const char *path, const char *wanted, size_t limit, size_t *n_bytes,
                char **problem) {
  struct stat info;
  Bytes bytes = {0};
  int descriptor = open_checked(path, wanted, false, &info, problem);
  if (descriptor < 0) return NULL;
  char *why = read_all(descriptor, &info, wanted, limit, &bytes);
  close(descriptor);
  *n_bytes = bytes.n;
  if (why == NULL) return bytes.data;
  *problem = g_strdup_printf("%s: %s", path, why);
  g_free(why);
  g_free(bytes.data);
  return NULL;
}
