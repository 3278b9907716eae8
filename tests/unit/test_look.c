/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnow/look.h: frames as R G B, and which of them look the same.
 */
#include <winnow/look.h>

#include "suite.h"

#include <string.h>

enum { WIDTH = 37, HEIGHT = 23, MAX_BYTES = WIDTH * HEIGHT * 4 };

static uint8_t pixels[MAX_BYTES], rgb[MAX_BYTES], wanted[MAX_BYTES];

static WnFrame frame_of(WnPixelFormat format) {
  WnFrame frame = {.format = format, .width = WIDTH, .height = HEIGHT, .pts_ns = WN_PTS_NONE};
  ck_assert_uint_le(wn_frame_lay_out(&frame, 1, pixels), sizeof pixels);
  return frame;
}

/* The frame's part, as rows without gaps. */
static void convert(const WnFrame *frame, const WnRect *region, int32_t width) {
  WnError error;
  memset(rgb, 0xAA, sizeof rgb);
  ck_assert_msg(wn_frame_to_rgb(frame, region, rgb, width * 3, &error) == WN_OK, "%s",
                error.message);
}

START_TEST(rgb_stays_as_it_is) {
  static const WnPixelFormat formats[] = {WN_PIXEL_RGB, WN_PIXEL_BGR, WN_PIXEL_BGRX, WN_PIXEL_RGBA};
  static const int order[][4] = {{0, 1, 2, 3}, {2, 1, 0, 3}, {2, 1, 0, 4}, {0, 1, 2, 4}};
  unsigned seed = 3;
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)rand_r(&seed);
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    WnFrame frame = frame_of(formats[f]);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
      for (int c = 0; c < 3; c++) wanted[i * 3 + c] = pixels[i * order[f][3] + order[f][c]];
    convert(&frame, NULL, WIDTH);
    ck_assert_mem_eq(rgb, wanted, WIDTH * HEIGHT * 3);
    ck_assert_uint_eq(rgb[WIDTH * HEIGHT * 3], 0xAA); /* and nothing behind it */
  }
}
END_TEST

START_TEST(a_region_is_cut_out) {
  WnFrame frame = frame_of(WN_PIXEL_RGB);
  const WnRect region = {5, -4, 1000, 11}, clipped = {5, 0, WIDTH - 5, 7};
  WnRect found;
  for (int i = 0; i < WIDTH * HEIGHT * 3; i++) pixels[i] = (uint8_t)(i * 7);
  ck_assert_int_eq(wn_frame_clip(&frame, &region, &found, NULL), WN_OK);
  ck_assert_mem_eq(&found, &clipped, sizeof found);
  convert(&frame, &region, clipped.width);
  for (int y = 0; y < clipped.height; y++)
    ck_assert_mem_eq(rgb + y * clipped.width * 3, pixels + (y * WIDTH + 5) * 3,
                     (size_t)clipped.width * 3);
  ck_assert_uint_eq(rgb[clipped.height * clipped.width * 3], 0xAA);
}
END_TEST

/* ITU-R BT.601 and BT.709, limited: grey, black, white and the primaries' luma. */
START_TEST(yuv_is_matrixed) {
  static const struct {
    uint8_t y, u, v;
    WnColorMatrix matrix;
    WnColorRange range;
    uint8_t rgb[3];
  } rows[] = {{16, 128, 128, WN_MATRIX_BT601, WN_RANGE_LIMITED, {0, 0, 0}},
              {235, 128, 128, WN_MATRIX_BT709, WN_RANGE_LIMITED, {255, 255, 255}},
              {81, 90, 240, WN_MATRIX_BT601, WN_RANGE_LIMITED, {254, 0, 0}},
              {63, 102, 240, WN_MATRIX_BT709, WN_RANGE_LIMITED, {255, 1, 0}},
              {129, 128, 128, WN_MATRIX_BT601, WN_RANGE_LIMITED, {132, 132, 132}},
              {128, 128, 128, WN_MATRIX_BT601, WN_RANGE_FULL, {128, 128, 128}}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    WnFrame frame = frame_of(WN_PIXEL_I420);
    size_t chroma = (size_t)((WIDTH + 1) / 2) * ((HEIGHT + 1) / 2);
    memset(pixels, rows[i].y, WIDTH * HEIGHT);
    memset(pixels + WIDTH * HEIGHT, rows[i].u, chroma);
    memset(pixels + WIDTH * HEIGHT + chroma, rows[i].v, chroma);
    frame.matrix = rows[i].matrix;
    frame.range = rows[i].range;
    convert(&frame, NULL, WIDTH);
    for (int p = 0; p < WIDTH * HEIGHT; p++)
      for (int c = 0; c < 3; c++) ck_assert_int_eq(rgb[p * 3 + c], rows[i].rgb[c]);
  }
}
END_TEST

