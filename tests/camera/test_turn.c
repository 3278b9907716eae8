/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Turned frames: where each pixel goes, in every format, and that the colours stay with it.
 */
#include <string.h>

#include <winnow/look.h>

#include "suite.h"
#include "turn.h"

enum { MAX_SIDE = 71, MAX_BYTES = MAX_SIDE * MAX_SIDE * 4 };

static uint8_t pixels[MAX_BYTES], before[MAX_BYTES], after[MAX_BYTES];

static WnFrame frame_of(WnPixelFormat format, int32_t width, int32_t height, size_t alignment) {
  WnFrame frame = {.format = format, .width = width, .height = height, .pts_ns = 7, .time_ns = 8};
  ck_assert_uint_le(wn_frame_lay_out(&frame, alignment, pixels), sizeof pixels);
  return frame;
}

static void to_rgb(const WnFrame *frame, uint8_t *rgb) {
  ck_assert_int_eq(wn_frame_to_rgb(frame, NULL, rgb, frame->width * 3, NULL), WN_OK);
}

/* Where pixel (x, y) of a frame of w x h goes, one step after the other. */
static void move(Turn turn, int32_t w, int32_t h, int32_t *x, int32_t *y) {
  for (int d = 0; d < turn.degrees; d += 90) {
    int32_t old_x = *x, old_w = w;
    *x = h - 1 - *y; /* clockwise: the top row becomes the right column */
    *y = old_x;
    w = h;
    h = old_w;
  }
  if (turn.flip == FLIP_HORIZONTAL) *x = w - 1 - *x;
  if (turn.flip == FLIP_VERTICAL) *y = h - 1 - *y;
}

/* The largest difference of a pixel from where it came from, `margin` away from the edges. */
static int worst_difference(WnFrame frame, Turn turn, int32_t margin) {
  int worst = 0;
  to_rgb(&frame, before);
  WnFrame there = frame;
  Turner *turner = turner_new(turn);
  ck_assert((turner == NULL) == (turn.degrees == 0 && turn.flip == FLIP_NONE));
  ck_assert(turner_turn(turner, &there));
  bool sideways = turn.degrees % 180 != 0;
  ck_assert_int_eq(there.width, sideways ? frame.height : frame.width);
  ck_assert_int_eq(there.height, sideways ? frame.width : frame.height);
  ck_assert_int_eq(there.pts_ns, 7);
  ck_assert_int_eq(there.time_ns, 8);
  to_rgb(&there, after);
  for (int32_t y = margin; y < frame.height - margin; y++)
    for (int32_t x = margin; x < frame.width - margin; x++) {
      int32_t to_x = x, to_y = y;
      move(turn, frame.width, frame.height, &to_x, &to_y);
      for (int c = 0; c < 3; c++) {
        int difference =
            before[(y * frame.width + x) * 3 + c] - after[(to_y * there.width + to_x) * 3 + c];
        worst = abs(difference) > worst ? abs(difference) : worst;
      }
    }
  turner_free(turner);
  return worst;
}

START_TEST(every_pixel_goes_to_its_place) {
  static const WnPixelFormat formats[] = {WN_PIXEL_RGB,  WN_PIXEL_BGR,  WN_PIXEL_RGBX,
                                          WN_PIXEL_BGRX, WN_PIXEL_RGBA, WN_PIXEL_BGRA,
                                          WN_PIXEL_GRAY8};
  static const int32_t sizes[][2] = {{1, 1}, {5, 3}, {32, 64}, {70, 33}};
  unsigned seed = 4;
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)rand_r(&seed);
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
      for (int degrees = 0; degrees < 360; degrees += 90)
        for (int flip = 0; flip < 3; flip++) {
          WnFrame frame = frame_of(formats[f], sizes[s][0], sizes[s][1], s % 2 ? 1 : 16);
          ck_assert_int_eq(worst_difference(frame, (Turn){degrees, flip}, 0), 0);
        }
}
END_TEST

/* A slope of light and one of colour each way: what is a pixel off shows, half a pixel does not. */
static void draw_slopes(const WnFrame *frame) {
  bool packed = frame->format == WN_PIXEL_YUY2 || frame->format == WN_PIXEL_UYVY;
  int luma_at = frame->format == WN_PIXEL_UYVY, luma_step = packed ? 2 : 1;
  for (int32_t y = 0; y < frame->height; y++)
    for (int32_t x = 0; x < frame->width; x++)
      pixels[y * frame->stride_bytes[0] + x * luma_step + luma_at] = (uint8_t)(80 + x + y / 2);
  int32_t rows = packed ? frame->height : (frame->height + 1) / 2;
  for (int32_t y = 0; y < rows; y++)
    for (int32_t x = 0; x < (frame->width + 1) / 2; x++) {
      uint8_t u = (uint8_t)(50 + 6 * x), v = (uint8_t)(50 + (packed ? 3 * y : 6 * y));
      if (packed) {
        uint8_t *at = pixels + y * frame->stride_bytes[0] + 4 * x + !luma_at;
        at[0] = u;
        at[2] = v;
      } else if (frame->format == WN_PIXEL_NV12) {
        uint8_t *at = (uint8_t *)frame->plane[1] + y * frame->stride_bytes[1] + 2 * x;
        at[0] = u;
        at[1] = v;
      } else {
        bool swapped = frame->format == WN_PIXEL_YV12;
        ((uint8_t *)frame->plane[swapped ? 2 : 1])[y * frame->stride_bytes[1] + x] = u;
        ((uint8_t *)frame->plane[swapped ? 1 : 2])[y * frame->stride_bytes[1] + x] = v;
      }
    }
}

START_TEST(colours_stay_with_their_pixels) {
  static const WnPixelFormat formats[] = {WN_PIXEL_NV12, WN_PIXEL_I420, WN_PIXEL_YV12,
                                          WN_PIXEL_YUY2, WN_PIXEL_UYVY};
  static const int32_t sizes[][2] = {{48, 36}, {37, 51}};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
      for (int site = 0; site < 4; site++)
        for (int degrees = 0; degrees < 360; degrees += 90)
          for (int flip = 0; flip < 3; flip++) {
            WnFrame frame = frame_of(formats[f], sizes[s][0], sizes[s][1], 1);
            frame.range = WN_RANGE_FULL;
            frame.chroma_site = (WnChromaSite)site;
            draw_slopes(&frame);
            int worst = worst_difference(frame, (Turn){degrees, flip}, 2);
            ck_assert_msg(worst <= 4, "%s, site %d, %d degrees, flip %d: off by %d",
                          wn_pixel_format_name(frame.format), site, degrees, flip, worst);
          }
}
END_TEST

START_TEST(words_are_read) {
  Turn turn;
  const char *wrong;
  ck_assert(turn_parse(NULL, NULL, &turn, &wrong));
  ck_assert(turn.degrees == 0 && turn.flip == FLIP_NONE);
  ck_assert(turn_parse("270", "vertical", &turn, &wrong));
  ck_assert(turn.degrees == 270 && turn.flip == FLIP_VERTICAL);
  ck_assert(!turn_parse("45", NULL, &turn, &wrong));
  ck_assert_str_eq(wrong, "rotate");
  ck_assert(!turn_parse("0", "both", &turn, &wrong));
  ck_assert_str_eq(wrong, "flip");
}
END_TEST

SUITE_MAIN("turn", every_pixel_goes_to_its_place, colours_stay_with_their_pixels, words_are_read)
