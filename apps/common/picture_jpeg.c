/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JPEG by libjpeg.  It reports errors by jumping: nothing but run() is jumped to.  What it takes
 * for a warning and then makes up pixels, such as a file that is cut, is an error here.
 */
#include <stdio.h> /* jpeglib.h needs it */

#include "picture_decoder.h"

#include <setjmp.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h> /* in this order: the codes depend on the library's version */

enum { MAX_HALVINGS = 3, MAX_SCANS = 100, MAX_SEGMENT = 0xffff };

#define UNKNOWN_KIND "a kind of JPEG that cannot be read"

typedef struct Jpeg {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct codec;
  jmp_buf failed;
  bool is_done;
  bool has_no_end;   /* the file ended before its end marker */
  PictureHead *head; /* to be filled; NULL: the pixels are */
  uint8_t *rgb;      /* [height][width][3] */
  int halvings;
  JDIMENSION width, height; /* after halving */
  PictureProblem *problem;
} Jpeg;

/* ---- Errors -------------------------------------------------------------- */

static Jpeg *jpeg_of(j_common_ptr codec) {
  return codec->client_data;
}

static _Noreturn void fail(Jpeg *jpeg, const char *what, const char *why) {
  picture_fail(jpeg->problem, "%s: %s", what, why);
  longjmp(jpeg->failed, 1);
}

static void on_error(j_common_ptr codec) {
  char message[JMSG_LENGTH_MAX];
  const char *what = "damaged JPEG";
  codec->err->format_message(codec, message);
  switch (codec->err->msg_code) {
  case JERR_BAD_PRECISION:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_NOT_COMPILED:
  case JERR_SOF_UNSUPPORTED:
    what = UNKNOWN_KIND;
    break;
  case JERR_OUT_OF_MEMORY:
    what = "not enough memory";
    break;
  }
  fail(jpeg_of(codec), what, message);
}

static void on_message(j_common_ptr codec, int level) {
  if (level >= 0) return; /* not a warning */
  switch (codec->err->msg_code) {
  case JWRN_JPEG_EOF:
    jpeg_of(codec)->has_no_end = true;
    break;
  case JWRN_EXTRANEOUS_DATA: /* with an end behind it, what some cameras write */
    if (jpeg_of(codec)->has_no_end) fail(jpeg_of(codec), "damaged JPEG", "the file ends early");
    break;
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_MUST_RESYNC:
    on_error(codec);
    break;
  }
}

/* A small file may ask for its pixels to be gone over any number of times. */
static void on_progress(j_common_ptr codec) {
  Jpeg *jpeg = jpeg_of(codec);
  if (jpeg->codec.input_scan_number > MAX_SCANS) fail(jpeg, "damaged JPEG", "too many scans");
}

/* Opens the file, does `work` and closes it. */
static bool run(Jpeg *jpeg, const uint8_t *data, size_t n_bytes, void (*work)(Jpeg *jpeg)) {
  jpeg->codec.err = jpeg_std_error(&jpeg->errors);
  jpeg->codec.client_data = jpeg;
  jpeg->errors.error_exit = on_error;
  jpeg->errors.emit_message = on_message;
  jpeg->progress.progress_monitor = on_progress;
  if (setjmp(jpeg->failed) == 0) {
    jpeg_create_decompress(&jpeg->codec);
    jpeg->codec.progress = &jpeg->progress;
    jpeg_mem_src(&jpeg->codec, data, n_bytes);
    jpeg_save_markers(&jpeg->codec, JPEG_APP0 + 1, MAX_SEGMENT);
    jpeg_read_header(&jpeg->codec, TRUE);
    work(jpeg);
    jpeg->is_done = true;
  }
  jpeg_destroy_decompress(&jpeg->codec);
  return jpeg->is_done;
}

/* ---- The head ------------------------------------------------------------ */

