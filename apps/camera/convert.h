/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames in formats that the engine does not read, made readable by libv4lconvert; JPEGs by the
 * decoder of files (picture_jpeg.c).
 */
#ifndef CONVERT_H
#define CONVERT_H

#include "formats.h"
#include "picture.h"

typedef struct Converter Converter;

/* For frames of `format`, whose size and lines `driver` describes, of the open device (which
 * libv4lconvert asks whether its pictures have to be turned).  NULL: the format is none that is
 * converted, the size is odd, or there is no memory. */
Converter *converter_new(int descriptor, const CameraFormat *format,
                         const struct v4l2_pix_format *driver);
void converter_free(Converter *converter); /* NULL is ignored */

/* The picture in `data` [n_bytes]; it belongs to the converter until the next call.  False: it is
 * damaged, and *problem says how. */
bool converter_run(Converter *converter, uint8_t *data, size_t n_bytes, WnFrame *frame,
                   PictureProblem *problem);

#endif
