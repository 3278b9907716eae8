/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fills a caller's WnError; every fallible function in the engine ends here.
 */
#ifndef WNI_BASE_ERROR_H
#define WNI_BASE_ERROR_H

#include <winnow/winnow.h>

/* Writes the sentence (printf form, newlines and control characters replaced)
 * into `error`, which may be NULL, and returns `status`. */
WnStatus wni_fail(WnError *error, WnStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "not enough memory for WHAT". */
WnStatus wni_fail_memory(WnError *error, const char *what);

#endif
