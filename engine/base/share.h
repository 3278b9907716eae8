/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Work that a team shares as it gets on: each thread begins with a part of its own, the same one
 * from layer to layer as far as their sizes allow, so that what it reads is what it wrote; one that
 * has finished takes over the later half of the longest rest.  Cores differ (big and little ones,
 * neighbours on the same core, other programs), and the slowest would be waited for.  Between two
 * turns a frame can be given up.
 *
 *   WniShare share = wni_share(thread, n, least);
 *   for (size_t begin, end; wni_share_take(&share, &begin, &end);) ... units [begin, end)
 */
#ifndef WNI_BASE_SHARE_H
#define WNI_BASE_SHARE_H

#include "base/parallel.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct WniShare {
  WniThread thread;
  unsigned round; /* of the team's barriers: what others left from earlier ones is void */
  size_t n, chunk, n_chunks; /* a chunk of units is the smallest that is taken */
  size_t least;              /* chunks that are worth a turn */
  size_t next;               /* a single thread's: the unit that it has not had yet */
} WniShare;

/* Whether the frame is given up; thread 0 asks whether it should be. */
bool wni_halt_look(WniHalt *halt, int thread);

/* n units for all threads of the team, `least` (from 1 on) or more of them at a time but for the
 * last.  Between two barriers a team shares once.  What is computed must not depend on the cuts. */
WniShare wni_share(WniThread thread, size_t n, size_t least);

/* The units [*begin, *end) are the calling thread's; false: nothing is left, or the frame is given
 * up. */
bool wni_share_take(WniShare *share, size_t *begin, size_t *end);

#endif
