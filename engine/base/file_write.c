/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that are there whole or not at all (file.h).  What is written has no name until it is
 * complete, where the file system can do that: of a process that is killed meanwhile nothing stays.
 * Elsewhere, or without /proc, it is called FOLDER/.winnow-new-N, and so it is for a moment where
 * another file must give way to it.  Whoever writes it holds a lock on it; one without a lock was
 * left by a process that was killed, and the next that writes in that folder removes it.
 *
 * A file that is there keeps its mode, and its owner where the system allows it; a link is
 * followed, if the system's own rules for links in shared folders allow it.  What is no file, a
 * pipe, a terminal or /dev/null, is written to as it is.
 */
#include "base/file.h"

#include "base/error.h"
#include "base/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS "/proc/self/fd"
#define NEW_NAME ".winnow-new-"

enum { MAX_NAMES = 100, NUMBERS_LENGTH = 32, NAMES_MODE = 0666, KEPT_MODE = 0777 };

typedef struct Draft {
  char *path;   /* where it shall be */
  char *folder; /* that is in */
  char *name;   /* where it is, once is_named */
  bool is_named, is_stream;
  struct stat old; /* of the file that is there; st_nlink 0: there is none */
  int fd;          /* -1: none */
} Draft;

/* ---- where ---- */

/* The descriptor of this process that `path` is a name of; -1: of none. */
static int own_descriptor(const char *path) {
  static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  static const char *const folders[] = {"/dev/fd/", DESCRIPTORS "/"};
  for (int i = 0; i < 3; i++)
    if (strcmp(path, names[i]) == 0) return i;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    const char *digits = path + strlen(folders[i]);
    if (strncmp(path, folders[i], strlen(folders[i])) != 0) continue;
    if (*digits && strlen(digits) < 7 && !digits[strspn(digits, "0123456789")]) return atoi(digits);
  }
  return -1;
}

static WnStatus fail(const char *path, const char *why, WnError *error) {
  return wni_fail(error, WN_ERROR_IO, "cannot write '%s': %s", path, why);
}

/* Where the link leads: what the system says of the descriptor that it opened. */
static char *target_of(const char *path, int fd, const struct stat *info) {
  char source[sizeof DESCRIPTORS + NUMBERS_LENGTH];
  struct stat found;
  snprintf(source, sizeof source, DESCRIPTORS "/%d", fd);
  char *target = realpath(access(DESCRIPTORS, X_OK) == 0 ? source : path, NULL);
  if (target && lstat(target, &found) == 0 && found.st_ino == info->st_ino &&
      found.st_dev == info->st_dev)
    return target;
  free(target);
  return NULL;
}

/* What is there already; `fd` of it, opened without touching it. */
static WnStatus find_old(Draft *draft, const char *path, int fd, WnError *error) {
  struct stat link;
  if (fstat(fd, &draft->old) != 0) return fail(path, strerror(errno), error);
  mode_t mode = draft->old.st_mode;
  if (S_ISDIR(mode)) return fail(path, "it is a folder; give the file to write", error);
  if (S_ISSOCK(mode) || S_ISBLK(mode)) return fail(path, "it is no file, pipe or terminal", error);
  draft->is_stream = !S_ISREG(mode);
  if (draft->is_stream || lstat(path, &link) != 0 || !S_ISLNK(link.st_mode)) return WN_OK;
  free(draft->path);
  draft->path = target_of(path, fd, &draft->old);
  return draft->path ? WN_OK : fail(path, "it is a link, and where it leads has changed", error);
}

static WnStatus find_place(Draft *draft, const char *path, WnError *error) {
  struct stat link;
  WnStatus status = WN_OK;
  *draft = (Draft){.path = strdup(path), .fd = -1};
  if (!draft->path) return wni_fail_memory(error, path);
  draft->is_stream = own_descriptor(path) >= 0;
  if (draft->is_stream) return WN_OK;
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd >= 0) {
    status = find_old(draft, path, fd, error);
    close(fd);
  } else if (errno != ENOENT) {
    return fail(path, strerror(errno), error);
  } else if (lstat(path, &link) == 0) {
    return fail(path, "it is a link to a file that is not there; give that file", error);
  }
  if (status != WN_OK) return status;
  const char *slash = strrchr(draft->path, '/');
  size_t length = slash ? (size_t)(slash - draft->path) + 1 : 0; /* the slash is the root's */
  draft->folder = slash ? strndup(draft->path, length) : strdup("./");
  draft->name =
      draft->folder ? malloc(strlen(draft->folder) + sizeof NEW_NAME + NUMBERS_LENGTH) : NULL;
  return draft->name ? WN_OK : wni_fail_memory(error, path);
}

/* ---- a file that takes the place of another ---- */

static bool link_unnamed(const Draft *draft, const char *path) {
  char source[sizeof DESCRIPTORS + NUMBERS_LENGTH];
  snprintf(source, sizeof source, DESCRIPTORS "/%d", draft->fd);
  return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

static bool is_called(int fd, const char *name) {
  struct stat info, found;
  return fstat(fd, &info) == 0 && lstat(name, &found) == 0 && info.st_ino == found.st_ino &&
         info.st_dev == found.st_dev;
}

/* Removes the file of this name if it is ours and nobody writes it any more. */
static void remove_left(const char *name) {
  struct stat info;
  int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
      flock(fd, LOCK_EX | LOCK_NB) == 0 && is_called(fd, name))
    unlink(name);
  close(fd);
}

