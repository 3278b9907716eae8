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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A new socket is bound beside the path, one byte longer, and then moved there. */
enum { PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 2, BACKLOG = 64 };
enum { MAX_ATTACHED = 8, LOCK_TRIES = 40, LOCK_PAUSE_MS = 50 };

static struct sockaddr_un address_of(const char *path, const char *suffix) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  memcpy(address.sun_path, path, length);
  memcpy(address.sun_path + length, suffix, strlen(suffix));
  return address;
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
static WnStatus check_free(const char *path, WnError *error) {
  struct sockaddr_un address = address_of(path, "");
  struct stat info;
  if (lstat(path, &info) != 0)
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

/* Nobody can connect before listen(), so that nobody sees the socket with other permissions. */
static bool bind_beside(WniListener *l, const char *path, mode_t mode, gid_t group) {
  struct sockaddr_un beside = address_of(path, "~");
  struct stat info;
  if (lstat(beside.sun_path, &info) == 0 && S_ISSOCK(info.st_mode)) unlink(beside.sun_path);
  l->fd = new_socket();
  if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&beside, sizeof beside) != 0) return false;
  if (chmod(beside.sun_path, mode) == 0 &&
      (group == (gid_t)-1 || lchown(beside.sun_path, (uid_t)-1, group) == 0) &&
      lstat(beside.sun_path, &info) == 0 && listen(l->fd, BACKLOG) == 0 &&
      rename(beside.sun_path, path) == 0) {
    l->device = info.st_dev;
    l->inode = info.st_ino;
    return true;
  }
  int reason = errno;
  unlink(beside.sun_path);
  errno = reason;
  return false;
}

WnStatus wni_endpoint_listen(const char *path, mode_t mode, gid_t group, WniListener *out,
                             WnError *error) {
  WnStatus status = wni_endpoint_check(path, error);
  *out = (WniListener){.fd = -1};
  if (status != WN_OK) return status;
  int folder = lock_folder(path);
  if (folder < 0) return fail(path, "its folder cannot be used", errno, error);
  status = check_free(path, error);
  if (status == WN_OK && !bind_beside(out, path, mode, group)) {
    status = fail(path, "no socket can be made", errno, error);
    if (out->fd >= 0) close(out->fd);
    out->fd = -1;
  }
  close(folder);
  return status;
}

void wni_endpoint_close(WniListener *listener, const char *path) {
  struct stat info;
  if (listener->fd < 0) return;
  if (lstat(path, &info) == 0 && info.st_dev == listener->device && info.st_ino == listener->inode)
    unlink(path);
  close(listener->fd);
  listener->fd = -1;
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
