/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For targets whose inputs are networks, changed as such (mutate.h): libFuzzer's way to change
 * them, and what their own main() does.
 */
#ifndef FUZZ_MUTATED_H
#define FUZZ_MUTATED_H

#include <stdbool.h>

#include "folder.h"
#include "mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long n_networks, n_used; /* the latter counted by the target */

#ifdef FUZZER

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

static void tell(void) {
  fprintf(stderr, "%lu inputs, %lu used\n", n_networks, n_used);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed) {
  static bool told;
  if (!told) told = atexit(tell) == 0;
  size_t changed = seed % 8 ? mutate_model(data, size, most, seed) : 0;
  return changed ? changed : LLVMFuzzerMutate(data, size, most);
}

#else

#include "draw.h"

enum { MAX_SEEDS = 64 };

/* FOLDER [INPUTS [SEED]]: its models, and those changed.  The exit status: more than one of
 * `rarest` must be used. */
static inline int draw_networks(int argc, char **argv, unsigned long usual, unsigned long rarest) {
  static Seed seeds[MAX_SEEDS];
  static uint8_t input[FOLDER_MAX_FILE];
  unsigned long inputs = argc > 2 ? strtoul(argv[2], NULL, 10) : usual;
  uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1;
  if (argc < 2) return 2;
  uint32_t n_seeds = read_seeds(argv[1], seeds, MAX_SEEDS);
  for (uint32_t i = 0; i < inputs; i++) {
    const Seed *from = &seeds[i % n_seeds];
    size_t size = from->size;
    memcpy(input, from->bytes, size);
    if (i >= n_seeds) size = mutate_model(input, size, sizeof input, seed * 1000003 + i);
    try_input(LLVMFuzzerTestOneInput, input, size);
  }
  printf("%lu inputs of %u models, %lu used\n", inputs, n_seeds, n_used);
  return n_used < inputs / rarest;
}

#endif
#endif
