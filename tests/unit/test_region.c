/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnow/region.h, and what a session makes of a policy's region and ignored areas.
 */
#include <winnow/region.h>

#include "preprocess/preprocess.h"
#include "suite.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

/* ---- As it is written ----------------------------------------------------- */

START_TEST(regions_are_read) {
  static const struct {
    const char *text;
    WnRegion region;
  } rows[] = {
      {"0,0,10,20", {"", false, 0, 0, 10, 20}},
      {" door : 320, -5 ,320,\t480 ", {"door", false, 320, -5, 320, 480}},
      {"0,0,1,1", {"", false, 0, 0, 1, 1}},
      {"0,0,1,1.", {"", true, 0, 0, 1, 1}},
      {"left half:0,0,.5,1", {"left half", true, 0, 0, 0.5, 1}},
      {"-0.5,0,1,1", {"", true, -0.5, 0, 1, 1}},
      {"T\xC3\xBCr 2.0:1,2,3,4", {"T\xC3\xBCr 2.0", false, 1, 2, 3, 4}},
      {"0123456789012345678901234567890123456789012345678901234567890ab:1,2,3,4",
       {"0123456789012345678901234567890123456789012345678901234567890ab", false, 1, 2, 3, 4}},
  };
  for (size_t i = 0; i < N(rows); i++) {
    WnRegion region;
    WnError error;
    ck_assert_msg(wn_region_parse(rows[i].text, &region, &error) == WN_OK, "%s", error.message);
    ck_assert_str_eq(region.name, rows[i].region.name);
    ck_assert(region.in_fractions == rows[i].region.in_fractions);
    ck_assert_double_eq(region.x, rows[i].region.x);
    ck_assert_double_eq(region.y, rows[i].region.y);
    ck_assert_double_eq(region.width, rows[i].region.width);
    ck_assert_double_eq(region.height, rows[i].region.height);
  }
}
END_TEST

START_TEST(what_is_none_is_refused) {
  static const char *const rows[][2] = {
      {"", "X,Y,W,H"},
      {"1,2,3", "X,Y,W,H"},
      {"1,2,3,4,5", "X,Y,W,H"},
      {"1,2,3,x", "X,Y,W,H"},
      {"1,2,3,", "X,Y,W,H"},
      {"1,2,3,inf", "X,Y,W,H"},
      {"1,2,3,nan", "X,Y,W,H"},
      {"door", "X,Y,W,H"},
      {":1,2,3,4", "name"},
      {"a:b:1,2,3,4", "name"},
      {"a,b:1,2,3,4", "name"},
      {"a;b:1,2,3,4", "name"},
      {"a\nb:1,2,3,4", "name"},
      {"\xff:1,2,3,4", "name"},
      {"0123456789012345678901234567890123456789012345678901234567890abc:1,2,3,4", "name"},
      {"1,2,0,4", "above 0"},
      {"1,2,3,-4", "above 0"},
      {"0.1,0.2,0.0,0.5", "above 0"},
      {"1,2,3e-1,4", "whole pixels"},
      {"1,2,3,99999", "too large"},
      {"1e300,2,3,4", "too large"},
      {"320,0,320.5,480", "too large for a fraction"},
      {"1.0,0,1,1", "outside"},
      {"0,-1.0,1,1", "outside"},
  };
  for (size_t i = 0; i < N(rows); i++) {
    WnRegion region;
    WnError error = {0};
    ck_assert_msg(wn_region_parse(rows[i][0], &region, &error) == WN_ERROR_ARGUMENT, "%s",
                  rows[i][0]);
    ck_assert_msg(strstr(error.message, rows[i][1]) != NULL, "%s", error.message);
    ck_assert_int_eq(strncmp(error.message, "region ", 7), 0);
    ck_assert_ptr_null(strchr(error.message, '\n'));
  }
}
END_TEST

