/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What it costs to open a model: prints the most bytes that were allocated at a time, less those of
 * the network's own activations, and the processor's time.  It stands in for the C library's
 * allocator to count, so it is not for sanitizers.
 *
 * usage: open_cost MODEL
 * Prints "PEAK-BYTES SECONDS STATUS".
 */
#include <winnow/winnow.h>

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#pragma GCC visibility push(default) /* for the library to find */

/* NOLINTBEGIN(bugprone-reserved-identifier): the C library's own names */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);
/* NOLINTEND(bugprone-reserved-identifier) */
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);

static atomic_size_t used, peak;

static void *count(void *memory) {
  if (!memory) return NULL;
  size_t now = atomic_fetch_add(&used, malloc_usable_size(memory)) + malloc_usable_size(memory);
  size_t most = atomic_load(&peak);
  while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) continue;
  return memory;
}

static void forget(void *memory) {
  if (memory) atomic_fetch_sub(&used, malloc_usable_size(memory));
}

void *malloc(size_t size) {
  return count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size) {
  return count(__libc_calloc(n, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return count(__libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  *out = count(__libc_memalign(alignment, size));
  return *out ? 0 : ENOMEM;
}

void *realloc(void *memory, size_t size) {
  forget(memory);
  void *grown = __libc_realloc(memory, size);
  if (!grown && memory && size) count(memory); /* it is still there */
  return count(grown);
}

void free(void *memory) {
  forget(memory);
  __libc_free(memory);
}

#pragma GCC visibility pop

int main(int argc, char **argv) {
  const WnModelOptions options = {.any_graph = true};
  WnModel *model = NULL;
  WnError error = {0};
  if (argc != 2) return 2;
  size_t before = atomic_load(&used);
  atomic_store(&peak, before);
  WnStatus status = wn_model_open(argv[1], &options, &model, &error);
  double seconds = (double)clock() / CLOCKS_PER_SEC;
  printf("%zu %.3f %d\n", atomic_load(&peak) - before, seconds, (int)status);
  if (status != WN_OK) fprintf(stderr, "%s\n", error.message);
  wn_model_unref(model);
  return 0;
}
