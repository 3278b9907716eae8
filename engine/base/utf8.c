/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See utf8.h.  The rules are those of RFC 3629.
 */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */

size_t wni_utf8_length(const unsigned char *s) {
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

char *wni_utf8_mend(const char *text) {
  char *mended = malloc(strlen(text) * strlen(REPLACEMENT) + 1), *to = mended;
  if (!mended) return NULL;
  while (*text) {
    size_t n = wni_utf8_length((const unsigned char *)text);
    const char *from = n ? text : REPLACEMENT;
    size_t length = n ? n : strlen(REPLACEMENT);
    memcpy(to, from, length);
    to += length;
    text += n ? n : 1;
  }
  *to = '\0';
  return mended;
}