START_TEST(a_comma_is_no_point_in_any_locale) {
  WnRegion region;
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) return;
  ck_assert_int_eq(wn_region_parse("0.25,0,0.5,1", &region, NULL), WN_OK);
  ck_assert_double_eq(region.x, 0.25);
  setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(lists_are_read) {
  WnRegion regions[WN_MAX_IGNORED];
  WnError error;
  size_t n = 9;
  ck_assert_int_eq(wn_region_parse_list("", regions, &n, &error), WN_OK);
  ck_assert_uint_eq(n, 0);
  ck_assert_int_eq(wn_region_parse_list("1,2,3,4; clock: 0.0,0,1,0.1", regions, &n, &error), WN_OK);
  ck_assert_uint_eq(n, 2);
  ck_assert(!regions[0].in_fractions && regions[1].in_fractions);
  ck_assert_str_eq(regions[1].name, "clock");
  static const char *const bad[] = {";", "1,2,3,4;", ";1,2,3,4", "1,2,3,4;5"};
  for (size_t i = 0; i < N(bad); i++) {
    ck_assert_int_eq(wn_region_parse_list(bad[i], regions, &n, &error), WN_ERROR_ARGUMENT);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(strncmp(error.message, "ignore ", 7), 0);
  }
  char text[WN_MAX_IGNORED * 8 + 16] = "0,0,1,1";
  for (int i = 1; i < WN_MAX_IGNORED; i++) strcat(text, ";0,0,1,1");
  ck_assert_int_eq(wn_region_parse_list(text, regions, &n, &error), WN_OK);
  ck_assert_uint_eq(n, WN_MAX_IGNORED);
  strcat(text, ";0,0,1,1");
  ck_assert_int_eq(wn_region_parse_list(text, regions, &n, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "16"));
}
END_TEST

/* In a frame of 640 x 480. */
START_TEST(regions_are_placed) {
  static const struct {
    const char *text;
    WnRect rect;
  } rows[] = {
      {"10,20,30,40", {10, 20, 30, 40}},
      {"-10,-20,30,40", {0, 0, 20, 20}},
      {"630,470,30,40", {630, 470, 10, 10}},
      {"-65536,-65536,65536,65536", {-1, -1, -1, -1}},
      {"639,479,1,1", {639, 479, 1, 1}},
      {"640,0,1,1", {-1, -1, -1, -1}},
      {"0,480,1,1", {-1, -1, -1, -1}},
      {"0.0,0,1,1", {0, 0, 640, 480}},
      {"0.5,0.25,0.5,0.75", {320, 120, 320, 360}},
      {"0.1,0.1,0.1,0.1", {64, 48, 64, 48}},
      {"0.9999,0.9999,0.0001,0.0001", {639, 479, 1, 1}},
      {"-1.0,-1.0,1.0001,1.0001", {0, 0, 1, 1}},
      {"0.33333,0,0.33333,1.0", {213, 0, 214, 480}},
  };
  for (size_t i = 0; i < N(rows); i++) {
    WnRegion region;
    WnRect rect;
    WnError error = {0};
    ck_assert_int_eq(wn_region_parse(rows[i].text, &region, &error), WN_OK);
    WnStatus status = wn_region_place(&region, 640, 480, &rect, &error);
    if (rows[i].rect.x < 0) {
      ck_assert_int_eq(status, WN_ERROR_ARGUMENT);
      ck_assert_ptr_nonnull(strstr(error.message, "outside the frame of 640 x 480"));
    } else {
      ck_assert_int_eq(status, WN_OK);
      ck_assert_mem_eq(&rect, &rows[i].rect, sizeof rect);
    }
  }
}
END_TEST

/* ---- Ignored areas -------------------------------------------------------- */

enum { WIDTH = 53, HEIGHT = 41, MAX_BYTES = WIDTH * HEIGHT * 4 + 64, MAX_SIDE = 90 };

static uint8_t pixels[MAX_BYTES], painted[MAX_BYTES];
static float got[MAX_SIDE * MAX_SIDE * 3], wanted[MAX_SIDE * MAX_SIDE * 3];

/* Writes grey into the frame's own samples, by the book: all that share a pixel with the area. */
static void paint_frame(const WnFrame *frame, const WnRect *rect) {
  const WniFormatInfo *format = wni_format_info(frame->format);
  bool limited = format->yuv && frame->range == WN_RANGE_LIMITED;
  for (int c = 0; c < format->n_components; c++) {
    int sx = c ? format->chroma_shift_x : 0, sy = c ? format->chroma_shift_y : 0;
    const WniComponent *component = &format->component[c];
    for (int y = rect->y; y < rect->y + rect->height; y++)
      for (int x = rect->x; x < rect->x + rect->width; x++) {
        uint8_t *sample = &painted[frame->plane[component->plane] - pixels +
                                   (y >> sy) * frame->stride_bytes[component->plane] +
                                   (x >> sx) * component->step + component->offset];
        int grey = c == 0 && limited ? 126 : 128;
        int wide = format->bits > 8 ? grey << (format->bits - 8 + format->unused) : grey;
        sample[0] = (uint8_t)(wide & 255);
        if (format->bits > 8) sample[1] = (uint8_t)(wide >> 8);
      }
  }
}

