/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of bytes (kernels.h) with SDOT, which adds four products of neighbouring
 * bytes: of the four taps of a quad, whose inputs are put side by side first, for sixteen channels
 * and a segment of a row.
 *
 *   3 x 3    0 0 0     5 x 5   0 0 0 0 0     7 x 7   0 0 0 0 0 0 0
 *            0 0 0             0 0 0 0 0             ... four rows
 *            0 0 0             0 0 0 0 0             1 1 1 1 1 1 1
 *                              0 0 0 0 0             ... three rows
 *                              1 1 1 1 2
 *
 * A quad is a piece of a column, and a window takes one from each of its columns, so that windows
 * that overlap share them.  Only the last row of 5 x 5 lies flat: it is the quad of four columns,
 * and the last tap of the next such quad.
 * x is taken as x - 128, which fits int8; 128 times the weights' sum is in the bias from the start.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum {
  PIXELS = WNI_TILE_M(dwconv_u8),
  CHANNELS = 16,
  VECTORS = CHANNELS / 4,
  QUADS = 4 * CHANNELS, /* bytes: one of each channel */
  MAX_SIDE = 7,
  SEGMENT = 32, /* pixels */
  MAX_COLUMNS = 2 * (SEGMENT - 1) + MAX_SIDE
};

WniFn_dwconv WNI_NAME(dwconv_u8);
WniFn_dwconv wni_dwconv_u8__neon; /* for windows and channels that do not fit */

/* Sixteen channels of a segment. */
typedef struct Work {
  int8_t x[2][MAX_COLUMNS][QUADS], w[2][MAX_SIDE][QUADS]; /* of either quad */
  int32x4_t bias[VECTORS];
  float32x4_t scale[VECTORS];
  WniArmBytes to;
} Work;

/* `side` and `stride` of a window are constants at each call, here and below. */
static inline int quads(int side) {
  return (side + 3) / 4;
}

static inline bool is_flat(int side, int quad) {
  return side == 5 && quad == 1;
}

/* Columns whose quads a window takes. */
static inline int reach(int side, int quad) {
  return is_flat(side, quad) ? 2 : side;
}

/* Number `slot` of a quad in column c, if any. */
static inline int tap_of(int side, int quad, int c, int slot) {
  if (is_flat(side, quad)) return c == 0 || slot == 3 ? 4 * side + c + slot : -1;
  int row = 4 * quad + slot;
  return row < side ? row * side + c : -1;
}

/* The quads of n columns from x on. */
static inline __attribute__((always_inline)) void
load_columns(Work *work, const WniDwconvArgs *args, const uint8_t *x, int n, int side, int quad) {
  const uint8_t *from[4];
  const ptrdiff_t step = args->tap[1] - args->tap[0];
#pragma GCC unroll 4
  for (int s = 0; s < 4; s++) { /* where there is no tap, any: its weight is 0 */
    int tap = tap_of(side, quad, 0, s);
    from[s] = tap < 0 ? from[s - 1] : x + args->tap[tap];
  }
  ptrdiff_t at = 0;
  for (int j = 0; j < n; j++, at += step) {
    int8x16x4_t row;
#pragma GCC unroll 4
    for (int s = 0; s < 4; s++)
      row.val[s] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(from[s] + at), vdupq_n_u8(0x80)));
    vst4q_s8(work->x[quad][j], row);
  }
}

static inline __attribute__((always_inline)) void
load_weights(Work *work, const WniDwconvArgs *args, size_t c, int side) {
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; v++) {
    work->bias[v] = vld1q_s32((const int32_t *)args->bias + c + 4 * v);
    work->scale[v] = vld1q_f32(args->scale + c + 4 * v);
  }
#pragma GCC unroll 2
  for (int quad = 0; quad < quads(side); quad++)
#pragma GCC unroll 7
    for (int column = 0; column < reach(side, quad); column++) {
      int8x16x4_t row;
      int8_t *w = work->w[quad][column];
#pragma GCC unroll 4
      for (int s = 0; s < 4; s++) {
        int tap = tap_of(side, quad, column, s);
        row.val[s] = tap < 0 ? vdupq_n_s8(0)
                             : vld1q_s8((const int8_t *)args->w + (size_t)tap * args->w_step + c);
      }
      vst4q_s8(w, row); /* byte by byte */
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) {
        int32x4_t excess = vdotq_s32(vdupq_n_s32(0), vld1q_s8(w + 16 * v), vdupq_n_s8(-128));
        work->bias[v] = vsubq_s32(work->bias[v], excess);
      }
    }
}

