/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * base/: errors, lists, names, files, the split of work.
 */
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/half.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/parallel.h"
#include "suite.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

START_TEST(error_is_one_printable_line) {
  WnError error;
  wni_error_set(&error, WN_ERROR_MODEL, "a\nb\x01\xff|\xc3\xa4|\xed\xa0\x80");
  ck_assert_str_eq(error.message, "a?b??|\xc3\xa4|???");
  ck_assert_int_eq(error.status, WN_ERROR_MODEL);
  ck_assert_int_eq(wni_fail(NULL, WN_ERROR_IO, "nobody listens"), WN_ERROR_IO);
}
END_TEST

static float half_by_definition(int half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  float magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                    : exponent     ? ldexpf((float)(fraction + 1024), exponent - 25)
                                   : ldexpf((float)fraction, -24);
  return half & 0x8000 ? -magnitude : magnitude;
}

START_TEST(every_float16_is_a_float32) {
  static uint16_t halves[1 << 16];
  static float wide[1 << 16];
  for (int i = 0; i < 1 << 16; i++) halves[i] = (uint16_t)i;
  wni_half_widen(halves, 1 << 16, wide);
  for (int i = 0; i < 1 << 16; i++) {
    float expected = half_by_definition(i);
    if (isnan(expected))
      ck_assert_msg(isnan(wide[i]), "%#x became %g", i, (double)wide[i]);
    else
      ck_assert_msg(wide[i] == expected && !signbit(wide[i]) == !signbit(expected), "%#x became %g",
                    i, (double)wide[i]);
  }
}
END_TEST

START_TEST(numbers_are_read_in_every_locale) {
  double out[3];
  setlocale(LC_ALL, "de_DE.UTF-8"); /* may be missing: the test is then weaker, not wrong */
  ck_assert_int_eq(wni_list_numbers(" 0.25, 1e-3 ,2", 15, out, 3, "t", NULL), WN_OK);
  ck_assert_double_eq(out[0], 0.25);
  ck_assert_double_eq(out[1], 1e-3);
  ck_assert_double_eq(out[2], 2);
}
END_TEST

START_TEST(bad_numbers_are_refused) {
  static const char *const bad[] = {"", "1", "1,2,3", "1,x", "1,nan", "1,inf", "1,", "1;2", "1,0x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    double out[2];
    WnError error = {0};
    ck_assert_msg(wni_list_numbers(bad[i], strlen(bad[i]), out, 2, "t", &error) ==
                      WN_ERROR_ARGUMENT,
                  "'%s' was taken", bad[i]);
    ck_assert(strncmp(error.message, "t: ", 3) == 0);
  }
}
END_TEST

