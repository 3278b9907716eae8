/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which frame a camera gives to a program that is fast, slow or unlucky, on a driver that does
 * what it is told.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fake_driver.h"
#include "picture_write.h"
#include "source.h"
#include "suite.h"

static Source *camera;
static WnFrame frame;

static Source *open_or_not(char **problem) {
  *problem = NULL;
  return camera_open("/dev/video0", &(Wish){0}, NULL, problem);
}

static void open_camera(void) {
  char *problem;
  camera = open_or_not(&problem);
  ck_assert_msg(camera != NULL, "%s", problem);
}

static SourceEvent take(void) {
  char *problem = NULL;
  SourceEvent event = camera->class->take(camera, &frame, &problem);
  g_free(problem);
  return event;
}

static void expect_frame(int number) {
  ck_assert_int_eq(take(), SOURCE_FRAME);
  ck_assert_int_eq(frame.plane[0][0], number);
  ck_assert_int_eq(frame.pts_ns, number * INT64_C(1000000000));
}

static void release(void) {
  camera->class->release(camera);
}

static void close_camera(void) {
  camera->class->free(camera);
  ck_assert_int_eq(fake.n_open, 0);
  ck_assert_int_eq(fake.n_mapped, 0);
  ck_assert(!fake.is_streaming);
}

START_TEST(test_fast_program_gets_every_frame) {
  fake_reset();
  open_camera();
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  for (int i = 0; i < 20; i++) {
    fake_capture(1, false);
    expect_frame(i);
    release();
  }
  ck_assert_uint_eq(camera->n_missed + camera->n_damaged, 0);
  close_camera();
}
END_TEST

START_TEST(test_newest_of_two) {
  fake_reset();
  open_camera();
  fake_capture(2, false);
  expect_frame(1);
  release();
  fake_capture(2, false);
  expect_frame(3);
  ck_assert_uint_eq(camera->n_missed, 1); /* what came before the first frame is nobody's */
  close_camera();
}
END_TEST

/* While frame 0 is looked at, three buffers are filled and then nothing: they are old. */
START_TEST(test_slow_program_gets_no_old_frame) {
  fake_reset();
  open_camera();
  fake_capture(1, false);
  expect_frame(0);
  fake_capture(10, false);
  release();
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  fake_capture(1, false);
  expect_frame(11);
  ck_assert_uint_eq(camera->n_missed, 10);
  release();
  /* A program that is late each time is not starved. */
  fake_capture(4, false);
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  fake_capture(4, false);
  expect_frame(19);
  close_camera();
}
END_TEST

START_TEST(test_damaged_frames) {
  fake_reset();
  open_camera();
  fake_capture(1, false);
  expect_frame(0);
  release();
  fake_capture(1, true);
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  fake.bytesused = FAKE_BYTES - 1; /* too short */
  fake_capture(1, false);
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  fake.bytesused = FAKE_BYTES;
  fake_capture(1, false);
  expect_frame(3);
  ck_assert_uint_eq(camera->n_damaged, 2);
  ck_assert_uint_eq(camera->n_missed, 0);
  /* A newer one that is damaged does not hide a whole one. */
  release();
  fake_capture(1, false);
  fake_capture(1, true);
  expect_frame(4);
  close_camera();
}
END_TEST

/* All but the last `n_lost` bytes of the picture as a JPEG. */
static void capture_jpeg(const Picture *picture, size_t n_lost) {
  PictureProblem problem;
  uint8_t *jpeg;
  size_t n_bytes;
  ck_assert(picture_encode_jpeg(picture, 80, &jpeg, &n_bytes, &problem));
  ck_assert_uint_lt(n_bytes, FAKE_BYTES);
  fake.frame = jpeg;
  fake.bytesused = (uint32_t)(n_bytes - n_lost);
  fake_capture(1, false);
  free(jpeg);
}

