/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow-camera --list`: the cameras of this machine and what they can do.
 */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>

/* Prints the device at `path`, or with NULL all that capture.  False: *problem is a sentence, to
 * be freed by the caller. */
bool list_cameras(const char *path, char **problem);

#endif
