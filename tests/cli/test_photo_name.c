/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnow teach reads out of photos' names, and times to seconds.
 */
#include "photo_name.h"

#include <math.h>

#include "stamp.h"
#include "suite.h"

/* 2026-11-29 08:15:00 and 2024-01-01 12:00:00, by date -u. */
#define NOVEMBER 1795940100.0
#define JANUARY 1704110400.0

static const struct {
  const char *name;
  double when; /* NaN: it says nothing */
  size_t stem;
} names[] = {
    {"20261129T081500.jpg", NOVEMBER, 9},
    {"20261129T081500.250Z-1.jpg", NOVEMBER + 0.25, 21}, /* of winnow collect */
    {"hall 2-000123400ms.jpg", 123.4, 7},
    {"a/b/IMG_20240101_120000.jpg", JANUARY, 17},
    {"PXL_20240101_120000250.jpg", JANUARY + 0.25, 13},
    {"20240101120000.png", JANUARY, 0},
    {"2024-01-01 12.00.00.png", JANUARY, 17},
    {"door_2024-01-01_120000-07.webp", JANUARY + 0.07, 23},
    {"frame-000123400ms.jpg", 123.4, 6},
    {"frame-12ms-3.jpg", 3, 11},
    {"12msx.jpg", 12, 0},
    {"photo_0012.jpg", 12, 6},
    {"folder 7/photo.jpg", NAN, 0},
    {"IMG (2).jpg", 2, 5},
    {"IMG_99999999_999999.jpg", 999999, 13}, /* no such day */
    {"20240230T250000", 250000, 9},
    {"1700000000123.jpg", 1700000000123, 0},
    {"cafe_0001.jpg", 1, 5},
    {"face0012.jpg", 12, 4},
    {"4bdb561770b52424.jpg", NAN, 0},
    {"thumb-4BDB561770B52424-12.jpg", NAN, 0},
    {"550e8400-e29b-41d4-a716-446655440000.png", NAN, 0},
    {"cat.jpg", NAN, 0},
    {".jpg", NAN, 0},
    {"", NAN, 0},
};

START_TEST(names_say_when) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    double when = photo_name_when(names[i].name);
    ck_assert_msg(isnan(names[i].when) ? isnan(when) : fabs(when - names[i].when) < 1e-6,
                  "%s: %f, not %f", names[i].name, when, names[i].when);
    ck_assert_msg(photo_name_stem(names[i].name) == names[i].stem, "%s: the stem has %zu bytes",
                  names[i].name, photo_name_stem(names[i].name));
  }
}
END_TEST

/* One day after the other, leap years among them. */
START_TEST(days_follow_each_other) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  double expected = 23 * 3600 + 59 * 60 + 58;
  for (int year = 1970; year < 2200; year++)
    for (int month = 1; month <= 12; month++) {
      int leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
      for (int day = 1; day <= lengths[month - 1] + leap; day++, expected += 86400) {
        const int fields[STAMP_FIELDS] = {year, month, day, 23, 59, 58};
        ck_assert_double_eq(stamp_seconds(fields), expected);
      }
    }
  const int early[STAMP_FIELDS] = {1969, 12, 31, 23, 59, 59};
  ck_assert(isnan(stamp_seconds(early)));
}
END_TEST

SUITE_MAIN("photo_name", names_say_when, days_follow_each_other)
