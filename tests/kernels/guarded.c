/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See guarded.h.
 */
#include "guarded.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 67 }; /* floats; odd, so that data is not aligned to vectors */

static const uint32_t guard_bits = 0x7FC0DEAD; /* a NaN of ours */

Guarded guarded_empty(size_t count) {
  Guarded array = {.count = count, .block = malloc((count + 2 * GUARD) * sizeof(float))};
  ck_assert_ptr_nonnull(array.block);
  for (size_t i = 0; i < count + 2 * GUARD; i++)
    memcpy(&array.block[i], &guard_bits, sizeof guard_bits);
  array.data = array.block + GUARD;
  return array;
}

Guarded guarded_random(size_t count, unsigned *seed, bool special) {
  static const float odd[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 3e5f, -3e5f, 1.0f, -1.0f};
  Guarded array = guarded_empty(count);
  for (size_t i = 0; i < count; i++)
    array.data[i] = special && rand_r(seed) % 3 == 0
                        ? odd[rand_r(seed) % 8]
                        : (float)(rand_r(seed) % 20001 - 10000) / 5000.0f;
  return array;
}

bool guarded_intact(const Guarded *array) {
  for (size_t i = 0; i < GUARD; i++)
    if (memcmp(&array->block[i], &guard_bits, sizeof guard_bits) != 0 ||
        memcmp(&array->data[array->count + i], &guard_bits, sizeof guard_bits) != 0)
      return false;
  return true;
}

void guarded_free(Guarded *array) {
  free(array->block);
}
