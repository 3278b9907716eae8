/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See photo_name.h.
 */
#include "photo_name.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "stamp.h"

enum { FEWEST_OF_HASH = 8 };

/* Letters stand for digits of the year, month, day, hour, minute and second, '*' for anything that
 * is no digit. */
static const char fields[] = "YMDhms";
static const char *const stamps[] = {"YYYYMMDD*hhmmss", "YYYYMMDDhhmmss", "YYYY*MM*DD*hh*mm*ss",
                                     "YYYY*MM*DD*hhmmss", "YYYYMMDD*hh*mm*ss"};

typedef struct Span {
  const char *from, *to; /* to: behind the last */
} Span;

/* The file's name without folders and ending. */
static Span base_of(const char *path) {
  const char *slash = strrchr(path, '/'), *from = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(from, '.');
  return (Span){from, dot != NULL ? dot : from + strlen(from)};
}

/* ---- Time stamps ---------------------------------------------------------- */

static bool matches(const char *pattern, Span text, int values[STAMP_FIELDS]) {
  memset(values, 0, sizeof(int) * STAMP_FIELDS);
  for (const char *at = text.from; *pattern != '\0'; pattern++, at++) {
    if (at == text.to || g_ascii_isdigit(*at) != (*pattern != '*')) return false;
    if (*pattern == '*') continue;
    int *value = &values[strchr(fields, *pattern) - fields];
    *value = 10 * *value + (*at - '0');
  }
  return true;
}

/* The digits behind a stamp, such as milliseconds or a counter, as a fraction of a second. */
static double fraction(const char *from, const char *to) {
  double value = 0, unit = 1;
  while (from < to && !g_ascii_isdigit(*from)) from++;
  for (; from < to && g_ascii_isdigit(*from); from++) value += (*from - '0') * (unit /= 10);
  return value;
}

static double stamp_in(Span base) {
  int values[STAMP_FIELDS];
  for (const char *at = base.from; at < base.to; at++) {
    if (at > base.from && g_ascii_isdigit(at[-1])) continue;
    for (size_t i = 0; i < G_N_ELEMENTS(stamps); i++) {
      if (!matches(stamps[i], (Span){at, base.to}, values)) continue;
      double when = stamp_seconds(values);
      if (!isnan(when)) return when + fraction(at + strlen(stamps[i]), base.to);
    }
  }
  return NAN;
}

/* ---- Numbers -------------------------------------------------------------- */

/* Digits and the letters a to f in turns, as no name with a number has them. */
static bool is_hash(Span word) {
  int turns = 0;
  for (const char *at = word.from; at < word.to; at++) {
    if (!g_ascii_isxdigit(*at)) return false;
    turns += at > word.from && g_ascii_isdigit(at[0]) != g_ascii_isdigit(at[-1]);
  }
  return word.to - word.from >= FEWEST_OF_HASH && turns >= 2;
}

static bool holds_hash(Span base) {
  while (base.from < base.to) {
    Span word = {base.from, base.from};
    while (word.to < base.to && g_ascii_isalnum(*word.to)) word.to++;
    if (is_hash(word)) return true;
    base.from = word.to + 1;
  }
  return false;
}

/* Empty at the beginning of the name: there is none. */
static Span last_number(Span base) {
  Span number = {base.to, base.to};
  if (holds_hash(base)) return (Span){base.from, base.from};
  while (number.to > base.from && !g_ascii_isdigit(number.to[-1])) number.to--;
  number.from = number.to;
  while (number.from > base.from && g_ascii_isdigit(number.from[-1])) number.from--;
  return number;
}

double photo_name_when(const char *name) {
  Span base = base_of(name), number = last_number(base);
  double when = stamp_in(base), value = 0;
  if (!isnan(when) || number.from == number.to) return when;
  for (const char *at = number.from; at < number.to; at++) value = 10 * value + (*at - '0');
  bool is_ms = base.to - number.to >= 2 && strncmp(number.to, "ms", 2) == 0 &&
               (number.to + 2 == base.to || !g_ascii_isalpha(number.to[2]));
  return is_ms ? value / 1000 : value;
}

size_t photo_name_stem(const char *path) {
  Span number = last_number(base_of(path));
  return number.from < number.to ? (size_t)(number.from - path) : 0;
}
