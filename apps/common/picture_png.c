/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PNG by libpng.  Every kind becomes RGB of 8 bits: grey is repeated, palettes are looked up, the
 * lower byte of 16 bits and alpha are dropped, gamma and profiles are ignored.  libpng reports
 * errors by jumping; nothing but decode_guarded() is jumped to.
 */
#include "picture_decoder.h"

#include <string.h>

#include <png.h>

enum { SIGNATURE_BYTES = 8, CHUNK_BYTES = 12, HEADER_BYTES = 13 };

typedef struct Png {
  png_structp codec;
  png_infop info;
  const uint8_t *data;
  size_t n_left;
  const PictureHead *head;
  uint8_t *rgb;
  PictureProblem *problem;
} Png;

/* ---- The head ------------------------------------------------------------ */

static size_t big(const uint8_t *at) {
  return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static int32_t side(const uint8_t *at) {
  size_t pixels = big(at);
  return pixels > INT32_MAX ? INT32_MAX : (int32_t)pixels;
}

/* A chunk is a length, a name of four bytes, as many bytes as it says, and a checksum of four.
 * eXIf may stand before or behind the pixels. */
static Exif find_exif(const uint8_t *data, size_t n_bytes) {
  size_t at = SIGNATURE_BYTES;
  while (n_bytes - at >= CHUNK_BYTES) {
    size_t length = big(data + at);
    if (length > n_bytes - at - CHUNK_BYTES) break;
    if (memcmp(data + at + 4, "eXIf", 4) == 0) return exif_read(data + at + 8, length);
    at += CHUNK_BYTES + length;
  }
  return EXIF_NONE;
}

static bool head(const uint8_t *data, size_t n_bytes, PictureHead *head, PictureProblem *problem) {
  const uint8_t *header = data + SIGNATURE_BYTES;
  if (n_bytes < SIGNATURE_BYTES + CHUNK_BYTES + HEADER_BYTES || big(header) != HEADER_BYTES ||
      memcmp(header + 4, "IHDR", 4) != 0)
    return picture_fail(problem, "damaged PNG: no header");
  *head = (PictureHead){
      .width = side(header + 8), .height = side(header + 12), .exif = find_exif(data, n_bytes)};
  return true;
}

/* ---- The pixels ---------------------------------------------------------- */

static void read_bytes(png_structp codec, png_bytep to, size_t n_bytes) {
  Png *png = png_get_io_ptr(codec);
  if (n_bytes > png->n_left) png_error(codec, "the file ends early");
  memcpy(to, png->data, n_bytes);
  png->data += n_bytes;
  png->n_left -= n_bytes;
}

static void on_error(png_structp codec, png_const_charp message) {
  Png *png = png_get_error_ptr(codec);
  picture_fail(png->problem, "damaged PNG: %s", message);
  png_longjmp(codec, 1);
}

static void on_warning(png_structp codec, png_const_charp message) {
  (void)codec;
  (void)message;
}

static void read_header(Png *png) {
  /* What is of no use here, and may be long when it is unpacked. */
  static const png_byte unread[] = "eXIf\0iCCP\0iTXt\0tEXt\0zTXt";
  png_set_read_fn(png->codec, png, read_bytes);
  png_set_user_limits(png->codec, PICTURE_MAX_SIDE, PICTURE_MAX_SIDE);
  png_set_keep_unknown_chunks(png->codec, PNG_HANDLE_CHUNK_NEVER, unread, sizeof unread / 5);
  png_read_info(png->codec, png->info);
  png_set_palette_to_rgb(png->codec);
  png_set_expand_gray_1_2_4_to_8(png->codec);
  png_set_gray_to_rgb(png->codec);
  png_set_strip_16(png->codec);
  png_set_strip_alpha(png->codec);
}

static void read_pixels(Png *png) {
  const size_t stride_bytes = (size_t)png->head->width * 3;
  const int n_passes = png_set_interlace_handling(png->codec);
  png_read_update_info(png->codec, png->info);
  if (png_get_rowbytes(png->codec, png->info) != stride_bytes)
    png_error(png->codec, "a kind that is not known");
  for (int pass = 0; pass < n_passes; pass++)
    for (int32_t y = 0; y < png->head->height; y++)
      png_read_row(png->codec, png->rgb + (size_t)y * stride_bytes, NULL);
  png_read_end(png->codec, NULL);
}

static bool decode_guarded(Png *png) {
  if (setjmp(png_jmpbuf(png->codec)) != 0) return false;
  read_header(png);
  read_pixels(png);
  return true;
}

static bool decode(const uint8_t *data, size_t n_bytes, const PictureHead *head, int halvings,
                   uint8_t *rgb, PictureProblem *problem) {
  Png png = {.data = data, .n_left = n_bytes, .head = head, .rgb = rgb, .problem = problem};
  (void)halvings;
  png.codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, &png, on_error, on_warning);
  if (png.codec != NULL) png.info = png_create_info_struct(png.codec);
  bool done = png.info != NULL ? decode_guarded(&png)
                               : picture_fail(problem, "libpng has no memory, or is another one");
  png_destroy_read_struct(&png.codec, &png.info, NULL);
  return done;
}

const PictureDecoder picture_png = {head, decode};
