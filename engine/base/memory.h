/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checked allocation.  Sizes are products of numbers from files, so the product
 * is checked here and nowhere else.  All memory is zeroed; NULL means that it
 * is too much.
 */
#ifndef WNI_BASE_MEMORY_H
#define WNI_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WNI_ALIGNMENT = 64 }; /* bytes: a cache line and the widest vector */

/* `count` * `size` bytes aligned to WNI_ALIGNMENT; free with free(). */
void *wni_alloc_aligned(size_t count, size_t size);

/* The same without zeroing, for what is overwritten at once. */
void *wni_alloc_raw(size_t bytes);

/* Whether MemorySanitizer follows what was written. */
#define WNI_MEMORY_IS_FOLLOWED 0
#if defined __has_feature
#if __has_feature(memory_sanitizer)
#undef WNI_MEMORY_IS_FOLLOWED
#define WNI_MEMORY_IS_FOLLOWED 1
#endif
#endif

/* A growing array: makes room for one more element of `size` bytes behind
 * `count`; *capacity counts elements.  False: the array is as before. */
bool wni_grow(void **array, size_t count, size_t *capacity, size_t size);

/* a * b for non-negative numbers; false when the product is over `limit`. */
bool wni_mul_limited(int64_t a, int64_t b, int64_t limit, int64_t *out);

static inline size_t wni_smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static inline size_t wni_round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

#endif
