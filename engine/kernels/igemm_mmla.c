/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product with the instructions that multiply small matrices: USMMLA for
 * bytes (i8mm) and BFMMLA for bfloat16 (bf16), from one source as both take 8 bytes of two rows of
 * x and of two columns of w to 2 x 2 sums.
 *
 * Sixteen bytes of two rows of x, zipped by halves, make two such operands; w is packed so that
 * two columns are one vector.  8 x 8 sums take 16 of the 32 registers and x takes 8.
 * Per 16 bytes 32 multiplications stand against 8 + 8 loads and 8 zips: 1024 products of bytes, 512
 * of bfloat16.  A taller or wider tile would leave no registers for x.
 */
#include "kernels/arm.h"
#include "kernels/check.h"
#include "kernels/panels.h"

#ifdef __ARM_FEATURE_MATMUL_INT8
#define KERNEL igemm_u8
enum { ELEMENT = 1 };
typedef int32x4_t Sum;
typedef int32_t Element;
static inline Sum multiply(Sum sum, uint8x16_t x, uint8x16_t w) {
  return vusmmlaq_s32(sum, x, vreinterpretq_s8_u8(w));
}
#else
#define KERNEL igemm_bf16
enum { ELEMENT = 2 };
typedef float32x4_t Sum;
typedef float Element;
static inline Sum multiply(Sum sum, uint8x16_t x, uint8x16_t w) {
  return vbfmmlaq_f32(sum, vreinterpretq_bf16_u8(x), vreinterpretq_bf16_u8(w));
}
#endif

enum {
  TILE_M = WNI_TILE_M(KERNEL),
  TILE_N = WNI_TILE_N(KERNEL),
  PAIRS = TILE_M / 2, /* of rows */
  COLUMNS = TILE_N / 2,
  HALF = ELEMENT * WNI_TILE_K(KERNEL), /* bytes */
  STEP = 2 * HALF
};

WniFn_igemm WNI_NAME(KERNEL);

/* Rows of x in pairs: bytes 0..7 of both, bytes 8..15 of both. */
typedef struct Group {
  uint8x16_t half[2][PAIRS];
} Group;

static inline void zip(Group *group, int i, uint8x16_t upper, uint8x16_t lower) {
  uint64x2_t a = vreinterpretq_u64_u8(upper), b = vreinterpretq_u64_u8(lower);
  group->half[0][i] = vreinterpretq_u8_u64(vzip1q_u64(a, b));
  group->half[1][i] = vreinterpretq_u8_u64(vzip2q_u64(a, b));
}

static inline __attribute__((always_inline)) void
add_half(Sum sum[PAIRS][COLUMNS], const uint8x16_t *x, const uint8_t *w, int pairs) {
#pragma GCC unroll 4
  for (int j = 0; j < COLUMNS; j++) {
    uint8x16_t columns = vld1q_u8(w + j * 2 * HALF);
#pragma GCC unroll 4
    for (int i = 0; i < pairs; i++) sum[i][j] = multiply(sum[i][j], x[i], columns);
  }
}

/* n bytes of one tap; returns where the weights of the next begin. */
static inline __attribute__((always_inline)) const uint8_t *
add_tap(Sum sum[PAIRS][COLUMNS], const uint8_t *const *x, size_t n, const uint8_t *w, int pairs) {
  Group group;
  size_t c = 0;
  for (; c + STEP <= n; c += STEP, w += STEP * TILE_N) {
#pragma GCC unroll 4
    for (int i = 0; i < pairs; i++)
      zip(&group, i, vld1q_u8(x[2 * i] + c), vld1q_u8(x[2 * i + 1] + c));
    add_half(sum, group.half[0], w, pairs);
    add_half(sum, group.half[1], w + HALF * TILE_N, pairs);
  }
  if (c == n) return w;
#pragma GCC unroll 4
  for (int i = 0; i < pairs; i++)
    zip(&group, i, wni_arm_load_part(x[2 * i] + c, n - c),
        wni_arm_load_part(x[2 * i + 1] + c, n - c));
  add_half(sum, group.half[0], w, pairs);
  if (n - c <= HALF) return w + HALF * TILE_N;
  add_half(sum, group.half[1], w + HALF * TILE_N, pairs);
  return w + STEP * TILE_N;
}

/* Sums of a pair of rows and a pair of columns to the rows of the tile. */
static inline void spread(Sum sum, Element *out) {
  union {
    Sum vector;
    Element at[4];
  } pair = {.vector = sum};
  memcpy(out, pair.at, 2 * sizeof *out);
  memcpy(out + TILE_N, pair.at + 2, 2 * sizeof *out);
}

/* `pairs` of rows is a constant at each call. */
static inline __attribute__((always_inline)) void run(const WniIgemmArgs *args, int pairs) {
  Sum sum[PAIRS][COLUMNS];
  const Element *bias = args->bias;
  const uint8_t *w = args->w;
#pragma GCC unroll 4
  for (int j = 0; j < COLUMNS; j++) {
    Sum both = {bias[2 * j], bias[2 * j + 1], bias[2 * j], bias[2 * j + 1]};
#pragma GCC unroll 4
    for (int i = 0; i < pairs; i++) sum[i][j] = both;
  }
  for (size_t t = 0; t < args->n_taps; t++) {
    const uint8_t *x[TILE_M];
    for (int i = 0; i < 2 * pairs; i++) x[i] = (const uint8_t *)args->x[i] + args->tap[t];
    w = add_tap(sum, x, args->n_channels * ELEMENT, w, pairs);
  }
  Element out[TILE_M * TILE_N];
#pragma GCC unroll 4
  for (int i = 0; i < pairs; i++)
#pragma GCC unroll 4
    for (int j = 0; j < COLUMNS; j++) spread(sum[i][j], out + 2 * (i * TILE_N + j));
#ifdef __ARM_FEATURE_MATMUL_INT8
  wni_arm_store_i32(args, out, TILE_N, 0, args->n);
#else
  wni_arm_store_f32(args, out, TILE_N);
#endif
}

/* A few pixels that are left over do not cost a whole tile. */
static void panel(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  if (args->m <= TILE_M / 2)
    run(args, PAIRS / 2);
  else
    run(args, PAIRS);
}

void WNI_NAME(KERNEL)(const WniIgemmArgs *args) {
  WNI_EACH_PANEL(KERNEL, args, ELEMENT, wni_type_bytes(args->output.type), panel);
}