static void run(const WnFrame *frame, const WniIgnored *ignored, const WnRect *region, int side,
                WniResize resize, int channels, float *to) {
  const WniImageTarget target = {.channels = channels,
                                 .height = side,
                                 .width = side,
                                 .channel_stride = 1,
                                 .row_stride = side * channels,
                                 .column_stride = channels,
                                 .resize = resize,
                                 .std = {1, 1, 1}};
  WniRecipe recipe = {0};
  wni_recipe_ignore(&recipe, ignored);
  ck_assert_int_eq(wni_recipe_update(&recipe, frame, region, &target, 2, NULL), WN_OK);
  for (int t = 0; t < 2; t++)
    wni_recipe_run(&recipe, frame, &target, to, (WniThread){.index = t, .count = 2});
  wni_recipe_clear(&recipe);
}

/* In every format, up and down, with areas that overlap, touch the edges or lie off the region:
 * the network sees what it would see of a frame with grey pixels there, and the frame stays. */
START_TEST(ignored_areas_are_as_if_the_frame_were_grey_there) {
  static const int sides[] = {5, 8, 31, MAX_SIDE};
  static uint8_t before[MAX_BYTES];
  unsigned seed = 11;
  for (int format = 0; format < WN_PIXEL_FORMAT_COUNT; format++)
    for (int round = 0; round < 40; round++) {
      const WniFormatInfo *info = wni_format_info((WnPixelFormat)format);
      for (size_t i = 0; i < MAX_BYTES; i++) pixels[i] = (uint8_t)rand_r(&seed);
      /* 10 bits in the lower part of two bytes are small numbers. */
      for (size_t i = 1; info->bits == 10 && info->unused == 0 && i < MAX_BYTES; i += 2)
        pixels[i] &= 3;
      WnFrame frame = {.format = (WnPixelFormat)format, .width = WIDTH, .height = HEIGHT};
      ck_assert_uint_le(wn_frame_lay_out(&frame, 1, pixels), MAX_BYTES);
      frame.range = round % 2 ? WN_RANGE_FULL : WN_RANGE_LIMITED;
      frame.chroma_site = (WnChromaSite)(round % 4);
      memcpy(before, pixels, MAX_BYTES);
      memcpy(painted, pixels, MAX_BYTES);
      WniIgnored ignored = {.n = 1 + rand_r(&seed) % 4};
      for (int i = 0; i < ignored.n; i++) {
        int x = rand_r(&seed) % WIDTH, y = rand_r(&seed) % HEIGHT;
        ignored.rects[i] =
            (WnRect){x, y, 1 + rand_r(&seed) % (WIDTH - x), 1 + rand_r(&seed) % (HEIGHT - y)};
        paint_frame(&frame, &ignored.rects[i]);
      }
      const WnRect region = {7, 3, 30, 33};
      int side = sides[round % 4], channels = round % 3 ? 3 : 1;
      const WnRect *part = round % 5 ? &region : NULL;
      run(&frame, &ignored, part, side, (WniResize)(round % 3), channels, got);
      ck_assert_mem_eq(pixels, before, MAX_BYTES);
      for (int p = 0; p < 3; p++)
        if (frame.plane[p]) frame.plane[p] += painted - pixels;
      run(&frame, &(WniIgnored){0}, part, side, (WniResize)(round % 3), channels, wanted);
      float worst = 0;
      for (int i = 0; i < side * side * channels; i++)
        worst = fmaxf(worst, fabsf(got[i] - wanted[i]));
      ck_assert_msg(worst <= 2e-6F, "%s: off by %g", wn_pixel_format_name(frame.format),
                    (double)worst);
    }
}
END_TEST

/* ---- Sessions ------------------------------------------------------------- */

static WnModel *model;
static WnSession *session;

static void open_session(const WnPolicy *policy) {
  WnError error;
  const WnSessionOptions options = {.threads = 1, .policy = *policy};
  ck_assert_msg(wn_model_open(MODEL_FILE, NULL, &model, &error) == WN_OK, "%s", error.message);
  ck_assert_msg(wn_session_new(model, &options, &session, &error) == WN_OK, "%s", error.message);
}

static void close_session(void) {
  wn_session_free(session);
  wn_model_unref(model);
}

static WnFrame random_frame(unsigned seed) {
  WnFrame frame = {.format = WN_PIXEL_RGB, .width = WIDTH, .height = HEIGHT, .pts_ns = WN_PTS_NONE};
  ck_assert_uint_le(wn_frame_lay_out(&frame, 1, pixels), MAX_BYTES);
  for (size_t i = 0; i < MAX_BYTES; i++) pixels[i] = (uint8_t)rand_r(&seed);
  return frame;
}

static const WnResult *classify(const WnFrame *frame, const WnRect *region) {
  const WnResult *result;
  WnError error;
  ck_assert_msg(wn_session_classify(session, frame, region, &result, &error) == WN_OK, "%s",
                error.message);
  return result;
}

