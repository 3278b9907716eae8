/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See file.h.
 */
#include "base/file.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static WnStatus read_all(int fd, const char *path, uint8_t *data, size_t size, size_t *got,
                         WnError *error) {
  *got = 0;
  while (*got < size) {
    ssize_t n = read(fd, data + *got, size - *got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wni_fail(error, WN_ERROR_IO, "cannot read '%s': %s", path, strerror(errno));
    if (n == 0) break; /* the file shrank: whoever parses it will say so */
    *got += (size_t)n;
  }
  return WN_OK;
}

/* All of an open file, which is closed; `path` names it. */
static WnStatus read_open(int fd, const char *path, size_t limit, uint8_t **data, size_t *size,
                          WnError *error) {
  WnStatus status;
  struct stat info;
  if (fstat(fd, &info) != 0) {
    status = wni_fail(error, WN_ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
    goto done;
  }
  if (!S_ISREG(info.st_mode)) {
    status = wni_fail(error, WN_ERROR_IO, "cannot read '%s': it is not a regular file", path);
    goto done;
  }
  if (info.st_size < 0 || (uint64_t)info.st_size > limit) {
    status = wni_fail(error, WN_ERROR_MEMORY, "'%s' has %lld bytes; the limit is %zu", path,
                      (long long)info.st_size, limit);
    goto done;
  }
  *data = wni_alloc_raw((size_t)info.st_size + 1);
  if (!*data) {
    status = wni_fail_memory(error, path);
    goto done;
  }
  status = read_all(fd, path, *data, (size_t)info.st_size, size, error);
  if (status != WN_OK) {
    free(*data);
    *data = NULL;
    goto done;
  }
  (*data)[*size] = 0;
done:
  close(fd);
  return status;
}

/* O_NONBLOCK: a FIFO given by mistake must not hang the open. A file server may take a while, in
 * which a signal interrupts it. */
static int open_at(int folder, const char *name, int more_flags) {
  int fd;
  do fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | more_flags);
  while (fd < 0 && errno == EINTR);
  return fd;
}

WnStatus wni_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                       WnError *error) {
  *data = NULL;
  *size = 0;
  int fd = open_at(AT_FDCWD, path, 0);
  if (fd < 0) return wni_fail(error, WN_ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
  return read_open(fd, path, limit, data, size, error);
}

/* -1 and errno where it cannot be opened. */
static int open_beside(const char *path, const char *name) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  int at = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  free(folder);
  if (at < 0) return -1;
  int fd = open_at(at, name, O_NOFOLLOW);
  int why = errno;
  close(at);
  errno = why;
  return fd;
}

WnStatus wni_file_read_beside(const char *path, const char *name, size_t limit, uint8_t **data,
                              size_t *size, WnError *error) {
  *data = NULL;
  *size = 0;
  int fd = open_beside(path, name);
  if (fd >= 0) return read_open(fd, name, limit, data, size, error);
  if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG) return WN_OK;
  return wni_fail(error, WN_ERROR_IO, "cannot open '%s': %s", name,
                  errno == ELOOP ? "it is a link, which is not followed here" : strerror(errno));
}

/* Sixteen bytes at a time: row k of the table moves a byte past k others ("slicing", Kounavis and
 * Berry 2005).  Byte by byte, the checksum would take longer than reading the file. */
enum { SLICES = 16 };
typedef uint32_t CrcTable[SLICES][256];

static void fill_crc_table(CrcTable table) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = (c & 1) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[0][i] = c;
  }
  for (int k = 1; k < SLICES; k++)
    for (int i = 0; i < 256; i++)
      table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xFF];
}

uint32_t wni_crc32(const uint8_t *data, size_t size) {
  CrcTable table;
  fill_crc_table(table);
  uint32_t crc = 0xFFFFFFFFu;
  size_t i = 0;
  for (; i + SLICES <= size; i += SLICES) {
    uint32_t next = 0;
    for (size_t k = 0; k < SLICES; k++) {
      uint32_t byte = k < 4 ? data[i + k] ^ (crc >> 8 * k & 0xFF) : data[i + k];
      next ^= table[SLICES - 1 - k][byte];
    }
    crc = next;
  }
  for (; i < size; i++) crc = table[0][(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}
