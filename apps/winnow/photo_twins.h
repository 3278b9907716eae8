/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Photos that are there twice, byte for byte.
 */
#ifndef PHOTO_TWINS_H
#define PHOTO_TWINS_H

#include <glib.h>

/* Leaves of equal files in one class the first in `photos` (Photo), and says so; equal files in two
 * classes are told and stay, since nobody knows which of them is right.  A file that cannot be read
 * has no twin. */
void photo_twins_drop(GArray *photos);

#endif
