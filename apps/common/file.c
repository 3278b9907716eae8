/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See file.h.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int open_checked(const char *path, const char *wanted, bool may_be_pipe, size_t *n_bytes,
                        char **problem) {
  struct stat info;
  int descriptor = -1;
  /* Asked before, since opening a device may do something, and after, since only that is sure. */
  if (stat(path, &info) != 0) goto fail;
  if (!is_right(path, wanted, may_be_pipe, &info, problem)) return -1;
  descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0 || fstat(descriptor, &info) != 0) goto fail;
  if (is_right(path, wanted, may_be_pipe, &info, problem)) {
    *n_bytes = (size_t)info.st_size;
    return descriptor;
  }
  close(descriptor);
  return -1;

fail:
  *problem = g_strdup_printf("%s: cannot open the %s file: %s", path, wanted, g_strerror(errno));
  if (descriptor >= 0) close(descriptor);
  return -1;
}

int file_open_stream(const char *path, const char *wanted, char **problem) {
  size_t n_bytes;
  return open_checked(path, wanted, true, &n_bytes, problem);
}

/* Reads until `n_bytes` or the end of a file that has shrunk; false: errno says why. */
static bool read_all(int descriptor, char *data, size_t *n_bytes) {
  size_t n_read = 0;
  while (n_read < *n_bytes) {
    ssize_t n = read(descriptor, data + n_read, *n_bytes - n_read);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    n_read += (size_t)n;
  }
  data[n_read] = '\0';
  *n_bytes = n_read;
  return true;
}

char *file_read(const char *path, const char *wanted, size_t limit, size_t *n_bytes,
                char **problem) {
  int descriptor = open_checked(path, wanted, false, n_bytes, problem);
  if (descriptor < 0) return NULL;
  char *data = *n_bytes <= limit ? g_try_malloc(*n_bytes + 1) : NULL;
  if (*n_bytes > limit) {
    *problem = g_strdup_printf("%s: has %zu bytes; the limit of a %s file is %zu", path, *n_bytes,
                               wanted, limit);
  } else if (data == NULL) {
    *problem = g_strdup_printf("%s: not enough memory for its %zu bytes", path, *n_bytes);
  } else if (!read_all(descriptor, data, n_bytes)) {
    *problem = g_strdup_printf("%s: cannot be read: %s", path, g_strerror(errno));
    g_clear_pointer(&data, g_free);
  }
  close(descriptor);
  return data;
}
