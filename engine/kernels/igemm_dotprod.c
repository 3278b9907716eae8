/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The implicit matrix product of bytes with SDOT, four products of int8 per sum.
 *
 * x is taken as x - 128 (the kernel's offset), which fits int8 and is one exclusive-or of x.
 * The rows of a tile are put side by side first, tap behind tap, each filled up to whole groups of
 * four channels: what reads them then knows no taps, and all panels of columns share the work.
 *
 *   x                 row [TILE_M][BUFFER]            one panel: ROWS x COLUMNS sums in registers
 *   tap 0: c c c c c     c c c c c - - - d d d ...    16 channels of a row make one vector, whose
 *   tap 1: d d d         ...                          lanes SDOT multiplies without broadcasts
 *
 * Registers: 6 x 16 sums take 24, x takes 6; two are left for the weights.  Per 16 channels 96 SDOT
 * stand against 6 + 16 loads.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum {
  TILE_M = WNI_TILE_M(igemm_u8),
  COLUMNS = WNI_TILE_N(igemm_u8),
  TILE_K = WNI_TILE_K(igemm_u8),
  ROWS = 6,
  VECTORS = COLUMNS / 4,
  BLOCK = 4 * COLUMNS,      /* columns whose sums may have to wait for more channels */
  GROUP = COLUMNS * TILE_K, /* bytes of weights */
  STEP = 16,
  LANES = STEP / TILE_K,
  BUFFER = 1024,        /* channels; more of them go through it in parts */
  PITCH = BUFFER + STEP /* the last vector of a row may be stored over its end */
};

WniFn_igemm WNI_NAME(igemm_u8);

/* A tile on its way through the buffer. */
typedef struct Work {
  const WniIgemmArgs *args;
  WniArmBytes to;
  int direct;         /* columns whose sums become bytes straight from the registers */
  const int8_t *w;    /* of the first panel and the groups in the buffer */
  size_t panel_bytes; /* to the next one's */
  size_t groups;
  bool first, last;
  int begin, end; /* columns of the block */
  int8_t x[TILE_M][PITCH];
  int32_t sums[TILE_M][BLOCK]; /* between two fillings, and of columns that are not direct */
} Work;

static inline int8x16_t less_128(uint8x16_t x) {
  return vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(0x80)));
}

enum { FILLED = 4 /* rows at once */ };

/* Channels [c, c + n) of FILLED rows to `to`; n is STEP or a multiple of it. */
static inline __attribute__((always_inline)) void fill_step(const uint8_t *const *x, size_t c,
                                                            size_t n, int8_t *to) {
#pragma GCC unroll 4
  for (int i = 0; i < FILLED; i++)
#pragma GCC unroll 2
    for (size_t j = 0; j < n; j += STEP)
      vst1q_s8(to + i * PITCH + c + j, less_128(vld1q_u8(x[i] + c + j)));
}

/* n channels of FILLED rows to `to`, and zeros up to a whole group. */
static void fill_rows(const void *const *rows, ptrdiff_t at, size_t n, int8_t *to) {
  const uint8_t *x[FILLED];
  size_t c = 0;
  for (int i = 0; i < FILLED; i++) x[i] = (const uint8_t *)rows[i] + at;
  for (; c + 2 * STEP <= n; c += 2 * STEP) fill_step(x, c, 2 * STEP, to);
  if (c + STEP <= n) {
    fill_step(x, c, STEP, to);
    c += STEP;
  }
  if (c == n) return;
  if (n % TILE_K)
    for (int i = 0; i < FILLED; i++) memset(to + i * PITCH + n / TILE_K * TILE_K, 0, TILE_K);
  if (n >= STEP)
    fill_step(x, n - STEP, STEP, to); /* some channels once more */
  else
    for (int i = 0; i < FILLED; i++) vst1q_s8(to + i * PITCH, less_128(wni_arm_load_part(x[i], n)));
}

