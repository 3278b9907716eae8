/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the main() of targets whose inputs are patches to a channel's memory: three bytes of place,
 * one of length and that many bytes.
 */
#ifndef FUZZ_PATCHES_H
#define FUZZ_PATCHES_H

#include "draw.h"

/* One of n <= 8 bytes at `at`: zeros, ones, or any; its size. */
static inline size_t put_patch(uint8_t *out, size_t at, uint32_t n) {
  uint32_t kind = draw(3);
  out[0] = (uint8_t)at;
  out[1] = (uint8_t)(at >> 8);
  out[2] = (uint8_t)(at >> 16);
  out[3] = (uint8_t)n;
  for (uint32_t i = 0; i < n; i++)
    out[4 + i] = kind == 0 ? 0 : kind == 1 ? 255 : (uint8_t)draw(256);
  return 4 + n;
}

/* [INPUTS [SEED]], else `usual` inputs of up to four patches each. */
static inline void draw_patches(int argc, char **argv, unsigned long usual,
                                size_t (*make)(uint8_t *out),
                                int (*test)(const uint8_t *data, size_t size)) {
  unsigned long inputs = argc > 1 ? strtoul(argv[1], NULL, 10) : usual;
  state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (unsigned long i = 0; i < inputs; i++) {
    uint8_t input[64];
    size_t size = 0;
    for (uint32_t n = 1 + draw(4); n > 0; n--) size += make(input + size);
    try_input(test, input, size);
  }
  printf("%lu inputs\n", inputs);
}

#endif