/* Gives the file the name, or makes one of that name. */
static bool try_name(Draft *draft) {
  if (draft->fd >= 0) return link_unnamed(draft, draft->name);
  int fd = open(draft->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, NAMES_MODE);
  if (fd < 0) return false;
  /* Where nothing can be locked, nothing is removed either. */
  if ((flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && is_called(fd, draft->name)) {
    draft->fd = fd;
    return true;
  }
  close(fd); /* somebody took it for one that was left */
  errno = EEXIST;
  return false;
}

/* Finds a name in the folder, for the file or for a new one; false: errno. */
static bool take_name(Draft *draft) {
  for (int i = 0; i < MAX_NAMES && !draft->is_named; i++) {
    snprintf(draft->name, strlen(draft->folder) + sizeof NEW_NAME + NUMBERS_LENGTH,
             "%s" NEW_NAME "%d", draft->folder, i);
    remove_left(draft->name);
    draft->is_named = try_name(draft);
    if (!draft->is_named && errno != EEXIST) break;
  }
  return draft->is_named;
}

/* False: errno. */
static bool open_draft(Draft *draft) {
  if (access(DESCRIPTORS, X_OK) == 0)
    draft->fd = open(draft->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, NAMES_MODE);
  if (draft->fd < 0) return take_name(draft);
  flock(draft->fd, LOCK_EX | LOCK_NB); /* of a file that has no name yet: nobody has locked it */
  return true;
}

/* False: errno.  Who may not give files away has written one of his own, as with any editor. */
static bool keep_attributes(const Draft *draft) {
  struct stat now;
  if (draft->old.st_nlink == 0) return true;
  if (fstat(draft->fd, &now) != 0) return false;
  if ((now.st_uid != draft->old.st_uid || now.st_gid != draft->old.st_gid) &&
      fchown(draft->fd, draft->old.st_uid, draft->old.st_gid) != 0 &&
      fchown(draft->fd, (uid_t)-1, draft->old.st_gid) != 0 && errno != EPERM)
    return false;
  return fchmod(draft->fd, draft->old.st_mode & KEPT_MODE) == 0;
}

/* Gives what is complete the path as its name; false: errno. */
static bool appear(Draft *draft) {
  if (!draft->is_named) {
    if (draft->old.st_nlink == 0 && link_unnamed(draft, draft->path)) return true;
    if ((draft->old.st_nlink == 0 && errno != EEXIST) || !take_name(draft)) return false;
  }
  if (rename(draft->name, draft->path) != 0) return false;
  draft->is_named = false;
  return true;
}

/* ---- writing ---- */

static bool fill(const Draft *draft, WniFileWriter *write, const void *data) {
  int fd = fcntl(draft->fd, F_DUPFD_CLOEXEC, 0);
  FILE *stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
  if (!stream) {
    if (fd >= 0) close(fd);
    return false;
  }
  errno = 0;
  write(stream, data);
  bool written = fflush(stream) == 0 && !ferror(stream) && (draft->is_stream || fsync(fd) == 0);
  int why = errno;
  written = fclose(stream) == 0 && written;
  if (why) errno = why; /* of the first failure */
  return written;
}

/* Opening a FIFO waits for its reader, and so does writing; a signal ends both. */
static bool write_stream(Draft *draft, WniFileWriter *write, const void *data) {
  int own = own_descriptor(draft->path);
  draft->fd = own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 0)
                       : open(draft->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  return draft->fd >= 0 && fill(draft, write, data);
}

static bool write_file(Draft *draft, WniFileWriter *write, const void *data) {
  return open_draft(draft) && fill(draft, write, data) && keep_attributes(draft) && appear(draft);
}

WnStatus wni_file_write(const char *path, WniFileWriter *write, const void *data, WnError *error) {
  Draft draft;
  WnStatus status = find_place(&draft, path, error);
  if (status == WN_OK) {
    /* A name is only for a moment, and a signal would leave it. */
    const WniQuiet quiet = wni_quiet_begin(draft.is_stream ? WNI_QUIET_WRITES : WNI_QUIET_ALL);
    bool written =
        draft.is_stream ? write_stream(&draft, write, data) : write_file(&draft, write, data);
    if (!written) status = fail(path, strerror(errno), error);
    if (draft.is_named) unlink(draft.name);
    wni_quiet_end(&quiet);
  }
  if (draft.fd >= 0) close(draft.fd);
  free(draft.name);
  free(draft.folder);
  free(draft.path);
  return status;
}

/* ---- for programs ---- */

typedef struct Bytes {
  const void *data;
  size_t size;
} Bytes;

static void write_bytes(FILE *stream, const void *data) {
  const Bytes *bytes = data;
  if (bytes->size) fwrite(bytes->data, 1, bytes->size, stream);
}

WnStatus wn_file_write(const char *path, const void *data, size_t size, WnError *error) {
  if (!path || !*path) return wni_fail(error, WN_ERROR_ARGUMENT, "no file to write is given");
  return wni_file_write(path, write_bytes, &(Bytes){data, size}, error);
}