/* The instruction has the lane inside. */
static inline int32x4_t dot(int32x4_t sum, int8x16_t w, int8x16_t x, int lane) {
  switch (lane) {
  case 0:
    return vdotq_laneq_s32(sum, w, x, 0);
  case 1:
    return vdotq_laneq_s32(sum, w, x, 1);
  case 2:
    return vdotq_laneq_s32(sum, w, x, 2);
  default:
    return vdotq_laneq_s32(sum, w, x, 3);
  }
}

/* `rows` and `vectors` are constants at each call, here and below.  The first n groups of x. */
static inline __attribute__((always_inline)) void add_groups(int32x4_t sum[ROWS][VECTORS],
                                                             const int8_t *x, const int8_t *w,
                                                             size_t n, int rows, int vectors) {
  int8x16_t sixteen[ROWS]; /* channels */
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++) sixteen[i] = vld1q_s8(x + i * PITCH);
#pragma GCC unroll 4
  for (int lane = 0; lane < LANES; lane++, w += GROUP) {
    if ((size_t)lane >= n) return;
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v += 2) {
      int8x16_t w0 = vld1q_s8(w + v * 4 * TILE_K), w1 = vld1q_s8(w + (v + 1) * 4 * TILE_K);
#pragma GCC unroll 6
      for (int i = 0; i < rows; i++) {
        sum[i][v] = dot(sum[i][v], w0, sixteen[i], lane);
        sum[i][v + 1] = dot(sum[i][v + 1], w1, sixteen[i], lane);
      }
    }
  }
}

static inline __attribute__((always_inline)) void multiply(int32x4_t sum[ROWS][VECTORS],
                                                           const int8_t *x, const int8_t *w,
                                                           size_t groups, int rows, int vectors) {
  for (; groups >= LANES; groups -= LANES, x += STEP, w += LANES * GROUP)
    add_groups(sum, x, w, LANES, rows, vectors);
  if (groups > 0) add_groups(sum, x, w, groups, rows, vectors);
}

/* Sums of a panel that are done to bytes of y. */
static inline __attribute__((always_inline)) void store(const WniIgemmArgs *args,
                                                        int32x4_t sum[ROWS][VECTORS],
                                                        WniArmBytes to, bool plain, int row,
                                                        int column, int rows, int vectors) {
  void *const *y = args->y + row;
  float32x4_t scale[VECTORS];
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; v++)
    scale[v] = vld1q_f32(args->scale + column + 4 * (v < vectors ? v : 0));
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++) {
    for (int v = vectors; v < VECTORS; v++) sum[i][v] = sum[i][0];
    uint8x16_t bytes = wni_arm_to_bytes(sum[i], scale, to, plain);
    if (vectors == VECTORS)
      vst1q_u8((uint8_t *)y[i] + column, bytes);
    else
      vst1_u8((uint8_t *)y[i] + column, vget_low_u8(bytes));
  }
}

/* The others go through `sums`. */
static int direct_columns(const WniIgemmArgs *args) {
  int rest = args->n % COLUMNS;
  if (args->output.type != WNI_U8) return 0;
  return rest == COLUMNS / 2 ? args->n : args->n - rest;
}

/* The panel at (row, column) of the tile by what is in the buffer. */
static inline __attribute__((always_inline)) void panel(Work *work, int row, int column, int rows,
                                                        int vectors) {
  int32x4_t sum[ROWS][VECTORS];
  int32_t *sums = &work->sums[row][column - work->begin];
  const int8_t *w = work->w + (size_t)(column / COLUMNS) * work->panel_bytes;
  if (work->first) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      int32x4_t bias = vld1q_s32((const int32_t *)work->args->bias + column + 4 * v);
#pragma GCC unroll 6
      for (int i = 0; i < rows; i++) sum[i][v] = bias;
    }
  } else {
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) sum[i][v] = vld1q_s32(sums + i * BLOCK + 4 * v);
  }
  multiply(sum, work->x[row], w, work->groups, rows, vectors);
  if (work->last && column + 4 * vectors <= work->direct) {
    if (work->to.plain)
      store(work->args, sum, work->to, true, row, column, rows, vectors);
    else
      store(work->args, sum, work->to, false, row, column, rows, vectors);
    return;
  }
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) vst1q_s32(sums + i * BLOCK + 4 * v, sum[i][v]);
}

