/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See convert.h.
 */
#include "convert.h"

#include <glib.h>
#include <libv4l-plugin.h>
#include <libv4lconvert.h>
#include <limits.h>

#include "device.h"

struct Converter {
  const CameraFormat *format;
  struct v4lconvert_data *library;
  struct v4l2_format from, to;
  WnFrame frame; /* of `pixels` */
  uint8_t *pixels;
  size_t n_bytes;
};

/* How libv4lconvert asks what camera it is, some of which need their pictures turned: through
 * libv4l2, as everybody here. */
static int ask(void *unused, int descriptor, unsigned long request, void *argument) {
  (void)unused;
  return device_call(descriptor, request, argument);
}

static const struct libv4l_dev_ops camera_calls = {.ioctl = ask};

Converter *converter_new(int descriptor, const CameraFormat *format,
                         const struct v4l2_pix_format *driver) {
  if (format->converted_to == 0 || driver->width % 2 != 0 || driver->height % 2 != 0) return NULL;
  Converter *self = g_new0(Converter, 1);
  self->format = format;
  self->from = (struct v4l2_format){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .fmt.pix = *driver};
  self->to = self->from;
  self->to.fmt.pix.pixelformat = format->converted_to;
  v4lconvert_fixup_fmt(&self->to);
  self->n_bytes = format_describe(format, &self->to.fmt.pix, NULL, &self->frame);
  self->pixels =
      self->n_bytes > 0 && self->n_bytes <= INT_MAX ? g_try_malloc0(self->n_bytes) : NULL;
  self->library = v4lconvert_create_with_dev_ops(descriptor, NULL, &camera_calls);
  if (self->pixels != NULL && self->library != NULL) {
    format_describe(format, &self->to.fmt.pix, self->pixels, &self->frame);
    return self;
  }
  converter_free(self);
  return NULL;
}

void converter_free(Converter *self) {
  if (self == NULL) return;
  v4lconvert_destroy(self->library);
  g_free(self->pixels);
  g_free(self);
}

bool converter_run(Converter *self, uint8_t *data, size_t n_bytes, WnFrame *frame) {
  if (n_bytes == 0 || n_bytes > INT_MAX) return false;
  int made = v4lconvert_convert(self->library, &self->from, &self->to, data, (int)n_bytes,
                                self->pixels, (int)self->n_bytes);
  *frame = self->frame;
  return made == (int)self->n_bytes;
}
