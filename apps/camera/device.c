/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See device.h.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int device_call(int descriptor, unsigned long request, void *argument) {
  int result;
  do {
    result = v4l2_ioctl(descriptor, request, argument);
  } while (result < 0 && errno == EINTR);
  return result;
}

void *device_map(int descriptor, size_t n_bytes, int64_t offset) {
  return v4l2_mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, offset);
}

void device_unmap(void *data, size_t n_bytes) {
  v4l2_munmap(data, n_bytes);
}

char *device_problem(const char *path, const char *doing) {
  switch (errno) {
  case EACCES:
  case EPERM:
    return g_strdup_printf("%s: permission denied; cameras are usually open to the group video: "
                           "'sudo adduser YOU video', then log in again",
                           path);
  case EBUSY:
    return g_strdup_printf("%s: the camera is busy; another program has it ('fuser -v %s' tells "
                           "which)",
                           path, path);
  case ENOENT:
  case ENXIO:
  case ENODEV:
    return g_strdup_printf("%s: there is no camera; 'winnow-camera --list' shows those that are "
                           "there",
                           path);
  case ENOSPC:
    return g_strdup_printf(
        "%s: the USB bus has no room left for it; try a smaller --size or --fps, "
        "--format MJPG, or another port",
        path);
  case EPIPE:
  case ENOLINK:
    return g_strdup_printf("%s: %s: the camera's parts are not connected, as with sensors that "
                           "need libcamera; see 'winnow-camera --help'",
                           path, doing);
  default:
    return g_strdup_printf("%s: %s: %s", path, doing, g_strerror(errno));
  }
}

static bool captures(const struct v4l2_capability *capability) {
  uint32_t caps = capability->capabilities & V4L2_CAP_DEVICE_CAPS ? capability->device_caps
                                                                  : capability->capabilities;
  return (caps & V4L2_CAP_VIDEO_CAPTURE) != 0 && (caps & V4L2_CAP_STREAMING) != 0;
}

/* libv4l2 and its plugins speak on both outputs; one carries our results, the other our errors. */
static int open_quietly(int descriptor) {
  if (v4l2_log_file == NULL) v4l2_log_file = fopen("/dev/null", "we");
  fflush(stdout);
  int results = dup(STDOUT_FILENO);
  if (results < 0 || v4l2_log_file == NULL) return -1;
  dup2(fileno(v4l2_log_file), STDOUT_FILENO);
  int opened = v4l2_fd_open(descriptor, V4L2_DISABLE_CONVERSION);
  fflush(stdout);
  dup2(results, STDOUT_FILENO);
  close(results);
  return opened;
}

/* Any V4L2 device. */
static int open_node(const char *path, struct v4l2_capability *capability, char **problem) {
  int descriptor, asked;
  do descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) {
    *problem = device_problem(path, "cannot be opened");
    return -1;
  }
  /* Asked directly first, since plugins complain about what is no V4L2 device on standard error. */
  do asked = ioctl(descriptor, VIDIOC_QUERYCAP, capability);
  while (asked < 0 && errno == EINTR);
  if (asked < 0) {
    *problem = g_strdup_printf("%s: is no camera (no V4L2 device)", path);
    close(descriptor);
    return -1;
  }
  if (open_quietly(descriptor) < 0) {
    *problem = device_problem(path, "libv4l2 does not understand it");
    close(descriptor);
    return -1;
  }
  /* Once more, since plugins change what a device says of itself. */
  if (device_call(descriptor, VIDIOC_QUERYCAP, capability) < 0) {
    *problem = device_problem(path, "asking what it is");
    device_close(descriptor);
    return -1;
  }
  return descriptor;
}

int device_open(const char *path, struct v4l2_capability *capability, char **problem) {
  int descriptor = open_node(path, capability, problem);
  if (descriptor < 0 || captures(capability)) return descriptor;
  *problem =
      g_strdup_printf("%s: captures no frames; 'winnow-camera --list' shows the devices that "
                      "do",
                      path);
  device_close(descriptor);
  return -1;
}

void device_close(int descriptor) {
  if (descriptor >= 0) v4l2_close(descriptor);
}

static int by_number(const void *a, const void *b) {
  const char *const *left = a, *const *right = b;
  return atoi(*left + strlen("/dev/video")) - atoi(*right + strlen("/dev/video"));
}

char **device_list(void) {
  GPtrArray *paths = g_ptr_array_new();
  GDir *folder = g_dir_open("/dev", 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
    if (!g_str_has_prefix(name, "video") || !g_ascii_isdigit(name[strlen("video")])) continue;
    g_ptr_array_add(paths, g_strconcat("/dev/", name, NULL));
  }
  if (folder != NULL) g_dir_close(folder);
  g_ptr_array_sort(paths, by_number);
  for (guint i = paths->len; i-- > 0;) {
    struct v4l2_capability capability = {0};
    char *problem = NULL;
    int descriptor = open_node(paths->pdata[i], &capability, &problem);
    /* What cannot be opened stays: whoever opens it says why. */
    if (descriptor >= 0 && !captures(&capability)) g_free(g_ptr_array_remove_index(paths, i));
    device_close(descriptor);
    g_free(problem);
  }
  g_ptr_array_add(paths, NULL);
  return (char **)g_ptr_array_free(paths, FALSE);
}
