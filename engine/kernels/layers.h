/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The drivers: one layer each, walked tile by tile over the micro-kernels of
 * kernels.h.  A description is filled once by the plan and read-only from then on; the
 * pointers come with each call.  Every thread of a team calls a driver with the
 * same arguments and does its own part; the caller puts a barrier behind it.
 * Sizes and strides are in elements.
 */
#ifndef WNI_KERNELS_LAYERS_H
#define WNI_KERNELS_LAYERS_H

#include "base/parallel.h"
#include "kernels/kernels.h"

#include <stdbool.h>

enum { WNI_LOOP_RANK = 6 };

/* An image batch in NHWC with room around it; channels are contiguous. */
typedef struct WniImage {
  size_t n, h, w, c;
  ptrdiff_t n_stride, h_stride, w_stride;
} WniImage;

/* Zeros around an image that the layer writes; see wni_halo_clear(). */
typedef struct WniHalo {
  bool present;
  size_t n, h, w, c; /* inside */
  size_t top, bottom, left, right;
} WniHalo;

/* Clears the halo of the padded image [n][top + h + bottom][left + w + right][c] at y. */
void wni_halo_clear(const WniHalo *halo, float *y, WniThread thread);

/* Conv, groups included: y = act(conv(x) + bias + residual).  x points at the
 * first pixel's first tap, that is into the halo. */
typedef struct WniConv {
  const WniKernel *kernel; /* igemm_f32, or dwconv_f32 for one channel a group */
  const WniKernel *act;    /* act_f32 */
  WniActivation activation;
  WniImage in, out, residual;
  size_t groups;
  ptrdiff_t y_step, x_step;  /* input elements from one output row, pixel to the next */
  size_t n_taps, n_channels; /* of one group; taps that lie side by side count as one */
  ptrdiff_t *tap;            /* [n_taps] */
  /* igemm: [groups][panels][n_taps][n_channels][tile n]; dwconv: [n_taps][c] */
  float *weights;
  float *bias; /* igemm: [groups][panels * tile n]; dwconv: [c] */
} WniConv;
void wni_conv_run(const WniConv *conv, const float *x, const float *residual, float *y,
                  WniThread thread);
void wni_dwconv_run(const WniConv *conv, const float *x, float *y, WniThread thread);

/* Gemm at a small batch: y[m][r] = act(x[m] . w[r] + bias[r]). */
typedef struct WniFullyConnected {
  const WniKernel *kernel; /* fc_f32 */
  const WniKernel *act;
  WniActivation activation;
  size_t m, n, k;
  float *weights; /* [n][k] */
  float *bias;    /* [n] */
} WniFullyConnected;
/* `rows` [n_rows] limits the outputs that are computed; NULL: all. */
void wni_fully_connected_run(const WniFullyConnected *fc, const float *x, float *y,
                             const int32_t *rows, size_t n_rows, WniThread thread);

/* MatMul of two activations: y[b][i][j] = act(sum_k x[b][i][k] w[b][k][j]), b over
 * `batch` with its own strides (0: broadcast).  All contiguous. */
typedef struct WniMatmul {
  const WniKernel *act;
  WniActivation activation;
  size_t rank; /* of the batch */
  size_t batch[WNI_LOOP_RANK];
  size_t x_stride[WNI_LOOP_RANK], w_stride[WNI_LOOP_RANK];
  size_t m, n, k;
} WniMatmul;
void wni_matmul_run(const WniMatmul *matmul, const float *x, const float *w, float *y,
                    WniThread thread);

/* Max or average pooling; the window is cut at the image's edges. */
typedef struct WniPool {
  const WniKernel *kernel; /* maxpool_f32 or avgpool_f32 */
  const WniKernel *act;
  WniActivation activation;
  WniImage in, out;
  int64_t kernel_size[2], stride[2], dilation[2], pad_begin[2], pad_end[2];
  bool count_include_pad;
} WniPool;
void wni_pool_run(const WniPool *pool, const float *x, float *y, WniThread thread);

/* Nested loops over up to WNI_LOOP_RANK dimensions, outermost first; operand 0
 * is y, then the inputs; a stride of 0 repeats an element. */
typedef struct WniLoop {
  int rank;
  size_t dim[WNI_LOOP_RANK];
  ptrdiff_t stride[4][WNI_LOOP_RANK];
} WniLoop;

/* y = act(op(a, b, c)) over the loop. */
typedef struct WniElementwise {
  const WniKernel *kernel; /* vec_f32 */
  const WniKernel *act;
  WniVecOp op;
  int n_inputs;
  WniActivation activation;
  WniLoop loop;
} WniElementwise;
void wni_elementwise_run(const WniElementwise *elementwise, const float *const *inputs, float *y,
                         WniThread thread);

/* Softmax along one axis of `length` elements; the loop runs over the others
 * (operand 0 y, 1 x). */
typedef struct WniSoftmax {
  WniLoop loop;
  size_t length;
  ptrdiff_t x_stride, y_stride;
} WniSoftmax;
void wni_softmax_run(const WniSoftmax *softmax, const float *x, float *y, WniThread thread);

/* y = mean of x over `reduced`, for each point of `kept` (operand 0 y, 1 x). */
typedef struct WniReduceMean {
  WniLoop kept, reduced;
  const WniKernel *act;
  WniActivation activation;
} WniReduceMean;
void wni_reduce_mean_run(const WniReduceMean *reduce, const float *x, float *y, WniThread thread);

/* LRN across channels (ONNX LRN-13):
 * y[c] = x[c] / (bias + alpha / size * sum of x^2 over the `size` channels around c) ^ beta */
typedef struct WniLrn {
  WniImage in, out;
  int64_t size;
  float alpha, beta, bias;
} WniLrn;
void wni_lrn_run(const WniLrn *lrn, const float *x, float *y, WniThread thread);

/* Pad: y at an index is x at source[d][index[d]] in every dimension, or `value`
 * where one of them is negative.  The loop runs over y (operand 1: strides of x). */
typedef struct WniPad {
  WniLoop loop;
  int64_t *source[WNI_LOOP_RANK]; /* [loop.dim[d]] */
  float value;
} WniPad;
void wni_pad_run(const WniPad *pad, const float *x, float *y, WniThread thread);

#endif
