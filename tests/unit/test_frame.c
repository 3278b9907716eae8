/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How frames lie in memory, and copies of their pixels.
 */
#include "suite.h"

#include <string.h>
#include <winnow/winnow.h>

START_TEST(a_block_holds_all_planes) {
  static const struct {
    WnPixelFormat format;
    size_t align, bytes;
    ptrdiff_t stride[3];
  } rows[] = {
      {WN_PIXEL_RGB, 1, 15 * 3, {15}},           {WN_PIXEL_RGB, 64, 64 * 3, {64}},
      {WN_PIXEL_NV12, 1, 15 + 12, {5, 6}},       {WN_PIXEL_I420, 1, 15 + 6 + 6, {5, 3, 3}},
      {WN_PIXEL_I420, 4, 24 + 8 + 8, {8, 4, 4}}, {WN_PIXEL_GRAY8, 1, 15, {5}},
  };
  uint8_t block[256];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    WnFrame frame = {.format = rows[i].format, .width = 5, .height = 3};
    ck_assert_uint_eq(wn_frame_lay_out(&frame, rows[i].align, NULL), rows[i].bytes);
    ck_assert_ptr_null(frame.plane[0]);
    ck_assert_uint_eq(wn_frame_lay_out(&frame, rows[i].align, block), rows[i].bytes);
    ck_assert_ptr_eq(frame.plane[0], block);
    for (int p = 0; p < wn_pixel_format_planes(frame.format); p++)
      ck_assert_int_eq(frame.stride_bytes[p], rows[i].stride[p]);
  }
}
END_TEST

START_TEST(no_block_for_what_is_no_frame) {
  WnFrame frames[] = {{.format = WN_PIXEL_FORMAT_COUNT, .width = 1, .height = 1},
                      {.format = WN_PIXEL_RGB, .width = 0, .height = 1},
                      {.format = WN_PIXEL_RGB, .width = 1, .height = WN_FRAME_MAX_SIDE + 1}};
  for (size_t i = 0; i < 3; i++) ck_assert_uint_eq(wn_frame_lay_out(&frames[i], 1, NULL), 0);
}
END_TEST

/* For every format, from and to strides with and without gaps; what lies in a gap stays. */
START_TEST(copies_are_the_pixels) {
  static uint8_t from_block[4096], to_block[4096];
  for (size_t i = 0; i < sizeof from_block; i++) from_block[i] = (uint8_t)(i * 7 + 1);
  for (int f = 0; f < WN_PIXEL_FORMAT_COUNT; f++)
    for (size_t from_align = 1; from_align <= 64; from_align *= 64)
      for (size_t to_align = 1; to_align <= 64; to_align *= 64) {
        WnFrame from = {.format = (WnPixelFormat)f, .width = 9, .height = 7}, to = from;
        wn_frame_lay_out(&from, from_align, from_block);
        memset(to_block, 0xEE, sizeof to_block);
        size_t bytes = wn_frame_lay_out(&to, to_align, to_block), pixels = 0;
        wn_frame_copy(&to, &from);
        for (int p = 0; p < wn_pixel_format_planes(from.format); p++) {
          size_t row = wn_pixel_format_row_bytes(from.format, p, from.width);
          for (int32_t y = 0; y < wn_pixel_format_rows(from.format, p, from.height); y++) {
            ck_assert_mem_eq(to.plane[p] + y * to.stride_bytes[p],
                             from.plane[p] + y * from.stride_bytes[p], row);
            memset((uint8_t *)to.plane[p] + y * to.stride_bytes[p], 0xEE, row);
            pixels += row;
          }
        }
        ck_assert_uint_le(pixels, bytes);
        for (size_t i = 0; i < sizeof to_block; i++) ck_assert_uint_eq(to_block[i], 0xEE);
      }
}
END_TEST

START_TEST(names_lead_back_to_formats) {
  for (int f = 0; f < WN_PIXEL_FORMAT_COUNT; f++) {
    const char *name = wn_pixel_format_name((WnPixelFormat)f);
    ck_assert_uint_le(strlen(name), 9);
    ck_assert_int_eq(wn_pixel_format_find(name), f);
  }
  ck_assert_int_eq(wn_pixel_format_find("P010"), WN_PIXEL_FORMAT_COUNT);
  ck_assert_int_eq(wn_pixel_format_find(""), WN_PIXEL_FORMAT_COUNT);
}
END_TEST

SUITE_MAIN("frame", names_lead_back_to_formats, a_block_holds_all_planes,
           no_block_for_what_is_no_frame, copies_are_the_pixels)
