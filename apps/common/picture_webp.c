/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WebP by libwebp; stills only.
 */
#include "picture_decoder.h"

#include <string.h>

#include <webp/decode.h>

enum { RIFF_BYTES = 12, CHUNK_BYTES = 8 };

static size_t little(const uint8_t *at) {
  return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

/* A chunk is a name of four bytes, a length, and as many bytes, padded to an even number. */
static Exif find_exif(const uint8_t *data, size_t n_bytes) {
  size_t at = RIFF_BYTES;
  while (at <= n_bytes && n_bytes - at >= CHUNK_BYTES) {
    size_t length = little(data + at + 4);
    if (length > n_bytes - at - CHUNK_BYTES) break;
    if (memcmp(data + at, "EXIF", 4) == 0) return exif_read(data + at + CHUNK_BYTES, length);
    at += CHUNK_BYTES + length + length % 2;
  }
  return EXIF_NONE;
}

static bool head(const uint8_t *data, size_t n_bytes, PictureHead *head, PictureProblem *problem) {
  WebPBitstreamFeatures features;
  /* A file that is cut behind its pixels is cut all the same. */
  if (n_bytes < RIFF_BYTES || little(data + 4) > n_bytes - CHUNK_BYTES ||
      WebPGetFeatures(data, n_bytes, &features) != VP8_STATUS_OK)
    return picture_fail(problem, "damaged WebP");
  if (features.has_animation)
    return picture_fail(problem, "an animated WebP, which cannot be read; give a still picture");
  *head = (PictureHead){
      .width = features.width, .height = features.height, .exif = find_exif(data, n_bytes)};
  return true;
}

static bool decode(const uint8_t *data, size_t n_bytes, const PictureHead *head, int halvings,
                   uint8_t *rgb, PictureProblem *problem) {
  const int stride_bytes = head->width * 3;
  (void)halvings;
  return WebPDecodeRGBInto(data, n_bytes, rgb, (size_t)stride_bytes * (size_t)head->height,
                           stride_bytes) != NULL ||
         picture_fail(problem, "damaged WebP");
}

const PictureDecoder picture_webp = {head, decode};
