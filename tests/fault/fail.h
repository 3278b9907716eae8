/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Calls of the C library that fail on demand: memory, files, sockets, threads (fail.c).  Linked
 * into a program, or loaded in front of one (LD_PRELOAD), where the environment says which call
 * fails.
 */
#ifndef FAIL_H
#define FAIL_H

#include <stddef.h>

/* Counts from here on, and makes the n-th call fail (from 1 on; 0: none), or from it on all of the
 * same name. */
void fail_from_here(size_t n, int all);

/* Ends that; how many calls there were. */
size_t fail_end(void);

/* What failed: the name of the function, of one that allocates FAIL_MEMORY; NULL: it was not
 * reached. */
#define FAIL_MEMORY "memory"
const char *fail_name(void);

/* Blocks of memory that were allocated and are not free, all in all. */
size_t fail_blocks(void);

#endif
