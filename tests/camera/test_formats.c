/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pixel formats of cameras: names, planes, colours, and what libv4lconvert makes of those that the
 * engine does not read.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "convert.h"
#include "device.h"
#include "formats.h"
#include "suite.h"

START_TEST(test_names) {
  static const struct {
    const char *text;
    uint32_t fourcc;
  } cases[] = {{"YUYV", V4L2_PIX_FMT_YUYV},
               {"yuyv", V4L2_PIX_FMT_YUYV},
               {"YUY2", V4L2_PIX_FMT_YUYV},
               {"I420", V4L2_PIX_FMT_YUV420},
               {"YU12", V4L2_PIX_FMT_YUV420},
               {"RGB", V4L2_PIX_FMT_RGB24},
               {"mjpg", V4L2_PIX_FMT_MJPEG},
               {"Y16", V4L2_PIX_FMT_Y16},
               {"H264", V4L2_PIX_FMT_H264},
               {"", 0},
               {"YUYV2", 0},
               {"\x01\x02\x03\x04", 0}};
  char name[FOURCC_NAME];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(format_parse(cases[i].text) == cases[i].fourcc, "'%s'", cases[i].text);
  format_name(V4L2_PIX_FMT_Y16, name);
  ck_assert_str_eq(name, "Y16");
  format_name(0x0a1b4241, name);
  ck_assert_str_eq(name, "AB??");
}
END_TEST

START_TEST(test_planes) {
  static const uint8_t pixels[1];
  WnFrame frame;
  struct v4l2_pix_format driver = {.width = 6, .height = 4, .bytesperline = 16};
  ck_assert_uint_eq(format_describe(format_find(V4L2_PIX_FMT_NV12), &driver, pixels, &frame), 96);
  ck_assert_int_eq(frame.plane[1] - frame.plane[0], 64);
  ck_assert_int_eq(frame.stride_bytes[1], 16);
  ck_assert_uint_eq(format_describe(format_find(V4L2_PIX_FMT_YVU420), &driver, pixels, &frame), 96);
  ck_assert_int_eq(frame.format, WN_PIXEL_YV12);
  ck_assert_int_eq(frame.plane[2] - frame.plane[0], 64 + 16);
  ck_assert_int_eq(frame.stride_bytes[2], 8);
  ck_assert_uint_eq(format_describe(format_find(V4L2_PIX_FMT_YUYV), &driver, pixels, &frame), 64);
  ck_assert_ptr_null(frame.plane[1]);
}
END_TEST

/* Numbers of a driver that describe no frame. */
START_TEST(test_nonsense) {
  static const struct v4l2_pix_format drivers[] = {
      {.width = 0, .height = 4, .bytesperline = 16},
      {.width = 6, .height = 0, .bytesperline = 16},
      {.width = 6, .height = 4, .bytesperline = 11},
      {.width = 6, .height = 4, .bytesperline = 0},
      {.width = 6, .height = 4, .bytesperline = UINT32_MAX},
      {.width = 16385, .height = 4, .bytesperline = 65536},
      {.width = UINT32_MAX, .height = UINT32_MAX, .bytesperline = UINT32_MAX}};
  WnFrame frame;
  for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
    ck_assert_uint_eq(format_describe(format_find(V4L2_PIX_FMT_YUYV), &drivers[i], NULL, &frame),
                      0);
}
END_TEST

