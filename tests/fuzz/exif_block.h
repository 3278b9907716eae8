/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A block of EXIF to put right behind the start of a JPEG.
 */
#ifndef FUZZ_EXIF_BLOCK_H
#define FUZZ_EXIF_BLOCK_H

#include <stdint.h>

enum { EXIF_TIME_BYTES = 20 }; /* at the end */

/* Turned by 90 degrees, and with the time at which it was taken in a directory of its own. */
static const uint8_t exif_block[] = "\xff\xe1\0\x54"
                                    "Exif\0\0"
                                    "MM\0\x2a\0\0\0\x08"
                                    "\0\2"
                                    "\x01\x12\0\3\0\0\0\1\0\6\0\0"
                                    "\x87\x69\0\4\0\0\0\1\0\0\0\x26"
                                    "\0\0\0\0"
                                    "\0\1"
                                    "\x90\3\0\2\0\0\0\x14\0\0\0\x38"
                                    "\0\0\0\0"
                                    "2026:11:29 08:15:00";

#endif
