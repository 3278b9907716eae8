/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random numbers for the fuzz targets' own main(): the same ones for the same seed.
 */
#ifndef FUZZ_DRAW_H
#define FUZZ_DRAW_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

/* From 0 to n - 1. */
static inline uint32_t draw(uint32_t n) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return (uint32_t)(state >> 33) % n;
}

/* Changes fewer than `most` of the bytes, each to a value that a parser may trip over. */
static inline void change_bytes(uint8_t *bytes, size_t size, uint32_t most) {
  for (uint32_t n = draw(most); n > 0 && size > 0; n--) {
    size_t at = draw((uint32_t)size);
    const uint32_t values[] = {0, 255, bytes[at] ^ 1U << draw(8), draw(256),
                               bytes[draw((uint32_t)size)]};
    bytes[at] = (uint8_t)values[draw(5)];
  }
}

/* Tests an input that main() has made or, where SEEDS names a folder, keeps the first ones there
 * for libFuzzer to begin with. */
static inline void try_input(int (*test)(const uint8_t *data, size_t size), const uint8_t *data,
                             size_t size) {
  enum { MOST_SEEDS = 300 };
  static int n_kept;
  static char name[4096];
  const char *folder = getenv("SEEDS");
  if (!folder) {
    test(data, size);
    return;
  }
  if (n_kept == MOST_SEEDS) exit(0);
  snprintf(name, sizeof name, "%s/%03d", folder, n_kept++);
  FILE *file = fopen(name, "wb");
  if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
}

/* main() of a target whose inputs are texts: [INPUTS [SEED]]. */
static inline int draw_inputs(int argc, char **argv, size_t (*make)(char *to, size_t room),
                              int (*test)(const uint8_t *data, size_t size)) {
  uint32_t wanted = argc > 1 ? (uint32_t)atoi(argv[1]) : 200000;
  state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (uint32_t i = 0; i < wanted; i++) {
    char text[4096];
    size_t size = make(text, sizeof text);
    try_input(test, (const uint8_t *)text, size);
  }
  printf("%u inputs\n", wanted);
  return 0;
}

#endif
