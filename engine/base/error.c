/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See error.h.  Messages may quote bytes of a hostile file, so they are cut to
 * the buffer and kept to one printable line of UTF-8 here, once for everybody.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at `s` (1..4), 0 if it is not one. */
static size_t utf8_length(const unsigned char *s) {
  size_t n = s[0] < 0x80                   ? 1
             : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
             : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
             : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                           : 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  /* over-long forms and surrogates */
  if (n == 3 && ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))) return 0;
  if (n == 4 && ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))) return 0;
  return n;
}

static void make_printable(char *text) {
  for (unsigned char *s = (unsigned char *)text; *s;) {
    size_t n = utf8_length(s);
    if (n == 0 || (n == 1 && (*s < 0x20 || *s == 0x7F))) {
      *s = '?';
      n = 1;
    }
    s += n;
  }
}

WnStatus wni_fail(WnError *error, WnStatus status, const char *format, ...) {
  if (!error) return status;
  va_list args;
  va_start(args, format);
  vsnprintf(error->message, sizeof error->message, format, args);
  va_end(args);
  make_printable(error->message);
  error->status = status;
  return status;
}

WnStatus wni_fail_memory(WnError *error, const char *what) {
  return wni_fail(error, WN_ERROR_MEMORY, "not enough memory for %s", what);
}
