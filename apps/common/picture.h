/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Picture files in memory to pixels, upright: JPEG, PNG, WebP, PPM and PGM, told by their content.
 * The bytes may be anyone's: every size in them is checked before it is used.  Neither GLib nor the
 * engine is needed here.
 */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a picture may have as it is stored; found out before memory is taken for its pixels.  Those
 * take three bytes each, for a moment twice where the picture has to be turned; a progressive JPEG
 * takes up to six more. */
enum { PICTURE_MAX_SIDE = 16384, PICTURE_MAX_PIXELS = 120000000 };

#define PICTURE_KINDS "JPEG, PNG, WebP, PPM or PGM" /* those that can be read, for sentences */

typedef struct Picture {
  uint8_t *pixels; /* [height][width][3] red, green, blue, rows without gaps; freed with free() */
  int32_t width, height;
  double taken_s; /* when, as its EXIF says (exif.h); NaN: not known */
} Picture;

typedef struct PictureSize {
  int32_t width, height;
} PictureSize;

typedef struct PictureProblem {
  char text[200]; /* one line that could follow the file's name and a colon */
} PictureProblem;

/* Decodes the file of `n_bytes` at `data`.  Alpha is ignored: colours are as they are stored.
 * `enough`: where it costs less, the picture is halved, up to three times, but both its sides stay
 * at least as long as this says; zeros: never.  On failure returns false and fills `problem`; there
 * is nothing to free then. */
bool picture_decode(const uint8_t *data, size_t n_bytes, PictureSize enough, Picture *picture,
                    PictureProblem *problem);

#endif
