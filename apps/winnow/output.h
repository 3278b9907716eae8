/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that a command is going to write.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <glib.h>
#include <stdbool.h>

/* Whether a file can be written at `*path`, found out before the work that it would hold is done;
 * reports it if not.  Where that is standard output, what the program prints from now on goes to
 * standard error, and *path, which is g_free()d, becomes another name of it. */
bool output_is_possible(char **path);

/* Writes the file, whole or not at all (wn_file_write()); reports it if that fails. */
bool output_write(const char *path, const GString *content);

#endif
