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

Fenced fenced_new(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t usable = (bytes + GUARD + page - 1) / page * page;
  Fenced array = {.bytes = bytes, .block_bytes = usable + page};
  array.block =
      mmap(NULL, array.block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(array.block, MAP_FAILED);
  ck_assert_int_eq(mprotect((char *)array.block + usable, page, PROT_NONE), 0);
  array.data = (char *)array.block + usable - bytes;
  memset((char *)array.data - GUARD, FENCED_FILL, bytes + GUARD);
  return array;
}

void fenced_free(Fenced *array, const char *who) {
  const unsigned char *guard = (const unsigned char *)array->data - GUARD;
  for (size_t i = 0; i < GUARD; i++)
    ck_assert_msg(guard[i] == FENCED_FILL, "%s writes %zu bytes in front of an array", who,
                  GUARD - i);
  munmap(array->block, array->block_bytes);
}
