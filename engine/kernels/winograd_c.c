/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's matrices (winograd.h), and the reference of its transforms: two
 * matrix products, as the formula says.
 */
#include "kernels/check.h"
#include "kernels/winograd.h"

#include "kernels/isa.h"

#define A ((double)WNI_WINOGRAD_A)
#define B ((double)WNI_WINOGRAD_B)
/* What interpolation divides the rows of G by at 0, at a and -a, at b and -b. */
#define N0 (A * A * B * B)
#define NA (2 * A * A * (A * A - B * B))
#define NB (2 * B * B * (B * B - A * A))

/* Bt of six points. */
#define IN_6                                                                                       \
  {                                                                                                \
    {A * A * B * B, 0, -(A * A + B * B), 0, 1, 0}, {0, -A * B * B, -B * B, A, 1, 0},               \
        {0, A * B * B, -B * B, -A, 1, 0}, {0, -A * A * B, -A * A, B, 1, 0},                        \
        {0, A * A * B, -A * A, -B, 1, 0}, {0, A * A * B * B, 0, -(A * A + B * B), 0, 1},           \
  }

static const WniWinogradMatrices matrices[] = {
    {
        .m = 2,
        .r = 3,
        .in = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
        .filter = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
        .out = {{1, 1, 1, 0}, {0, 1, -1, 1}},
    },
    {
        .m = 4,
        .r = 3,
        .in = IN_6,
        .filter = {{1 / N0},
                   {1 / NA, A / NA, A *A / NA},
                   {1 / NA, -A / NA, A *A / NA},
                   {1 / NB, B / NB, B *B / NB},
                   {1 / NB, -B / NB, B *B / NB},
                   {0, 0, 1}},
        .out = {{1, 1, 1, 1, 1, 0},
                {0, A, -A, B, -B, 0},
                {0, A *A, A *A, B *B, B *B, 0},
                {0, A *A *A, -A *A *A, B *B *B, -B *B *B, 1}},
    },
    {
        .m = 2,
        .r = 5,
        .in = IN_6,
        .filter = {{1 / N0},
                   {1 / NA, A / NA, A *A / NA, A *A *A / NA, A *A *A *A / NA},
                   {1 / NA, -A / NA, A *A / NA, -A *A *A / NA, A *A *A *A / NA},
                   {1 / NB, B / NB, B *B / NB, B *B *B / NB, B *B *B *B / NB},
                   {1 / NB, -B / NB, B *B / NB, -B *B *B / NB, B *B *B *B / NB},
                   {0, 0, 0, 0, 1}},
        .out = {{1, 1, 1, 1, 1, 0}, {0, A, -A, B, -B, 1}},
    },
};

const WniWinogradMatrices *wni_winograd_matrices(int m, int r) {
  const WniWinogradMatrices *at = matrices;
  while (at->m != m || at->r != r) at++;
  return at;
}

WniFn_winograd_in WNI_NAME(winograd_in_f32);
WniFn_winograd_out WNI_NAME(winograd_out_f32);

void WNI_NAME(winograd_in_f32)(const WniWinogradInArgs *args) {
  wni_check_winograd_in(args, WNI_F32);
  const WniWinogradMatrices *matrix = wni_winograd_matrices(args->t - 2, 3);
  const float *x = args->x;
  float *v = args->v;
  int t = args->t;
  for (size_t c = 0; c < args->n_channels; c++)
    for (int i = 0; i < t; i++)
      for (int j = 0; j < t; j++) {
        double sum = 0;
        for (int row = 0; row < t; row++)
          for (int column = 0; column < t; column++)
            sum += matrix->in[i][row] * matrix->in[j][column] *
                   (double)x[row * args->h_stride + column * args->w_stride + (ptrdiff_t)c];
        v[(i * t + j) * args->v_stride + (ptrdiff_t)c] = (float)sum;
      }
}

void WNI_NAME(winograd_out_f32)(const WniWinogradOutArgs *args) {
  wni_check_winograd_out(args, WNI_F32);
  const WniWinogradMatrices *matrix = wni_winograd_matrices(args->m, args->t - args->m + 1);
  const float *v = args->v, *bias = args->bias;
  float *y = args->y;
  int t = args->t;
  for (size_t c = 0; c < args->n_channels; c++)
    for (int i = 0; i < args->rows; i++)
      for (int j = 0; j < args->columns; j++) {
        double sum = (double)bias[c];
        for (int row = 0; row < t; row++)
          for (int column = 0; column < t; column++)
            sum += matrix->out[i][row] * matrix->out[j][column] *
                   (double)v[(row * t + column) * args->v_stride + (ptrdiff_t)c];
        if (args->residual)
          sum += (double)args->residual[i * args->residual_h_stride + j * args->residual_w_stride +
                                        (ptrdiff_t)c];
        y[i * args->y_h_stride + j * args->y_w_stride + (ptrdiff_t)c] =
            wni_clampf((float)sum, args->output.low, args->output.high);
      }
}
