/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A camera's driver that does what a test says.  It takes the place of apps/camera/device.c: one
 * format, one size, any number of buffers, which it fills when told to.
 */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

enum { FAKE_WIDTH = 64, FAKE_HEIGHT = 48, FAKE_BYTES = FAKE_WIDTH * FAKE_HEIGHT * 2 };

typedef struct FakeDriver {
  uint32_t n_buffers;    /* that it insists on; 0: as many as it is asked for */
  unsigned long failing; /* the request that fails next and from then on... */
  int reason;            /* ...with this errno */
  uint32_t bytesused;    /* of the frames to come */
  uint32_t fourcc;       /* that it takes, whatever it is asked for; 0: what it is asked for */
  uint32_t listed;       /* the format that it has; 0: YUYV */
  const uint8_t *frame;  /* [bytesused] what it captures; NULL: the number of the frame */
  /* What came of it. */
  uint32_t n_queued_at_start; /* buffers, when streaming began */
  int n_open, n_mapped;       /* at present */
  bool is_streaming;
} FakeDriver;

extern FakeDriver fake;

/* As new. */
void fake_reset(void);

/* Captures `n` frames, each into an empty buffer if there is one; the first byte of each says its
 * number, 0 for the first.  damaged: with the flag that says so. */
void fake_capture(int n, bool damaged);

#endif
