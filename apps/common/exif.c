/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See exif.h.  TIFF 6.0: a header that says the byte order and where the first directory lies, and
 * in that 12 bytes an entry: tag, type, count, value.
 */
#include "exif.h"

#include <stdbool.h>
#include <string.h>

enum { TAG_ORIENTATION = 0x112, TYPE_SHORT = 3, TYPE_LONG = 4, HEADER_BYTES = 8, ENTRY_BYTES = 12 };

static const uint8_t preamble[] = {'E', 'x', 'i', 'f', 0, 0};

static uint32_t number(const uint8_t *at, int n_bytes, bool big) {
  uint32_t value = 0;
  for (int i = 0; i < n_bytes; i++) value = value << 8 | at[big ? i : n_bytes - 1 - i];
  return value;
}

int exif_orientation(const uint8_t *data, size_t n_bytes) {
  if (n_bytes >= sizeof preamble && memcmp(data, preamble, sizeof preamble) == 0) {
    data += sizeof preamble;
    n_bytes -= sizeof preamble;
  }
  if (n_bytes < HEADER_BYTES || data[0] != data[1] || (data[0] != 'M' && data[0] != 'I')) return 1;
  bool big = data[0] == 'M';
  size_t at = number(data + 4, 4, big);
  if (number(data + 2, 2, big) != 42 || at > n_bytes || n_bytes - at < 2) return 1;
  size_t n_entries = number(data + at, 2, big);
  at += 2;
  for (; n_entries > 0 && n_bytes - at >= ENTRY_BYTES; n_entries--, at += ENTRY_BYTES) {
    uint32_t type = number(data + at + 2, 2, big);
    if (number(data + at, 2, big) != TAG_ORIENTATION) continue;
    uint32_t value = type == TYPE_SHORT  ? number(data + at + 8, 2, big)
                     : type == TYPE_LONG ? number(data + at + 8, 4, big)
                                         : 0;
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}
