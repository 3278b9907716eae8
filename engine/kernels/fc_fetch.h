/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights of a dot product, asked for before they are needed.  What limits these kernels is the
 * memory that the weights come from; a processor fetches ahead within a page, and four rows far
 * from each other (fully_connected.c), each asked for across the end of its page, keep it busiest.
 * Behind a row's end lies the one that comes next.
 */
#ifndef WNI_KERNELS_FC_FETCH_H
#define WNI_KERNELS_FC_FETCH_H

#include <stddef.h>
#include <stdint.h>

enum { WNI_FC_AHEAD = 1024, WNI_FC_LINE = 64 }; /* bytes */

/* `bytes` of weights are read now; nothing is read of what is asked for. */
static inline void wni_fc_fetch(const void *now, size_t bytes) {
  for (size_t at = 0; at < bytes; at += WNI_FC_LINE)
    __builtin_prefetch((const void *)((uintptr_t)now + WNI_FC_AHEAD + at));
}

#endif
