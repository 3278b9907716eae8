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
 * All chunks of a tap have the same number of groups, as the tiles are shaped once.  A last chunk
 * that would reach beyond the tap begins earlier instead, with zeros for the channels that are
 * done.
 */
#include "base/memory.h"
#include "kernels/check.h"
#include "kernels/tile_registers.h"
#include "kernels/x86.h"

#if defined WNI_DOT_BF16
#define KERNEL igemm_bf16
enum { BYTES = 2 };
#define MULTIPLY _tile_dpbf16ps
#define STORE store_floats
typedef Floats Sum;
#else
#define KERNEL igemm_u8
enum { BYTES = 1 };
#define MULTIPLY _tile_dpbusd
#define STORE store_ints
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

DEFINE_STORE_PART(store_part, STORE, Sum)

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

/* A chunk of `size` bytes from `at` on, of which those from `begin` to `end` count. */
typedef struct Chunk {
  ptrdiff_t at;
  size_t size, begin, end;
} Chunk;

/* Where a tile register finds a chunk of the pixels, and how far its rows are apart. */
static inline const void *chunk_of(Pixels *pixels, const Chunk *chunk, ptrdiff_t *stride) {
  *stride = pixels->stride;
  if (pixels->stride && chunk->begin == 0 && chunk->end == chunk->size)
    return (const char *)pixels->x[0] + chunk->at;
  __mmask64 some = ~(__mmask64)0 >> (ROW - chunk->end) & ~(__mmask64)0 << chunk->begin;
  for (int i = 0; i < pixels->n; i++)
    _mm512_store_si512(pixels->copy + i * ROW,
                       _mm512_maskz_loadu_epi8(some, (const char *)pixels->x[i] + chunk->at));
  order_memory();
  *stride = ROW;
  return pixels->copy;
}

/* sums += a chunk of the pixels times its weights. */
static inline void multiply(Pixels *upper, Pixels *lower, const Chunk *chunk, const char *w,
                            bool right) {
  ptrdiff_t stride;
  const void *x = chunk_of(upper, chunk, &stride);
  _tile_loadd(4, x, stride);
  _tile_loadd(6, w, TILE_N * GROUP);
  MULTIPLY(0, 4, 6);
  if (right) {
    _tile_loadd(7, w + ROW, TILE_N * GROUP);
    MULTIPLY(1, 4, 7);
  }
  if (lower->n <= 0) return;
  x = chunk_of(lower, chunk, &stride);
  _tile_loadd(5, x, stride);
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
  if (copy.n - column < TILE_N) {
    store_part(args, column, sums, VECTORS);
    return;
  }
  for (int i = 0; i < copy.m; i++)
    for (int v = 0; v < VECTORS; v++)
      STORE(&copy, i, column + v * LANES, sums[i * VECTORS + v], LANES);
}

/* A tap as chunks of `each` groups. */
typedef struct Chunks {
  size_t bytes, groups, count, each;
} Chunks;

static Chunks chunks_of(size_t bytes) {
  size_t groups = (bytes + GROUP - 1) / GROUP, count = (groups + ROWS - 1) / ROWS;
  return (Chunks){bytes, groups, count, count ? (groups + count - 1) / count : 1};
}

/* One panel of columns, from `column` on; returns where the weights of the next begin. */
static const char *panel(const WniIgemmArgs *args, const char *w, int column, const Chunks *chunks,
                         Pixels *upper, Pixels *lower) {
  Sum sums[TILE_M * VECTORS];
  bool low = lower->n > 0, right = args->n - column > LANES;
  begin_sums((const char *)args->bias + (size_t)column * sizeof(float), low, right); /* or int32 */
  for (size_t t = 0; t < args->n_taps; t++, w += chunks->groups * TILE_N * GROUP)
    for (size_t k = 0; k < chunks->count; k++) {
      size_t done = k * chunks->each, first = wni_smaller(done, chunks->groups - chunks->each);
      size_t left = chunks->bytes - first * GROUP, size = chunks->each * GROUP;
      Chunk chunk = {.at = args->tap[t] + (ptrdiff_t)(first * GROUP),
                     .size = size,
                     .begin = (done - first) * GROUP,
                     .end = wni_smaller(left, size)};
      multiply(upper, lower, &chunk, w + first * TILE_N * GROUP, right);
    }
  end_sums((char *)sums, low, right);
  store_sums(args, column, sums);
  return w;
}

void WNI_NAME(KERNEL)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  Chunks chunks = chunks_of(args->n_channels * BYTES);
  Pixels upper, lower;
  locate(&upper, args, 0);
  locate(&lower, args, ROWS);
  wni_tiles_shape(upper.n, lower.n > 0 ? lower.n : 0, (int)chunks.each);
  const char *w = args->w;
  for (int column = 0; column < args->n; column += TILE_N)
    w = panel(args, w, column, &chunks, &upper, &lower);
}
