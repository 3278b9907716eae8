/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one thing of EXIF that matters here: how a picture was held.
 */
#ifndef EXIF_H
#define EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation, 1 to 8, in a block of EXIF (CIPA DC-008: a TIFF file, perhaps after "Exif\0\0");
 * 1, upright, for one that says none or is damaged. */
int exif_orientation(const uint8_t *data, size_t n_bytes);

#endif
