/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A video clip (y4m.h) in place of a camera.  A file is played at the clip's rate or the user's; a
 * pipe is taken as its writer fills it.
 */
#include <errno.h>
#include <unistd.h>

#include "pace.h"
#include "source.h"
#include "y4m.h"

typedef struct Clip {
  Source source; /* its descriptor: the timer of a file, the pipe itself */
  Y4m *reader;
  double fps;    /* the user's, 0: the clip's own */
  int64_t index; /* of the next frame */
} Clip;

static int64_t period(const Clip *self) {
  return self->fps > 0 ? (int64_t)(1e9 / self->fps) : y4m_period_ns(self->reader);
}

static SourceEvent take(Source *source, WnFrame *frame, char **problem) {
  Clip *self = (Clip *)source;
  if (!y4m_is_pipe(self->reader) && !pace_take(source->descriptor, source->name, problem))
    return *problem != NULL ? SOURCE_END : SOURCE_NOTHING;
  Y4mReading reading = y4m_read(self->reader, frame, problem);
  source->period_ns = period(self);
  if (reading != Y4M_FRAME) return reading == Y4M_END ? SOURCE_END : SOURCE_NOTHING;
  frame->pts_ns = self->index++ * source->period_ns;
  return SOURCE_FRAME;
}

static void release(Source *source) {
  (void)source;
}

static void free_clip(Source *source) {
  Clip *self = (Clip *)source;
  if (source->descriptor >= 0 && !y4m_is_pipe(self->reader)) close(source->descriptor);
  y4m_free(self->reader);
  g_free(source->name);
  g_free(source->description);
  g_free(self);
}

static const SourceClass class = {take, release, free_clip};

/* What is known of a file at once. */
static bool open_paced(Clip *self, char **problem) {
  Source *source = &self->source;
  const WnFrame *format = y4m_format(self->reader);
  source->period_ns = period(self);
  source->descriptor = pace_open(source->period_ns);
  source->description =
      g_strdup_printf("%s %dx%d, %.4g frames/s", wn_pixel_format_name(format->format),
                      format->width, format->height, 1e9 / (double)source->period_ns);
  if (source->descriptor < 0)
    *problem = g_strdup_printf("%s: no timer: %s", source->name, g_strerror(errno));
  return source->descriptor >= 0;
}

Source *clip_open(const char *path, double fps, char **problem) {
  Y4m *reader = y4m_open(path, problem);
  if (reader == NULL) return NULL;
  Clip *self = g_new0(Clip, 1);
  self->source = (Source){.class = &class, .descriptor = -1, .name = g_strdup(path)};
  self->reader = reader;
  self->fps = fps;
  if (y4m_is_pipe(reader)) {
    self->source.descriptor = y4m_descriptor(reader);
    self->source.description = g_strdup("a clip through a pipe");
  } else if (!open_paced(self, problem)) {
    free_clip(&self->source);
    return NULL;
  }
  return &self->source;
}
