/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See picture.h: which format a file has, the limits, and turning pictures upright.  A format is
 * added by a picture_*.c and a row in the table.
 */
#include "picture_decoder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How files begin.  Those without a decoder are there to be named. */
static const struct {
  const char *name;
  size_t offset, n_bytes;
  const char *bytes;
  const PictureDecoder *decoder;
} kinds[] = {
#define BEGINS(bytes) 0, sizeof(bytes) - 1, bytes
#define AT(offset, bytes) offset, sizeof(bytes) - 1, bytes
    {"JPEG", BEGINS("\xff\xd8\xff"), &picture_jpeg},
    {"PNG", BEGINS("\x89PNG\r\n\x1a\n"), &picture_png},
    {"WebP", AT(8, "WEBP"), &picture_webp},
    {"PPM", BEGINS("P6"), &picture_pnm},
    {"PGM", BEGINS("P5"), &picture_pnm},
    {"PNM as text", BEGINS("P1"), NULL},
    {"PNM as text", BEGINS("P2"), NULL},
    {"PNM as text", BEGINS("P3"), NULL},
    {"PBM", BEGINS("P4"), NULL},
    {"PAM", BEGINS("P7\n"), NULL},
    {"GIF", BEGINS("GIF8"), NULL},
    {"BMP", BEGINS("BM"), NULL},
    {"TIFF", BEGINS("II*\0"), NULL},
    {"TIFF", BEGINS("MM\0*"), NULL},
    {"AVIF", AT(4, "ftypavi"), NULL},
    {"HEIC", AT(4, "ftyphe"), NULL},
    {"HEIC or AVIF", AT(4, "ftypmif1"), NULL},
    {"HEIC or AVIF", AT(4, "ftypmsf1"), NULL},
    {"MP4 video", AT(4, "ftyp"), NULL},
    {"JPEG XL", BEGINS("\xff\x0a"), NULL},
    {"JPEG XL", BEGINS("\0\0\0\x0cJXL "), NULL},
    {"JPEG 2000", BEGINS("\0\0\0\x0cjP  "), NULL},
    {"JPEG 2000", BEGINS("\xff\x4f\xff\x51"), NULL},
    {"SVG", BEGINS("<svg"), NULL},
    {"XML, perhaps SVG,", BEGINS("<?xml"), NULL},
    {"HTML", BEGINS("<!DOCTYPE html"), NULL},
    {"HTML", BEGINS("<html"), NULL},
    {"PDF", BEGINS("%PDF"), NULL},
    {"Photoshop's PSD", BEGINS("8BPS"), NULL},
    {"ICO", BEGINS("\0\0\1\0"), NULL},
    {"OpenEXR", BEGINS("\x76\x2f\x31\x01"), NULL},
    {"QOI", BEGINS("qoif"), NULL},
    {"YUV4MPEG2 video", BEGINS("YUV4MPEG2"), NULL},
    {"Matroska video", BEGINS("\x1a\x45\xdf\xa3"), NULL},
    {"AVI video", AT(8, "AVI "), NULL},
    {"a NumPy array", BEGINS("\x93NUMPY"), NULL},
    {"a zip archive", BEGINS("PK\3\4"), NULL},
    {"gzip", BEGINS("\x1f\x8b"), NULL},
    {"a Git LFS pointer instead of the file", BEGINS("version https://git-lfs"), NULL},
#undef BEGINS
#undef AT
};

/* What a stored picture of w columns and h rows becomes.  Pixel (x, y) of the upright one is number
 * start + x right + y down of the stored, each as {times w h, times w, times 1} (CIPA DC-008,
 * 4.6.4.A). */
static const struct {
  bool swaps_sides;
  int8_t start[3], right[3], down[3];
} turns[] = {
    {false, {0, 0, 0}, {0, 0, 1}, {0, 1, 0}},    /* 1 as it is */
    {false, {0, 1, -1}, {0, 0, -1}, {0, 1, 0}},  /* 2 mirrored */
    {false, {1, 0, -1}, {0, 0, -1}, {0, -1, 0}}, /* 3 upside down */
    {false, {1, -1, 0}, {0, 0, 1}, {0, -1, 0}},  /* 4 upside down, mirrored */
    {true, {0, 0, 0}, {0, 1, 0}, {0, 0, 1}},     /* 5 about the falling diagonal */
    {true, {1, -1, 0}, {0, -1, 0}, {0, 0, 1}},   /* 6 by 90 degrees clockwise */
    {true, {1, 0, -1}, {0, -1, 0}, {0, 0, -1}},  /* 7 about the rising diagonal */
    {true, {0, 1, -1}, {0, 1, 0}, {0, 0, -1}},   /* 8 by 90 degrees anticlockwise */
};

bool picture_fail(PictureProblem *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem->text, sizeof problem->text, format, arguments);
  va_end(arguments);
  return false;
}

