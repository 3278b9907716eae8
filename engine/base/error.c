/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See error.h.  Messages may quote bytes of a hostile file, so they are cut to
 * the buffer and kept to one printable line of UTF-8 here, once for everybody.
 */
#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void make_printable(char *text) {
  for (unsigned char *s = (unsigned char *)text; *s;) {
    size_t n = wni_utf8_length(s);
    if (n == 0 || (n == 1 && (*s < 0x20 || *s == 0x7F))) {
      *s = '?';
      n = 1;
    }
    s += n;
  }
}

void wni_error_set(WnError *error, WnStatus status, const char *format, ...) {
  if (!error) return;
  va_list args;
  va_start(args, format);
  vsnprintf(error->message, sizeof error->message, format, args);
  va_end(args);
  make_printable(error->message);
  error->status = status;
}

WnStatus wni_reserved_check(const uint64_t *words, size_t n, const char *what, WnError *error) {
  for (size_t i = 0; i < n; i++)
    if (words[i])
      return wni_fail(error, WN_ERROR_ARGUMENT,
                      "%s: its reserved words are not 0; zero-initialise the structure", what);
  return WN_OK;
}
