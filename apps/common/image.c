/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See image.h.  The size is read from the file's header first, so that a small
 * file that claims a huge image is refused before memory is spent on it.
 */
#include "image.h"

#include <errno.h>
#include <stdio.h>

#define MAX_SIDE_PIXELS 16384 /* what WnFrame allows */

/* Why `path` cannot be opened as a file, or NULL. */
static char *check_readable(const char *path) {
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return g_strdup_printf("%s: is a folder, not an image", path);
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    return g_strdup_printf("%s: cannot open the image: %s", path, g_strerror(errno));
  fclose(file);
  return NULL;
}

static GdkPixbuf *decode(const char *path, char **problem) {
  int width = 0, height = 0;
  if (gdk_pixbuf_get_file_info(path, &width, &height) == NULL) {
    *problem =
        g_strdup_printf("%s: not an image that can be read; give a PNG, JPEG or PPM file", path);
    return NULL;
  }
  if (width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS) {
    *problem = g_strdup_printf("%s: %dx%d pixels are too many; the limit is %d a side", path, width,
                               height, MAX_SIDE_PIXELS);
    return NULL;
  }
  GError *error = NULL;
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_file(path, &error);
  if (pixbuf == NULL) {
    *problem = g_strdup_printf("%s: damaged image: %s", path, error->message);
    g_error_free(error);
  }
  return pixbuf;
}

bool image_load(const char *path, Image *image, char **problem) {
  *problem = check_readable(path);
  if (*problem != NULL) return false;
  GdkPixbuf *stored = decode(path, problem);
  if (stored == NULL) return false;
  GdkPixbuf *upright = gdk_pixbuf_apply_embedded_orientation(stored);
  g_object_unref(stored);
  if (upright == NULL) {
    *problem = g_strdup_printf("%s: not enough memory to turn the image upright", path);
    return false;
  }
  *image =
      (Image){.pixbuf = upright,
              .frame = {.format = gdk_pixbuf_get_has_alpha(upright) ? WN_PIXEL_RGBA : WN_PIXEL_RGB,
                        .width = gdk_pixbuf_get_width(upright),
                        .height = gdk_pixbuf_get_height(upright),
                        .plane = {gdk_pixbuf_read_pixels(upright)},
                        .stride_bytes = {gdk_pixbuf_get_rowstride(upright)},
                        .pts_ns = WN_PTS_NONE}};
  return true;
}

void image_clear(Image *image) {
  g_clear_object(&image->pixbuf);
}
