/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a whole file from outside, with a limit, and names it in the error; writes one, whole or
 * not at all.
 */
#ifndef WNI_BASE_FILE_H
#define WNI_BASE_FILE_H

#include <stdio.h>

#include <winnow/winnow.h>

/* On success *data (free with free()) holds *size bytes and a NUL behind them.
 * Errors: IO (missing, unreadable, not a regular file), MEMORY (over `limit` bytes). */
WnStatus wni_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                       WnError *error);

/* Writes `data` to `stream`; errors are found with ferror(). */
typedef void WniFileWriter(FILE *stream, const void *data);

/* The same for the file NAME in the folder that the file at `path` lies in; *data is NULL and the
 * status OK where there is none.  A link is not followed, so that nothing outside of that folder is
 * read; it is an error (IO). */
WnStatus wni_file_read_beside(const char *path, const char *name, size_t limit, uint8_t **data,
                              size_t *size, WnError *error);

/* Makes the file at `path`, or replaces it, by what `write` writes, as wn_file_write() does.
 * Errors: IO, MEMORY; the old file is then as it was. */
WnStatus wni_file_write(const char *path, WniFileWriter *write, const void *data, WnError *error);

/* CRC-32 as in PNG and zip (polynomial 0xEDB88320, ISO 3309). */
uint32_t wni_crc32(const uint8_t *data, size_t size);

#endif
