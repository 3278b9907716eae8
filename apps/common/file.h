/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that the user names, opened without waiting for anyone: a FIFO without a writer, or a
 * terminal, must not hold a program up.  What a program was given open is waited for: "-" and
 * /dev/stdin are standard input, /dev/fd/N is descriptor N, whether files or pipes.
 */
#ifndef FILE_H
#define FILE_H

#include <glib.h>
#include <stdbool.h>

/* The bytes of the regular file at `path`, or of what was given open, at most `limit`, in new
 * memory with a zero behind them. `wanted` says what it should hold, as "picture".  NULL: *problem
 * is a sentence that names the path, to be freed by the caller. */
char *file_read(const char *path, const char *wanted, size_t limit, size_t *n_bytes,
                char **problem);

/* A descriptor of the file, FIFO or pipe at `path`, for which read() does not wait; -1 as above. */
int file_open_stream(const char *path, const char *wanted, char **problem);

#endif
