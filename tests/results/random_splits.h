/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random numbers for programs that split images again and again: always the same ones.
 */
#ifndef RANDOM_SPLITS_H
#define RANDOM_SPLITS_H

#include <stddef.h>
#include <stdint.h>

static uint64_t random_state = 2024;

/* From 0 to n - 1 (Knuth's linear congruential generator, its upper bits). */
static inline size_t random_draw(size_t n) {
  random_state = random_state * 6364136223846793005 + 1442695040888963407;
  return (size_t)((double)(random_state >> 11) / 9007199254740992.0 * (double)n);
}

/* Fisher and Yates. */
static inline void random_shuffle(uint32_t *index, size_t n) {
  for (size_t i = n; i > 1; i--) {
    size_t other = random_draw(i);
    uint32_t swap = index[i - 1];
    index[i - 1] = index[other];
    index[other] = swap;
  }
}

#endif
