/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See formats.h.  Costs are bytes a pixel: what the engine reads, and for a conversion also what
 * libv4lconvert reads and writes.  Those of decoders stand for their work; grey is last, because
 * the colours are lost.
 */
#include "formats.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define COST_DECODE 40
#define COST_GREY 100

#define YUV420 V4L2_PIX_FMT_YUV420, WN_PIXEL_I420
#define RGB24 V4L2_PIX_FMT_RGB24, WN_PIXEL_RGB

static const CameraFormat formats[] = {
    {V4L2_PIX_FMT_NV12, 0, WN_PIXEL_NV12, 1.5},
    {V4L2_PIX_FMT_YUV420, 0, WN_PIXEL_I420, 1.5},
    {V4L2_PIX_FMT_YVU420, 0, WN_PIXEL_YV12, 1.5},
    {V4L2_PIX_FMT_YUYV, 0, WN_PIXEL_YUY2, 2},
    {V4L2_PIX_FMT_UYVY, 0, WN_PIXEL_UYVY, 2},
    {V4L2_PIX_FMT_RGB24, 0, WN_PIXEL_RGB, 3},
    {V4L2_PIX_FMT_BGR24, 0, WN_PIXEL_BGR, 3},
    {V4L2_PIX_FMT_RGBX32, 0, WN_PIXEL_RGBX, 4},
    {V4L2_PIX_FMT_XBGR32, 0, WN_PIXEL_BGRX, 4},
    {V4L2_PIX_FMT_RGBA32, 0, WN_PIXEL_RGBA, 4},
    {V4L2_PIX_FMT_ABGR32, 0, WN_PIXEL_BGRA, 4},
    {V4L2_PIX_FMT_BGR32, 0, WN_PIXEL_BGRX, 4},
    {V4L2_PIX_FMT_GREY, 0, WN_PIXEL_GRAY8, COST_GREY},
    /* YUV in another order */
    {V4L2_PIX_FMT_YVYU, YUV420, 2 + 1.5 + 1.5},
    {V4L2_PIX_FMT_NV16, YUV420, 2 + 1.5 + 1.5},
    {V4L2_PIX_FMT_NV61, YUV420, 2 + 1.5 + 1.5},
    {V4L2_PIX_FMT_M420, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_HM12, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_SN9C20X_I420, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_SPCA501, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_SPCA505, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_SPCA508, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_KONICA420, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_CIT_YYVYUY, YUV420, 1.5 + 1.5 + 1.5},
    {V4L2_PIX_FMT_CPIA1, YUV420, COST_DECODE},
    /* other RGB */
    {V4L2_PIX_FMT_RGB565, RGB24, 2 + 3 + 3},
    {V4L2_PIX_FMT_RGB32, RGB24, 4 + 3 + 3},
    {V4L2_PIX_FMT_XRGB32, RGB24, 4 + 3 + 3},
    {V4L2_PIX_FMT_ARGB32, RGB24, 4 + 3 + 3},
    {V4L2_PIX_FMT_HSV24, RGB24, 3 + 3 + 3},
    {V4L2_PIX_FMT_HSV32, RGB24, 4 + 3 + 3},
    /* decoders; that of JPEG makes YUV only of sides that are multiples of 16 */
    {V4L2_PIX_FMT_MJPEG, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_JPEG, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_PJPG, YUV420, COST_DECODE},
    {V4L2_PIX_FMT_JPGL, YUV420, COST_DECODE},
    {V4L2_PIX_FMT_SPCA561, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SN9C10X, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SN9C2028, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_PAC207, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_MR97310A, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_JL2005BCD, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SQ905C, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SE401, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_STV0680, RGB24, COST_DECODE},
    /* a sensor's own, where it is asked for by name: modes.c does not choose it */
    {V4L2_PIX_FMT_SBGGR8, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGBRG8, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGRBG8, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SRGGB8, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SBGGR10P, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGBRG10P, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGRBG10P, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SRGGB10P, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SBGGR10, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGBRG10, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGRBG10, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SRGGB10, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SBGGR16, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGBRG16, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SGRBG16, RGB24, COST_DECODE},
    {V4L2_PIX_FMT_SRGGB16, RGB24, COST_DECODE},
    /* other grey */
    {V4L2_PIX_FMT_Y16, YUV420, COST_GREY + 2},
    {V4L2_PIX_FMT_Y10BPACK, YUV420, COST_GREY + 2},
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

const CameraFormat *format_find(uint32_t fourcc) {
  for (size_t i = 0; i < N_FORMATS; i++)
    if (formats[i].fourcc == fourcc) return &formats[i];
  return NULL;
}

void format_name(uint32_t fourcc, char name[FOURCC_NAME]) {
  for (int i = 0; i < 4; i++) {
    int character = (int)(fourcc >> (8 * i) & 0x7f); /* the top bit means big-endian */
    name[i] = isprint(character) ? (char)character : '?';
  }
  name[4] = '\0';
  for (int i = 3; i > 0 && name[i] == ' '; i--) name[i] = '\0';
}

uint32_t format_parse(const char *text) {
  size_t length = strlen(text);
  uint32_t fourcc = 0;
  char name[FOURCC_NAME];
  for (size_t i = 0; i < N_FORMATS; i++) {
    format_name(formats[i].fourcc, name);
    if (strcasecmp(text, name) == 0 ||
        (formats[i].converted_to == 0 &&
         strcasecmp(text, wn_pixel_format_name(formats[i].pixel)) == 0))
      return formats[i].fourcc;
  }
  for (size_t i = 0; i < 4; i++) {
    int character = i < length ? (unsigned char)text[i] : ' ';
    if (!isprint(character)) return 0;
    fourcc |= (uint32_t)character << (8 * i);
  }
  return length > 0 && length <= 4 ? fourcc : 0;
}

static bool is_jpeg(uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_PJPG || fourcc == V4L2_PIX_FMT_JPGL;
}

/* The engine knows BT.601 and BT.709, which BT.2020 is nearer to.  JPEG has its own rule (JFIF),
 * whatever the driver says. */
static void describe_colour(const CameraFormat *format, const struct v4l2_pix_format *driver,
                            WnFrame *frame) {
  if (is_jpeg(format->fourcc)) {
    frame->matrix = WN_MATRIX_BT601;
    frame->range = WN_RANGE_FULL;
    frame->chroma_site = WN_CHROMA_CENTRED;
    return;
  }
  uint32_t encoding = driver->ycbcr_enc, range = driver->quantization;
  bool is_grey = format->cost >= COST_GREY; /* full range, as libv4lconvert leaves it too */
  if (encoding == V4L2_YCBCR_ENC_DEFAULT) encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(driver->colorspace);
  if (range == V4L2_QUANTIZATION_DEFAULT)
    range = V4L2_MAP_QUANTIZATION_DEFAULT(is_grey, driver->colorspace, encoding);
  bool is_601 = encoding == V4L2_YCBCR_ENC_601 || encoding == V4L2_YCBCR_ENC_XV601;
  frame->matrix = is_601 ? WN_MATRIX_BT601 : WN_MATRIX_BT709;
  frame->range = range == V4L2_QUANTIZATION_FULL_RANGE ? WN_RANGE_FULL : WN_RANGE_LIMITED;
}

size_t format_describe(const CameraFormat *format, const struct v4l2_pix_format *driver,
                       const uint8_t *data, WnFrame *frame) {
  if (driver->width < 1 || driver->width > WN_FRAME_MAX_SIDE || driver->height < 1 ||
      driver->height > WN_FRAME_MAX_SIDE)
    return 0;
  *frame = (WnFrame){.format = format->pixel,
                     .width = (int32_t)driver->width,
                     .height = (int32_t)driver->height,
                     .pts_ns = WN_PTS_NONE};
  describe_colour(format, driver, frame);
  size_t offset = 0;
  for (int plane = 0; plane < wn_pixel_format_planes(format->pixel); plane++) {
    size_t row = wn_pixel_format_row_bytes(format->pixel, plane, frame->width);
    size_t stride = driver->bytesperline;
    if (plane > 0 && format->pixel != WN_PIXEL_NV12) stride /= 2; /* a chroma plane of its own */
    if (stride < row || stride > (size_t)WN_FRAME_MAX_SIDE * 8) return 0;
    frame->plane[plane] = data + offset;
    frame->stride_bytes[plane] = (ptrdiff_t)stride;
    offset += stride * (size_t)wn_pixel_format_rows(format->pixel, plane, frame->height);
  }
  return offset;
}