static bool is_text(const uint8_t *data, size_t n_bytes) {
  for (size_t i = 0; i < n_bytes && i < 512; i++)
    if (data[i] < ' ' && memchr("\t\n\f\r", data[i], 4) == NULL) return false;
  return true;
}

static const PictureDecoder *find_decoder(const uint8_t *data, size_t n_bytes,
                                          PictureProblem *problem) {
  const char *name = n_bytes == 0 ? "nothing: the file is empty" : NULL;
  for (size_t i = 0; name == NULL && i < sizeof kinds / sizeof *kinds; i++) {
    if (n_bytes < kinds[i].offset + kinds[i].n_bytes ||
        memcmp(data + kinds[i].offset, kinds[i].bytes, kinds[i].n_bytes) != 0)
      continue;
    if (kinds[i].decoder != NULL) return kinds[i].decoder;
    name = kinds[i].name;
  }
  if (name == NULL && is_text(data, n_bytes)) name = "text";
  if (name != NULL)
    picture_fail(problem, "holds %s; give a " PICTURE_KINDS " file", name);
  else
    picture_fail(problem, "not a picture that can be read; give a " PICTURE_KINDS " file");
  return NULL;
}

static bool check_size(const PictureHead *head, PictureProblem *problem) {
  const int32_t w = head->width, h = head->height;
  if (w < 1 || h < 1)
    return picture_fail(problem, "damaged: it says that it is %dx%d pixels", w, h);
  if (w > PICTURE_MAX_SIDE || h > PICTURE_MAX_SIDE)
    return picture_fail(problem, "%dx%d pixels are too many; the limit is %d a side", w, h,
                        PICTURE_MAX_SIDE);
  if ((int64_t)w * h > PICTURE_MAX_PIXELS)
    return picture_fail(problem, "%dx%d pixels are too many; the limit is %d million", w, h,
                        PICTURE_MAX_PIXELS / 1000000);
  return true;
}

static int choose_halvings(const PictureHead *head, PictureSize enough) {
  int halvings = 0;
  if (enough.width < 1 || enough.height < 1) return 0;
  if (turns[head->exif.orientation - 1].swaps_sides)
    enough = (PictureSize){enough.height, enough.width};
  while (halvings < head->max_halvings && head->width >> (halvings + 1) >= enough.width &&
         head->height >> (halvings + 1) >= enough.height)
    halvings++;
  return halvings;
}

static ptrdiff_t combine(const int8_t factors[3], ptrdiff_t w, ptrdiff_t h) {
  return factors[0] * w * h + factors[1] * w + factors[2];
}

/* Turns a picture as stored upright; false: no memory, and the picture is as it was. */
static bool turn(Picture *picture, int orientation) {
  const ptrdiff_t w = picture->width, h = picture->height;
  if (orientation == 1) return true;
  const ptrdiff_t start = combine(turns[orientation - 1].start, w, h),
                  right = combine(turns[orientation - 1].right, w, h),
                  down = combine(turns[orientation - 1].down, w, h);
  Picture upright = *picture;
  upright.pixels = malloc((size_t)(w * h * 3));
  if (upright.pixels == NULL) return false;
  if (turns[orientation - 1].swaps_sides) {
    upright.width = picture->height;
    upright.height = picture->width;
  }
  uint8_t *to = upright.pixels;
  for (int32_t y = 0; y < upright.height; y++)
    for (int32_t x = 0; x < upright.width; x++, to += 3)
      memcpy(to, picture->pixels + 3 * (start + x * right + y * down), 3);
  free(picture->pixels);
  *picture = upright;
  return true;
}

bool picture_decode(const uint8_t *data, size_t n_bytes, PictureSize enough, Picture *picture,
                    PictureProblem *problem) {
  PictureHead head = {.exif = EXIF_NONE};
  const PictureDecoder *decoder = find_decoder(data, n_bytes, problem);
  *picture = (Picture){0};
  if (decoder == NULL || !decoder->head(data, n_bytes, &head, problem) ||
      !check_size(&head, problem))
    return false;
  const int halvings = choose_halvings(&head, enough), round_up = (1 << halvings) - 1;
  picture->width = (head.width + round_up) >> halvings;
  picture->height = (head.height + round_up) >> halvings;
  picture->taken_s = head.exif.taken_s;
  picture->pixels = malloc((size_t)picture->width * (size_t)picture->height * 3);
  if (picture->pixels == NULL) {
    picture_fail(problem, "not enough memory for %dx%d pixels", picture->width, picture->height);
    goto fail;
  }
  if (!decoder->decode(data, n_bytes, &head, halvings, picture->pixels, problem)) goto fail;
  if (!turn(picture, head.exif.orientation)) {
    picture_fail(problem, "not enough memory to turn %dx%d pixels upright", picture->width,
                 picture->height);
    goto fail;
  }
  return true;

fail:
  free(picture->pixels);
  *picture = (Picture){0};
  return false;
}
