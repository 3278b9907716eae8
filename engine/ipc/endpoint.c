/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See endpoint.h.
 */
#include "ipc/endpoint.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 1, BACKLOG = 64 };
enum { MAX_ATTACHED = 8, LOCK_TRIES = 40, LOCK_PAUSE_MS = 50, NEST_TRIES = 8 };

static struct sockaddr_un address_of(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path));
  return address;
}

/* The last part of a path. */
static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int new_socket(void) {
  return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static WnStatus fail(const char *path, const char *what, int reason, WnError *error) {
  return wni_fail(error, WN_ERROR_IO, "'%s': %s: %s", path, what, strerror(reason));
}

WnStatus wni_endpoint_check(const char *path, WnError *error) {
  size_t length = path ? strlen(path) : 0;
  if (length < 1 || length > PATH_MAX_BYTES)
    return wni_fail(error, WN_ERROR_ARGUMENT, "socket path: %zu bytes; it must have 1 to %zu",
                    length, (size_t)PATH_MAX_BYTES);
  return WN_OK;
}

/* ---- taking a path ---- */

/* Also one that may be written and not read. -1: errno says why. */
static int open_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash == path ? strdup("/")
                 : slash       ? strndup(path, (size_t)(slash - path))
                               : strdup(".");
  int fd = -1, flags = O_RDONLY;
  for (int i = 0; folder && i < 2 && fd < 0; i++, flags = O_PATH) {
    do fd = open(folder, flags | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno != EACCES) break;
  }
  int reason = errno;
  free(folder);
  errno = reason;
  return fd;
}

/* Publishers that start at the same time take turns. None takes as long as the patience here: a
 * lock that is held for longer is another program's, which may do that for ever to every folder
 * that it can read, and there is nothing to wait for. */
static void lock_folder(int folder) {
  for (int i = 0; i < LOCK_TRIES && flock(folder, LOCK_EX | LOCK_NB) != 0; i++) {
    struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
    if (errno != EWOULDBLOCK && errno != EINTR) return;
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR) continue;
  }
}

