/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pictures in a folder and those below it.
 */
#ifndef PICTURES_H
#define PICTURES_H

#include <glib.h>

#define PICTURE_ENDINGS ".png, .jpg, .jpeg, .webp, .ppm, .pgm" /* for sentences */

/* Paths [char *] by name, to be freed with g_ptr_array_unref(): files that end like a picture.  A
 * folder that cannot be read and names that begin with '.' are left out; so are, with a line on
 * stderr, FIFOs, sockets and devices.  *n_others is how many other files there are; it may be NULL.
 */
GPtrArray *pictures_below(const char *folder, guint *n_others);

#endif