START_TEST(labels_are_names_or_indices) {
  static const char *const names[] = {"cat", "a,b", "2", "dog house"};
  WniLabels index;
  bool set[4];
  ck_assert(wni_labels_index(&index, names, 4));
  ck_assert_int_eq(wni_list_labels("1, dog house", 12, &index, set, "w", NULL), WN_OK);
  ck_assert(!set[0] && set[1] && !set[2] && set[3]);
  ck_assert_int_eq(wni_list_labels("2", 1, &index, set, "w", NULL), WN_OK);
  ck_assert(set[2] && !set[0]); /* a label wins over an index */
  ck_assert_int_eq(wni_list_labels("4", 1, &index, set, "w", NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wni_list_labels("cat,", 4, &index, set, "w", NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wni_list_labels("99999999999999999999", 20, &index, set, "w", NULL),
                   WN_ERROR_ARGUMENT);
  wni_labels_clear(&index);
}
END_TEST

START_TEST(a_label_stands_for_all_its_classes) {
  static const char *const names[] = {"cat", "dog", "cat", "dog", "cat"};
  WniLabels index;
  bool set[5];
  ck_assert(wni_labels_index(&index, names, 5));
  ck_assert_int_eq(wni_list_labels("0, dog", 6, &index, set, "w", NULL), WN_OK);
  ck_assert(set[0] && set[1] && !set[2] && set[3] && !set[4]);
  ck_assert_int_eq(wni_list_labels("0, cat, cat", 11, &index, set, "w", NULL), WN_OK);
  ck_assert(set[0] && !set[1] && set[2] && !set[3] && set[4]);
  wni_labels_clear(&index);
}
END_TEST

START_TEST(names_are_found_again) {
  static char text[5000][8];
  WniNames names = {0};
  ck_assert_int_eq(wni_names_find(&names, "x"), -1);
  for (int i = 0; i < 5000; i++) {
    snprintf(text[i], sizeof text[i], "n%d", i);
    ck_assert(wni_names_put(&names, text[i], i));
  }
  for (int i = 0; i < 5000; i++) ck_assert_int_eq(wni_names_find(&names, text[i]), i);
  ck_assert_int_eq(wni_names_find(&names, "n5000"), -1);
  ck_assert(wni_names_put(&names, "n7", -5));
  ck_assert_int_eq(wni_names_find(&names, "n7"), -5);
  wni_names_clear(&names);
}
END_TEST

START_TEST(crc32_is_the_usual_one) {
  ck_assert_uint_eq(wni_crc32((const uint8_t *)"123456789", 9), 0xCBF43926u);
}
END_TEST

START_TEST(files_that_are_none_are_refused) {
  uint8_t *data;
  size_t size;
  WnError error;
  ck_assert_int_eq(wni_file_read("/nonexistent/x", 10, &data, &size, &error), WN_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/x"));
  ck_assert_int_eq(wni_file_read("/", 10, &data, &size, &error), WN_ERROR_IO);
  ck_assert_int_eq(wni_file_read("/dev/zero", 10, &data, &size, &error), WN_ERROR_IO);
  ck_assert_int_eq(wni_file_read(MODEL_FILE, 10, &data, &size, &error), WN_ERROR_MEMORY);
}
END_TEST

START_TEST(ranges_cover_everything_once) {
  for (size_t n = 0; n < 200; n += 7)
    for (size_t grain = 1; grain < 70; grain += 23)
      for (int count = 1; count < 9; count++) {
        size_t at = 0;
        for (int i = 0; i < count; i++) {
          size_t begin, end;
          wni_parallel_range((WniThread){.index = i, .count = count}, n, grain, &begin, &end);
          ck_assert(begin == at || begin >= end);
          ck_assert(begin % grain == 0 || begin >= end);
          if (end > begin) at = end;
        }
        ck_assert_uint_eq(at, n);
      }
}
END_TEST

START_TEST(cpu_mask_switches_sets_off) {
  WnError error;
  ck_assert_int_eq(wn_cpu_set_mask("none", NULL), WN_OK);
  ck_assert_uint_eq(wni_cpu_flags(), 0);
  ck_assert_str_eq(wn_cpu_flags(), "");
  ck_assert_int_eq(wn_cpu_set_mask("mmx", &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "mmx"));
  ck_assert_uint_eq(wni_cpu_flags(), 0); /* a bad mask changes nothing */
  ck_assert_int_eq(wn_cpu_set_mask("all", NULL), WN_OK);
}
END_TEST

START_TEST(cpu_flags_are_a_mask) {
  WnError error;
  const char *all = wn_cpu_flags();
  uint32_t flags = wni_cpu_flags();
  ck_assert_int_eq(wn_cpu_set_mask("none", NULL), WN_OK);
  ck_assert_int_eq(wn_cpu_set_mask(all, NULL), WN_OK);
  ck_assert_ptr_eq(wn_cpu_flags(), all);
  ck_assert_uint_eq(wni_cpu_flags(), flags);
  ck_assert_int_eq(wn_cpu_set_mask("mmx", &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "known are all, none"));
  ck_assert_int_eq(wn_cpu_set_mask("all", NULL), WN_OK);
}
END_TEST

START_TEST(sizes_do_not_overflow) {
  int64_t out;
  ck_assert(wni_mul_limited(6, 7, 42, &out) && out == 42);
  ck_assert(!wni_mul_limited(6, 7, 41, &out));
  ck_assert(!wni_mul_limited(INT64_MAX, 2, INT64_MAX, &out));
  ck_assert_ptr_null(wni_alloc_aligned(SIZE_MAX / 2, 4));
}
END_TEST

SUITE_MAIN("base", error_is_one_printable_line, every_float16_is_a_float32,
           numbers_are_read_in_every_locale, bad_numbers_are_refused, labels_are_names_or_indices,
           a_label_stands_for_all_its_classes, names_are_found_again, crc32_is_the_usual_one,
           files_that_are_none_are_refused, ranges_cover_everything_once,
           cpu_mask_switches_sets_off, cpu_flags_are_a_mask, sizes_do_not_overflow)