/* Four channels of PIXELS windows, the first of which begins in column `first`. */
static inline __attribute__((always_inline)) void
add_windows(const Work *work, int32x4_t *sum, int first, int v, int side, int stride) {
#pragma GCC unroll 4
  for (int i = 0; i < PIXELS; i++) sum[i] = work->bias[v];
#pragma GCC unroll 2
  for (int quad = 0; quad < quads(side); quad++) {
    int columns = reach(side, quad);
    const int8_t *from = work->x[quad][first] + 16 * v;
    int8x16_t w[MAX_SIDE];
#pragma GCC unroll 7
    for (int c = 0; c < columns; c++) w[c] = vld1q_s8(work->w[quad][c] + 16 * v);
#pragma GCC unroll 13
    for (int j = 0; j < (PIXELS - 1) * stride + columns; j++) {
      int8x16_t x = vld1q_s8(from + QUADS * j);
#pragma GCC unroll 4
      for (int i = 0; i < PIXELS; i++) {
        int c = j - i * stride;
        if (c >= 0 && c < columns) sum[i] = vdotq_s32(sum[i], x, w[c]);
      }
    }
  }
}

/* sum[channels][pixel] to PIXELS pixels of bytes. */
static inline __attribute__((always_inline)) void store_bytes(const Work *work,
                                                              int32x4_t sum[VECTORS][PIXELS],
                                                              uint8_t *y, ptrdiff_t step,
                                                              bool plain) {
#pragma GCC unroll 4
  for (int i = 0; i < PIXELS; i++, y += step) {
    int32x4_t pixel[VECTORS] = {sum[0][i], sum[1][i], sum[2][i], sum[3][i]};
    vst1q_u8(y, wni_arm_to_bytes(pixel, work->scale, work->to, plain));
  }
}

static inline __attribute__((always_inline)) void store(const WniDwconvArgs *args, const Work *work,
                                                        int32x4_t sum[VECTORS][PIXELS], char *y,
                                                        size_t c) {
  const ptrdiff_t step = args->y_step;
  if (args->output.type == WNI_U8) {
    if (work->to.plain)
      store_bytes(work, sum, (uint8_t *)y + c, step, true);
    else
      store_bytes(work, sum, (uint8_t *)y + c, step, false);
    return;
  }
  const float low = args->output.low, high = args->output.high;
  for (int i = 0; i < PIXELS; i++, y += step)
    for (int v = 0; v < VECTORS; v++)
      vst1q_f32((float *)(void *)y + c + 4 * v,
                wni_arm_clamp(vmulq_f32(vcvtq_f32_s32(sum[v][i]), work->scale[v]), low, high));
}

/* Pixels [begin, end), PIXELS of them or more; the last ones may be computed twice. */
static inline __attribute__((always_inline)) void run_segment(const WniDwconvArgs *args, Work *work,
                                                              size_t begin, size_t end, size_t c,
                                                              int side, int stride) {
  const uint8_t *x = (const uint8_t *)args->x + (ptrdiff_t)begin * args->x_step + c;
  int n = (int)(end - begin);
#pragma GCC unroll 2
  for (int quad = 0; quad < quads(side); quad++)
    load_columns(work, args, x, (n - 1) * stride + reach(side, quad), side, quad);
  for (int i = 0; i < n; i += PIXELS) {
    int32x4_t sum[VECTORS][PIXELS];
    int first = i + PIXELS <= n ? i : n - PIXELS;
    char *y = (char *)args->y + (ptrdiff_t)(begin + (size_t)first) * args->y_step;
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) add_windows(work, sum[v], first * stride, v, side, stride);
    store(args, work, sum, y, c);
  }
}

static inline __attribute__((always_inline)) void run_row(const WniDwconvArgs *args, int side,
                                                          int stride) {
  Work work;
  size_t n = args->n_channels, segments = (args->n_pixels + SEGMENT - 1) / SEGMENT;
  work.to = wni_arm_bytes(&args->output);
  for (size_t at = 0; at < n; at += CHANNELS) {
    size_t c = at + CHANNELS <= n ? at : n - CHANNELS; /* some once more */
    load_weights(&work, args, c, side);
    for (size_t i = 0; i < segments; i++)
      run_segment(args, &work, args->n_pixels * i / segments, args->n_pixels * (i + 1) / segments,
                  c, side, stride);
  }
}

#define WINDOWS(ROW) ROW(3, 1) ROW(3, 2) ROW(5, 1) ROW(5, 2) ROW(7, 1) ROW(7, 2)
#define ROW_FUNCTION(side, stride)                                                                 \
  static void row_##side##_##stride(const WniDwconvArgs *args) {                                   \
    run_row(args, side, stride);                                                                   \
  }
WINDOWS(ROW_FUNCTION)

static const struct {
  int side, stride;
  void (*run)(const WniDwconvArgs *args);
} windows[] = {
#define WINDOW(side, stride) {side, stride, row_##side##_##stride},
    WINDOWS(WINDOW)};

void WNI_NAME(dwconv_u8)(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_U8);
  const WniDwconvArgs copy = *args; /* which no store to y can change */
  size_t side = (size_t)args->columns;
  if (side > 0 && args->n_taps == side * side && args->n_channels >= CHANNELS &&
      args->n_pixels >= PIXELS)
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
      if (windows[i].side == args->columns &&
          args->x_step == windows[i].stride * (args->tap[1] - args->tap[0])) {
        windows[i].run(&copy);
        return;
      }
  wni_dwconv_u8__neon(args);
}
