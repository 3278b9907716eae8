/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that the user names, opened without waiting for anyone: a FIFO without a writer, or a
 * terminal, must not hold a program up.
 */
#ifndef FILE_H
#define FILE_H

#include <glib.h>
#include <stdbool.h>

/* A descriptor of the regular file at `path`, and its length.  `wanted` says what it should hold,
 * as "picture".  -1: *problem is a sentence that names the path, to be freed by the caller. */
int file_open(const char *path, const char *wanted, size_t *n_bytes, char **problem);

/* Its bytes, at most `limit`, in new memory with a zero behind them; NULL as above. */
char *file_read(const char *path, const char *wanted, size_t limit, size_t *n_bytes,
                char **problem);

#endif
