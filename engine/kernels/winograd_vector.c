/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's transforms (kernels.h) on vectors of channels, compiled once per
 * instruction set; the build gives WNI_LANES, floats a vector.  The transform of a
 * tile is one of its columns after the other, then of its rows; what the tables of
 * winograd.h multiply is written out here, because most of it is 0 or 1 and the
 * rows come in pairs (s + t, s - t).
 */
#include "kernels/winograd.h"

#include "kernels/isa.h"
#include "kernels/vector.h"

WniFn_winograd_in WNI_NAME(winograd_in_f32);
WniFn_winograd_out WNI_NAME(winograd_out_f32);

#define A WNI_WINOGRAD_A
#define B WNI_WINOGRAD_B

/* v = B^T d for one line of m + 2 inputs. */
static inline void in_line(int m, const WniVector *d, WniVector *v) {
  if (m == 2) {
    v[0] = d[0] - d[2];
    v[1] = d[2] + d[1];
    v[2] = d[2] - d[1];
    v[3] = d[3] - d[1];
    return;
  }
  WniVector s = d[4] - B * B * d[2], t = A * d[3] - A * B * B * d[1];
  v[1] = s + t;
  v[2] = s - t;
  s = d[4] - A * A * d[2], t = B * d[3] - A * A * B * d[1];
  v[3] = s + t;
  v[4] = s - t;
  v[0] = A * A * B * B * d[0] - (A * A + B * B) * d[2] + d[4];
  v[5] = A * A * B * B * d[1] - (A * A + B * B) * d[3] + d[5];
}

/* y = A^T v: m outputs of one line. */
static inline void out_line(int m, const WniVector *v, WniVector *y) {
  WniVector s = v[1] + v[2], t = v[1] - v[2];
  if (m == 2) {
    y[0] = v[0] + s;
    y[1] = t + v[3];
    return;
  }
  WniVector p = v[3] + v[4], q = v[3] - v[4];
  y[0] = v[0] + s + p;
  y[1] = A * t + B * q;
  y[2] = A * A * s + B * B * p;
  y[3] = A * A * A * t + B * B * B * q + v[5];
}

/* m is a constant: all loops unroll and the lines stay in registers. */
static inline void in_tile(const WniWinogradInArgs *args, size_t c, int m) {
  enum { MAX = WNI_WINOGRAD_MAX + 2 };
  int t = m + 2;
  WniVector half[MAX][MAX], line[MAX], out[MAX];
  for (int row = 0; row < t; row++) {
    const float *x = (const float *)args->x + row * args->h_stride + (ptrdiff_t)c;
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) line[i] = wni_load(x + i * args->w_stride);
    in_line(m, line, half[row]);
  }
  for (int column = 0; column < t; column++) {
    float *v = (float *)args->v + column * args->v_stride + c;
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) line[i] = half[i][column];
    in_line(m, line, out);
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
  WniVector low = (WniVector){0} + args->low, high = (WniVector){0} + args->high;
  wni_store((float *)args->y + row * args->y_h_stride + column * args->y_w_stride + (ptrdiff_t)c,
            wni_clamp(sum, low, high));
}

static inline void out_tile(const WniWinogradOutArgs *args, size_t c, int m) {
  enum { MAX = WNI_WINOGRAD_MAX + 2 };
  int t = m + 2;
  WniVector half[MAX][MAX], line[MAX], out[MAX], bias = wni_load((const float *)args->bias + c);
  for (int column = 0; column < t; column++) {
    const float *v = (const float *)args->v + column * args->v_stride + c;
#pragma GCC unroll 6
    for (int i = 0; i < t; i++) line[i] = wni_load(v + i * t * args->v_stride);
    out_line(m, line, out);
#pragma GCC unroll 4
    for (int i = 0; i < m; i++) half[i][column] = out[i];
  }
  for (int row = 0; row < args->rows; row++) {
    out_line(m, half[row], out);
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
      if (i < args->columns) put(args, row, i, c, out[i] + bias);
  }
}

void WNI_NAME(winograd_in_f32)(const WniWinogradInArgs *args) {
  for (size_t c = 0; c < args->n_channels; c += WNI_LANES)
    if (args->m == 4)
      in_tile(args, c, 4);
    else
      in_tile(args, c, 2);
}

void WNI_NAME(winograd_out_f32)(const WniWinogradOutArgs *args) {
  for (size_t c = 0; c < args->n_channels; c += WNI_LANES)
    if (args->m == 4)
      out_tile(args, c, 4);
    else
      out_tile(args, c, 2);
}
