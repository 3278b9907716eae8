/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of EXIF matters here: how a picture was held, and when it was taken.
 */
#ifndef EXIF_H
#define EXIF_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Exif {
  int orientation; /* 1 to 8 */
  double taken_s;  /* DateTimeOriginal as in stamp.h; NaN: not known */
} Exif;

#define EXIF_NONE ((Exif){1, NAN}) /* upright, at any time */

/* What stands in a block of EXIF (CIPA DC-008: a TIFF file, perhaps after "Exif\0\0"); of what it
 * does not say, or is damaged, as EXIF_NONE has it. */
Exif exif_read(const uint8_t *data, size_t n_bytes);

#endif
