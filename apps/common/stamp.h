/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Times as cameras write them, without a zone: good for an order and for distances.
 */
#ifndef STAMP_H
#define STAMP_H

enum { STAMP_FIELDS = 6 };

/* Seconds since 1970, as if the zone were UTC, of the year, month, day, hour, minute and second;
 * NaN for what is no such time of the years 1970 to 2199. */
double stamp_seconds(const int fields[STAMP_FIELDS]);

#endif
