/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a whole file from outside, with a limit, and names it in the error.
 */
#ifndef WNI_BASE_FILE_H
#define WNI_BASE_FILE_H

#include <winnow/winnow.h>

/* On success *data (free with free()) holds *size bytes and a NUL behind them.
 * Errors: IO (missing, unreadable, not a regular file), MEMORY (over `limit` bytes). */
WnStatus wni_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                       WnError *error);

/* CRC-32 as in PNG and zip (polynomial 0xEDB88320, ISO 3309). */
uint32_t wni_crc32(const uint8_t *data, size_t size);

#endif
