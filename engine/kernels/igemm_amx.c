/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product on matrix tiles, for bytes and, where the build gives WNI_DOT_BF16,
 * for bfloat16.  A tile register has 16 rows of 64 bytes.  Four of them hold the
 * sums of 32 pixels by 32 columns; two with pixels and two with weights are multiplied into them,
 * a chunk of up to 64 bytes of channels at a time:
 *
 *               weights 6  weights 7        x 4, x 5     16 pixels   x 64 bytes of channels
 *     x 4       sums 0     sums 1           weights      16 groups of 4 bytes x 16 columns
 *     x 5       sums 2     sums 3           sums         16 pixels x 16 columns
 *
 * All chunks have the same number of groups, as the tiles are shaped once.  A last chunk that would
 * reach beyond the tap begins earlier instead, with zeros for the channels that are done.  Where
 * channels are few, taps come together in a chunk, and the last one begins earlier likewise.
 */
#include "base/memory.h"
#include "kernels/check.h"
#include "kernels/tile_registers.h"
#include "kernels/tiles.h"
#include "kernels/x86.h"

#if defined WNI_DOT_BF16
#define KERNEL igemm_bf16
enum { BYTES = 2 };
#define MULTIPLY _tile_dpbf16ps
#define STORE store_floats
#define STORE_FOURS store_no_fours
typedef Floats Sum;
#else
#define KERNEL igemm_u8
enum { BYTES = 1 };
#define MULTIPLY _tile_dpbusd
#define STORE store_ints
#define STORE_FOURS store_fours
typedef Ints Sum;
#endif

enum {
  TILE_M = WNI_TILE_M(KERNEL),
  TILE_N = WNI_TILE_N(KERNEL),
  VECTORS = TILE_N / LANES,
  ROWS = 16,
  ROW = 64,                          /* bytes */
  GROUP = BYTES * WNI_TILE_K(KERNEL) /* bytes */
};

WniFn_igemm WNI_NAME(KERNEL);

/* Up to 16 pixels: a tile register that is loaded from x itself if the pixels lie a constant number
 * of bytes apart, otherwise from a copy. */
typedef struct Pixels {
  int n;
  const void *const *x;
  ptrdiff_t stride; /* 0: not constant */
  char copy[ROWS * ROW] __attribute__((aligned(64)));
} Pixels;

/* The compiler does not see which memory the tile instructions read and write. */
static inline void order_memory(void) {
  __asm__ volatile("" ::: "memory");
}

static void locate(Pixels *pixels, const WniIgemmArgs *args, int first) {
  pixels->x = args->x + first;
  pixels->n = args->m - first < ROWS ? args->m - first : ROWS;
  pixels->stride = ROW;
  for (int i = 1; i < pixels->n; i++) {
    ptrdiff_t step = (const char *)pixels->x[i] - (const char *)pixels->x[i - 1];
    if (i > 1 && step != pixels->stride) {
      pixels->stride = 0;
      return;
    }
    pixels->stride = step;
  }
}

/* How the channels of all taps come in chunks, each of which has `groups` groups: a tap in `parts`
 * of them, or `taps` taps in one. */
typedef struct Chunks {
  size_t bytes, tap_groups; /* of a tap */
  size_t parts, taps, groups;
} Chunks;

/* Where a tile register finds a chunk of the pixels, and how far its rows are apart. */
typedef struct Rows {
  const void *at;
  ptrdiff_t stride;
} Rows;

static inline __mmask64 bytes_from(size_t begin, size_t end) {
  return ~(__mmask64)0 >> (ROW - end) & ~(__mmask64)0 << begin;
}

/* `size` bytes from `at` on, of which those from `begin` to `end` count. */
static inline Rows part_of(Pixels *pixels, ptrdiff_t at, size_t size, size_t begin, size_t end) {
  if (pixels->stride && begin == 0 && end == size)
    return (Rows){(const char *)pixels->x[0] + at, pixels->stride};
  for (int i = 0; i < pixels->n; i++)
    _mm512_store_si512(
        pixels->copy + i * ROW,
        _mm512_maskz_loadu_epi8(bytes_from(begin, end), (const char *)pixels->x[i] + at));
  order_memory();
  return (Rows){pixels->copy, ROW};
}