START_TEST(a_policys_region_is_what_is_classified) {
  const WnPolicy whole = {0}, half = {.region = "door:26,-5,100,100"};
  const WnRect rect = {26, 0, WIDTH - 26, HEIGHT};
  WnFrame frame = random_frame(1);
  open_session(&whole);
  ck_assert(!classify(&frame, NULL)->has_region);
  double confidence = classify(&frame, &rect)->confidence;
  ck_assert_str_eq(classify(&frame, &rect)->region_name, "");
  ck_assert_int_eq(wn_session_set_policy(session, &half, NULL), WN_OK);
  const WnResult *result = classify(&frame, NULL);
  ck_assert(result->has_region);
  ck_assert_mem_eq(&result->region, &rect, sizeof rect);
  ck_assert_str_eq(result->region_name, "door");
  ck_assert_double_eq(result->confidence, confidence);
  char *json = wn_result_json(result);
  ck_assert_ptr_nonnull(strstr(json, "\"x\":26,\"y\":0,\"w\":27,\"h\":41,\"region\":\"door\""));
  free(json);
  /* a caller's own is clipped to it, and has no name */
  result = classify(&frame, &(WnRect){0, 10, 30, 10});
  ck_assert_mem_eq(&result->region, (&(WnRect){26, 10, 4, 10}), sizeof(WnRect));
  ck_assert_str_eq(result->region_name, "");
  WnError error;
  ck_assert_int_eq(wn_session_classify(session, &frame, &(WnRect){0, 0, 26, 10}, &result, &error),
                   WN_ERROR_ARGUMENT);
  ck_assert_int_eq(wn_session_set_policy(session, &whole, NULL), WN_OK);
  ck_assert(!classify(&frame, NULL)->has_region);
  close_session();
}
END_TEST

START_TEST(a_frame_without_the_region_is_refused) {
  const WnPolicy policy = {.region = "door:100,0,10,10"};
  const WnResult *result;
  WnError error;
  WnFrame frame = random_frame(1);
  open_session(&policy);
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "door:100,0,10,10"));
  ck_assert_int_eq(wn_session_classify(session, &frame, NULL, &result, &error), WN_ERROR_ARGUMENT);
  close_session();
}
END_TEST

START_TEST(a_bad_policy_changes_nothing) {
  static const WnPolicy bad[] = {{.region = "1,2,3"}, {.ignore = "1,2,3,4;"}};
  WnFrame frame = random_frame(1);
  open_session(&(WnPolicy){.region = "0,0,20,20"});
  for (size_t i = 0; i < N(bad); i++)
    ck_assert_int_eq(wn_session_set_policy(session, &bad[i], NULL), WN_ERROR_ARGUMENT);
  ck_assert_int_eq(classify(&frame, NULL)->region.width, 20);
  close_session();
}
END_TEST

START_TEST(what_is_ignored_changes_nothing) {
  const WnPolicy policy = {.unchanged = 1, .ignore = "0,0,20,10; 0.5,0.9,0.5,0.1"};
  WnFrame frame = random_frame(1);
  open_session(&policy);
  double confidence = classify(&frame, NULL)->confidence;
  for (int y = 0; y < 10; y++) memset(pixels + y * WIDTH * 3, 200, 20 * 3);
  memset(pixels + 40 * WIDTH * 3 + 30 * 3, 0, 10 * 3);
  ck_assert_int_eq(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  wn_session_forget(session);
  ck_assert_double_eq(classify(&frame, NULL)->confidence, confidence);
  for (int y = 10; y < 20; y++) memset(pixels + y * WIDTH * 3, 200, 20 * 3);
  ck_assert_int_ne(classify(&frame, NULL)->stop_reason, WN_STOP_UNCHANGED);
  close_session();
}
END_TEST

START_TEST(the_description_tells_the_region) {
  WnFrame frame = random_frame(1);
  open_session(&(WnPolicy){.region = "door:0.5,0,0.5,1"});
  char *text = wn_session_describe(session, 65536);
  ck_assert_ptr_nonnull(strstr(text, "\"regions\":[]"));
  free(text);
  classify(&frame, NULL);
  text = wn_session_describe(session, 65536);
  ck_assert_ptr_nonnull(
      strstr(text, "\"regions\":[{\"name\":\"door\",\"x\":27,\"y\":0,\"w\":26,\"h\":41}]"));
  free(text);
  close_session();
}
END_TEST

SUITE_MAIN("region", regions_are_read, what_is_none_is_refused, a_comma_is_no_point_in_any_locale,
           lists_are_read, regions_are_placed, ignored_areas_are_as_if_the_frame_were_grey_there,
           a_policys_region_is_what_is_classified, a_frame_without_the_region_is_refused,
           a_bad_policy_changes_nothing, what_is_ignored_changes_nothing,
           the_description_tells_the_region)
