/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random numbers for the fuzz targets' own main(): the same ones for the same seed.
 */
#ifndef FUZZ_DRAW_H
#define FUZZ_DRAW_H

#include <stdint.h>

static uint64_t state;

/* From 0 to n - 1. */
static inline uint32_t draw(uint32_t n) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return (uint32_t)(state >> 33) % n;
}

#endif
