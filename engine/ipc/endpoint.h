/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Unix sockets of a channel: taking a path, finding who serves it, and messages with a
 * descriptor. Nothing here blocks for longer than it takes another publisher to start.
 */
#ifndef WNI_IPC_ENDPOINT_H
#define WNI_IPC_ENDPOINT_H

#include <sys/types.h>
#include <winnow/winnow.h>

/* Errors: ARGUMENT: empty, or too long for a socket. */
WnStatus wni_endpoint_check(const char *path, WnError *error);

/* A socket at a path, as the one who made it knows it again. */
typedef struct WniListener {
  int fd;
  int folder; /* that the path is in */
  dev_t device;
  ino_t inode;
} WniListener;

/* Listens at `path` with these permissions (group -1: as the file system gives it). A socket there
 * that nobody serves is replaced. Errors: ARGUMENT, IO. */
WnStatus wni_endpoint_listen(const char *path, mode_t mode, gid_t group, WniListener *out,
                             WnError *error);

/* Ends it; removes the path if it is still that socket. */
void wni_endpoint_close(WniListener *listener, const char *path);

/* *fd is -1, and the status OK, when nobody serves the path at present. Errors: IO. */
WnStatus wni_endpoint_connect(const char *path, int *fd, WnError *error);

typedef enum WniSent { WNI_SENT, WNI_SENT_LATER, WNI_SENT_GONE } WniSent;

/* One message, with descriptor `attached` unless -1. LATER: the other side has not read what it
 * has.
 */
WniSent wni_endpoint_send(int fd, const void *message, size_t bytes, int attached);

/* One message of up to `size` bytes: its length, 0 when the other side has gone, -1 when there is
 * none. *attached is a descriptor that came along, or -1; more than one are closed. A message that
 * is longer counts as `size` + 1. */
ssize_t wni_endpoint_receive(int fd, void *message, size_t size, int *attached);

#endif
