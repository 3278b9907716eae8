/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See picture_write.h.  libjpeg reports errors by jumping: nothing but encode() is jumped to.  The
 * memory that it writes to is ours, so that it is known after an error too.
 */
#include <stdio.h> /* jpeglib.h needs it */

#include "picture_write.h"

#include "picture_decoder.h"

#include <setjmp.h>
#include <stdlib.h>

#include <jpeglib.h>

enum { FIRST_BYTES = 1 << 16 };

typedef struct Writer {
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr destination;
  struct jpeg_compress_struct codec;
  jmp_buf failed;
  const Picture *picture;
  int quality;
  uint8_t *data; /* [capacity] */
  size_t n_bytes, capacity;
  PictureProblem *problem;
} Writer;

static void on_error(j_common_ptr codec) {
  Writer *writer = codec->client_data;
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  picture_fail(writer->problem, "no JPEG can be made of it: %s", message);
  longjmp(writer->failed, 1);
}

static void on_warning(j_common_ptr codec, int level) {
  (void)codec;
  (void)level;
}

/* ---- Where the bytes go -------------------------------------------------- */

static void give_room(Writer *writer) {
  writer->destination.next_output_byte = writer->data + writer->n_bytes;
  writer->destination.free_in_buffer = writer->capacity - writer->n_bytes;
}

static void begin(j_compress_ptr codec) {
  give_room(codec->client_data);
}

/* Called when the memory is full, whatever free_in_buffer says. */
static boolean grow(j_compress_ptr codec) {
  Writer *writer = codec->client_data;
  uint8_t *larger = realloc(writer->data, writer->capacity * 2);
  if (larger == NULL) {
    picture_fail(writer->problem, "not enough memory for a JPEG");
    longjmp(writer->failed, 1);
  }
  writer->data = larger;
  writer->n_bytes = writer->capacity;
  writer->capacity *= 2;
  give_room(writer);
  return TRUE;
}

static void end(j_compress_ptr codec) {
  Writer *writer = codec->client_data;
  writer->n_bytes = writer->capacity - writer->destination.free_in_buffer;
}

/* ---- The picture --------------------------------------------------------- */

static void write_rows(Writer *writer) {
  j_compress_ptr codec = &writer->codec;
  size_t stride = (size_t)writer->picture->width * 3;
  jpeg_create_compress(codec);
  codec->client_data = writer;
  codec->dest = &writer->destination;
  codec->image_width = (JDIMENSION)writer->picture->width;
  codec->image_height = (JDIMENSION)writer->picture->height;
  codec->input_components = 3;
  codec->in_color_space = JCS_RGB;
  jpeg_set_defaults(codec);
  jpeg_set_quality(codec, writer->quality, TRUE);
  jpeg_start_compress(codec, TRUE);
  while (codec->next_scanline < codec->image_height) {
    JSAMPROW row = writer->picture->pixels + codec->next_scanline * stride;
    jpeg_write_scanlines(codec, &row, 1);
  }
  jpeg_finish_compress(codec);
}

static bool encode(Writer *writer) {
  if (setjmp(writer->failed) != 0) return false;
  write_rows(writer);
  return true;
}

bool picture_encode_jpeg(const Picture *picture, int quality, uint8_t **data, size_t *n_bytes,
                         PictureProblem *problem) {
  Writer writer = {.destination = {.init_destination = begin,
                                   .empty_output_buffer = grow,
                                   .term_destination = end},
                   .picture = picture,
                   .quality = quality,
                   .data = malloc(FIRST_BYTES),
                   .capacity = FIRST_BYTES,
                   .problem = problem};
  writer.codec.err = jpeg_std_error(&writer.errors);
  writer.errors.error_exit = on_error;
  writer.errors.emit_message = on_warning;
  writer.codec.client_data = &writer;
  *data = NULL;
  *n_bytes = 0;
  if (writer.data == NULL) return picture_fail(problem, "not enough memory for a JPEG");
  bool done = encode(&writer);
  jpeg_destroy_compress(&writer.codec);
  if (!done) {
    free(writer.data);
    return false;
  }
  *data = writer.data;
  *n_bytes = writer.n_bytes;
  return true;
}