START_TEST(test_colour) {
  static const struct {
    uint32_t fourcc, colorspace, encoding, quantization;
    WnColorMatrix matrix;
    WnColorRange range;
  } cases[] = {
      {V4L2_PIX_FMT_YUYV, V4L2_COLORSPACE_SRGB, 0, 0, WN_MATRIX_BT601, WN_RANGE_LIMITED},
      {V4L2_PIX_FMT_YUYV, V4L2_COLORSPACE_REC709, 0, 0, WN_MATRIX_BT709, WN_RANGE_LIMITED},
      {V4L2_PIX_FMT_YUYV, V4L2_COLORSPACE_JPEG, 0, 0, WN_MATRIX_BT601, WN_RANGE_FULL},
      {V4L2_PIX_FMT_NV12, V4L2_COLORSPACE_BT2020, 0, 0, WN_MATRIX_BT709, WN_RANGE_LIMITED},
      {V4L2_PIX_FMT_NV12, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_601, V4L2_QUANTIZATION_FULL_RANGE,
       WN_MATRIX_BT601, WN_RANGE_FULL},
      {V4L2_PIX_FMT_PJPG, V4L2_COLORSPACE_REC709, 0, 0, WN_MATRIX_BT601, WN_RANGE_FULL},
      {V4L2_PIX_FMT_Y16, V4L2_COLORSPACE_SRGB, 0, 0, WN_MATRIX_BT601, WN_RANGE_FULL},
      {V4L2_PIX_FMT_GREY, V4L2_COLORSPACE_RAW, 0, 0, WN_MATRIX_BT601, WN_RANGE_FULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    WnFrame frame;
    struct v4l2_pix_format driver = {.width = 6, .height = 4, .bytesperline = 16};
    driver.colorspace = cases[i].colorspace;
    driver.ycbcr_enc = cases[i].encoding;
    driver.quantization = cases[i].quantization;
    format_describe(format_find(cases[i].fourcc), &driver, NULL, &frame);
    ck_assert_msg(frame.matrix == cases[i].matrix && frame.range == cases[i].range, "case %zu", i);
  }
}
END_TEST

/* ---- Conversion ---------------------------------------------------------- */

/* The camera that libv4lconvert asks: one that it knows nothing special about.  It takes the place
 * of that in device.c. */
int device_call(int descriptor, unsigned long request, void *argument) {
  (void)descriptor;
  if (request != VIDIOC_QUERYCAP) return -1;
  *(struct v4l2_capability *)argument =
      (struct v4l2_capability){.driver = "test", .capabilities = V4L2_CAP_VIDEO_CAPTURE};
  return 0;
}

static PictureProblem problem;

static Converter *converter_for(uint32_t fourcc, uint32_t width, uint32_t height,
                                uint32_t bytesperline) {
  struct v4l2_pix_format driver = {
      .pixelformat = fourcc, .width = width, .height = height, .bytesperline = bytesperline};
  return converter_new(-1, format_find(fourcc), &driver);
}

START_TEST(test_convert_packed) {
  enum { WIDTH = 16, HEIGHT = 4 };
  uint8_t pixels[WIDTH * HEIGHT * 2];
  for (size_t i = 0; i < sizeof pixels; i += 4)
    memcpy(pixels + i, (const uint8_t[]){100, 90, 120, 60}, 4); /* Y V Y U */
  Converter *converter = converter_for(V4L2_PIX_FMT_YVYU, WIDTH, HEIGHT, WIDTH * 2);
  WnFrame frame;
  ck_assert_ptr_nonnull(converter);
  ck_assert(converter_run(converter, pixels, sizeof pixels, &frame, &problem));
  ck_assert_int_eq(frame.format, WN_PIXEL_I420);
  ck_assert_int_eq(frame.width, WIDTH);
  ck_assert_int_eq(frame.plane[0][0], 100);
  ck_assert_int_eq(frame.plane[0][1], 120);
  ck_assert_int_eq(frame.plane[1][0], 60);
  ck_assert_int_eq(frame.plane[2][0], 90);
  ck_assert(!converter_run(converter, pixels, sizeof pixels / 2, &frame, &problem));
  ck_assert(!converter_run(converter, pixels, 0, &frame, &problem));
  converter_free(converter);
}
END_TEST

/* A picture with soft shades, as a camera that compresses would send it, of three channels or one;
 * jpeg is freed with free(). */
static void make_jpeg(int width, int height, int n_channels, uint8_t *pixels, unsigned char **jpeg,
                      unsigned long *n_bytes) {
  struct jpeg_error_mgr errors;
  struct jpeg_compress_struct codec = {.err = jpeg_std_error(&errors)};
  const int n_samples = width * n_channels;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < n_samples; x++)
      pixels[y * n_samples + x] =
          (uint8_t)(128 + 100 * sin(0.03 * x + 0.05 * y * (x % n_channels)));
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, jpeg, n_bytes);
  codec.image_width = (JDIMENSION)width;
  codec.image_height = (JDIMENSION)height;
  codec.input_components = n_channels;
  codec.in_color_space = n_channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, 90, TRUE);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    JSAMPROW row = pixels + codec.next_scanline * (size_t)n_samples;
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
}

