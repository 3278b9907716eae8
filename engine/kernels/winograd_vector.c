/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's transforms (kernels.h) on vectors of channels, compiled once per
 * instruction set; the build gives WNI_LANES, floats a vector.  The transform of a
 * tile is one of its columns after the other, then of its rows; what the tables of
 * winograd.h multiply is written out here, because most of it is 0 or 1 and the
 * rows come in pairs (s + t, s - t).
 */
#include "kernels/check.h"
#include "kernels/winograd.h"

#include "kernels/isa.h"
#include "kernels/vector.h"

WniFn_winograd_in WNI_NAME(winograd_in_f32);
WniFn_winograd_out WNI_NAME(winograd_out_f32);

#define A WNI_WINOGRAD_A
#define B WNI_WINOGRAD_B

/* v = B^T d for one line of t inputs. */
static inline __attribute__((always_inline)) void in_line(int t, const WniVector *d, WniVector *v) {
  if (t == 4) {
    v[0] = d[0] - d[2];
    v[1] = d[2] + d[1];
    v[2] = d[2] - d[1];
    v[3] = d[3] - d[1];
    return;
  }
  WniVector even = d[4] - B * B * d[2], odd = A * d[3] - A * B * B * d[1];
  v[1] = even + odd;
  v[2] = even - odd;
  even = d[4] - A * A * d[2];
  odd = B * d[3] - A * A * B * d[1];
  v[3] = even + odd;
  v[4] = even - odd;
  v[0] = A * A * B * B * d[0] - (A * A + B * B) * d[2] + d[4];
  v[5] = A * A * B * B * d[1] - (A * A + B * B) * d[3] + d[5];
}

/* y = A^T v: m outputs of one line of t products. */
static inline __attribute__((always_inline)) void out_line(int m, int t, const WniVector *v,
                                                           WniVector *y) {
  WniVector sum = v[1] + v[2], difference = v[1] - v[2];
  if (t == 4) {
    y[0] = v[0] + sum;
    y[1] = difference + v[3];
    return;
  }
  WniVector sum_b = v[3] + v[4], difference_b = v[3] - v[4];
  y[0] = v[0] + sum + sum_b;
  y[1] = A * difference + B * difference_b;
  if (m == 2) {
    y[1] += v[5];
    return;
  }
  y[2] = A * A * sum + B * B * sum_b;
  y[3] = A * A * A * difference + B * B * B * difference_b + v[5];
}

/* t, and below m, are constants: all loops unroll and the lines stay in registers. */
static inline __attribute__((always_inline)) void in_tile(const WniWinogradInArgs *args, size_t c,
                                                          int t) {
  enum { MAX = WNI_WINOGRAD_MAX_T };
  WniVector half[MAX][MAX], line[MAX], out[MAX];
  for (int row = 0; row < t; row++) {
    const float *x = (const float *)args->x + row * args->h_stride + (ptrdiff_t)c;
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) line[i] = wni_load(x + i * args->w_stride);
    in_line(t, line, half[row]);
  }
  for (int column = 0; column < t; column++) {
    float *v = (float *)args->v + column * args->v_stride + c;
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) line[i] = half[i][column];
    in_line(t, line, out);
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) wni_store(v + i * t * args->v_stride, out[i]);
  }
}

static inline void put(const WniWinogradOutArgs *args, int row, int column, size_t c,
                       WniVector sum) {
  const float *residual = args->residual;
  if (residual)
    sum += wni_load(residual + row * args->residual_h_stride + column * args->residual_w_stride +
                    (ptrdiff_t)c);
  WniVector low = (WniVector){0} + args->output.low, high = (WniVector){0} + args->output.high;
  wni_store((float *)args->y + row * args->y_h_stride + column * args->y_w_stride + (ptrdiff_t)c,
            wni_clamp(sum, low, high));
}

static inline __attribute__((always_inline)) void out_tile(const WniWinogradOutArgs *args, size_t c,
                                                           int m, int t) {
  enum { MAX = WNI_WINOGRAD_MAX_T };
  WniVector half[MAX][MAX], line[MAX], out[MAX], bias = wni_load((const float *)args->bias + c);
  for (int column = 0; column < t; column++) {
    const float *v = (const float *)args->v + column * args->v_stride + c;
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) line[i] = wni_load(v + i * t * args->v_stride);
    out_line(m, t, line, out);
#pragma GCC unroll 4
    for (int i = 0; i < m; i++) half[i][column] = out[i];
  }
  for (int row = 0; row < m && row < args->rows; row++) {
    out_line(m, t, half[row], out);
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
      if (i < args->columns) put(args, row, i, c, out[i] + bias);
  }
}

void WNI_NAME(winograd_in_f32)(const WniWinogradInArgs *args) {
  wni_check_winograd_in(args, WNI_F32);
  for (size_t c = 0; c < args->n_channels; c += WNI_LANES)
    if (args->t == 6)
      in_tile(args, c, 6);
    else
      in_tile(args, c, 4);
}

void WNI_NAME(winograd_out_f32)(const WniWinogradOutArgs *args) {
  wni_check_winograd_out(args, WNI_F32);
  for (size_t c = 0; c < args->n_channels; c += WNI_LANES)
    if (args->t == 4)
      out_tile(args, c, 2, 4);
    else if (args->m == 2)
      out_tile(args, c, 2, 6);
    else
      out_tile(args, c, 4, 6);
}
