/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rest of a thread is one word, so that its owner and whoever takes it over agree by a single
 * exchange: the round (32 bits), the first chunk and the end (16 bits each).  One of an earlier
 * round stands for the whole part: its owner has not come yet.
 */
#include "base/share.h"

#include "base/memory.h"

enum {
  MOST_CHUNKS = UINT16_MAX,
  TURNS = 4,       /* a turn is this part of the rest */
  TURNS_ALONE = 64 /* of a single thread that may be halted */
};

typedef struct Rest {
  size_t begin, end;
} Rest;

static uint64_t pack(const WniShare *share, Rest rest) {
  return (uint64_t)share->round << 32 | (uint64_t)rest.begin << 16 | rest.end;
}

static Rest unpack(const WniShare *share, int index, uint64_t word) {
  Rest rest = {word >> 16 & UINT16_MAX, word & UINT16_MAX};
  WniThread owner = {.index = index, .count = share->thread.count};
  if (word >> 32 != share->round)
    wni_parallel_range(owner, share->n_chunks, 1, &rest.begin, &rest.end);
  return rest;
}

WniShare wni_share(WniThread thread, size_t n, size_t least) {
  WniShare share = {.thread = thread, .n = n, .least = least};
  if (thread.count == 1) return share;
  share.round = wni_team_round(thread.team);
  share.chunk = (n + MOST_CHUNKS - 1) / MOST_CHUNKS + (n == 0);
  share.n_chunks = (n + share.chunk - 1) / share.chunk;
  share.least = (least + share.chunk - 1) / share.chunk;
  return share;
}

/* The next turn of the thread's own rest. */
static bool take_own(const WniShare *share, Rest *turn) {
  _Atomic uint64_t *own = wni_team_rest(share->thread.team, share->thread.index);
  uint64_t word = *own;
  Rest rest;
  do {
    rest = unpack(share, share->thread.index, word);
    if (rest.begin == rest.end) return false;
    size_t turns = ((rest.end - rest.begin) / TURNS + share->least - 1) / share->least;
    size_t n = wni_smaller((turns ? turns : 1) * share->least, rest.end - rest.begin);
    *turn = (Rest){rest.begin, rest.begin + n};
    rest.begin += n;
  } while (!atomic_compare_exchange_weak(own, &word, pack(share, rest)));
  return true;
}

/* The later half of the longest rest becomes the thread's own, which is used up; a short one whole.
 * True: it got some, or lost them to another thread while it looked. */
static bool take_over(const WniShare *share) {
  Rest longest = {0, 0}, left;
  uint64_t word = 0;
  int of = 0;
  for (int i = 0; i < share->thread.count; i++) {
    uint64_t now = *wni_team_rest(share->thread.team, i);
    Rest rest = unpack(share, i, now);
    if (rest.end - rest.begin <= longest.end - longest.begin) continue;
    longest = rest;
    word = now;
    of = i;
  }
  if (longest.begin == longest.end) return false;
  size_t n = longest.end - longest.begin;
  left = (Rest){longest.begin, n <= share->least ? longest.begin : longest.begin + n / 2};
  if (atomic_compare_exchange_strong(wni_team_rest(share->thread.team, of), &word,
                                     pack(share, left)))
    *wni_team_rest(share->thread.team, share->thread.index) =
        pack(share, (Rest){left.end, longest.end});
  return true;
}

bool wni_halt_look(WniHalt *halt, int thread) {
  if (thread == 0 && !halt->halted && halt->due(halt->context)) halt->halted = true;
  return halt->halted;
}

static bool take_alone(WniShare *share, size_t *begin, size_t *end) {
  size_t turn = share->thread.halt ? share->n / TURNS_ALONE : share->n;
  if (turn < share->least) turn = share->least;
  *begin = share->next;
  *end = share->next = wni_smaller(share->next + turn, share->n);
  return *begin < *end;
}

bool wni_share_take(WniShare *share, size_t *begin, size_t *end) {
  if (share->thread.halt && wni_halt_look(share->thread.halt, share->thread.index)) return false;
  if (share->thread.count == 1) return take_alone(share, begin, end);
  Rest turn;
  while (!take_own(share, &turn))
    if (!take_over(share)) return false;
  *begin = turn.begin * share->chunk;
  *end = wni_smaller(turn.end * share->chunk, share->n);
  return true;
}
