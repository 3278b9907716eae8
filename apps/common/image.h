/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A still image from a file, decoded by gdk-pixbuf and turned upright.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdbool.h>
#include <winnow/winnow.h>

typedef struct Image {
  GdkPixbuf *pixbuf; /* owns the pixels */
  WnFrame frame;     /* RGB or RGBA, borrowed from pixbuf */
} Image;

/* Loads `path`.  On failure returns false and *problem is a sentence to be
 * reported and freed with g_free(); there is nothing to clear then. */
bool image_load(const char *path, Image *image, char **problem);
void image_clear(Image *image);

#endif
