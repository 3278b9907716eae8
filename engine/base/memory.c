/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See memory.h.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void *wni_alloc_aligned(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
  bytes = wni_round_up(bytes ? bytes : 1, WNI_ALIGNMENT);
  void *memory = aligned_alloc(WNI_ALIGNMENT, bytes);
  if (memory) memset(memory, 0, bytes);
  return memory;
}

bool wni_grow(void **array, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return true;
  size_t wanted = *capacity ? *capacity * 2 : 16, bytes;
  if (wanted < *capacity || __builtin_mul_overflow(wanted, size, &bytes)) return false;
  void *grown = realloc(*array, bytes);
  if (!grown) return false;
  memset((char *)grown + *capacity * size, 0, (wanted - *capacity) * size);
  *array = grown;
  *capacity = wanted;
  return true;
}

bool wni_mul_limited(int64_t a, int64_t b, int64_t limit, int64_t *out) {
  return !__builtin_mul_overflow(a, b, out) && *out <= limit;
}
