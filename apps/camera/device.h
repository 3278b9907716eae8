/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A V4L2 device file: opening it and talking to its driver, through libv4l2 with its own
 * conversions switched off.  What is left of libv4l2 are its plugins, which make devices of the
 * multi-planar kind look like the others.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <glib.h>
#include <linux/videodev2.h>
#include <stdbool.h>

/* Opens without blocking.  -1: *problem is a sentence, to be freed by the caller. */
int device_open(const char *path, struct v4l2_capability *capability, char **problem);
void device_close(int descriptor);

/* ioctl() that goes on after a signal; -1 and errno as it. */
int device_call(int descriptor, unsigned long request, void *argument);

/* Memory of the driver, to be read and written; MAP_FAILED and errno. */
void *device_map(int descriptor, size_t n_bytes, int64_t offset);
void device_unmap(void *data, size_t n_bytes);

/* A sentence for errno after `doing` failed, with what to do about it. */
char *device_problem(const char *path, const char *doing);

/* Paths of the devices that capture frames, and of those that cannot be opened, by number; to be
 * freed with g_strfreev(), may be empty.  Cameras have other nodes too, for statistics. */
char **device_list(void);

#endif
