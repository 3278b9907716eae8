/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See image.h.
 */
#include "image.h"

#include <glib.h>
#include <stdlib.h>

#include "file.h"

_Static_assert(PICTURE_MAX_SIDE <= WN_FRAME_MAX_SIDE, "every picture is a frame");

#define MAX_FILE_BYTES ((size_t)1 << 30)

static void add_inputs(const WnModelInfo *model, PictureSize *enough) {
  for (int32_t i = 0; i < model->n_inputs; i++) {
    enough->width = MAX(enough->width, 2 * model->inputs[i].width);
    enough->height = MAX(enough->height, 2 * model->inputs[i].height);
  }
}

PictureSize image_enough(const WnModelInfo *model, const WnModelInfo *other) {
  PictureSize enough = {0};
  add_inputs(model, &enough);
  if (other != NULL) add_inputs(other, &enough);
  return enough;
}

bool image_load(const char *path, PictureSize enough, Image *image, char **problem) {
  size_t n_bytes = 0;
  PictureProblem why;
  char *data = file_read(path, "picture", MAX_FILE_BYTES, &n_bytes, problem);
  if (data == NULL) return false;
  bool loaded = picture_decode((const uint8_t *)data, n_bytes, enough, &image->picture, &why);
  g_free(data);
  if (!loaded) {
    *problem = g_strdup_printf("%s: %s", path, why.text);
    return false;
  }
  image->frame = (WnFrame){.format = WN_PIXEL_RGB,
                           .width = image->picture.width,
                           .height = image->picture.height,
                           .plane = {image->picture.pixels},
                           .stride_bytes = {(ptrdiff_t)image->picture.width * 3},
                           .pts_ns = WN_PTS_NONE};
  return true;
}

void image_clear(Image *image) {
  g_clear_pointer(&image->picture.pixels, free);
}
