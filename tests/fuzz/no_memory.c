/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens models and makes sessions while each allocation in turn fails, alone and with all that
 * follow: the error has to be WN_ERROR_MEMORY, not one about the file, unless it goes without.  It
 * stands in for the C library's allocator, so it is not for sanitizers.
 *
 * usage: no_memory MODEL...
 */
#include <winnow/winnow.h>

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#pragma GCC visibility push(default) /* for the library to find */

/* NOLINTBEGIN(bugprone-reserved-identifier): the C library's own names */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);

static atomic_long asked, failing = -1; /* allocations so far; the one that fails, -1: none */
static bool others_too;                 /* all behind it */

static bool fails(void) {
  long now = atomic_fetch_add(&asked, 1), at = atomic_load(&failing);
  return at >= 0 && (now == at || (others_too && now > at));
}

void *malloc(size_t size) {
  return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
  return fails() ? NULL : __libc_calloc(n, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  *out = aligned_alloc(alignment, size);
  return *out ? 0 : ENOMEM;
}

void *realloc(void *memory, size_t size) {
  return fails() ? NULL : __libc_realloc(memory, size);
}

#pragma GCC visibility pop

/* How many allocations it takes; whether what it says is right goes into *good. */
static long try_opening(const char *path, long at, bool *good) {
  const WnModelOptions options = {.any_graph = true};
  const WnSessionOptions one = {.threads = 1};
  WnModel *model = NULL;
  WnSession *session = NULL;
  WnError error = {0};
  atomic_store(&asked, 0);
  atomic_store(&failing, at);
  WnStatus status = wn_model_open(path, &options, &model, &error);
  if (status == WN_OK) status = wn_session_new(model, &one, &session, &error);
  long n = atomic_load(&asked);
  atomic_store(&failing, -1);
  *good = status == WN_OK || (status == WN_ERROR_MEMORY && strstr(error.message, "memory"));
  if (!*good) printf("FAIL %s: allocation %ld: %s\n", path, at, error.message);
  wn_session_free(session);
  wn_model_unref(model);
  return n;
}

int main(int argc, char **argv) {
  long tried = 0, failed = 0;
  for (int i = 1; i < argc; i++)
    for (int others = 0; others < 2; others++) {
      bool good;
      others_too = others;
      for (long at = 0; try_opening(argv[i], at, &good) > at; at++, tried++) failed += !good;
    }
  printf("%ld allocations failed, %ld of them badly\n", tried, failed);
  return failed > 0 || tried == 0;
}