/* Frames of a camera that compresses: one is cut, one has another size. */
START_TEST(test_jpeg_frames) {
  static uint8_t rgb[FAKE_WIDTH * FAKE_HEIGHT * 3];
  Picture whole = {rgb, FAKE_WIDTH, FAKE_HEIGHT, NAN}, half = {rgb, FAKE_WIDTH, 8, NAN};
  for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)(i / 3 % 251);
  fake_reset();
  fake.listed = V4L2_PIX_FMT_MJPEG;
  open_camera();
  capture_jpeg(&whole, 0);
  ck_assert_int_eq(take(), SOURCE_FRAME);
  ck_assert_int_eq(frame.format, WN_PIXEL_RGB);
  release();
  capture_jpeg(&whole, 300);
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  ck_assert_ptr_nonnull(strstr(camera->damage.text, "damaged JPEG"));
  capture_jpeg(&half, 0);
  ck_assert_int_eq(take(), SOURCE_NOTHING);
  ck_assert_ptr_nonnull(strstr(camera->damage.text, "64x8 pixels in a stream of 64x48"));
  ck_assert_uint_eq(camera->n_damaged, 2);
  capture_jpeg(&whole, 0);
  ck_assert_int_eq(take(), SOURCE_FRAME);
  close_camera();
}
END_TEST

static void check_lost(int i) {
  static const struct {
    int reason;
    const char *says;
  } cases[] = {{ENODEV, "unplugged"}, {EIO, "failed: Input/output error"}};
  char *problem = NULL;
  fake_reset();
  open_camera();
  fake.failing = VIDIOC_DQBUF;
  fake.reason = cases[i].reason;
  ck_assert_int_eq(camera->class->take(camera, &frame, &problem), SOURCE_LOST);
  ck_assert_msg(strstr(problem, cases[i].says) != NULL, "%s", problem);
  g_free(problem);
  close_camera();
}

START_TEST(test_lost) {
  for (int i = 0; i < 2; i++) check_lost(i);
}
END_TEST

/* A driver may want more buffers than it is asked for, and all of them. */
static void check_number_of_buffers(int i) {
  static const uint32_t wanted[] = {0, 1, 2, 6, 32, 40}, queued[] = {4, 1, 2, 6, 32, 32};
  fake_reset();
  fake.n_buffers = wanted[i];
  open_camera();
  ck_assert_uint_eq(fake.n_queued_at_start, queued[i]);
  fake_capture(1, false);
  expect_frame(0);
  release();
  close_camera();
}

START_TEST(test_number_of_buffers) {
  for (int i = 0; i < 6; i++) check_number_of_buffers(i);
}
END_TEST

/* Wherever opening fails, one sentence says so and nothing stays open. */
static void check_opening_fails(int i) {
  static const unsigned long requests[] = {VIDIOC_ENUM_FMT, VIDIOC_S_FMT, VIDIOC_REQBUFS,
                                           VIDIOC_QUERYBUF, VIDIOC_QBUF,  VIDIOC_STREAMON};
  char *problem;
  fake_reset();
  fake.failing = requests[i];
  fake.reason = EBUSY;
  ck_assert_ptr_null(open_or_not(&problem));
  ck_assert_msg(g_str_has_prefix(problem, "/dev/video0: "), "%s", problem);
  ck_assert_int_eq(fake.n_open, 0);
  ck_assert_int_eq(fake.n_mapped, 0);
  g_free(problem);
}

START_TEST(test_opening_fails) {
  for (int i = 0; i < 6; i++) check_opening_fails(i);
}
END_TEST

START_TEST(test_driver_takes_another_format) {
  char *problem;
  fake_reset();
  fake.fourcc = V4L2_PIX_FMT_NV12;
  ck_assert_ptr_null(open_or_not(&problem));
  ck_assert_ptr_nonnull(strstr(problem, "refuses YUYV"));
  g_free(problem);
}
END_TEST

SUITE_MAIN("queue", test_fast_program_gets_every_frame, test_newest_of_two,
           test_slow_program_gets_no_old_frame, test_damaged_frames, test_jpeg_frames, test_lost,
           test_number_of_buffers, test_opening_fails, test_driver_takes_another_format)
