/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that are there whole or not at all (file.h).  What is written has no name until it is
 * complete, where the file system can do that: of a process that is killed meanwhile nothing stays.
 * Elsewhere, or without /proc, it has a name beside the one wanted, and so it has for a moment
 * where another file must give way to it.
 */
#include "base/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS "/proc/self/fd"

enum { MAX_NAMES = 100, NUMBERS_LENGTH = 32 };

typedef struct Draft {
  const char *path; /* where it shall be */
  int fd;           /* -1: none */
  char *name;       /* [strlen(path) + NUMBERS_LENGTH] where it is, once is_named */
  bool is_named;
} Draft;

/* Leaves fd at -1 where files without a name are not possible. */
static void open_unnamed(Draft *draft) {
  if (access(DESCRIPTORS, X_OK) != 0) return;
  char *folder = strcpy(draft->name, draft->path), *slash = strrchr(folder, '/');
  if (!slash)
    strcpy(folder, ".");
  else
    slash[slash == folder] = 0; /* that of the root stays */
  draft->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

static bool link_unnamed(const Draft *draft, const char *path) {
  char source[sizeof DESCRIPTORS + NUMBERS_LENGTH];
  snprintf(source, sizeof source, DESCRIPTORS "/%d", draft->fd);
  return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* Finds a name beside the path that is free, for the file or for a new one; false: errno. */
static bool take_name(Draft *draft) {
  for (int i = 0; i < MAX_NAMES && !draft->is_named; i++) {
    snprintf(draft->name, strlen(draft->path) + NUMBERS_LENGTH, "%s.%d-%d", draft->path,
             (int)getpid(), i);
    if (draft->fd < 0) {
      draft->fd = open(draft->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      draft->is_named = draft->fd >= 0;
    } else {
      draft->is_named = link_unnamed(draft, draft->name);
    }
    if (!draft->is_named && errno != EEXIST) break;
  }
  return draft->is_named;
}

static bool fill(const Draft *draft, WniFileWriter *write, const void *data) {
  int fd = fcntl(draft->fd, F_DUPFD_CLOEXEC, 0);
  FILE *stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
  if (!stream) {
    if (fd >= 0) close(fd);
    return false;
  }
  write(stream, data);
  bool written = fflush(stream) == 0 && !ferror(stream) && fsync(fd) == 0;
  return fclose(stream) == 0 && written;
}

/* Gives what is complete the path as its name; false: errno. */
static bool appear(Draft *draft) {
  if (!draft->is_named) {
    if (link_unnamed(draft, draft->path)) return true;
    if (errno != EEXIST || !take_name(draft)) return false;
  }
  return rename(draft->name, draft->path) == 0;
}

WnStatus wni_file_write(const char *path, WniFileWriter *write, const void *data, WnError *error) {
  struct stat info;
  WnStatus status = WN_OK;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
    return wni_fail(error, WN_ERROR_IO, "cannot write '%s': it is not a regular file", path);
  Draft draft = {.path = path, .fd = -1, .name = malloc(strlen(path) + NUMBERS_LENGTH)};
  if (!draft.name) return wni_fail_memory(error, path);
  open_unnamed(&draft);
  if ((draft.fd < 0 && !take_name(&draft)) || !fill(&draft, write, data) || !appear(&draft)) {
    status = wni_fail(error, WN_ERROR_IO, "cannot write '%s': %s", path, strerror(errno));
    if (draft.is_named) unlink(draft.name);
  }
  if (draft.fd >= 0) close(draft.fd);
  free(draft.name);
  return status;
}
