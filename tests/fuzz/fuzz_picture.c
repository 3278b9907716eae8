/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Picture files that nobody meant. An input is a file; it may be refused, but nothing beyond its
 * bytes may be read, which AddressSanitizer sees, and what is decoded must have the pixels that it
 * says it has.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_picture JPEG
 * [INPUTS [SEED]] makes its inputs itself, from that file and others.
 */
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static volatile unsigned sink;
  Picture picture;
  PictureProblem problem;
  PictureSize enough = {size % 2 ? 16 : 0, size % 2 ? 16 : 0};
  uint8_t *exact = malloc(size); /* so that a read beyond is seen */
  if (size > 0) memcpy(exact, data, size);
  if (!picture_decode(exact, size, enough, &picture, &problem)) {
    if (strlen(problem.text) == 0 || strchr(problem.text, '\n') != NULL) abort();
  } else {
    for (size_t i = 0; i < (size_t)picture.width * (size_t)picture.height * 3; i++)
      sink = sink + picture.pixels[i];
    free(picture.pixels);
  }
  free(exact);
  return 0;
}

#ifndef FUZZER

#include <png.h>
#include <webp/encode.h>

enum { WIDTH = 24, HEIGHT = 20, MAX_SEED = 1 << 14 };

typedef struct Seed {
  uint8_t bytes[MAX_SEED];
  size_t size;
} Seed;

static Seed seeds[7];
#include "draw.h"
#include "exif_block.h"

static void set_webp(Seed *seed, uint8_t *file, size_t size) {
  if (size == 0 || size > MAX_SEED) abort();
  memcpy(seed->bytes, file, size);
  seed->size = size;
  WebPFree(file);
}

/* The JPEG with EXIF right behind its start. */
static void set_exif(Seed *seed, const Seed *jpeg) {
  if (jpeg->size < 2 || jpeg->size + sizeof exif_block > MAX_SEED) abort();
  memcpy(seed->bytes, jpeg->bytes, 2);
  memcpy(seed->bytes + 2, exif_block, sizeof exif_block);
  memcpy(seed->bytes + 2 + sizeof exif_block, jpeg->bytes + 2, jpeg->size - 2);
  seed->size = jpeg->size + sizeof exif_block;
}

/* A file of each kind, of one picture; the JPEG is given. */
static void make_seeds(const char *jpeg) {
  static uint8_t rgb[WIDTH * HEIGHT * 3];
  uint8_t *webp = NULL;
  png_image png = {.version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT};
  FILE *file = fopen(jpeg, "rb");
  for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)(i * i / 50);
  if (file == NULL) abort();
  seeds[0].size = fread(seeds[0].bytes, 1, MAX_SEED, file);
  fclose(file);
  for (int i = 1; i <= 2; i++) {
    png.format = i == 1 ? PNG_FORMAT_RGB : PNG_FORMAT_GA;
    seeds[i].size = MAX_SEED;
    if (!png_image_write_to_memory(&png, seeds[i].bytes, &seeds[i].size, 0, rgb, 0, NULL)) abort();
  }
  size_t size = WebPEncodeRGB(rgb, WIDTH, HEIGHT, WIDTH * 3, 60, &webp);
  set_webp(&seeds[3], webp, size);
  size = WebPEncodeLosslessRGB(rgb, WIDTH, HEIGHT, WIDTH * 3, &webp);
  set_webp(&seeds[4], webp, size);
  seeds[5].size = (size_t)sprintf((char *)seeds[5].bytes, "P6 %d %d 255\n", WIDTH, HEIGHT);
  memcpy(seeds[5].bytes + seeds[5].size, rgb, sizeof rgb);
  seeds[5].size += sizeof rgb;
  set_exif(&seeds[6], &seeds[0]);
}

/* Bytes changed, mostly near the beginning, where the sizes are; often cut. */
static size_t make_input(uint8_t *out) {
  const Seed *seed = &seeds[draw(sizeof seeds / sizeof *seeds)];
  size_t size = draw(3) == 0 ? draw((uint32_t)seed->size + 1) : seed->size;
  memcpy(out, seed->bytes, size);
  for (uint32_t n = draw(6); n > 0 && size > 0; n--) {
    size_t at = draw(2) == 0 ? draw((uint32_t)size) : draw(size < 96 ? (uint32_t)size : 96);
    const uint32_t values[] = {0, 255, out[at] ^ 1U << draw(8), draw(256)};
    out[at] = (uint8_t)values[draw(4)];
  }
  return size;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  unsigned long inputs = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
  state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  make_seeds(argv[1]);
  for (unsigned long i = 0; i < inputs; i++) {
    uint8_t input[MAX_SEED];
    try_input(LLVMFuzzerTestOneInput, input, make_input(input));
  }
  printf("%lu inputs\n", inputs);
  return 0;
}

#endif
