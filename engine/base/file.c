/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See file.h.
 */
#include "base/file.h"

#include "base/error.h"

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

WnStatus wni_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                       WnError *error) {
  WnStatus status;
  struct stat info;
  *data = NULL;
  *size = 0;
  /* O_NONBLOCK: a FIFO given by mistake must not hang the open. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &info) != 0) {
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
  *data = malloc((size_t)info.st_size + 1);
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
  if (fd >= 0) close(fd);
  return status;
}

uint32_t wni_crc32(const uint8_t *data, size_t size) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = (c & 1) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; i++) crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}
