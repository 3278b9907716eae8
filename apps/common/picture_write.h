/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pixels to picture files in memory.  As picture.h, without GLib and the engine.
 */
#ifndef PICTURE_WRITE_H
#define PICTURE_WRITE_H

#include "picture.h"

/* Encodes the picture, whose sides are at most PICTURE_MAX_SIDE, as a baseline JPEG of `quality`
 * 1..100.  *data [*n_bytes] is to be freed with free().  On failure returns false, fills `problem`
 * and sets *data to NULL. */
bool picture_encode_jpeg(const Picture *picture, int quality, uint8_t **data, size_t *n_bytes,
                         PictureProblem *problem);

#endif
