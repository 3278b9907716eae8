/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * preprocess/: weights, frames that are refused, threads.  The pixels themselves are
 * checked against an independent reference in tests/oracle.
 */
#include "preprocess/preprocess.h"
#include "suite.h"

#include <string.h>

static double total(const WniAxis *axis, int i) {
  double sum = 0;
  for (int t = 0; t < axis->n_taps[i]; t++)
    sum += (double)axis->weights[(size_t)i * (size_t)axis->max_taps + (size_t)t];
  return sum;
}

START_TEST(weights_add_up_to_one_inside_the_plane) {
  unsigned seed = 5;
  for (int round = 0; round < 500; round++) {
    int n_in = 1 + rand_r(&seed) % 300, n_out = 1 + rand_r(&seed) % 80;
    double begin = (rand_r(&seed) % 200 - 50) / 40.0, size = n_in * (1 + rand_r(&seed) % 9) / 8.0;
    WniInterpolation how = (WniInterpolation)(round % WNI_N_INTERPOLATIONS);
    WniAxis axis = {0};
    ck_assert(wni_axis_make(&axis, n_in, begin, size, n_out, how));
    for (int i = 0; i < n_out; i++) {
      ck_assert_double_eq_tol(total(&axis, i), 1, 1e-4);
      ck_assert_int_ge(axis.first[i], axis.low);
      ck_assert_int_le(axis.first[i] + axis.n_taps[i] - 1, axis.high);
      ck_assert_int_ge(axis.low, 0);
      ck_assert_int_lt(axis.high, n_in);
      /* what rows and columns rely on: one weight inside, none behind */
      const float *weights = axis.weights + (size_t)i * (size_t)axis.max_taps;
      for (int t = 2; axis.even && t < axis.n_taps[i] - 1; t++)
        ck_assert_float_eq(weights[t], weights[1]);
      for (int t = axis.n_taps[i]; t < axis.max_taps; t++) ck_assert_float_eq(weights[t], 0);
    }
    ck_assert_int_eq(axis.max_taps % WNI_COLUMNS_TAPS, 0);
    wni_axis_clear(&axis);
  }
}
END_TEST

START_TEST(the_same_size_is_the_identity) {
  for (int how = 0; how < WNI_N_INTERPOLATIONS; how++) {
    WniAxis axis = {0};
    ck_assert(wni_axis_make(&axis, 32, 0, 32, 32, (WniInterpolation)how));
    for (int i = 0; i < 32; i++)
      for (int t = 0; t < axis.n_taps[i]; t++)
        ck_assert_float_eq_tol(axis.weights[(size_t)i * (size_t)axis.max_taps + (size_t)t],
                               axis.first[i] + t == i, 1e-6F);
    wni_axis_clear(&axis);
  }
}
END_TEST

START_TEST(bad_frames_are_refused) {
  static const uint8_t pixels[64];
  const WnFrame good = {.format = WN_PIXEL_NV12,
                        .width = 4,
                        .height = 4,
                        .plane = {pixels, pixels},
                        .stride_bytes = {4, 4}};
  const WnRect outside[] = {{4, 0, 1, 1}, {0, -2, 1, 2}, {0, 0, 0, 1}, {INT32_MIN, 0, 1, 1}};
  WnError error;
  WnFrame bad = good;
  ck_assert_int_eq(wni_frame_check(&good, NULL, &error), WN_OK);
  bad.plane[1] = NULL;
  ck_assert_int_eq(wni_frame_check(&bad, NULL, &error), WN_ERROR_ARGUMENT);
  bad = good;
  bad.stride_bytes[0] = 3;
  ck_assert_int_eq(wni_frame_check(&bad, NULL, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "stride"));
  bad = good;
  bad.width = 0;
  ck_assert_int_eq(wni_frame_check(&bad, NULL, &error), WN_ERROR_ARGUMENT);
  bad = good;
  bad.pixel_width = 16;
  ck_assert_int_eq(wni_frame_check(&bad, NULL, &error), WN_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "16:0"));
  bad = good;
  bad.format = (WnPixelFormat)99;
  ck_assert_int_eq(wni_frame_check(&bad, NULL, &error), WN_ERROR_ARGUMENT);
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
    ck_assert_int_eq(wni_frame_check(&good, &outside[i], &error), WN_ERROR_ARGUMENT);
  const WnRect overlapping = {-3, 3, 4, 900};
  ck_assert_int_eq(wni_frame_check(&good, &overlapping, &error), WN_OK);
}
END_TEST

