/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The contracts of the micro-kernels and the table that holds them.  A
 * micro-kernel computes one small tile from pointers and sizes; the drivers
 * (conv.c, fully_connected.c, ...) walk a layer's tiles.  Every kind has a plain
 * C reference, named __c, that all variants must match; variants.inc lists them.  What is asked of
 * the arguments is asserted (check.h).
 * Layout: activations NHWC, a pixel's channels contiguous.
 */
#ifndef WNI_KERNELS_KERNELS_H
#define WNI_KERNELS_KERNELS_H

#include "kernels/type.h"

#include <stdbool.h>

/* What follows an operator; applied to x element by element.  Errors: elementary.h.
 *   CLAMP             min(max(x, a), b)     Relu: a = 0, b = inf
 *   LEAKY_RELU        x < 0 ? a x : x
 *   THRESHOLDED_RELU  x > a ? x : 0
 *   ELU               x < 0 ? a (exp(x) - 1) : x
 *   SELU              x < 0 ? a b (exp(x) - 1) : b x
 *   CELU              x < 0 ? a (exp(x / a) - 1) : x
 *   HARD_SIGMOID      min(max(a x + b, 0), 1)
 *   HARD_SWISH        x min(max(x / 6 + 1/2, 0), 1)
 *   SIGMOID           1 / (1 + exp(-x))
 *   SWISH             x / (1 + exp(-a x))     SiLU: a = 1
 *   TANH, SOFTSIGN    tanh(x), x / (1 + |x|)
 *   SOFTPLUS          log(1 + exp(x))
 *   MISH              x tanh(log(1 + exp(x)))
 *   GELU              x (1 + erf(x / sqrt 2)) / 2
 *   GELU_TANH         x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
 *   EXP, LOG, SQRT, RECIPROCAL, ERF, SIN, COS, NEG, ABS    what their names say
 *   SIGN              -1, 0 or 1
 *   CEIL, FLOOR, ROUND, TRUNC    to a whole number: up, down, to the nearest (halves to even),
 *                     towards 0
 *   NONZERO, NOT      x == 0 ? 0 : 1, x == 0 ? 1 : 0
 *   IS_NAN            x is no number ? 1 : 0
 *   GRID_16           min(max(round(x / a), b), b + 65535) a                        */
typedef enum WniActivationKind {
  WNI_ACT_NONE,
  WNI_ACT_CLAMP,
  WNI_ACT_LEAKY_RELU,
  WNI_ACT_THRESHOLDED_RELU,
  WNI_ACT_ELU,
  WNI_ACT_SELU,
  WNI_ACT_CELU,
  WNI_ACT_HARD_SIGMOID,
  WNI_ACT_HARD_SWISH,
  WNI_ACT_SIGMOID,
  WNI_ACT_SWISH,
  WNI_ACT_TANH,
  WNI_ACT_SOFTSIGN,
  WNI_ACT_SOFTPLUS,
  WNI_ACT_MISH,
  WNI_ACT_GELU,
  WNI_ACT_GELU_TANH,
  WNI_ACT_EXP,
  WNI_ACT_LOG,
  WNI_ACT_SQRT,
  WNI_ACT_RECIPROCAL,
  WNI_ACT_ERF,
  WNI_ACT_SIN,
  WNI_ACT_COS,
  WNI_ACT_NEG,
  WNI_ACT_ABS,
  WNI_ACT_SIGN,
  WNI_ACT_CEIL,
  WNI_ACT_FLOOR,
  WNI_ACT_ROUND,
  WNI_ACT_TRUNC,
  WNI_ACT_NONZERO,
  WNI_ACT_NOT,
  WNI_ACT_IS_NAN,
  WNI_ACT_GRID_16,
  WNI_ACT_COUNT
} WniActivationKind;

typedef struct WniActivation {
  WniActivationKind kind;
  float a, b;
} WniActivation;

enum { WNI_MAX_TILE_M = 32, WNI_MAX_TILE_N = 64 };

