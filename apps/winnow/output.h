/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that a command is going to write.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <glib.h>
#include <stdbool.h>

/* Whether a file can be made at `path`, found out before the work that it would hold is done;
 * reports it if not. */
bool output_is_possible(const char *path);

/* Writes the file, whole or not at all, also when a signal ends the program meanwhile; reports it
 * if that fails. */
bool output_write(const char *path, const GString *content);

#endif
