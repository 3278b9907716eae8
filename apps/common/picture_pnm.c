/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PPM (P6) and PGM (P5), samples of 8 or 16 bits: width, height and the largest value as text with
 * comments between, one white space, then the pixels.  Pictures behind the first are ignored.
 */
#include "picture_decoder.h"

#include <string.h>

typedef struct Pnm {
  int32_t width, height, max_value, n_channels;
  const uint8_t *samples;
  size_t n_bytes; /* behind the header */
} Pnm;

static bool is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next number; -1: there is none.  One that is too large for anything is INT32_MAX / 10. */
static int32_t read_number(const uint8_t *data, size_t n_bytes, size_t *at) {
  int32_t value = 0;
  while (*at < n_bytes && (is_space(data[*at]) || data[*at] == '#')) {
    if (data[*at] == '#')
      while (*at < n_bytes && data[*at] != '\n' && data[*at] != '\r') ++*at;
    else
      ++*at;
  }
  if (*at == n_bytes || data[*at] < '0' || data[*at] > '9') return -1;
  for (; *at < n_bytes && data[*at] >= '0' && data[*at] <= '9'; ++*at)
    if (value < INT32_MAX / 10) {
      value = value * 10 + (data[*at] - '0');
      if (value > INT32_MAX / 10) value = INT32_MAX / 10;
    }
  return value;
}

static bool parse(const uint8_t *data, size_t n_bytes, Pnm *pnm, PictureProblem *problem) {
  size_t at = 2;
  pnm->n_channels = data[1] == '6' ? 3 : 1;
  pnm->width = read_number(data, n_bytes, &at);
  pnm->height = read_number(data, n_bytes, &at);
  pnm->max_value = read_number(data, n_bytes, &at);
  if (pnm->width < 0 || pnm->height < 0 || pnm->max_value < 1 || pnm->max_value > UINT16_MAX ||
      at == n_bytes || !is_space(data[at]))
    return picture_fail(problem, "damaged PPM or PGM: the header has no width, height and largest "
                                 "value up to 65535");
  pnm->samples = data + at + 1;
  pnm->n_bytes = n_bytes - at - 1;
  return true;
}

static bool head(const uint8_t *data, size_t n_bytes, PictureHead *head, PictureProblem *problem) {
  Pnm pnm = {0};
  if (!parse(data, n_bytes, &pnm, problem)) return false;
  *head = (PictureHead){.width = pnm.width, .height = pnm.height, .exif = EXIF_NONE};
  return true;
}

/* To 0..255, rounded; what is over the largest value counts as that. */
static uint8_t scale(int32_t value, int32_t max_value) {
  if (value > max_value) value = max_value;
  return (uint8_t)((value * 255 + max_value / 2) / max_value);
}

static bool decode(const uint8_t *data, size_t n_bytes, const PictureHead *head, int halvings,
                   uint8_t *rgb, PictureProblem *problem) {
  Pnm pnm = {0};
  (void)halvings;
  if (!parse(data, n_bytes, &pnm, problem)) return false;
  const size_t n_pixels = (size_t)head->width * (size_t)head->height;
  const size_t n_samples = n_pixels * (size_t)pnm.n_channels;
  const int sample_bytes = pnm.max_value > UINT8_MAX ? 2 : 1;
  if (pnm.n_bytes / (size_t)sample_bytes < n_samples)
    return picture_fail(problem, "damaged PPM or PGM: the file ends early");
  const uint8_t *from = pnm.samples;
  for (size_t i = 0; i < n_samples; i++, from += sample_bytes) {
    uint8_t value = scale(sample_bytes == 2 ? from[0] << 8 | from[1] : from[0], pnm.max_value);
    for (int copy = 0; copy < 3; copy += pnm.n_channels) *rgb++ = value;
  }
  return true;
}

const PictureDecoder picture_pnm = {head, decode};
