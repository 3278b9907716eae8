/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's transforms of integers (kernels.h, winograd.h) on blocks of channels, compiled once
 * per instruction set.  Sums wrap at 32 bits, which only the last one must not do.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

#include "kernels/winograd.h"

enum { BLOCK = WNI_WINOGRAD_CHANNELS };

WniFn_winograd_in WNI_NAME(winograd_in_u8);
WniFn_winograd_out WNI_NAME(winograd_out_u8);

typedef uint8_t Bytes __attribute__((vector_size(BLOCK), aligned(1)));
typedef int16_t Words __attribute__((vector_size(BLOCK * 2)));
typedef int16_t WordsAt __attribute__((vector_size(BLOCK * 2), aligned(2)));
typedef uint32_t Sums __attribute__((vector_size(BLOCK * 4)));
typedef uint32_t SumsAt __attribute__((vector_size(BLOCK * 4), aligned(4)));

/* v = Bt d */
static inline void in_line(const Words *d, Words *v) {
  v[0] = d[0] - d[2];
  v[1] = d[2] + d[1];
  v[2] = d[2] - d[1];
  v[3] = d[3] - d[1];
}

/* y = At v */
static inline void out_line(const Sums *v, Sums *y) {
  y[0] = v[0] + v[1] + v[2];
  y[1] = v[1] - v[2] + v[3];
}

void WNI_NAME(winograd_in_u8)(const WniWinogradInArgs *args) {
  wni_check_winograd_in(args, WNI_U8);
  for (size_t c = 0; c < args->n_channels; c += BLOCK) {
    const uint8_t *x = (const uint8_t *)args->x + c;
    int16_t *v = (int16_t *)args->v + c;
    Words half[4][4], line[4], out[4]; /* half[column][row] */
    for (int column = 0; column < 4; column++) {
      for (int row = 0; row < 4; row++)
        line[row] = __builtin_convertvector(
            *(const Bytes *)(x + row * args->h_stride + column * args->w_stride), Words);
      in_line(line, half[column]);
    }
    for (int row = 0; row < 4; row++) {
      for (int column = 0; column < 4; column++) line[column] = half[column][row];
      in_line(line, out);
      for (int column = 0; column < 4; column++)
        *(WordsAt *)(v + (row * 4 + column) * args->v_stride) = out[column];
    }
  }
}

/* A quarter of the sum is the convolution's. */
static inline void put(const WniWinogradOutArgs *args, size_t c, const Sums *sum, void *y) {
  float scaled[BLOCK];
  int32_t whole[BLOCK], quarter[BLOCK];
  const int32_t *bias = (const int32_t *)args->bias + c;
  const float *scale = args->scale + c;
  float low = args->output.low, high = args->output.high;
  int zero = args->output.zero;
  memcpy(whole, sum, sizeof whole);
  for (int k = 0; k < BLOCK; k++) quarter[k] = (whole[k] >> 2) + bias[k];
  for (int k = 0; k < BLOCK; k++) scaled[k] = wni_clampf((float)quarter[k] * scale[k], low, high);
  if (args->output.type == WNI_F32) {
    memcpy(y, scaled, sizeof scaled);
    return;
  }
  uint8_t bytes[BLOCK];
  for (int k = 0; k < BLOCK; k++) whole[k] = (int32_t)rintf(scaled[k]) + zero;
  for (int k = 0; k < BLOCK; k++) bytes[k] = (uint8_t)whole[k];
  memcpy(y, bytes, sizeof bytes);
}

void WNI_NAME(winograd_out_u8)(const WniWinogradOutArgs *args) {
  wni_check_winograd_out(args, WNI_U8);
  ptrdiff_t element = (ptrdiff_t)wni_type_bytes(args->output.type);
  for (size_t c = 0; c < args->n_channels; c += BLOCK) {
    const uint32_t *v = (const uint32_t *)args->v + c;
    char *y = (char *)args->y + (ptrdiff_t)c * element;
    Sums half[2][4], line[4], out[2]; /* half[row][column] */
    for (int column = 0; column < 4; column++) {
      for (int row = 0; row < 4; row++)
        line[row] = *(const SumsAt *)(v + (row * 4 + column) * args->v_stride);
      out_line(line, out);
      half[0][column] = out[0];
      half[1][column] = out[1];
    }
    for (int row = 0; row < args->rows; row++) {
      out_line(half[row], out);
      for (int column = 0; column < args->columns; column++)
        put(args, c, &out[column],
            y + (row * args->y_h_stride + column * args->y_w_stride) * element);
    }
  }
}