START_TEST(sizes_of_planes) {
  ck_assert_uint_eq(wn_pixel_format_row_bytes(WN_PIXEL_NV12, 1, 5), 6);
  ck_assert_uint_eq(wn_pixel_format_row_bytes(WN_PIXEL_I420, 2, 5), 3);
  ck_assert_uint_eq(wn_pixel_format_row_bytes(WN_PIXEL_YUY2, 0, 5), 12);
  ck_assert_uint_eq(wn_pixel_format_row_bytes(WN_PIXEL_RGB, 0, 5), 15);
  ck_assert_uint_eq(wn_pixel_format_row_bytes(WN_PIXEL_RGB, 1, 5), 0);
  ck_assert_int_eq(wn_pixel_format_rows(WN_PIXEL_I420, 1, 5), 3);
  ck_assert_int_eq(wn_pixel_format_rows(WN_PIXEL_YUY2, 0, 5), 5);
  ck_assert_int_eq(wn_pixel_format_planes(WN_PIXEL_YV12), 3);
  ck_assert_str_eq(wn_pixel_format_name(WN_PIXEL_BGRX), "BGRx");
  ck_assert_ptr_null(wn_pixel_format_name(WN_PIXEL_FORMAT_COUNT));
}
END_TEST

/* Any split of the rows gives the same bits, and nothing outside the image is written. */
START_TEST(threads_write_the_same_image) {
  enum { SIDE = 23, W = 97, H = 61, GUARD = 64 };
  static uint8_t pixels[H * W * 3];
  static float once[SIDE * SIDE * 3 + 2 * GUARD], split[SIDE * SIDE * 3 + 2 * GUARD];
  unsigned seed = 9;
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)rand_r(&seed);
  WnFrame frame = {
      .format = WN_PIXEL_RGB, .width = W, .height = H, .plane = {pixels}, .stride_bytes = {W * 3}};
  for (int resize = 0; resize < 3; resize++) {
    WniImageTarget target = {.channels = 3,
                             .height = SIDE,
                             .width = SIDE,
                             .channel_stride = 1,
                             .row_stride = SIDE * 3,
                             .column_stride = 3,
                             .resize = (WniResize)resize,
                             .std = {1, 1, 1}};
    WniRecipe recipe = {0};
    ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 3, NULL), WN_OK);
    memset(once, 0xFF, sizeof once);
    memset(split, 0xFF, sizeof split);
    wni_recipe_run(&recipe, &frame, &target, once + GUARD, (WniThread){.count = 1});
    for (int t = 2; t >= 0; t--)
      wni_recipe_run(&recipe, &frame, &target, split + GUARD, (WniThread){.index = t, .count = 3});
    ck_assert_mem_eq(once, split, sizeof once);
    for (size_t i = 0; i < GUARD * sizeof(float); i++) {
      ck_assert_uint_eq(((uint8_t *)once)[i], 0xFF);
      ck_assert_uint_eq(((uint8_t *)(once + GUARD + SIDE * SIDE * 3))[i], 0xFF);
    }
    wni_recipe_clear(&recipe);
  }
}
END_TEST

START_TEST(a_window_takes_the_place_of_the_resize_mode) {
  static const uint8_t pixels[12 * 6];
  const WniWindowRect window = {1.5, 0, 9, 6};
  const WnFrame frame = {
      .format = WN_PIXEL_GRAY8, .width = 12, .height = 6, .plane = {pixels}, .stride_bytes = {12}};
  WniImageTarget target = {
      .channels = 3, .height = 8, .width = 8, .resize = WNI_RESIZE_LETTERBOX, .window = &window};
  WniRecipe recipe = {0};
  ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
  ck_assert_mem_eq(&recipe.window, &window, sizeof window);
  ck_assert(recipe.top == 0 && recipe.left == 0 && recipe.height == 8 && recipe.width == 8);
  ck_assert_uint_eq(recipe.n_made, 1);
  ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
  ck_assert_uint_eq(recipe.n_made, 1);
  wni_recipe_clear(&recipe);
}
END_TEST

/* The share of the crop's shorter side, from its centre; a stretched frame loses the same share of
 * both sides. */
START_TEST(a_share_is_taken_from_the_centre) {
  static const uint8_t pixels[400 * 300];
  static const WniWindowRect right[] = {
      {68.75, 18.75, 262.5, 262.5}, {25, 18.75, 350, 262.5}, {25, 18.75, 350, 262.5}};
  const WnFrame frame = {.format = WN_PIXEL_GRAY8,
                         .width = 400,
                         .height = 300,
                         .plane = {pixels},
                         .stride_bytes = {400}};
  for (int resize = 0; resize < 3; resize++) {
    const WniImageTarget target = {
        .channels = 1, .height = 32, .width = 32, .resize = (WniResize)resize, .crop = 0.875};
    WniRecipe recipe = {0};
    ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
    ck_assert_mem_eq(&recipe.window, &right[resize], sizeof right[resize]);
    wni_recipe_clear(&recipe);
  }
}
END_TEST

