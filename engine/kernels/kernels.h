/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The contracts of the micro-kernels and the table that holds them.  A
 * micro-kernel computes one small tile from pointers and sizes; the drivers
 * (conv.c, fully_connected.c, ...) walk a layer's tiles.  Every kind has a plain
 * C reference, named __c, that all variants must match; variants.inc lists them.
 * Layout: activations NHWC, a pixel's channels contiguous.
 */
#ifndef WNI_KERNELS_KERNELS_H
#define WNI_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* What follows an operator; applied to x element by element.
 *   CLAMP         min(max(x, a), b)     Relu: a = 0, b = inf
 *   LEAKY_RELU    x < 0 ? a x : x
 *   ELU           x < 0 ? a (exp(x) - 1) : x
 *   HARD_SIGMOID  min(max(a x + b, 0), 1)
 *   HARD_SWISH    x min(max(x / 6 + 1/2, 0), 1)
 *   SIGMOID       1 / (1 + exp(-x))
 *   TANH          tanh(x)                                                      */
typedef enum WniActivationKind {
  WNI_ACT_NONE,
  WNI_ACT_CLAMP,
  WNI_ACT_LEAKY_RELU,
  WNI_ACT_ELU,
  WNI_ACT_HARD_SIGMOID,
  WNI_ACT_HARD_SWISH,
  WNI_ACT_SIGMOID,
  WNI_ACT_TANH
} WniActivationKind;

typedef struct WniActivation {
  WniActivationKind kind;
  float a, b;
} WniActivation;

enum { WNI_MAX_TILE_M = 16 };

/* igemm: implicit matrix product.  For pixel i < m and column j < n
 *
 *   y[i][j] = clamp(bias[j] + residual[i][j] + sum_t sum_c x[i][tap[t] + c] w[t][c][j])
 *
 * t over n_taps kernel taps, c over n_channels contiguous input channels.
 *   w        packed [n_taps][n_channels][tile n], zero beyond n
 *   bias     [tile n], zero beyond n
 *   x, y     WNI_MAX_TILE_M pointers, valid up to the tile's m rows: behind m
 *            they repeat the last one and nothing is stored through them
 *   residual like y, or NULL for none; it may be y itself                      */
typedef struct WniIgemmArgs {
  int m, n;
  size_t n_taps, n_channels;
  const ptrdiff_t *tap;
  const float *const *x;
  const float *w;
  const float *bias;
  const float *const *residual;
  float *const *y;
  float low, high; /* the clamp; -inf and +inf for none */
} WniIgemmArgs;
typedef void WniFn_igemm_f32(const WniIgemmArgs *args);

/* dwconv: one pixel of a depthwise convolution.  For c < n_channels
 *   y[c] = clamp(bias[c] + sum_t x[tap[t] + c] w[t n_channels + c])            */
typedef struct WniDwconvArgs {
  size_t n_channels, n_taps;
  const ptrdiff_t *tap;
  const float *x, *w, *bias;
  float *y;
  float low, high;
} WniDwconvArgs;
typedef void WniFn_dwconv_f32(const WniDwconvArgs *args);

/* fc: the dot products of x [k] with n <= WNI_FC_ROWS rows of weights [k]:
 * y[r] = sum_k x[k] w[r][k].  w has WNI_FC_ROWS valid pointers.                */
enum { WNI_FC_ROWS = 4 };
typedef void WniFn_fc_f32(const float *x, const float *const *w, size_t k, int n, float *y);

/* pool: over the n_rows x n_columns window that begins at x, for each channel
 * the maximum, or the sum times `scale`.  Rows and columns are at least 1.     */
typedef struct WniPoolArgs {
  const float *x;
  size_t n_rows, n_columns, n_channels;
  ptrdiff_t row_stride, column_stride; /* elements */
  float scale;                         /* average only */
  float *y;
} WniPoolArgs;
typedef void WniFn_maxpool_f32(const WniPoolArgs *args);
typedef void WniFn_avgpool_f32(const WniPoolArgs *args);

/* vec: y[i] = op(a[i], b[i], c[i]) for i < n; operands that the op does not
 * have are not read.  y may be an operand.
 *   COPY a   ADD a+b   SUB a-b   MUL a*b   DIV a/b   PRELU a<0 ? a*b : a   MULADD a*b+c */
typedef enum WniVecOp {
  WNI_VEC_COPY,
  WNI_VEC_ADD,
  WNI_VEC_SUB,
  WNI_VEC_MUL,
  WNI_VEC_DIV,
  WNI_VEC_PRELU,
  WNI_VEC_MULADD,
  WNI_VEC_OP_COUNT
} WniVecOp;
typedef void WniFn_vec_f32(WniVecOp op, const float *a, const float *b, const float *c, size_t n,
                           float *y);

/* act: y[i] = activation(y[i]) for i < n. */
typedef void WniFn_act_f32(const WniActivation *activation, size_t n, float *y);

/* axpy_u8: y[i] += weight * x[i], bytes into floats: the vertical half of the
 * preprocess. */
typedef void WniFn_axpy_u8(float weight, const uint8_t *x, size_t n, float *y);

typedef enum WniKernelKind {
  WNI_KERNEL_igemm_f32,
  WNI_KERNEL_dwconv_f32,
  WNI_KERNEL_fc_f32,
  WNI_KERNEL_maxpool_f32,
  WNI_KERNEL_avgpool_f32,
  WNI_KERNEL_vec_f32,
  WNI_KERNEL_act_f32,
  WNI_KERNEL_axpy_u8,
  WNI_KERNEL_KIND_COUNT
} WniKernelKind;

/* A row of variants.inc. */
typedef struct WniKernel {
  const char *name; /* <op>_<dtype>_<tile>__<isa> */
  WniKernelKind kind;
  uint32_t isa;       /* WNI_CPU_* that it needs */
  int tile_m, tile_n; /* 0 where it has none */
  union {
    WniFn_igemm_f32 *igemm_f32;
    WniFn_dwconv_f32 *dwconv_f32;
    WniFn_fc_f32 *fc_f32;
    WniFn_maxpool_f32 *maxpool_f32;
    WniFn_avgpool_f32 *avgpool_f32;
    WniFn_vec_f32 *vec_f32;
    WniFn_act_f32 *act_f32;
    WniFn_axpy_u8 *axpy_u8;
  } run;
} WniKernel;

/* All variants that were built, in the order of variants.inc. */
const WniKernel *wni_kernel_table(size_t *count);

/* The first variant of `kind` that the processor and the mask allow; never NULL. */
const WniKernel *wni_kernel_find(WniKernelKind kind);

#endif