/* The taps from `tap` on, of which the first `done` do not count.  A row is put together in a
 * register: bytes that a mask leaves out are not read. */
static inline Rows taps_of(Pixels *pixels, const Chunks *chunks, const ptrdiff_t *tap,
                           size_t done) {
  for (int i = 0; i < pixels->n; i++) {
    __m512i row = _mm512_setzero_si512();
    for (size_t t = done; t < chunks->taps; t++) {
      size_t begin = t * chunks->tap_groups * GROUP;
      row = _mm512_mask_loadu_epi8(row, bytes_from(begin, begin + chunks->bytes),
                                   (const char *)pixels->x[i] + tap[t] - begin);
    }
    _mm512_store_si512(pixels->copy + i * ROW, row);
  }
  order_memory();
  return (Rows){pixels->copy, ROW};
}

/* sums += a chunk of the pixels times its weights; low: there are lower ones. */
static inline void multiply(Rows upper, Rows lower, const char *w, bool low, bool right) {
  _tile_loadd(4, upper.at, upper.stride);
  _tile_loadd(6, w, TILE_N * GROUP);
  MULTIPLY(0, 4, 6);
  if (right) {
    _tile_loadd(7, w + ROW, TILE_N * GROUP);
    MULTIPLY(1, 4, 7);
  }
  if (!low) return;
  _tile_loadd(5, lower.at, lower.stride);
  MULTIPLY(2, 5, 6);
  if (right) MULTIPLY(3, 5, 7);
}

/* Every row of a tile of sums begins as the biases: one row, loaded with a stride of 0. */
static inline void begin_sums(const char *bias, bool low, bool right) {
  _tile_loadd(0, bias, 0);
  if (right) _tile_loadd(1, bias + ROW, 0);
  if (low) _tile_loadd(2, bias, 0);
  if (low && right) _tile_loadd(3, bias + ROW, 0);
}

static inline void end_sums(char *sums, bool low, bool right) {
  const int pitch = TILE_N * 4;
  order_memory();
  _tile_stored(0, sums, pitch);
  if (right) _tile_stored(1, sums + ROW, pitch);
  if (low) _tile_stored(2, sums + ROWS * pitch, pitch);
  if (low && right) _tile_stored(3, sums + ROWS * pitch + ROW, pitch);
  order_memory();
}

/* The copy of the arguments is for the compiler, as in x86.h. */
static inline void store_sums(const WniIgemmArgs *args, int column, const Sum *sums) {
  const WniIgemmArgs copy = *args;
  if (copy.n - column >= TILE_N && STORE_FOURS(&copy, column, sums, copy.m, VECTORS)) return;
  for (int v = 0; v < VECTORS; v++) {
    int at = column + v * LANES, left = copy.n - at;
    for (int i = 0; i < copy.m && left >= LANES; i++)
      STORE(&copy, i, at, sums[i * VECTORS + v], LANES);
    for (int i = 0; i < copy.m && left > 0 && left < LANES; i++)
      STORE(&copy, i, at, sums[i * VECTORS + v], left);
  }
}

static size_t shares(size_t n, size_t most) {
  return (n + most - 1) / most;
}

static Chunks chunks_of(const WniIgemmArgs *args) {
  enum { WORTH_COPYING = 3 }; /* taps */
  size_t bytes = args->n_channels * BYTES, groups = shares(bytes, GROUP);
  Chunks chunks = {.bytes = bytes, .tap_groups = groups, .parts = 0, .taps = 1, .groups = 1};
  if (groups == 0) return chunks;
  chunks.parts = shares(groups, ROWS);
  if (groups * WORTH_COPYING <= ROWS && args->n_taps >= WORTH_COPYING)
    chunks.taps = shares(args->n_taps, shares(args->n_taps, ROWS / groups));
  chunks.groups = shares(groups, chunks.parts) * chunks.taps;
  return chunks;
}