/* igemm: implicit matrix product.  For pixel i < m and column j < n, of as many panels of tile n
 * columns as it takes
 *
 *   sum[i][j] = bias[j] + sum_t sum_c x[i][tap[t] + c] w[t][c][j]
 *
 * t over n_taps kernel taps, c over n_channels contiguous input channels.
 *   type F32, BF16   x and w have the type; bias, sums and clamp are float32;
 *                    y = clamp(sum + residual) is stored as the output's type, F32 or `type`
 *   type U8          x is uint8, w int8, bias and sums int32;  v = clamp(sum * scale[j])
 *                    output F32: v;  U8: v rounded to nearest even + zero (the clamp
 *                    keeps it within 0..255).  No residual.  sum * scale[j] is one float32
 *                    product, so that all variants give the same bits.
 *   type I16         x and w are int16, an even number of channels; y is the int32 sum without
 *                    bias, and nothing follows
 *   w        packed in groups of the tile's k channels:
 *            [panels][n_taps][ceil(n_channels / tile k)][tile n][tile k], zero behind what there is
 *   bias, scale  [panels][tile n], zero beyond n.  A kernel with an offset takes x - offset for
 *            x, and its bias is larger by offset times the sum of the column's weights
 *   tap      bytes
 *   x, y     WNI_MAX_TILE_M pointers, valid up to the tile's m rows: behind m
 *            they repeat the last one and nothing is stored through them.  x may be read up to
 *            n_channels, not beyond.
 *   residual like y and of its type, or NULL for none; it may be y itself
 *   next     bytes that are read soon after this tile and lie beyond the second cache; a kernel
 *            may ask for them while it multiplies, and no other use is made of them.  0: none */
typedef struct WniIgemmArgs {
  int m, n;
  size_t n_taps, n_channels;
  const ptrdiff_t *tap;
  const void *const *x;
  const void *w;
  const void *bias;
  const float *scale;
  const void *const *residual;
  void *const *y;
  WniOutput output;
  const void *next;
  size_t next_bytes;
} WniIgemmArgs;
typedef void WniFn_igemm(const WniIgemmArgs *args);

/* dwconv: a row of pixels of a depthwise convolution, x_step and y_step bytes apart.  For c <
 * n_channels
 *   sum[c] = bias[c] + sum_t x[tap[t] + c] w[t w_step + c]
 * with types, scale, output and y as for igemm; `tap` in bytes.  Where `columns` is not 0, runs of
 * so many taps lie as far from one another as the first two.                    */
typedef struct WniDwconvArgs {
  size_t n_pixels, n_channels, n_taps, w_step;
  int columns;
  ptrdiff_t x_step, y_step;
  const ptrdiff_t *tap;
  const void *x, *w, *bias;
  const float *scale;
  void *y;
  WniOutput output;
} WniDwconvArgs;
typedef void WniFn_dwconv(const WniDwconvArgs *args);

/* fc: the dot products of x [k] with n <= WNI_FC_ROWS rows of weights [k]:
 * sum[r] = sum_k x[k] w[r][k].  w has WNI_FC_ROWS valid pointers.  Types as for igemm, and F16;
 * `sum` is float32, int32 for U8.                                              */
enum { WNI_FC_ROWS = 4 };
typedef void WniFn_fc(const void *x, const void *const *w, size_t k, int n, void *sum);

/* pool: over the n_rows x n_columns window that begins at x, for each channel
 * the maximum, in x's type, or the sum in float32 times `scale`; `zero` is taken off each element
 * of type U8 first.  Rows and columns are at least 1; strides in bytes.        */
typedef struct WniPoolArgs {
  const void *x;
  size_t n_rows, n_columns, n_channels;
  ptrdiff_t row_stride, column_stride;
  float scale; /* average only, as is zero */
  int zero;
  void *y;
} WniPoolArgs;
typedef void WniFn_maxpool(const WniPoolArgs *args);
typedef void WniFn_avgpool(const WniPoolArgs *args);

/* load, store: runs of n elements between a type and float32.
 *   BF16  rounded to nearest even
 *   U8    load: scale (x - zero);  store: x / scale rounded to nearest even + zero, kept within
 *         0..255 (ONNX DequantizeLinear, QuantizeLinear); NaN becomes 0             */
typedef void WniFn_load(const void *x, const WniQuant *quant, size_t n, float *y);
typedef void WniFn_store(const float *x, const WniQuant *quant, size_t n, void *y);

/* winograd_in: Bt d B of winograd.h for one tile of t inputs a side, 4 or 6:
 *   v[(i t + j) v_stride + c] = sum_r sum_k Bt[i][r] Bt[j][k] x[r h_stride + k w_stride + c]
 * for c < n_channels, a multiple of WNI_WINOGRAD_CHANNELS.  Type F32: v is float32.  U8: v is
 * int16 and t is 4, whose transform is exact.  Strides in elements.               */