/* As torchvision and transformers place it: int(size * longer / shorter), and half of what is left,
 * rounded to even or down. */
START_TEST(a_picture_is_resized_to_whole_pixels) {
  static const uint8_t pixels[501 * 333];
  static const struct {
    int width, height, side; /* the input's; it is as wide, or twice */
    double crop;
    WniResize resize;
    WniRounding rounding;
    double left, top, resized_w, resized_h;
    bool wide;
  } cases[] = {
      {501, 333, 224, 0.875, WNI_RESIZE_CROP, WNI_EVEN, 80, 16, 385, 256, false},
      {333, 501, 224, 0.875, WNI_RESIZE_CROP, WNI_EVEN, 16, 80, 256, 385, false},
      {498, 333, 224, 0.875, WNI_RESIZE_CROP, WNI_EVEN, 79, 16, 382, 256, false},
      {499, 333, 224, 0.875, WNI_RESIZE_CROP, WNI_EVEN, 80, 16, 383, 256, false},
      {499, 333, 224, 0.875, WNI_RESIZE_CROP, WNI_DOWN, 79, 16, 383, 256, false},
      {500, 333, 224, 224. / 232, WNI_RESIZE_CROP, WNI_EVEN, 62, 4, 348, 232, false},
      {40, 30, 31, 1, WNI_RESIZE_CROP, WNI_DOWN, 5, 0, 41, 31, false},
      {7, 7, 224, 1e-308, WNI_RESIZE_CROP, WNI_EVEN, 111999888, 111999888, 224e6, 224e6, false},
      {7, 7, 31, 1, WNI_RESIZE_CROP, WNI_EVEN, 0, 0, 31, 31, false},
      {299, 140, 50, 1, WNI_RESIZE_CROP, WNI_EVEN, 4, 0, 107, 50, true},
      {299, 140, 50, 1, WNI_RESIZE_CROP, WNI_DOWN, 3, 0, 106, 50, true},
      {501, 333, 224, 224. / 235, WNI_RESIZE_STRETCH, WNI_EVEN, 6, 6, 235, 235, false},
      {501, 333, 224, 224. / 235, WNI_RESIZE_STRETCH, WNI_DOWN, 5, 5, 235, 235, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double w = cases[i].width, h = cases[i].height, side = cases[i].side;
    int width = cases[i].wide ? 2 * cases[i].side : cases[i].side;
    const WnFrame frame = {.format = WN_PIXEL_GRAY8,
                           .width = cases[i].width,
                           .height = cases[i].height,
                           .plane = {pixels},
                           .stride_bytes = {cases[i].width}};
    const WniImageTarget target = {.channels = 1,
                                   .height = cases[i].side,
                                   .width = width,
                                   .resize = cases[i].resize,
                                   .rounding = cases[i].rounding,
                                   .crop = cases[i].crop};
    WniRecipe recipe = {0};
    ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
    ck_assert_double_eq_tol(recipe.window.x, cases[i].left * w / cases[i].resized_w, 1e-9);
    ck_assert_double_eq_tol(recipe.window.y, cases[i].top * h / cases[i].resized_h, 1e-9);
    ck_assert_double_eq_tol(recipe.window.width, width * w / cases[i].resized_w, 1e-9);
    ck_assert_double_eq_tol(recipe.window.height, side * h / cases[i].resized_h, 1e-9);
    wni_recipe_clear(&recipe);
  }
}
END_TEST

/* Of whole pixels of the picture, as Keras and TensorFlow cut it before they resize. */
START_TEST(a_part_is_cut_out_before_it_is_resized) {
  static const uint8_t pixels[299 * 168];
  static const struct {
    double crop;
    WniResize resize;
    WniWindowRect right;
  } cases[] = {
      {1, WNI_RESIZE_CROP, {65, 0, 168, 168}},
      {0.875, WNI_RESIZE_STRETCH, {18, 10, 263, 148}},
      {0.875, WNI_RESIZE_CROP, {75, 10, 148, 148}},
      {1, WNI_RESIZE_STRETCH, {0, 0, 299, 168}},
      {1e-308, WNI_RESIZE_STRETCH, {149, 83, 1, 2}},
  };
  const WnFrame frame = {.format = WN_PIXEL_GRAY8,
                         .width = 299,
                         .height = 168,
                         .plane = {pixels},
                         .stride_bytes = {299}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const WniImageTarget target = {.channels = 1,
                                   .height = 96,
                                   .width = 96,
                                   .resize = cases[i].resize,
                                   .rounding = WNI_FIRST,
                                   .crop = cases[i].crop};
    WniRecipe recipe = {0};
    ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
    ck_assert_mem_eq(&recipe.window, &cases[i].right, sizeof recipe.window);
    wni_recipe_clear(&recipe);
  }
}
END_TEST

/* 720 x 576 pixels that are shown as 768 x 576, and the same of pixels twice as high as wide. */
START_TEST(the_shown_aspect_is_kept) {
  static const uint8_t pixels[720 * 576];
  static const struct {
    WnFrame frame;
    WniResize resize;
    WniWindowRect window;
    int width, height;
  } rows[] = {
      {{.width = 720, .height = 576, .pixel_width = 16, .pixel_height = 15},
       WNI_RESIZE_CROP,
       {90, 0, 540, 576},
       32,
       32},
      {{.width = 720, .height = 576, .pixel_width = 16, .pixel_height = 15},
       WNI_RESIZE_LETTERBOX,
       {0, 0, 720, 576},
       32,
       24},
      {{.width = 720, .height = 576, .pixel_width = 16, .pixel_height = 15},
       WNI_RESIZE_STRETCH,
       {0, 0, 720, 576},
       32,
       32},
      {{.width = 400, .height = 400, .pixel_width = 1, .pixel_height = 2},
       WNI_RESIZE_CROP,
       {0, 100, 400, 200},
       32,
       32},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    WnFrame frame = rows[i].frame;
    frame.format = WN_PIXEL_GRAY8;
    frame.plane[0] = pixels;
    frame.stride_bytes[0] = frame.width;
    const WniImageTarget target = {
        .channels = 1, .height = 32, .width = 32, .resize = rows[i].resize};
    WniRecipe recipe = {0};
    ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
    ck_assert_double_eq_tol(recipe.window.x, rows[i].window.x, 1e-9);
    ck_assert_double_eq_tol(recipe.window.y, rows[i].window.y, 1e-9);
    ck_assert_double_eq_tol(recipe.window.width, rows[i].window.width, 1e-9);
    ck_assert_double_eq_tol(recipe.window.height, rows[i].window.height, 1e-9);
    ck_assert(recipe.width == rows[i].width && recipe.height == rows[i].height);
    ck_assert(wni_recipe_fits(&recipe, &frame));
    frame.pixel_width = frame.pixel_height = 0;
    ck_assert(!wni_recipe_fits(&recipe, &frame));
    wni_recipe_clear(&recipe);
  }
}
END_TEST

/* Mean and std stay those of the colour. */
START_TEST(blue_may_be_the_first_channel) {
  static const uint8_t pixels[3] = {51, 102, 204};
  float y[3];
  const WnFrame frame = {
      .format = WN_PIXEL_RGB, .width = 1, .height = 1, .plane = {pixels}, .stride_bytes = {3}};
  const WniImageTarget target = {.channels = 3,
                                 .height = 1,
                                 .width = 1,
                                 .channel_stride = 1,
                                 .row_stride = 3,
                                 .column_stride = 3,
                                 .bgr = true,
                                 .mean = {0.2, 0.3, 0.5},
                                 .std = {1, 0.5, 0.25}};
  WniRecipe recipe = {0};
  ck_assert_int_eq(wni_recipe_update(&recipe, &frame, NULL, &target, 1, NULL), WN_OK);
  wni_recipe_run(&recipe, &frame, &target, y, (WniThread){.count = 1});
  ck_assert_float_eq_tol(y[0], 1.2F, 1e-6F);
  ck_assert_float_eq_tol(y[1], 0.2F, 1e-6F);
  ck_assert_float_eq_tol(y[2], 0.0F, 1e-6F);
  wni_recipe_clear(&recipe);
}
END_TEST

SUITE_MAIN("preprocess", weights_add_up_to_one_inside_the_plane, the_same_size_is_the_identity,
           bad_frames_are_refused, sizes_of_planes, threads_write_the_same_image,
           a_window_takes_the_place_of_the_resize_mode, a_share_is_taken_from_the_centre,
           the_shown_aspect_is_kept, a_picture_is_resized_to_whole_pixels,
           a_part_is_cut_out_before_it_is_resized, blue_may_be_the_first_channel)