static void multiply_taps(const WniIgemmArgs *args, const char *w, const Chunks *chunks,
                          Pixels *upper, Pixels *lower, bool right) {
  bool low = lower->n > 0;
  for (size_t done = 0; done < args->n_taps; done += chunks->taps) {
    size_t first = wni_smaller(done, args->n_taps - chunks->taps), again = done - first;
    Rows of_upper = taps_of(upper, chunks, args->tap + first, again);
    Rows of_lower = taps_of(lower, chunks, args->tap + first, again);
    multiply(of_upper, of_lower, w + first * chunks->tap_groups * TILE_N * GROUP, low, right);
  }
}

/* Weights that are some chunks ahead come from the outer caches as slowly as they are multiplied.
 */
static inline void prefetch(const char *w, size_t groups) {
  for (size_t line = 0; line < groups * TILE_N * GROUP; line += ROW)
    _mm_prefetch(w + line, _MM_HINT_T0);
}

/* A step is a chunk. */
static inline void step_ahead(WniLookahead *ahead) {
  for (const char *end = ahead->at + ahead->pace; ahead->at < end; ahead->at += ROW)
    _mm_prefetch(ahead->at, _MM_HINT_T1);
}

static void multiply_parts(const WniIgemmArgs *args, const char *w, const Chunks *chunks,
                           Pixels *upper, Pixels *lower, bool right, WniLookahead *ahead) {
  enum { AHEAD = 2, MANY = 4 };
  bool low = lower->n > 0, many = args->n_taps * chunks->parts >= MANY;
  size_t size = chunks->groups * GROUP;
  for (size_t t = 0; t < args->n_taps; t++, w += chunks->tap_groups * TILE_N * GROUP)
    for (size_t k = 0; k < chunks->parts; k++) {
      size_t done = k * chunks->groups,
             first = wni_smaller(done, chunks->tap_groups - chunks->groups);
      size_t begin = (done - first) * GROUP, end = wni_smaller(chunks->bytes - first * GROUP, size);
      ptrdiff_t at = args->tap[t] + (ptrdiff_t)(first * GROUP);
      step_ahead(ahead);
      if (many) prefetch(w + (first + AHEAD * chunks->groups) * TILE_N * GROUP, chunks->groups);
      multiply(part_of(upper, at, size, begin, end), part_of(lower, at, size, begin, end),
               w + first * TILE_N * GROUP, low, right);
    }
}

/* One panel of columns, from `column` on. */
static void panel(const WniIgemmArgs *args, const char *w, int column, const Chunks *chunks,
                  Pixels *upper, Pixels *lower, WniLookahead *ahead) {
  Sum sums[TILE_M * VECTORS];
  bool low = lower->n > 0, right = args->n - column > LANES;
  begin_sums((const char *)args->bias + (size_t)column * sizeof(float), low, right); /* or int32 */
  if (chunks->taps > 1)
    multiply_taps(args, w, chunks, upper, lower, right);
  else
    multiply_parts(args, w, chunks, upper, lower, right, ahead);
  end_sums((char *)sums, low, right);
  store_sums(args, column, sums);
}

void WNI_NAME(KERNEL)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  Chunks chunks = chunks_of(args);
  Pixels upper, lower;
  locate(&upper, args, 0);
  locate(&lower, args, ROWS);
  wni_tiles_shape(upper.n, lower.n > 0 ? lower.n : 0, (int)chunks.groups);
  const char *w = args->w;
  size_t panels = shares((size_t)args->n, TILE_N), steps = args->n_taps * chunks.parts * panels;
  WniLookahead ahead = wni_look_ahead(args, steps ? steps : 1);
  for (int column = 0; column < args->n; column += TILE_N) {
    panel(args, w, column, &chunks, &upper, &lower, &ahead);
    w += args->n_taps * chunks.tap_groups * TILE_N * GROUP;
  }
}