static Exif find_exif(const Jpeg *jpeg) {
  static const char name[] = "Exif"; /* with the zero behind it */
  for (jpeg_saved_marker_ptr at = jpeg->codec.marker_list; at != NULL; at = at->next)
    if (at->marker == JPEG_APP0 + 1 && at->data_length >= sizeof name &&
        memcmp(at->data, name, sizeof name) == 0)
      return exif_read(at->data, at->data_length);
  return EXIF_NONE;
}

static void read_head(Jpeg *jpeg) {
  /* Hardly any program knows it, and libjpeg does not tell where it ends early. */
  if (jpeg->codec.arith_code) fail(jpeg, UNKNOWN_KIND, "arithmetic coding");
  *jpeg->head = (PictureHead){.width = (int32_t)jpeg->codec.image_width,
                              .height = (int32_t)jpeg->codec.image_height,
                              .exif = find_exif(jpeg),
                              .max_halvings = MAX_HALVINGS};
}

static bool head(const uint8_t *data, size_t n_bytes, PictureHead *head, PictureProblem *problem) {
  Jpeg jpeg = {.head = head, .problem = problem};
  return run(&jpeg, data, n_bytes, read_head);
}

/* ---- The pixels ---------------------------------------------------------- */

/* Ink on paper to light, without profiles; what Adobe's programs write is inverted. */
static void convert_cmyk(const uint8_t *cmyk, size_t n_pixels, bool inverted, uint8_t *rgb) {
  const int flip = inverted ? 0 : 255;
  for (size_t i = 0; i < n_pixels; i++, cmyk += 4)
    for (int c = 0; c < 3; c++)
      *rgb++ = (uint8_t)(((cmyk[c] ^ flip) * (cmyk[3] ^ flip) + 127) / 255);
}

static void read_row(Jpeg *jpeg, JSAMPROW cmyk, uint8_t *rgb) {
  JSAMPROW row = cmyk != NULL ? cmyk : rgb;
  jpeg_read_scanlines(&jpeg->codec, &row, 1);
  if (cmyk != NULL) convert_cmyk(cmyk, jpeg->codec.output_width, jpeg->codec.saw_Adobe_marker, rgb);
}

static void read_pixels(Jpeg *jpeg) {
  struct jpeg_decompress_struct *codec = &jpeg->codec;
  bool is_cmyk = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
  JSAMPROW cmyk = NULL;
  codec->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  codec->dct_method = JDCT_ISLOW;
  codec->scale_num = 1;
  codec->scale_denom = 1U << jpeg->halvings;
  jpeg_start_decompress(codec);
  if (codec->output_width != jpeg->width || codec->output_height != jpeg->height)
    fail(jpeg, "damaged JPEG", "two sizes");
  const size_t stride_bytes = (size_t)jpeg->width * 3;
  if (is_cmyk) /* freed with the rest */
    cmyk = *codec->mem->alloc_sarray((j_common_ptr)codec, JPOOL_IMAGE, codec->output_width * 4, 1);
  while (codec->output_scanline < codec->output_height)
    read_row(jpeg, cmyk, jpeg->rgb + codec->output_scanline * stride_bytes);
  jpeg_finish_decompress(codec);
  /* One scan was read to its end; of several, some may be missing. */
  if (jpeg->has_no_end && codec->input_scan_number > 1)
    fail(jpeg, "damaged JPEG", "the file ends early");
}

static bool decode(const uint8_t *data, size_t n_bytes, const PictureHead *head, int halvings,
                   uint8_t *rgb, PictureProblem *problem) {
  const int round_up = (1 << halvings) - 1;
  Jpeg jpeg = {.rgb = rgb,
               .halvings = halvings,
               .width = (JDIMENSION)(head->width + round_up) >> halvings,
               .height = (JDIMENSION)(head->height + round_up) >> halvings,
               .problem = problem};
  return run(&jpeg, data, n_bytes, read_pixels);
}

const PictureDecoder picture_jpeg = {head, decode};
