/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A camera as a source of frames: V4L2 streaming into buffers of the driver that are mapped here.
 * The engine reads a frame where the driver put it, unless it has to be converted.  Whoever is
 * slower than the camera gets the newest frame; older ones go back unseen.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "controls.h"
#include "convert.h"
#include "device.h"
#include "formats.h"
#include "modes.h"
#include "picture_decoder.h"
#include "report.h"
#include "source.h"

/* One that is looked at, one that is being filled, and two for a driver that wants more; it may
 * insist on others. */
enum { N_BUFFERS = 4, MAX_BUFFERS = VIDEO_MAX_FRAME, NONE = -1 };

typedef struct Camera {
  Source source;
  const CameraFormat *format;
  struct v4l2_pix_format driver; /* what the driver delivers */
  size_t frame_bytes;            /* of a frame that is read as it is */
  Converter *converter;          /* NULL: read as it is */
  struct {
    uint8_t *data;
    size_t n_bytes;
  } buffers[MAX_BUFFERS];
  uint32_t n_buffers;
  int taken;               /* the buffer that is looked at, or NONE */
  bool has_passed_over;    /* all that was there, the last time */
  int64_t last_sequence;   /* of the frame taken last; -1 at first */
  int64_t n_damaged_since; /* frames that came damaged after it */
} Camera;

static int call(const Camera *self, unsigned long request, void *argument) {
  return device_call(self->source.descriptor, request, argument);
}

static bool enqueue(const Camera *self, uint32_t index) {
  struct v4l2_buffer buffer = {
      .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = index};
  return call(self, VIDIOC_QBUF, &buffer) == 0;
}

/* ---- Frames ------------------------------------------------------------- */

/* Of what is wrong with a camera's frames the first one tells, and the last one where none is whole
 * (serve.c). */
static void count_damaged(Camera *self) {
  Source *source = &self->source;
  if (source->n_damaged++ == 0)
    report("%s: a damaged frame is left out: %s; more of them are only counted", source->name,
           source->damage.text);
  self->n_damaged_since++;
}

/* Takes all filled buffers and gives back all but the newest.  False and errno: there is none
 * (EAGAIN), or the device failed. */
static bool dequeue_newest(Camera *self, struct v4l2_buffer *newest, uint32_t *n_filled) {
  bool have = false;
  for (*n_filled = 0; *n_filled < self->n_buffers; ++*n_filled) {
    struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (call(self, VIDIOC_DQBUF, &buffer) < 0) return have && errno == EAGAIN;
    bool is_damaged = (buffer.flags & V4L2_BUF_FLAG_ERROR) != 0;
    if (is_damaged) {
      picture_fail(&self->source.damage, "the driver says so");
      count_damaged(self);
    }
    if (is_damaged || buffer.index >= self->n_buffers) {
      if (!enqueue(self, buffer.index)) return false;
      continue;
    }
    if (have && !enqueue(self, newest->index)) return false;
    *newest = buffer;
    have = true;
  }
  errno = EAGAIN;
  return have;
}

/* A driver without an empty buffer drops new frames and keeps old ones.  Where all that it had are
 * full, the newest may be as old as the work on the last one took; the next one is not. */
static bool is_stale(const Camera *self, uint32_t n_filled) {
  return !self->has_passed_over && self->n_buffers > 2 && n_filled >= self->n_buffers - 1;
}

/* Drivers number the frames, also those that they had to drop; some always say 0. */
static void count_missed(Camera *self, uint32_t sequence) {
  int64_t gap = self->last_sequence >= 0 ? sequence - self->last_sequence - 1 : 0;
  if (gap > self->n_damaged_since) self->source.n_missed += (uint64_t)(gap - self->n_damaged_since);
  self->last_sequence = sequence;
  self->n_damaged_since = 0;
}

/* When it was captured, CLOCK_MONOTONIC. */
static int64_t now_ns(void) {
  return g_get_monotonic_time() * 1000;
}

