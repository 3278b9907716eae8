/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Both halves of the preprocess' resampling (kernels.h), compiled once per instruction
 * set: weighted sums down the rows of bytes, then across the row of floats that gives.
 * Most of a box has one weight, so whole rows are added as 16-bit integers first.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

enum {
  BLOCK = 64,     /* columns at once */
  MAX_ROWS = 257, /* bytes whose sum fits 16 bits */
  MAX_AHEAD = 64, /* rows from a prefetch to its use, at most */
  LANES = WNI_COLUMNS_TAPS
};

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));

WniFn_rows WNI_NAME(rows_u8);
WniFn_columns WNI_NAME(columns_f32);

/* The rows' parts are short and far apart, which hardware prefetchers do badly: each row
 * brings the one that lies in its place in the next box.  Beyond the plane that does nothing. */
static inline void prefetch(const uint8_t *x, ptrdiff_t ahead) {
  __builtin_prefetch((const void *)((uintptr_t)x + (uintptr_t)ahead));
}

/* n_rows from 1 to MAX_ROWS. */
static inline void add_rows(const uint8_t *x, ptrdiff_t stride, ptrdiff_t ahead, size_t n_rows,
                            size_t n, uint16_t *restrict sum) {
  prefetch(x, ahead);
  for (size_t i = 0; i < n; i++) sum[i] = x[i];
  for (size_t t = 1; t < n_rows; t++) {
    x += stride;
    prefetch(x, ahead);
    for (size_t i = 0; i < n; i++) sum[i] = (uint16_t)(sum[i] + x[i]);
  }
}

/* `n` is the constant BLOCK except in narrow rows, which keeps the sums in registers. */
static inline void sum_block(const WniRowsArgs *args, const uint8_t *x, size_t n,
                             float *restrict y) {
  const ptrdiff_t stride = args->stride;
  const ptrdiff_t ahead = (ptrdiff_t)(args->n_rows < MAX_AHEAD ? args->n_rows : MAX_AHEAD) * stride;
  const uint8_t *last = x + (ptrdiff_t)(args->n_rows - 1) * stride;
  float low = args->first_weight, high = args->n_rows > 1 ? args->last_weight : 0;
  uint16_t sum[BLOCK];
  prefetch(last, ahead);
  if (args->n_rows <= 2) {
    for (size_t i = 0; i < n; i++) y[i] = low * (float)x[i] + high * (float)last[i];
    return;
  }
  size_t rest = args->n_rows - 2, n_rows = rest < MAX_ROWS ? rest : MAX_ROWS;
  const uint8_t *inner = x + stride;
  add_rows(inner, stride, ahead, n_rows, n, sum);
  for (size_t i = 0; i < n; i++)
    y[i] = low * (float)x[i] + args->weight * (float)sum[i] + high * (float)last[i];
  while (rest -= n_rows) {
    inner += (ptrdiff_t)n_rows * stride;
    n_rows = rest < MAX_ROWS ? rest : MAX_ROWS;
    add_rows(inner, stride, ahead, n_rows, n, sum);
    for (size_t i = 0; i < n; i++) y[i] += args->weight * (float)sum[i];
  }
}

void WNI_NAME(rows_u8)(const WniRowsArgs *args) {
  wni_check_rows(args);
  if (args->n < BLOCK) {
    sum_block(args, args->x, args->n, args->y);
    return;
  }
  for (size_t i = 0; i < args->n; i += BLOCK) {
    size_t at = i + BLOCK <= args->n ? i : args->n - BLOCK; /* the last overlaps */
    sum_block(args, args->x + at, BLOCK, args->y + at);
  }
}

static inline Vector load(const float *at) {
  return *(const Unaligned *)(const void *)at;
}

/* LANES more taps of one output.  The lanes of `sum` are taps where pixels have one sample, two
 * taps of both samples where they have two, else the samples (with three: and one of the next). */
static inline Vector add_taps(Vector sum, const float *x, const float *w, size_t step) {
  Vector weights = load(w);
  if (step == 1) return sum + weights * load(x);
  if (step == 2) {
    sum += __builtin_shufflevector(weights, weights, 0, 0, 1, 1) * load(x);
    return sum + __builtin_shufflevector(weights, weights, 2, 2, 3, 3) * load(x + LANES);
  }
  for (size_t t = 0; t < LANES; t++) sum += w[t] * load(x + t * step);
  return sum;
}

static inline void transpose(Vector v[LANES]) {
  Vector a = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5);
  Vector b = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5);
  Vector c = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7);
  Vector d = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
  v[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  v[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  v[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  v[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/* Outputs i to i + n, n <= LANES. */
static inline void sum_outputs(const WniColumnsArgs *args, size_t i, size_t n, size_t step) {
  const float *x[LANES], *w[LANES];
  Vector v[LANES] = {{0}};
#pragma GCC unroll 4
  for (size_t k = 0; k < LANES; k++) {
    size_t at = i + (k < n ? k : n - 1);
    x[k] = args->x + (size_t)args->first[at] * step;
    w[k] = args->weights + at * args->n_taps;
  }
  for (size_t t = 0; t < args->n_taps; t += LANES)
#pragma GCC unroll 4
    for (size_t k = 0; k < LANES; k++) v[k] = add_taps(v[k], x[k] + t * step, w[k] + t, step);
  transpose(v); /* v[lane] of the outputs */
  if (step <= 2) v[0] += v[2], v[1] += v[3];
  if (step == 1) v[0] += v[1];
  for (size_t c = 0; c < step; c++)
    for (size_t k = 0; k < n; k++) args->y[c * args->y_stride + i + k] = v[c][k];
}

/* `step` is a constant, and so is n but for the last outputs: the loops over them vanish. */
static inline void sum_row(const WniColumnsArgs *args, size_t step) {
  size_t i = 0;
  for (; i + LANES <= args->n_out; i += LANES) sum_outputs(args, i, LANES, step);
  if (i < args->n_out) sum_outputs(args, i, args->n_out - i, step);
}

void WNI_NAME(columns_f32)(const WniColumnsArgs *args) {
  wni_check_columns(args);
  if (args->step == 1)
    sum_row(args, 1);
  else if (args->step == 2)
    sum_row(args, 2);
  else if (args->step == 3)
    sum_row(args, 3);
  else
    sum_row(args, 4);
}
