/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a photo's file name says of when it was taken.
 */
#ifndef PHOTO_NAME_H
#define PHOTO_NAME_H

#include <stddef.h>

/* A number that orders photos: seconds since 1970 where the name holds a time stamp
 * (20261129T081500, IMG_20240101_120000, 2024-01-01 12.00.00), else its last number (photo_0012,
 * and in seconds frame-000123400ms); NaN: it has none, or is a hash.  `name` is a file name or a
 * path. */
double photo_name_when(const char *name);

/* How many bytes of `path` stand before the last number of the file's name; 0: there is none. */
size_t photo_name_stem(const char *path);

#endif
