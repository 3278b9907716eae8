/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See image.h.
 */
#include "image.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

_Static_assert(PICTURE_MAX_SIDE <= WN_FRAME_MAX_SIDE, "every picture is a frame");

#define MAX_FILE_BYTES ((size_t)1 << 30)

/* How many stored pixels for each of the input's are as good as more: what picks pixels, rather
 * than averages over them, needs all of them, and what a library averages over is not what a JPEG
 * decoder does. */
static int32_t pixels_for_each(const WnInputInfo *input) {
  const char *how = input->interpolation;
  if (strcmp(how, "nearest") == 0 || strcmp(how, "linear") == 0) return PICTURE_MAX_SIDE;
  return strcmp(how, "area") == 0 ? 2 : 8;
}

static void add_inputs(const WnModelInfo *model, PictureSize *enough) {
  for (int32_t i = 0; i < model->n_inputs; i++) {
    const WnInputInfo *input = &model->inputs[i];
    int32_t n = pixels_for_each(input);
    enough->width = MAX(enough->width, MIN(n * input->width, PICTURE_MAX_SIDE));
    enough->height = MAX(enough->height, MIN(n * input->height, PICTURE_MAX_SIDE));
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
