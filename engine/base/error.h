/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fills a caller's WnError; every fallible function in the engine ends here.
 */
#ifndef WNI_BASE_ERROR_H
#define WNI_BASE_ERROR_H

#include <winnow/winnow.h>

/* Writes the sentence (printf form, newlines and control characters replaced)
 * into `error`, which may be NULL. */
void wni_error_set(WnError *error, WnStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same as an expression that is `status`: whoever reads the code, compilers and analyzers too,
 * sees that it is not WN_OK. */
#define wni_fail(error, status, ...) (wni_error_set(error, status, __VA_ARGS__), (status))

/* "not enough memory for WHAT". */
static inline WnStatus wni_fail_memory(WnError *error, const char *what) {
  return wni_fail(error, WN_ERROR_MEMORY, "not enough memory for %s", what);
}

/* Words of a caller's structure that later versions will give a meaning.  Errors: ARGUMENT unless
 * all are 0. */
WnStatus wni_reserved_check(const uint64_t *words, size_t n, const char *what, WnError *error);
#define WNI_RESERVED_CHECK(structure, what, error)                                                 \
  wni_reserved_check((structure)->reserved,                                                        \
                     sizeof(structure)->reserved / sizeof *(structure)->reserved, what, error)

#endif
