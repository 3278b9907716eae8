/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Uncompressed clips, YUV4MPEG2 (.y4m): the form that GStreamer, ffmpeg and mjpegtools write.  A
 * file, a FIFO, or standard input; nothing here waits for whoever writes it.  The bytes may be
 * anyone's.
 */
#ifndef Y4M_H
#define Y4M_H

#include <stdbool.h>
#include <winnow/winnow.h>

typedef struct Y4m Y4m;

/* How reading a frame went. */
typedef enum Y4mReading {
  Y4M_FRAME,   /* there is one, until the next call */
  Y4M_NOT_YET, /* not all of it is there: wait for the descriptor */
  Y4M_END      /* there will never be another one */
} Y4mReading;

/* Opens the clip at `path`, "-" for standard input.  The header of a file is read at once and the
 * file is known to have a frame, that of a pipe is read by y4m_read().  NULL: *problem is a
 * sentence, to be freed with g_free(). */
Y4m *y4m_open(const char *path, char **problem);
void y4m_free(Y4m *clip); /* NULL is ignored */

/* Reads on.  A frame's pts_ns counts from the first one, at the clip's rate.  Y4M_END: *problem is
 * a sentence, or NULL where the clip ends behind a frame. */
Y4mReading y4m_read(Y4m *clip, WnFrame *frame, char **problem);

bool y4m_is_pipe(const Y4m *clip);   /* its frames come when they are written */
int y4m_descriptor(const Y4m *clip); /* readable when y4m_read() gets further; the clip's */

/* What the header says, zeros before it is read: the frames' format and size, and the time from one
 * to the next, 30 a second where it does not say. */
const WnFrame *y4m_format(const Y4m *clip);
int64_t y4m_period_ns(const Y4m *clip);

#endif
