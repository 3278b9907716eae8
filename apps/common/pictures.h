/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pictures in a folder and those below it: one rule for all programs, which training/data.py
 * keeps, too.  A picture is a file that ends like one; what is in it shows when it is read.
 */
#ifndef PICTURES_H
#define PICTURES_H

#include <glib.h>
#include <stdbool.h>

#define PICTURE_ENDINGS ".png, .jpg, .jpeg, .webp, .ppm, .pgm" /* for sentences */

/* Whether nobody means this file or folder: it begins with '.', or is one that systems keep beside
 * the user's. */
bool pictures_is_hidden(const char *name);

/* Paths [char *] by name, to be freed with g_ptr_array_unref(); what is hidden does not count.
 * FIFOs, sockets and devices are left out with a line on stderr.  How many files do not end like
 * pictures is added to *n_others; those beside folders are notes.  NULL after a report: the folder
 * cannot be read. */
GPtrArray *pictures_below(const char *folder, guint *n_others);

/* Says in a line how many were left out, if any. */
void pictures_report_others(const char *folder, guint n_others);

/* Both together, for a folder of its own, Where it has no picture or cannot be read the list is
 * empty and *problem a sentence, to be freed with g_free(); else that is NULL. */
GPtrArray *pictures_in(const char *folder, char **problem);

#endif
