/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text from outside: whether it is UTF-8, and what is shown where it is not.
 */
#ifndef WNI_BASE_UTF8_H
#define WNI_BASE_UTF8_H

#include <stddef.h>

/* Length of the UTF-8 sequence at `s`, which ends with a NUL: 1..4; 0 if it is none. */
size_t wni_utf8_length(const unsigned char *s);

/* A copy in which each byte that belongs to no sequence is U+FFFD; free with free(). NULL: no
 * memory. */
char *wni_utf8_mend(const char *text);

#endif
