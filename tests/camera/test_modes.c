/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which mode of a camera is chosen.  The cameras are made up after real ones: a webcam whose bus is
 * too slow for raw pixels, a sensor without a processor, a grey one.
 */
#include <glib.h>
#include <string.h>

#include "modes.h"
#include "suite.h"

/* One row: format, size, highest rate (0: not told); the raw ones are a sensor's. */
typedef struct Row {
  uint32_t fourcc;
  int32_t width, height;
  double fps;
  bool is_raw;
} Row;

static const Row webcam[] = {
    {V4L2_PIX_FMT_YUYV, 640, 480, 30, false},   {V4L2_PIX_FMT_YUYV, 1280, 720, 5, false},
    {V4L2_PIX_FMT_MJPEG, 640, 480, 30, false},  {V4L2_PIX_FMT_MJPEG, 1280, 720, 30, false},
    {V4L2_PIX_FMT_H264, 1920, 1080, 30, false}, {0}};
static const Row processor[] = {{V4L2_PIX_FMT_RGB24, 640, 480, 0, false},
                                {V4L2_PIX_FMT_YVYU, 640, 480, 0, false},
                                {V4L2_PIX_FMT_NV12, 640, 480, 0, false},
                                {V4L2_PIX_FMT_YUYV, 640, 480, 0, false},
                                {V4L2_PIX_FMT_GREY, 640, 480, 0, false},
                                {V4L2_PIX_FMT_SRGGB8, 640, 480, 0, true},
                                {0}};
static const Row large_nv12[] = {
    {V4L2_PIX_FMT_NV12, 1920, 1080, 30, false}, {V4L2_PIX_FMT_YUYV, 640, 360, 30, false}, {0}};
static const Row grey_only[] = {
    {V4L2_PIX_FMT_GREY, 752, 480, 60, false}, {V4L2_PIX_FMT_Y10, 752, 480, 60, false}, {0}};
static const Row sensor[] = {{V4L2_PIX_FMT_SRGGB10P, 3280, 2464, 15, true},
                             {V4L2_PIX_FMT_SRGGB8, 1640, 1232, 30, true},
                             {0}};
static const Row h264_only[] = {{V4L2_PIX_FMT_H264, 1920, 1080, 30, false}, {0}};
static const Row nothing[] = {{0}};

static GArray *modes_from(const Row *rows) {
  GArray *modes = g_array_new(FALSE, FALSE, sizeof(Mode));
  for (; rows->fourcc != 0; rows++) {
    Mode mode = {.fourcc = rows->fourcc, .is_raw = rows->is_raw};
    mode.width = mode.min_width = mode.max_width = rows->width;
    mode.height = mode.min_height = mode.max_height = rows->height;
    if (rows->fps > 0) {
      mode.rates = g_new0(double, 2);
      mode.rates[0] = rows->fps;
      mode.rates[1] = 1;
      mode.n_rates = 2;
    }
    g_array_append_val(modes, mode);
  }
  return modes;
}

static void check_chosen(int i) {
  static const struct {
    const Row *camera;
    Wish wish;
    uint32_t fourcc;
    int32_t width;
    double fps;
  } cases[] = {
      /* at one size and rate what costs least */
      {webcam, {0}, V4L2_PIX_FMT_YUYV, 640, 30},
      {processor, {0}, V4L2_PIX_FMT_NV12, 640, 0},
      /* the rate counts more than the cost, where it was asked for and where it was not */
      {webcam, {.width = 1280, .height = 720}, V4L2_PIX_FMT_MJPEG, 1280, 30},
      {webcam, {.width = 1280, .height = 720, .fps = 5}, V4L2_PIX_FMT_YUYV, 1280, 5},
      {webcam, {.width = 1280, .height = 720, .fps = 60}, V4L2_PIX_FMT_MJPEG, 1280, 30},
      {webcam, {.fps = 2}, V4L2_PIX_FMT_YUYV, 640, 30},
      /* the size counts most: pixels that the network does not look at cost too */
      {large_nv12, {0}, V4L2_PIX_FMT_YUYV, 640, 30},
      {large_nv12, {.width = 1920, .height = 1080}, V4L2_PIX_FMT_NV12, 1920, 30},
      /* a format that was asked for */
      {webcam, {.fourcc = V4L2_PIX_FMT_MJPEG}, V4L2_PIX_FMT_MJPEG, 640, 30},
      {processor, {.fourcc = V4L2_PIX_FMT_YVYU}, V4L2_PIX_FMT_YVYU, 640, 0},
      {sensor, {.fourcc = V4L2_PIX_FMT_SRGGB8}, V4L2_PIX_FMT_SRGGB8, 1640, 30},
      /* grey is better than nothing */
      {grey_only, {0}, V4L2_PIX_FMT_GREY, 752, 60},
  };
  double fps = -1;
  char *problem = NULL;
  GArray *modes = modes_from(cases[i].camera);
  const Mode *mode = modes_choose(modes, &cases[i].wish, "/dev/video0", &fps, &problem);
  ck_assert_msg(mode != NULL, "case %d: %s", i, problem);
  ck_assert_uint_eq(mode->fourcc, cases[i].fourcc);
  ck_assert_int_eq(mode->width, cases[i].width);
  ck_assert_double_eq(fps, cases[i].fps);
  modes_free(modes);
}

