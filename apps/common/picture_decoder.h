/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a file format gives to picture.c: one picture_*.c each, and a row in its table.
 */
#ifndef PICTURE_DECODER_H
#define PICTURE_DECODER_H

#include "exif.h"
#include "picture.h"

/* What is known of a picture before its pixels. */
typedef struct PictureHead {
  int32_t width, height; /* as stored; picture.c checks them */
  Exif exif;
  int max_halvings; /* that the decoder can do */
} PictureHead;

typedef struct PictureDecoder {
  bool (*head)(const uint8_t *data, size_t n_bytes, PictureHead *head, PictureProblem *problem);
  /* Writes [height][width][3] as stored to `rgb`, each side halved `halvings` times and rounded
   * up.  `head` is what the function above said of these bytes. */
  bool (*decode)(const uint8_t *data, size_t n_bytes, const PictureHead *head, int halvings,
                 uint8_t *rgb, PictureProblem *problem);
} PictureDecoder;

extern const PictureDecoder picture_jpeg, picture_png, picture_webp, picture_pnm;

/* Fills `problem`; false, so that it can be returned. */
bool picture_fail(PictureProblem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