enum { WNI_WINOGRAD_CHANNELS = 16 };
typedef struct WniWinogradInArgs {
  int t;
  size_t n_channels;
  const void *x;
  ptrdiff_t h_stride, w_stride;
  void *v;
  ptrdiff_t v_stride;
} WniWinogradInArgs;
typedef void WniFn_winograd_in(const WniWinogradInArgs *args);

/* winograd_out: y[i][j][c] = clamp(bias[c] + residual[i][j][c] + (At v A)[i][j][c]) for the first
 * `rows` and `columns` of the tile's m outputs a side; v has t products a side.  residual may be
 * NULL.  Type U8: v and bias are int32, At v A is four times the sum (winograd.h), and scale and
 * output are as for igemm; no residual.                                        */
typedef struct WniWinogradOutArgs {
  int m, t, rows, columns;
  size_t n_channels;
  const void *v;
  ptrdiff_t v_stride;
  const void *bias;
  const float *scale, *residual;
  ptrdiff_t residual_h_stride, residual_w_stride;
  void *y;
  ptrdiff_t y_h_stride, y_w_stride;
  WniOutput output;
} WniWinogradOutArgs;
typedef void WniFn_winograd_out(const WniWinogradOutArgs *args);

/* vec: y[i] = op(a[i], b[i], c[i]) for i < n; operands that the op does not
 * have are not read.  y may be an operand.
 *   COPY a   ADD a+b   SUB a-b   MUL a*b   DIV a/b   POW a^b   MIN, MAX NaN where one is NaN
 *   MOD a-b*floor(a/b)   FMOD a-b*trunc(a/b)   PRELU a<0 ? a*b : a   MULADD a*b+c
 *   EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, AND, OR, XOR    1 where it holds, else 0
 *   WHERE a!=0 ? b : c                                                          */
typedef enum WniVecOp {
  WNI_VEC_COPY,
  WNI_VEC_ADD,
  WNI_VEC_SUB,
  WNI_VEC_MUL,
  WNI_VEC_DIV,
  WNI_VEC_POW,
  WNI_VEC_MIN,
  WNI_VEC_MAX,
  WNI_VEC_MOD,
  WNI_VEC_FMOD,
  WNI_VEC_EQUAL,
  WNI_VEC_LESS,
  WNI_VEC_LESS_EQUAL,
  WNI_VEC_GREATER,
  WNI_VEC_GREATER_EQUAL,
  WNI_VEC_AND,
  WNI_VEC_OR,
  WNI_VEC_XOR,
  WNI_VEC_PRELU,
  WNI_VEC_MULADD,
  WNI_VEC_WHERE,
  WNI_VEC_OP_COUNT
} WniVecOp;
typedef void WniFn_vec(WniVecOp op, const float *a, const float *b, const float *c, size_t n,
                       float *y);

/* act: y[i] = activation(y[i]) for i < n. */
typedef void WniFn_act(const WniActivation *activation, size_t n, float *y);

/* reduce: y[i] = op(y[i], x[i], x[row_stride + i], ...) over n_rows rows, for i < n; y lies apart
 * from x.  A run of neighbours is n = 1, row_stride = 1: there the order is the kernel's own.
 *   SUM y+x   L1 y+|x|   SQUARES y+x*x   PROD y*x   MAX, MIN NaN where one is NaN   */
typedef enum WniReduceOp {
  WNI_REDUCE_SUM,
  WNI_REDUCE_L1,
  WNI_REDUCE_SQUARES,
  WNI_REDUCE_PROD,
  WNI_REDUCE_MAX,
  WNI_REDUCE_MIN,
  WNI_REDUCE_OP_COUNT
} WniReduceOp;
typedef void WniFn_reduce(WniReduceOp op, const float *x, size_t n_rows, ptrdiff_t row_stride,
                          size_t n, float *y);

/* softmax: y[i] = exp(x[i] - m) / sum_k exp(x[k] - m) for i < n, m the largest; 0, and not counted,
 * where x[i] - m is below WNI_SOFTMAX_LOWEST, so that nothing is subnormal that would be less than
 * 1e-34.  n >= 1; y may be x.                                                   */