/* Whether the path is free, or holds a socket that nobody listens to any more. */
static WnStatus check_free(const char *path, int folder, WnError *error) {
  struct sockaddr_un address = address_of(path);
  struct stat info;
  if (fstatat(folder, name_of(path), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? WN_OK : fail(path, "no socket can be made", errno, error);
  if (!S_ISSOCK(info.st_mode))
    return wni_fail(error, WN_ERROR_IO, "'%s': is in the way and no socket; name another path",
                    path);
  int probe = new_socket();
  if (probe < 0) return fail(path, "no socket can be made", errno, error);
  int reason = connect(probe, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
  close(probe);
  if (reason == ECONNREFUSED) return WN_OK;
  if (reason == 0 || reason == EAGAIN || reason == EPROTOTYPE)
    return wni_fail(error, WN_ERROR_IO,
                    "'%s': another program serves this socket; stop it or name another path", path);
  return fail(path, "cannot tell whether it is in use; name another path", reason, error);
}

/* A folder beside the path, which only this user can enter. The socket is bound there, moved to the
 * path when it has its permissions and listens, and the folder goes. So whoever sees the path can
 * connect, and no name is trusted under which another user, who may write beside the path, can have
 * put something else meanwhile. */
typedef struct Nest {
  int fd;
  char name[PATH_MAX_BYTES + 16];
} Nest;

#define SOCKET_IN_NEST "s"

/* Only what a publisher of this user's can have left. */
static void remove_nest(int folder, const char *name) {
  struct stat info;
  int fd = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  bool is_ours = fstat(fd, &info) == 0 && info.st_uid == geteuid() && (info.st_mode & 077) == 0;
  if (is_ours && fstatat(fd, SOCKET_IN_NEST, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISSOCK(info.st_mode))
    unlinkat(fd, SOCKET_IN_NEST, 0);
  close(fd);
  if (is_ours) unlinkat(folder, name, AT_REMOVEDIR);
}

/* Whether nobody else can enter it. A umask can take even the owner's permissions; the group's bit
 * stays, since the socket gets its group by it. */
static bool make_private(int nest) {
  struct stat info;
  char link[32];
  if (fstat(nest, &info) != 0) return false;
  if (info.st_uid != geteuid() || (info.st_mode & 077)) {
    errno = EPERM;
    return false;
  }
  snprintf(link, sizeof link, "/proc/self/fd/%d", nest);
  return (info.st_mode & 0700) == 0700 || chmod(link, 0700 | (info.st_mode & S_ISGID)) == 0;
}

/* What was made may have been swapped before it is opened: then it is none. */
static bool open_nest(int folder, Nest *nest) {
  int fd = openat(folder, nest->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && make_private(fd)) {
    nest->fd = fd;
    return true;
  }
  int reason = errno;
  if (fd >= 0) close(fd);
  if (reason != EPERM) unlinkat(folder, nest->name, AT_REMOVEDIR); /* no descriptors left, say */
  errno = reason;
  return false;
}

/* Usually the path's name and `~`, so that one of a publisher that was killed just here is found
 * and used again; where another user has that name, any other will do. */
static bool make_nest(int folder, const char *name, Nest *nest) {
  uint32_t tag = 0;
  for (int i = 0; i < NEST_TRIES; i++) {
    if (i == 0)
      snprintf(nest->name, sizeof nest->name, "%s~", name);
    else if (getrandom(&tag, sizeof tag, 0) == sizeof tag)
      snprintf(nest->name, sizeof nest->name, "%s~%08x", name, tag);
    if (i == 0) remove_nest(folder, nest->name);
    if (mkdirat(folder, nest->name, 0700) == 0) return open_nest(folder, nest);
    if (errno != EEXIST) return false;
  }
  return false;
}

/* Through the descriptor, which is the folder that was looked at, and for which no path is too
 * long. */
static bool bind_in(const Nest *nest, int fd) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_IN_NEST, nest->fd);
  return bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* Nobody can connect before listen(), so that nobody gets in before the group is set. */
static bool open_listener(WniListener *l, const Nest *nest, mode_t mode, gid_t group) {
  struct stat info;
  l->fd = new_socket();
  if (l->fd < 0 || !bind_in(nest, l->fd) ||
      (group != (gid_t)-1 && fchownat(nest->fd, SOCKET_IN_NEST, (uid_t)-1, group, 0) != 0) ||
      fchmodat(nest->fd, SOCKET_IN_NEST, mode, 0) != 0 || listen(l->fd, BACKLOG) != 0 ||
      fstatat(nest->fd, SOCKET_IN_NEST, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return false;
  l->device = info.st_dev;
  l->inode = info.st_ino;
  return true;
}

static bool is_there(const WniListener *l, const char *name) {
  struct stat info;
  return l->inode != 0 && fstatat(l->folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         info.st_dev == l->device && info.st_ino == l->inode;
}

static WnStatus settle(WniListener *l, const char *path, const Nest *nest, WnError *error) {
  const char *name = name_of(path);
  if (renameat(nest->fd, SOCKET_IN_NEST, l->folder, name) != 0)
    return errno == EPERM || errno == EACCES
               ? wni_fail(error, WN_ERROR_IO,
                          "'%s': is another user's; name a path in a folder of your own", path)
               : fail(path, "no socket can be made", errno, error);
  if (is_there(l, name)) return WN_OK;
  return wni_fail(error, WN_ERROR_IO,
                  "'%s': another user changes what is in its folder; name a path in a folder that "
                  "only you can write to",
                  path);
}

static WnStatus take_path(WniListener *l, const char *path, mode_t mode, gid_t group,
                          WnError *error) {
  Nest nest = {.fd = -1};
  WnStatus status = WN_OK;
  if (!make_nest(l->folder, name_of(path), &nest) || !open_listener(l, &nest, mode, group))
    status = fail(path, "no socket can be made", errno, error);
  if (status == WN_OK) status = settle(l, path, &nest, error);
  if (nest.fd < 0) return status;
  unlinkat(nest.fd, SOCKET_IN_NEST, 0);
  close(nest.fd);
  unlinkat(l->folder, nest.name, AT_REMOVEDIR);
  return status;
}

WnStatus wni_endpoint_listen(const char *path, mode_t mode, gid_t group, WniListener *out,
                             WnError *error) {
  WnStatus status = wni_endpoint_check(path, error);
  *out = (WniListener){.fd = -1, .folder = -1};
  if (status != WN_OK) return status;
  out->folder = open_folder(path);
  if (out->folder < 0) return fail(path, "its folder cannot be used", errno, error);
  lock_folder(out->folder);
  status = check_free(path, out->folder, error);
  if (status == WN_OK) status = take_path(out, path, mode, group, error);
  flock(out->folder, LOCK_UN);
  if (status != WN_OK) wni_endpoint_close(out, path);
  return status;
}

void wni_endpoint_close(WniListener *listener, const char *path) {
  if (listener->folder < 0) return;
  if (is_there(listener, name_of(path))) unlinkat(listener->folder, name_of(path), 0);
  close(listener->folder);
  if (listener->fd >= 0) close(listener->fd);
  *listener = (WniListener){.fd = -1, .folder = -1};
}

/* ---- connecting ---- */

WnStatus wni_endpoint_connect(const char *path, int *fd, WnError *error) {
  struct sockaddr_un address = address_of(path);
  *fd = new_socket();
  if (*fd < 0) return fail(path, "cannot connect", errno, error);
  if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0) return WN_OK;
  int reason = errno;
  close(*fd);
  *fd = -1;
  if (reason == ENOENT || reason == ECONNREFUSED || reason == EAGAIN || reason == EINTR)
    return WN_OK;
  return fail(path, "cannot connect", reason, error);
}

/* ---- messages ---- */

WniSent wni_endpoint_send(int fd, const void *message, size_t bytes, int attached) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec part = {(void *)message, bytes};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
  if (attached >= 0) {
    m.msg_control = &control;
    m.msg_controllen = sizeof control.room;
    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &attached, sizeof attached);
  }
  ssize_t n;
  do n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0) return WNI_SENT;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? WNI_SENT_LATER
                                                                     : WNI_SENT_GONE;
}

/* Keeps the first descriptor and closes the others. */
static int take_attached(struct msghdr *m) {
  int kept = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      if (kept < 0)
        kept = fd;
      else
        close(fd);
    }
  }
  return kept;
}

ssize_t wni_endpoint_receive(int fd, void *message, size_t size, int *attached) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(MAX_ATTACHED * sizeof(int))];
  } control;
  struct iovec part = {message, size};
  struct msghdr m = {.msg_iov = &part,
                     .msg_iovlen = 1,
                     .msg_control = &control,
                     .msg_controllen = sizeof control.room};
  *attached = -1;
  ssize_t n;
  do n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0;
  *attached = take_attached(&m);
  return m.msg_flags & MSG_TRUNC ? (ssize_t)size + 1 : n;
}