/* Also at sizes that are no multiples of JPEG's blocks. */
static void check_convert_jpeg(int i) {
  static const int sizes[][2] = {{32, 32}, {424, 240}, {640, 360}, {800, 600}};
  int width = sizes[i][0], height = sizes[i][1];
  unsigned long n_bytes = 0;
  unsigned char *jpeg = NULL;
  uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
  make_jpeg(width, height, 3, rgb, &jpeg, &n_bytes);
  Converter *converter = converter_for(V4L2_PIX_FMT_MJPEG, (uint32_t)width, (uint32_t)height, 0);
  WnFrame frame;
  ck_assert_ptr_nonnull(converter);
  ck_assert(converter_run(converter, jpeg, n_bytes, &frame, &problem));
  ck_assert_int_eq(frame.format, WN_PIXEL_RGB);
  double off = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width * 3; x++)
      off += abs(rgb[y * width * 3 + x] - frame.plane[0][y * frame.stride_bytes[0] + x]);
  ck_assert_double_le(off / (width * height * 3), 6); /* what JPEG itself loses */
  ck_assert(!converter_run(converter, jpeg, 100, &frame, &problem));
  memset(jpeg, 0x5a, n_bytes);
  ck_assert(!converter_run(converter, jpeg, n_bytes, &frame, &problem));
  converter_free(converter);
  free(rgb);
  free(jpeg);
}

START_TEST(test_convert_jpeg) {
  for (int i = 0; i < 4; i++) check_convert_jpeg(i);
}
END_TEST

/* The shades are the same in all channels. */
START_TEST(test_convert_grey_jpeg) {
  enum { SIDE = 64 };
  uint8_t grey[SIDE * SIDE];
  unsigned long n_bytes = 0;
  unsigned char *jpeg = NULL;
  WnFrame frame;
  make_jpeg(SIDE, SIDE, 1, grey, &jpeg, &n_bytes);
  Converter *converter = converter_for(V4L2_PIX_FMT_MJPEG, SIDE, SIDE, 0);
  ck_assert_msg(converter_run(converter, jpeg, n_bytes, &frame, &problem), "%s", problem.text);
  for (int i = 0; i < SIDE * SIDE; i++)
    for (int c = 0; c < 3; c++) ck_assert_int_le(abs(frame.plane[0][3 * i + c] - grey[i]), 8);
  converter_free(converter);
  free(jpeg);
}
END_TEST

static void expect_damage(Converter *converter, uint8_t *jpeg, size_t n_bytes, const char *says) {
  WnFrame frame;
  ck_assert(!converter_run(converter, jpeg, n_bytes, &frame, &problem));
  ck_assert_msg(strstr(problem.text, says) != NULL, "%s", problem.text);
}

/* Where it is cut, and whether zeros follow; without its end marker alone it is whole.  A frame
 * behind a damaged one comes through. */
START_TEST(test_convert_damaged_jpeg) {
  enum { SIDE = 64 };
  static uint8_t rgb[SIDE * SIDE * 3];
  unsigned long n_bytes = 0;
  unsigned char *jpeg = NULL;
  WnFrame frame;
  make_jpeg(SIDE, SIDE, 3, rgb, &jpeg, &n_bytes);
  uint8_t *padded = calloc(n_bytes, 2);
  Converter *converter = converter_for(V4L2_PIX_FMT_MJPEG, SIDE, SIDE, 0);
  for (unsigned long cut = n_bytes - 8; cut > 700; cut -= cut / 7) {
    expect_damage(converter, jpeg, cut, "Corrupt JPEG data");
    memset(padded, 0, n_bytes * 2);
    memcpy(padded, jpeg, cut);
    expect_damage(converter, padded, n_bytes * 2, "damaged JPEG");
    ck_assert(converter_run(converter, jpeg, n_bytes, &frame, &problem));
  }
  ck_assert(converter_run(converter, jpeg, n_bytes - 2, &frame, &problem));
  converter_free(converter);
  converter = converter_for(V4L2_PIX_FMT_MJPEG, SIDE, SIDE / 2, 0);
  expect_damage(converter, jpeg, n_bytes, "64x64 pixels in a stream of 64x32");
  converter_free(converter);
  free(padded);
  free(jpeg);
}
END_TEST

START_TEST(test_convert_refuses) {
  ck_assert_ptr_null(converter_for(V4L2_PIX_FMT_MJPEG, 33, 32, 0));
  ck_assert_ptr_null(converter_for(V4L2_PIX_FMT_MJPEG, 32, 0, 0));
  ck_assert_ptr_null(converter_for(V4L2_PIX_FMT_YUYV, 32, 32, 64));
}
END_TEST

SUITE_MAIN("formats", test_names, test_planes, test_nonsense, test_colour, test_convert_packed,
           test_convert_jpeg, test_convert_grey_jpeg, test_convert_damaged_jpeg,
           test_convert_refuses)
