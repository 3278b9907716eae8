/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See exif.h.  TIFF 6.0: a header that says the byte order and where the first directory lies, and
 * in that 12 bytes an entry: tag, type, count, and the value or where it lies.
 */
#include "exif.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "stamp.h"

enum { TAG_ORIENTATION = 0x112, TAG_EXIF = 0x8769, TAG_TAKEN = 0x9003 };
enum { TYPE_ASCII = 2, TYPE_SHORT = 3, TYPE_LONG = 4 };
enum { HEADER_BYTES = 8, ENTRY_BYTES = 12, TIME_BYTES = 20 };

static const uint8_t preamble[] = {'E', 'x', 'i', 'f', 0, 0};

typedef struct Tiff {
  const uint8_t *data;
  size_t n_bytes;
  bool big; /* the byte order */
} Tiff;

static uint32_t number(const Tiff *tiff, size_t at, int n_bytes) {
  uint32_t value = 0;
  for (int i = 0; i < n_bytes; i++)
    value = value << 8 | tiff->data[at + (size_t)(tiff->big ? i : n_bytes - 1 - i)];
  return value;
}

/* Where the first entry with `tag` lies in the directory at `at`; 0, where none can, without. */
static size_t find(const Tiff *tiff, size_t at, uint32_t tag) {
  if (at > tiff->n_bytes || tiff->n_bytes - at < 2) return 0;
  size_t n_entries = number(tiff, at, 2);
  at += 2;
  for (; n_entries > 0 && tiff->n_bytes - at >= ENTRY_BYTES; n_entries--, at += ENTRY_BYTES)
    if (number(tiff, at, 2) == tag) return at;
  return 0;
}

/* The entry's number, 0 for what is none. */
static uint32_t value_of(const Tiff *tiff, size_t entry) {
  uint32_t type = entry != 0 ? number(tiff, entry + 2, 2) : 0;
  return type == TYPE_SHORT  ? number(tiff, entry + 8, 2)
         : type == TYPE_LONG ? number(tiff, entry + 8, 4)
                             : 0;
}

static double taken(const Tiff *tiff, size_t directory) {
  char text[TIME_BYTES + 1] = "";
  int at[STAMP_FIELDS];
  size_t entry = find(tiff, directory, TAG_TAKEN);
  if (entry == 0 || number(tiff, entry + 2, 2) != TYPE_ASCII ||
      number(tiff, entry + 4, 4) != TIME_BYTES)
    return NAN;
  size_t where = number(tiff, entry + 8, 4);
  if (where > tiff->n_bytes || tiff->n_bytes - where < TIME_BYTES) return NAN;
  memcpy(text, tiff->data + where, TIME_BYTES);
  if (sscanf(text, "%4d:%2d:%2d %2d:%2d:%2d", &at[0], &at[1], &at[2], &at[3], &at[4], &at[5]) !=
      STAMP_FIELDS)
    return NAN;
  return stamp_seconds(at);
}

Exif exif_read(const uint8_t *data, size_t n_bytes) {
  Exif exif = EXIF_NONE;
  if (n_bytes >= sizeof preamble && memcmp(data, preamble, sizeof preamble) == 0) {
    data += sizeof preamble;
    n_bytes -= sizeof preamble;
  }
  if (n_bytes < HEADER_BYTES || data[0] != data[1] || (data[0] != 'M' && data[0] != 'I'))
    return exif;
  const Tiff tiff = {data, n_bytes, data[0] == 'M'};
  if (number(&tiff, 2, 2) != 42) return exif;
  size_t directory = number(&tiff, 4, 4);
  uint32_t orientation = value_of(&tiff, find(&tiff, directory, TAG_ORIENTATION));
  uint32_t below = value_of(&tiff, find(&tiff, directory, TAG_EXIF));
  if (orientation >= 1 && orientation <= 8) exif.orientation = (int)orientation;
  if (below != 0) exif.taken_s = taken(&tiff, below);
  return exif;
}
