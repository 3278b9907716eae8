/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A still picture from a file, upright, as a frame for the engine.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <winnow/winnow.h>

#include "picture.h"

typedef struct Image {
  Picture picture; /* owns the pixels */
  WnFrame frame;   /* RGB, borrowed from it */
} Image;

/* The size of a picture from which nothing that `model` takes is lost: twice its input.  `other` is
 * a second model that looks at the same pictures, or NULL. */
PictureSize image_enough(const WnModelInfo *model, const WnModelInfo *other);

/* Loads the file at `path`; one that is larger than `enough` may come smaller (picture.h).  On
 * failure returns false and *problem is a sentence to be reported and freed with g_free(); there is
 * nothing to clear then. */
bool image_load(const char *path, PictureSize enough, Image *image, char **problem);
void image_clear(Image *image);

#endif