#define WNI_SOFTMAX_LOWEST (-80.0f)
typedef void WniFn_softmax(const float *x, size_t n, float *y);

/* norm: n_rows rows of n <= WNI_NORM_MOST neighbours, each for itself:
 *   y[i] = (x[i] - mean) / sqrt(mean of (x[i] - mean)^2 + epsilon) scale[i] + shift[i]
 * with mean = 0 where not `centred`.  Without a shift `shift` is NULL, and so may be `scale`; y may
 * be x.  Strides in elements.                                                  */
enum { WNI_NORM_MOST = 2048 }; /* as many are added up in float32 */
typedef struct WniNormArgs {
  const float *x;
  ptrdiff_t x_stride, y_stride;
  size_t n_rows, n;
  bool centred;
  float epsilon;
  const float *scale, *shift;
  float *y;
} WniNormArgs;
typedef void WniFn_norm(const WniNormArgs *args);

/* rows: the sum of n_rows >= 1 rows of bytes, the vertical half of the preprocess.
 * For i < n
 *   y[i] = first_weight x[i] + sum_{0 < t < n_rows - 1} weight x[t stride + i]
 *        + last_weight x[(n_rows - 1) stride + i], the last where n_rows > 1    */
typedef struct WniRowsArgs {
  const uint8_t *x;
  ptrdiff_t stride;
  size_t n_rows, n;
  float first_weight, weight, last_weight;
  float *y;
} WniRowsArgs;
typedef void WniFn_rows(const WniRowsArgs *args);

/* columns: the horizontal half.  x holds pixels of step <= 4 interleaved samples;
 * for i < n_out and sample c < step
 *   y[c y_stride + i] = sum_{t < n_taps} weights[i n_taps + t] x[(first[i] + t) step + c]
 * n_taps is a multiple of WNI_COLUMNS_TAPS: weights are 0 behind the taps that
 * count, but x is read there and one float beyond, and must be finite.         */
enum { WNI_COLUMNS_TAPS = 4 };
typedef struct WniColumnsArgs {
  const float *x, *weights;
  const int32_t *first;
  size_t step, n_taps, n_out, y_stride;
  float *y;
} WniColumnsArgs;
typedef void WniFn_columns(const WniColumnsArgs *args);

#define WNI_KERNEL_KINDS(KIND)                                                                     \
  KIND(igemm)                                                                                      \
  KIND(dwconv)                                                                                     \
  KIND(fc)                                                                                         \
  KIND(winograd_in)                                                                                \
  KIND(winograd_out)                                                                               \
  KIND(maxpool)                                                                                    \
  KIND(avgpool)                                                                                    \
  KIND(load)                                                                                       \
  KIND(store)                                                                                      \
  KIND(vec)                                                                                        \
  KIND(act)                                                                                        \
  KIND(reduce)                                                                                     \
  KIND(norm)                                                                                       \
  KIND(softmax)                                                                                    \
  KIND(rows)                                                                                       \
  KIND(columns)

typedef enum WniKernelKind {
#define WNI_KIND(kind) WNI_KERNEL_##kind,
  WNI_KERNEL_KINDS(WNI_KIND) WNI_KERNEL_KIND_COUNT
#undef WNI_KIND
} WniKernelKind;

/* A row of variants.inc. */
typedef struct WniKernel {
  const char *name; /* <op>_<dtype>_<tile>__<isa> */
  WniKernelKind kind;
  WniType type;               /* of x */
  uint32_t isa;               /* WNI_CPU_* that it needs */
  int tile_m, tile_n, tile_k; /* 0 where it has none */
  int offset;                 /* igemm of U8: what it takes off x, as bytes with a sign suit it */
  union {
#define WNI_KIND(kind) WniFn_##kind *kind;
    WNI_KERNEL_KINDS(WNI_KIND)
#undef WNI_KIND
  } run;
} WniKernel;

/* All variants that were built, in the order of variants.inc. */
const WniKernel *wni_kernel_table(size_t *count);

/* The first variant for `kind` and `type` that the processor and the mask allow; NULL where
 * the kind does not exist for the type. */
const WniKernel *wni_kernel_find(WniKernelKind kind, WniType type);

/* The one for the implicit matrix product of so many taps times channels. */
const WniKernel *wni_kernel_find_igemm(WniType type, size_t depth);

#endif
