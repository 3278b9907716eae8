/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See fenced.h.
 */
#include "fenced.h"

#include <check.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD = 128 /* bytes in front */ };

/* Blocks that wait to be used again: mapping takes longer than most kernels do. */
static struct {
  void *block;
  size_t bytes;
} spare[16];
enum { N_SPARE = sizeof spare / sizeof *spare };

/* A block of `bytes` or more, the last page of which may not be touched. */
static void *map_block(size_t *bytes, size_t page) {
  for (size_t i = 0; i < N_SPARE; i++)
    if (spare[i].bytes >= *bytes) {
      *bytes = spare[i].bytes;
      spare[i].bytes = 0;
      return spare[i].block;
    }
  void *block = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) ck_abort_msg("no memory");
  ck_assert_int_eq(mprotect((char *)block + *bytes - page, page, PROT_NONE), 0);
  return block;
}

static void unmap_block(void *block, size_t bytes) {
  for (size_t i = 0; i < N_SPARE; i++)
    if (!spare[i].bytes) {
      spare[i].block = block;
      spare[i].bytes = bytes;
      return;
    }
  munmap(block, bytes);
}

Fenced fenced_new(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t usable = (bytes + GUARD + page - 1) / page * page;
  Fenced array = {.bytes = bytes, .block_bytes = usable + page};
  array.block = map_block(&array.block_bytes, page);
  array.data = (char *)array.block + array.block_bytes - page - bytes;
  memset((char *)array.data - GUARD, FENCED_FILL, bytes + GUARD);
  return array;
}

void fenced_free(Fenced *array, const char *who) {
  const unsigned char *guard = (const unsigned char *)array->data - GUARD;
  for (size_t i = 0; i < GUARD; i++)
    if (guard[i] != FENCED_FILL) /* an assertion that holds is slow: it writes to a file */
      ck_abort_msg("%s writes %zu bytes in front of an array", who, GUARD - i);
  unmap_block(array->block, array->block_bytes);
}
