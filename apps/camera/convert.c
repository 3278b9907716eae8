/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See convert.h.  libv4lconvert decodes what it gets of a JPEG that is cut and says nothing, and
 * refuses grey ones; so JPEGs are decoded as files are, and it is left to turn the pictures of
 * cameras that are built in upside down.
 */
#include "convert.h"

#include <glib.h>
#include <libv4l-plugin.h>
#include <libv4lconvert.h>
#include <limits.h>
#include <string.h>

#include "device.h"
#include "picture_decoder.h"

struct Converter {
  const CameraFormat *format;
  struct v4lconvert_data *library;
  struct v4l2_format from, to; /* of what the library gets and gives */
  WnFrame frame;               /* of `pixels` */
  uint8_t *pixels;
  size_t n_bytes;
  bool is_jpeg;
  uint8_t *decoded; /* of a JPEG what the library gets; NULL: it has nothing to do */
};

/* How libv4lconvert asks what camera it is, some of which need their pictures turned: through
 * libv4l2, as everybody here. */
static int ask(void *unused, int descriptor, unsigned long request, void *argument) {
  (void)unused;
  return device_call(descriptor, request, argument);
}

static const struct libv4l_dev_ops camera_calls = {.ioctl = ask};

static bool is_jpeg(uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

/* What is decoded has the form that is wanted; false: no memory to turn it. */
static bool prepare_jpeg(Converter *self) {
  self->from = self->to;
  if (!v4lconvert_needs_conversion(self->library, &self->from, &self->to)) return true;
  self->decoded = g_try_malloc(self->n_bytes);
  return self->decoded != NULL;
}

Converter *converter_new(int descriptor, const CameraFormat *format,
                         const struct v4l2_pix_format *driver) {
  if (format->converted_to == 0 || driver->width % 2 != 0 || driver->height % 2 != 0) return NULL;
  Converter *self = g_new0(Converter, 1);
  self->format = format;
  self->is_jpeg = is_jpeg(format->fourcc);
  self->from = (struct v4l2_format){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .fmt.pix = *driver};
  self->to = self->from;
  self->to.fmt.pix.pixelformat = format->converted_to;
  v4lconvert_fixup_fmt(&self->to);
  self->n_bytes = format_describe(format, &self->to.fmt.pix, NULL, &self->frame);
  self->pixels =
      self->n_bytes > 0 && self->n_bytes <= INT_MAX ? g_try_malloc0(self->n_bytes) : NULL;
  self->library = v4lconvert_create_with_dev_ops(descriptor, NULL, &camera_calls);
  if (self->pixels != NULL && self->library != NULL && (!self->is_jpeg || prepare_jpeg(self))) {
    format_describe(format, &self->to.fmt.pix, self->pixels, &self->frame);
    return self;
  }
  converter_free(self);
  return NULL;
}

void converter_free(Converter *self) {
  if (self == NULL) return;
  v4lconvert_destroy(self->library);
  g_free(self->decoded);
  g_free(self->pixels);
  g_free(self);
}

static bool convert(Converter *self, uint8_t *data, size_t n_bytes, PictureProblem *problem) {
  if (n_bytes == 0 || n_bytes > INT_MAX) return picture_fail(problem, "it has %zu bytes", n_bytes);
  int made = v4lconvert_convert(self->library, &self->from, &self->to, data, (int)n_bytes,
                                self->pixels, (int)self->n_bytes);
  if (made == (int)self->n_bytes) return true;
  const char *why =
      made < 0 ? v4lconvert_get_error_message(self->library) : "not all of it is there";
  return picture_fail(problem, "%.*s", (int)strcspn(why, "\n"), why);
}

static bool decode_jpeg(Converter *self, const uint8_t *data, size_t n_bytes,
                        PictureProblem *problem) {
  PictureHead head = {0};
  if (!picture_jpeg.head(data, n_bytes, &head, problem)) return false;
  if (head.width != self->frame.width || head.height != self->frame.height)
    return picture_fail(problem,
                        "it has %dx%d pixels in a stream of %dx%d; give --size with a size that "
                        "the camera keeps to",
                        head.width, head.height, self->frame.width, self->frame.height);
  uint8_t *rgb = self->decoded != NULL ? self->decoded : self->pixels;
  return picture_jpeg.decode(data, n_bytes, &head, 0, rgb, problem) &&
         (self->decoded == NULL || convert(self, self->decoded, self->n_bytes, problem));
}

bool converter_run(Converter *self, uint8_t *data, size_t n_bytes, WnFrame *frame,
                   PictureProblem *problem) {
  *frame = self->frame;
  return self->is_jpeg ? decode_jpeg(self, data, n_bytes, problem)
                       : convert(self, data, n_bytes, problem);
}
