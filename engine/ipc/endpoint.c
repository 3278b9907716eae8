/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See endpoint.h.
 */
#include "ipc/endpoint.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A new socket is bound beside the path, one byte longer, and moved there once it listens: whoever
 * sees the path can connect. */
enum { PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 2, BACKLOG = 64 };
enum { MAX_ATTACHED = 8, LOCK_TRIES = 40, LOCK_PAUSE_MS = 50 };

static struct sockaddr_un address_of(const char *path, const char *suffix) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  memcpy(address.sun_path, path, length);
  memcpy(address.sun_path + length, suffix, strlen(suffix));
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

/* Publishers that start at the same time take turns: the folder is locked, so that no file is left.
 * -1: it cannot be. */
static int lock_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash == path ? strdup("/")
                 : slash       ? strndup(path, (size_t)(slash - path))
                               : strdup(".");
  int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  free(folder);
  for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
    struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
    if (errno != EWOULDBLOCK || i == LOCK_TRIES) {
      int reason = errno;
      close(fd);
      errno = reason;
      return -1;
    }
    nanosleep(&pause, NULL);
  }
  return fd;
}

/* Whether the path is free, or holds a socket that nobody listens to any more. */
static WnStatus check_free(const char *path, int folder, WnError *error) {
  struct sockaddr_un address = address_of(path, "");
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
  return fail(path, "cannot tell whether it is in use", reason, error);
}

/* bind() with permissions. Afterwards the path may lead to anything, if the folder is another
 * user's: they are not changed there, but come from a umask. */
typedef struct Bind {
  int fd;
  struct sockaddr_un address;
  mode_t mode;
  int reason; /* errno; 0: done */
} Bind;

/* In a thread of its own, since a umask is the process's unless a thread gives that up; where a
 * container forbids even this, it is the process's for the moment. */
static void *bind_with_mode(void *argument) {
  Bind *b = argument;
  bool own = unshare(CLONE_FS) == 0;
  mode_t before = umask(~b->mode & 0777);
  if (bind(b->fd, (struct sockaddr *)&b->address, sizeof b->address) != 0) b->reason = errno;
  if (!own) umask(before);
  return NULL;
}

/* False: errno says why. */
static bool bind_socket(int fd, const struct sockaddr_un *address, mode_t mode) {
  Bind b = {.fd = fd, .address = *address, .mode = mode};
  pthread_t thread;
  int reason = pthread_create(&thread, NULL, bind_with_mode, &b);
  if (reason == 0) pthread_join(thread, NULL);
  errno = reason ? reason : b.reason;
  return errno == 0;
}

/* Remembers which file the socket is and gives it to the group, through a descriptor of what is
 * there now: a socket of ours, or nothing is changed. */
static bool claim(WniListener *l, const char *name, gid_t group) {
  struct stat info;
  int fd = openat(l->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  bool ours = fd >= 0 && fstat(fd, &info) == 0;
  if (ours && (!S_ISSOCK(info.st_mode) || info.st_uid != geteuid())) {
    errno = EPERM;
    ours = false;
  }
  if (ours && group != (gid_t)-1) ours = fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) == 0;
  if (ours) {
    l->device = info.st_dev;
    l->inode = info.st_ino;
  }
  int reason = errno;
  if (fd >= 0) close(fd);
  errno = reason;
  return ours;
}

/* Nobody can connect before listen(), so that nobody gets in before the group is set. */
static bool open_listener(WniListener *l, const char *path, mode_t mode, gid_t group) {
  struct sockaddr_un beside = address_of(path, "~");
  const char *name = name_of(beside.sun_path);
  struct stat info;
  if (fstatat(l->folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(info.st_mode))
    unlinkat(l->folder, name, 0); /* of a publisher that was killed just here */
  l->fd = new_socket();
  if (l->fd < 0 || !bind_socket(l->fd, &beside, mode)) return false;
  if (claim(l, name, group) && listen(l->fd, BACKLOG) == 0 &&
      renameat(l->folder, name, l->folder, name_of(path)) == 0)
    return true;
  int reason = errno;
  unlinkat(l->folder, name, 0);
  errno = reason;
  return false;
}

WnStatus wni_endpoint_listen(const char *path, mode_t mode, gid_t group, WniListener *out,
                             WnError *error) {
  WnStatus status = wni_endpoint_check(path, error);
  *out = (WniListener){.fd = -1, .folder = -1};
  if (status != WN_OK) return status;
  out->folder = lock_folder(path);
  if (out->folder < 0) return fail(path, "its folder cannot be used", errno, error);
  status = check_free(path, out->folder, error);
  if (status == WN_OK && !open_listener(out, path, mode, group))
    status = fail(path, "no socket can be made", errno, error);
  flock(out->folder, LOCK_UN);
  if (status != WN_OK) wni_endpoint_close(out, path);
  return status;
}

void wni_endpoint_close(WniListener *listener, const char *path) {
  struct stat info;
  if (listener->folder < 0) return;
  if (fstatat(listener->folder, name_of(path), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      listener->inode != 0 && info.st_dev == listener->device && info.st_ino == listener->inode)
    unlinkat(listener->folder, name_of(path), 0);
  close(listener->folder);
  if (listener->fd >= 0) close(listener->fd);
  *listener = (WniListener){.fd = -1, .folder = -1};
}

/* ---- connecting ---- */

WnStatus wni_endpoint_connect(const char *path, int *fd, WnError *error) {
  struct sockaddr_un address = address_of(path, "");
  *fd = new_socket();
  if (*fd < 0) return fail(path, "cannot connect", errno, error);
  if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0) return WN_OK;
  int reason = errno;
  close(*fd);
  *fd = -1;
  if (reason == ENOENT || reason == ECONNREFUSED || reason == EAGAIN) return WN_OK;
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
  if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return WNI_SENT;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS
             ? WNI_SENT_LATER
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
  ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : 0;
  *attached = take_attached(&m);
  return m.msg_flags & MSG_TRUNC ? (ssize_t)size + 1 : n;
}