static int64_t time_of(const struct v4l2_buffer *buffer) {
  if ((buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    return (int64_t)buffer->timestamp.tv_sec * 1000000000 + buffer->timestamp.tv_usec * 1000;
  return now_ns();
}

/* A failure shows when the next frame is taken. */
static void release(Source *source) {
  Camera *self = (Camera *)source;
  if (self->taken != NONE) enqueue(self, (uint32_t)self->taken);
  self->taken = NONE;
}

static SourceEvent lost(Camera *self, char **problem) {
  if (errno == ENODEV || errno == ENXIO)
    *problem = g_strdup_printf("%s: the camera was unplugged", self->source.name);
  else
    *problem = device_problem(self->source.name, "the camera failed");
  return SOURCE_LOST;
}

/* False: it is damaged. */
static bool read_frame(Camera *self, uint8_t *data, size_t n_bytes, WnFrame *frame) {
  PictureProblem *damage = &self->source.damage;
  if (self->converter != NULL) return converter_run(self->converter, data, n_bytes, frame, damage);
  format_describe(self->format, &self->driver, data, frame);
  return n_bytes >= self->frame_bytes ||
         picture_fail(damage, "%zu of its %zu bytes have come", n_bytes, self->frame_bytes);
}

static SourceEvent take(Source *source, WnFrame *frame, char **problem) {
  Camera *self = (Camera *)source;
  struct v4l2_buffer buffer;
  uint32_t n_filled;
  if (!dequeue_newest(self, &buffer, &n_filled))
    return errno == EAGAIN ? SOURCE_NOTHING : lost(self, problem);
  self->taken = (int)buffer.index;
  self->has_passed_over = is_stale(self, n_filled);
  if (self->has_passed_over) {
    release(source);
    return SOURCE_NOTHING;
  }
  uint8_t *data = self->buffers[buffer.index].data;
  size_t n_bytes = MIN(buffer.bytesused, self->buffers[buffer.index].n_bytes);
  if (!read_frame(self, data, n_bytes, frame)) {
    count_damaged(self);
    release(source);
    return SOURCE_NOTHING;
  }
  count_missed(self, buffer.sequence);
  frame->pts_ns = time_of(&buffer);
  frame->time_ns = frame->pts_ns + g_get_real_time() * 1000 - now_ns();
  return SOURCE_FRAME;
}

/* ---- Opening ------------------------------------------------------------ */

static void free_camera(Source *source) {
  Camera *self = (Camera *)source;
  if (self == NULL) return;
  if (source->descriptor >= 0)
    call(self, VIDIOC_STREAMOFF, &(enum v4l2_buf_type){V4L2_BUF_TYPE_VIDEO_CAPTURE});
  for (uint32_t i = 0; i < MAX_BUFFERS; i++)
    if (self->buffers[i].data != NULL)
      device_unmap(self->buffers[i].data, self->buffers[i].n_bytes);
  converter_free(self->converter);
  device_close(source->descriptor);
  g_free(source->name);
  g_free(source->description);
  g_free(self);
}

static const SourceClass class = {take, release, free_camera};

static bool fail(const Camera *self, const char *doing, char **problem) {
  *problem = device_problem(self->source.name, doing);
  return false;
}

/* The driver may take another size than it was asked for, where that was nobody's wish. */
static bool set_format(Camera *self, const Mode *mode, const Wish *wish, char **problem) {
  char name[FOURCC_NAME];
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  format.fmt.pix.width = (uint32_t)mode->width;
  format.fmt.pix.height = (uint32_t)mode->height;
  format.fmt.pix.pixelformat = mode->fourcc;
  format.fmt.pix.field = V4L2_FIELD_NONE;
  if (call(self, VIDIOC_S_FMT, &format) < 0) return fail(self, "setting the format", problem);
  const struct v4l2_pix_format *got = &format.fmt.pix;
  format_name(mode->fourcc, name);
  if (got->pixelformat != mode->fourcc ||
      (wish->width > 0 && ((int32_t)got->width != wish->width || //
                           (int32_t)got->height != wish->height))) {
    *problem = g_strdup_printf("%s: the driver refuses %s at %dx%d; try another of --list",
                               self->source.name, name, mode->width, mode->height);
    return false;
  }
  WnFrame frame;
  self->driver = *got;
  self->format = format_find(mode->fourcc);
  if (self->format->converted_to != 0)
    self->converter = converter_new(self->source.descriptor, self->format, got);
  else
    self->frame_bytes = format_describe(self->format, got, NULL, &frame);
  if (self->converter == NULL && self->frame_bytes == 0) {
    *problem = g_strdup_printf("%s: %s at %ux%u cannot be read (%s); try another of --list",
                               self->source.name, name, got->width, got->height,
                               self->format->converted_to != 0 ? "sides have to be even"
                                                               : "its lines are too short");
    return false;
  }
  return true;
}

/* Asks for the rate; returns the one that the driver took, 0: it does not tell. */
static double set_rate(const Camera *self, double fps) {
  struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  struct v4l2_captureparm *capture = &parameters.parm.capture;
  if (call(self, VIDIOC_G_PARM, &parameters) < 0) return 0;
  if (fps > 0 && (capture->capability & V4L2_CAP_TIMEPERFRAME)) {
    capture->timeperframe = (struct v4l2_fract){1000, (uint32_t)(fps * 1000 + 0.5)};
    if (call(self, VIDIOC_S_PARM, &parameters) < 0 && call(self, VIDIOC_G_PARM, &parameters) < 0)
      return 0;
  }
  const struct v4l2_fract *period = &capture->timeperframe;
  return period->numerator > 0 ? (double)period->denominator / period->numerator : 0;
}

static bool map_buffers(Camera *self, char **problem) {
  struct v4l2_requestbuffers request = {
      .count = N_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  if (call(self, VIDIOC_REQBUFS, &request) < 0) return fail(self, "asking for buffers", problem);
  self->n_buffers = MIN(request.count, MAX_BUFFERS);
  for (uint32_t i = 0; i < self->n_buffers; i++) {
    struct v4l2_buffer buffer = {
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i};
    if (call(self, VIDIOC_QUERYBUF, &buffer) < 0) return fail(self, "asking for buffers", problem);
    void *data = device_map(self->source.descriptor, buffer.length, buffer.m.offset);
    if (data == MAP_FAILED) return fail(self, "mapping buffers", problem);
    self->buffers[i].data = data;
    self->buffers[i].n_bytes = buffer.length;
    if (!enqueue(self, i)) return fail(self, "queueing buffers", problem);
  }
  if (self->n_buffers > 0 &&
      call(self, VIDIOC_STREAMON, &(enum v4l2_buf_type){V4L2_BUF_TYPE_VIDEO_CAPTURE}) == 0)
    return true;
  return fail(self, "starting", problem);
}

static void describe(Camera *self, double rate) {
  char name[FOURCC_NAME];
  GString *text = g_string_new(NULL);
  format_name(self->driver.pixelformat, name);
  g_string_printf(text, "%s %ux%u", name, self->driver.width, self->driver.height);
  if (self->converter != NULL)
    g_string_append_printf(text, ", converted to %s", wn_pixel_format_name(self->format->pixel));
  if (rate > 0) g_string_append_printf(text, ", %.4g frames/s", rate);
  self->source.description = g_string_free(text, FALSE);
  self->source.period_ns = rate > 0 ? (int64_t)(1e9 / rate) : 0;
}

/* An HDMI input has the size of its signal once it is told to look. */
static void follow_signal(const Camera *self) {
  struct v4l2_dv_timings timings = {0};
  if (call(self, VIDIOC_QUERY_DV_TIMINGS, &timings) == 0) call(self, VIDIOC_S_DV_TIMINGS, &timings);
}

static bool start(Camera *self, const Wish *wish, const char *const *controls, char **problem) {
  double fps = 0;
  follow_signal(self);
  GArray *modes = modes_list(self->source.descriptor, wish);
  const Mode *mode = modes_choose(modes, wish, self->source.name, &fps, problem);
  bool started = mode != NULL && set_format(self, mode, wish, problem);
  modes_free(modes);
  if (!started) return false;
  double rate = set_rate(self, fps);
  for (; controls != NULL && *controls != NULL; controls++)
    if (!controls_set(self->source.descriptor, self->source.name, *controls, problem)) return false;
  describe(self, rate);
  return map_buffers(self, problem);
}

static char *first_camera(void) {
  char **paths = device_list(), *first = g_strdup(paths[0]);
  g_strfreev(paths);
  return first;
}

Source *camera_open(const char *path, const Wish *wish, const char *const *controls,
                    char **problem) {
  struct v4l2_capability capability = {0};
  Camera *self = g_new0(Camera, 1);
  self->source = (Source){.class = &class, .is_live = true, .descriptor = -1};
  self->source.name = path != NULL ? g_strdup(path) : first_camera();
  self->taken = NONE;
  self->last_sequence = -1;
  if (self->source.name == NULL) {
    *problem = g_strdup("there is no camera: no /dev/video* captures frames; plug one in, or give "
                        "--input FOLDER or CLIP.y4m");
    goto fail;
  }
  self->source.descriptor = device_open(self->source.name, &capability, problem);
  if (self->source.descriptor < 0) goto fail;
  if (!start(self, wish, controls, problem)) goto fail;
  return &self->source;

fail:
  free_camera(&self->source);
  return NULL;
}