START_TEST(what_is_no_frame_is_refused) {
  WnFrame frame = frame_of(WN_PIXEL_NV12);
  WnError error;
  ck_assert_int_eq(wn_frame_to_rgb(&frame, &(WnRect){WIDTH, 0, 1, 1}, rgb, 3, &error),
                   WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_frame_to_rgb(&frame, NULL, rgb, WIDTH * 3 - 1, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "stride"));
  frame.plane[1] = NULL;
  ck_assert_int_eq(wn_frame_to_rgb(&frame, NULL, rgb, WIDTH * 3, &error), WN_ERROR_ARGUMENT);
}
END_TEST

static bool differs(WnLook *look, const WnFrame *frame, const WnRect *region, double level) {
  bool found;
  WnError error;
  ck_assert_msg(wn_look_differs(look, frame, region, level, &found, &error) == WN_OK, "%s",
                error.message);
  return found;
}

/* A grey frame of this value, with another one in its last block. */
static WnFrame flat(uint8_t value, uint8_t last) {
  WnFrame frame = frame_of(WN_PIXEL_GRAY8);
  frame.range = WN_RANGE_FULL;
  memset(pixels, value, WIDTH * HEIGHT);
  for (int y = HEIGHT - 1; y >= HEIGHT - 3; y--) memset(pixels + y * WIDTH + WIDTH - 5, last, 5);
  return frame;
}

START_TEST(one_block_makes_a_difference) {
  const WnRect left = {0, 0, WIDTH / 2, HEIGHT};
  WnLook *look;
  ck_assert_int_eq(wn_look_new(&look, NULL), WN_OK);
  WnFrame frame = flat(100, 100);
  ck_assert(differs(look, &frame, NULL, 8)); /* from nothing */
  ck_assert(differs(look, &frame, NULL, 8)); /* it was not kept */
  wn_look_keep(look);
  ck_assert(!differs(look, &frame, NULL, 8));
  frame = flat(107, 107);
  ck_assert(!differs(look, &frame, NULL, 8));
  frame = flat(100, 120);
  ck_assert(differs(look, &frame, NULL, 8));
  ck_assert(!differs(look, &frame, NULL, 20));
  ck_assert(differs(look, &frame, &left, 20)); /* another part has another look */
  wn_look_keep(look);
  frame = flat(100, 255);
  ck_assert(!differs(look, &frame, &left, 8));
  wn_look_free(look);
}
END_TEST

START_TEST(bad_levels_are_refused) {
  WnLook *look;
  WnError error;
  bool found;
  WnFrame frame = flat(1, 1);
  ck_assert_int_eq(wn_look_new(&look, NULL), WN_OK);
  ck_assert_int_eq(wn_look_differs(look, &frame, NULL, 256, &found, &error), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_look_differs(look, &frame, NULL, -1, &found, &error), WN_ERROR_ARGUMENT);
  frame.width = 0;
  ck_assert_int_eq(wn_look_differs(look, &frame, NULL, 1, &found, &error), WN_ERROR_ARGUMENT);
  wn_look_free(look);
}
END_TEST

SUITE_MAIN("look", rgb_stays_as_it_is, a_region_is_cut_out, yuv_is_matrixed,
           what_is_no_frame_is_refused, one_block_makes_a_difference, bad_levels_are_refused)