START_TEST(test_chosen) {
  for (int i = 0; i < 12; i++) check_chosen(i);
}
END_TEST

static void check_refused(int i) {
  static const struct {
    const Row *camera;
    Wish wish;
    const char *says[2];
  } cases[] = {
      {sensor, {0}, {"raw Bayer pixels (pRAA, RGGB)", "libcamerasrc"}},
      {sensor, {.fourcc = V4L2_PIX_FMT_SRGGB12}, {"--format RG12", "pRAA, RGGB"}},
      {h264_only, {0}, {"H264", "neither Winnow nor libv4lconvert"}},
      {webcam, {.fourcc = V4L2_PIX_FMT_NV12}, {"--format NV12", "YUYV, MJPG, H264"}},
      {webcam, {.fourcc = V4L2_PIX_FMT_H264}, {"--format H264", "neither"}},
      {webcam, {.width = 800, .height = 600}, {"--size 800x600", "640x480, 1280x720"}},
      {webcam, {.width = 1920, .height = 1080}, {"--size 1920x1080", "640x480, 1280x720"}},
      {nothing, {0}, {"no formats", "/dev/video0"}},
  };
  double fps = 0;
  char *problem = NULL;
  GArray *modes = modes_from(cases[i].camera);
  ck_assert_ptr_null(modes_choose(modes, &cases[i].wish, "/dev/video0", &fps, &problem));
  for (int k = 0; k < 2; k++)
    ck_assert_msg(strstr(problem, cases[i].says[k]) != NULL, "case %d: %s", i, problem);
  g_free(problem);
  modes_free(modes);
}

START_TEST(test_refused) {
  for (int i = 0; i < 8; i++) check_refused(i);
}
END_TEST

/* Any rate between two; the size was fitted into its range when the modes were listed. */
START_TEST(test_ranges) {
  double rates[] = {60}, fps = 0;
  char *problem = NULL;
  Mode mode = {.fourcc = V4L2_PIX_FMT_YUYV,
               .width = 640,
               .height = 480,
               .max_width = 1920,
               .max_height = 1080,
               .min_width = 16,
               .min_height = 16,
               .rates = rates,
               .n_rates = 1,
               .min_rate = 5};
  GArray *modes = g_array_new(FALSE, FALSE, sizeof(Mode));
  g_array_append_val(modes, mode);
  static const double wished[] = {24, 1, 100, 0}, got[] = {24, 5, 60, 30};
  for (int i = 0; i < 4; i++) {
    Wish wish = {.fps = wished[i]};
    ck_assert_ptr_nonnull(modes_choose(modes, &wish, "camera", &fps, &problem));
    ck_assert_double_eq(fps, got[i]);
  }
  Wish odd = {.width = 641, .height = 480};
  ck_assert_ptr_null(modes_choose(modes, &odd, "camera", &fps, &problem));
  ck_assert_ptr_nonnull(strstr(problem, "16x16 to 1920x1080"));
  g_free(problem);
  g_array_unref(modes);
}
END_TEST

SUITE_MAIN("modes", test_chosen, test_refused, test_ranges)
