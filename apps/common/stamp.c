/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See stamp.h.
 */
#include "stamp.h"

#include <math.h>
#include <stddef.h>

/* Days from 0000-03-01, from which on the day that leap years add is the last of a year. */
static long days(long year, long month, long day) {
  if (month < 3) {
    year--;
    month += 12;
  }
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1;
}

double stamp_seconds(const int fields[STAMP_FIELDS]) {
  static const int least[] = {1970, 1, 1, 0, 0, 0}, most[] = {2199, 12, 31, 23, 59, 60};
  for (size_t i = 0; i < STAMP_FIELDS; i++)
    if (fields[i] < least[i] || fields[i] > most[i]) return NAN;
  double day = (double)(days(fields[0], fields[1], fields[2]) - days(1970, 1, 1));
  return ((day * 24 + fields[3]) * 60 + fields[4]) * 60 + fields[5];
}