/* The panels of some rows below each other: the weights are still in cache. */
static inline __attribute__((always_inline)) void run_rows(Work *work, int row, int end, int column,
                                                           int rows, int vectors) {
  for (; row < end; row += rows) panel(work, row, column, rows, vectors);
}

/* One copy for every number of rows, of whole panels and of those of eight columns. */
#define PANELS(ROW) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6)
#define PANEL_FUNCTIONS(rows)                                                                      \
  static void wide_##rows(Work *work, int row, int end, int column) {                              \
    run_rows(work, row, end, column, rows, VECTORS);                                               \
  }                                                                                                \
  static void narrow_##rows(Work *work, int row, int end, int column) {                            \
    run_rows(work, row, end, column, rows, VECTORS / 2);                                           \
  }
PANELS(PANEL_FUNCTIONS)
#define PANEL_NAMES(rows) {wide_##rows, narrow_##rows},
static void (*const panels[ROWS][2])(Work *work, int row, int end,
                                     int column) = {PANELS(PANEL_NAMES)};

/* All panels of the block by what is in the buffer. */
static void run_panels(Work *work) {
  int m = work->args->m, whole = m / ROWS * ROWS;
  for (int column = work->begin; column < work->end; column += COLUMNS) {
    bool narrow = work->end - column <= COLUMNS / 2;
    if (whole > 0) panels[ROWS - 1][narrow](work, 0, whole, column);
    if (whole < m) panels[m - whole - 1][narrow](work, whole, m, column);
  }
}

/* The block's columns.  Where the buffer holds all channels already, it need not be filled. */
static void run_block(Work *work, bool fill) {
  const WniIgemmArgs *args = work->args;
  size_t filled = 0;
  work->w = args->w;
  work->first = true;
  for (size_t t = 0; t < args->n_taps; t++)
    for (size_t c = 0; c < args->n_channels;) {
      size_t left = args->n_channels - c, n = left < BUFFER - filled ? left : BUFFER - filled;
      for (int i = 0; fill && i < args->m; i += FILLED)
        fill_rows(args->x + i, args->tap[t] + (ptrdiff_t)c, n, work->x[i] + filled);
      c += n;
      filled += (n + TILE_K - 1) / TILE_K * TILE_K;
      work->last = c == args->n_channels && t + 1 == args->n_taps;
      if (filled < BUFFER && !work->last) continue;
      work->groups = filled / TILE_K;
      run_panels(work);
      work->w += filled * COLUMNS;
      work->first = false;
      filled = 0;
    }
  int from = work->direct > work->begin ? work->direct : work->begin;
  if (from < work->end)
    wni_arm_store_i32(args, &work->sums[0][from - work->begin], BLOCK, from, work->end);
}

void WNI_NAME(igemm_u8)(const WniIgemmArgs *args) {
  wni_check_igemm_tile(args, TILE_M);
  Work work;
  size_t channels = args->n_taps * ((args->n_channels + TILE_K - 1) / TILE_K) * TILE_K;
  work.args = args;
  work.to = wni_arm_bytes(&args->output);
  work.direct = direct_columns(args);
  work.panel_bytes = channels * COLUMNS;
  for (int column = 0; column < args->n; column += BLOCK) {
    work.begin = column;
    work.end = args->n - column < BLOCK ? args->n : column + BLOCK;
    run_block(&work, column == 0 || channels > BUFFER);
  }
}
