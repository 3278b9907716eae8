/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See fake_driver.h.
 */
#include "fake_driver.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "device.h"

enum { MAX_FAKE_BUFFERS = 64, DESCRIPTOR = 77 };

FakeDriver fake;

static uint8_t pixels[MAX_FAKE_BUFFERS][FAKE_BYTES];
/* Numbers of buffers, first in, first out. */
typedef struct Queue {
  struct v4l2_buffer buffers[MAX_FAKE_BUFFERS];
  uint32_t n;
} Queue;
static Queue empty, filled;
static uint32_t next_sequence, n_buffers;

static void push(Queue *queue, struct v4l2_buffer buffer) {
  queue->buffers[queue->n++] = buffer;
}

static struct v4l2_buffer pop(Queue *queue) {
  struct v4l2_buffer first = queue->buffers[0];
  queue->n--;
  memmove(queue->buffers, queue->buffers + 1, queue->n * sizeof first);
  return first;
}

void fake_reset(void) {
  fake = (FakeDriver){.bytesused = FAKE_BYTES};
  empty.n = filled.n = 0;
  next_sequence = n_buffers = 0;
}

void fake_capture(int n, bool damaged) {
  for (int i = 0; i < n; i++) {
    uint32_t sequence = next_sequence++;
    if (empty.n == 0) continue; /* dropped */
    struct v4l2_buffer buffer = pop(&empty);
    if (fake.frame != NULL)
      memcpy(pixels[buffer.index], fake.frame, fake.bytesused);
    else
      pixels[buffer.index][0] = (uint8_t)sequence;
    buffer.sequence = sequence;
    buffer.bytesused = fake.bytesused;
    buffer.flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | (damaged ? V4L2_BUF_FLAG_ERROR : 0);
    buffer.timestamp.tv_sec = sequence;
    push(&filled, buffer);
  }
}

/* ---- What device.c does for a real one ------------------------------------ */

int device_open(const char *path, struct v4l2_capability *capability, char **problem) {
  (void)path, (void)problem;
  memset(capability, 0, sizeof *capability);
  fake.n_open++;
  return DESCRIPTOR;
}

void device_close(int descriptor) {
  fake.n_open -= descriptor == DESCRIPTOR;
}

void *device_map(int descriptor, size_t n_bytes, int64_t offset) {
  (void)descriptor, (void)n_bytes;
  fake.n_mapped++;
  return pixels[offset];
}

void device_unmap(void *data, size_t n_bytes) {
  (void)data, (void)n_bytes;
  fake.n_mapped--;
}

char *device_problem(const char *path, const char *doing) {
  return g_strdup_printf("%s: %s: %s", path, doing, g_strerror(errno));
}

char **device_list(void) {
  return g_new0(char *, 1);
}

static int no(int reason) {
  errno = reason;
  return -1;
}

static uint32_t listed(void) {
  return fake.listed != 0 ? fake.listed : V4L2_PIX_FMT_YUYV;
}

int device_call(int descriptor, unsigned long request, void *argument) {
  struct v4l2_buffer *buffer = argument;
  struct v4l2_format *format = argument;
  (void)descriptor;
  if (request == fake.failing) return no(fake.reason);
  switch (request) {
  case VIDIOC_QUERYCAP: /* libv4lconvert asks what it is */
    memset(argument, 0, sizeof(struct v4l2_capability));
    ((struct v4l2_capability *)argument)->capabilities = V4L2_CAP_VIDEO_CAPTURE;
    return 0;
  case VIDIOC_ENUM_FMT:
    if (((struct v4l2_fmtdesc *)argument)->index > 0) return no(EINVAL);
    ((struct v4l2_fmtdesc *)argument)->pixelformat = listed();
    return 0;
  case VIDIOC_G_FMT:
  case VIDIOC_S_FMT:
    format->fmt.pix = (struct v4l2_pix_format){.width = FAKE_WIDTH,
                                               .height = FAKE_HEIGHT,
                                               .pixelformat = listed(),
                                               .bytesperline = FAKE_WIDTH * 2,
                                               .sizeimage = FAKE_BYTES};
    if (fake.fourcc != 0) format->fmt.pix.pixelformat = fake.fourcc;
    return 0;
  case VIDIOC_REQBUFS:
    n_buffers = ((struct v4l2_requestbuffers *)argument)->count;
    if (fake.n_buffers > 0) n_buffers = fake.n_buffers;
    ((struct v4l2_requestbuffers *)argument)->count = n_buffers;
    return 0;
  case VIDIOC_QUERYBUF:
    buffer->length = FAKE_BYTES;
    buffer->m.offset = buffer->index;
    return 0;
  case VIDIOC_QBUF:
    if (buffer->index >= n_buffers) return no(EINVAL);
    push(&empty, *buffer);
    return 0;
  case VIDIOC_DQBUF:
    if (filled.n == 0) return no(EAGAIN);
    *buffer = pop(&filled);
    return 0;
  case VIDIOC_STREAMON:
    fake.n_queued_at_start = empty.n;
    fake.is_streaming = true;
    return 0;
  case VIDIOC_STREAMOFF:
    fake.is_streaming = false;
    return 0;
  default:
    return no(ENOTTY);
  }
}
