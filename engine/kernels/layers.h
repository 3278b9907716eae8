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

enum { WNI_LOOP_RANK = 8 };

/* Nested loops over up to WNI_LOOP_RANK dimensions, outermost first; operand 0
 * is y, then the inputs; a stride of 0 repeats an element. */
typedef struct WniLoop {
  int rank;
  size_t dim[WNI_LOOP_RANK];
  ptrdiff_t stride[4][WNI_LOOP_RANK];
} WniLoop;

/* An image batch in NHWC with room around it; channels are contiguous. */
typedef struct WniImage {
  size_t n, h, w, c;
  ptrdiff_t n_stride, h_stride, w_stride;
} WniImage;

/* Zeros around an image that the layer writes; see wni_halo_clear(). */
typedef struct WniHalo {
  bool present;
  size_t n, h, w; /* inside */
  size_t pixel_bytes;
  size_t top, bottom, left, right;
  int zero; /* what every byte of a zero is */
} WniHalo;

/* Clears the halo of the padded image [n][top + h + bottom][left + w + right][pixel] at y. */
void wni_halo_clear(const WniHalo *halo, void *y, WniThread thread);

/* Conv, groups included: y = act(conv(x) + bias + residual).  x points at the
 * first pixel's first tap, that is into the halo, and has the kernel's type; y and the residual
 * have the output's. */
typedef struct WniConv {
  const WniKernel *kernel; /* igemm, or dwconv for one channel a group */
  const WniKernel *act;
  WniActivation activation; /* other than NONE and CLAMP, which the kernel does: y is F32 */
  WniOutput output;
  WniImage in, out, residual;
  size_t groups;
  size_t pad[2];             /* rows above and columns left of the image that taps reach */
  ptrdiff_t y_step, x_step;  /* input elements from one output row, pixel to the next */
  size_t n_taps, n_channels; /* of one group; taps that lie side by side count as one */
  ptrdiff_t *tap;            /* [n_taps] bytes */
  int columns;               /* taps in a row at equal distances, as kernels.h has it */
  /* igemm: [groups][panels][n_taps][n_channels / tile k][tile n][tile k]; dwconv: [n_taps][c] */
  void *weights;
  size_t panel_bytes; /* of the weights of one panel */
  void *bias;         /* igemm: [groups][panels * tile n]; dwconv: [c] */
  float *scale;       /* like bias; U8 only */
} WniConv;
void wni_conv_run(const WniConv *conv, const void *x, const void *residual, void *y,
                  WniThread thread);
/* Panels of tile n output channels that a group has. */
size_t wni_conv_panels(const WniConv *conv);
void wni_dwconv_run(const WniConv *conv, const void *x, void *y, WniThread thread);

/* Convolutions behind one another by bands of rows, so that what lies between them stays in cache
 * (bands.c): one without stride or not that makes `depthwise`'s input, the depthwise one itself,
 * and one of 1x1.  The first or the last may be missing.  Batch 1.
 *
 *   x  --expand-->  ring  --depthwise-->  band  --project-->  y
 *
 * `expand` writes rows of the ring, `project` reads those of the band: their strides are these.
 * A gate of squeeze-and-excite, x times a number of each channel, is a depthwise one of one tap
 * whose weights come with the frame. */
enum { WNI_BANDS_TAPS = 49 }; /* of the depthwise one, at most */
typedef struct WniBands {
  WniConv expand, depthwise, project;
  bool expands, projects, gates;
  size_t rows;       /* of depthwise's output in a band */
  size_t panels;     /* of expand at a time: fewer than all only without `project` */
  size_t ring_rows;  /* of expanded pixels, enough for a band; behind them lies one of zeros */
  size_t dilation;   /* of depthwise, in rows */
  size_t pad[2];     /* rows above and columns left of depthwise's input */
  int zero;          /* what every byte of a zero of its input is */
  size_t parts;      /* threads that there is work for */
  size_t part_bytes; /* of `work` for one of them */
  size_t ring_bytes; /* of these, in front of the band */
} WniBands;
/* Sets what follows from the convolutions, their strides included; returns the bytes of `work`. */
size_t wni_bands_plan(WniBands *bands);
/* `gate` [c], for one that gates. */
void wni_bands_run(const WniBands *bands, const void *x, const void *gate, const void *residual,
                   void *y, void *work, WniThread thread);

/* Conv with r x r taps, no stride, no groups, by Winograd's F(m x m, r x r) (winograd.h).  x points
 * at the first pixel's first tap and may be read up to the last tap of whole tiles. */
typedef struct WniWinograd {
  WniType type;            /* of x: F32, or U8 with m = 2 */
  const WniKernel *kernel; /* igemm, F32 or I16 */
  const WniKernel *in_transform, *out_transform, *act;
  WniActivation activation; /* other than NONE and CLAMP, which the transform does */
  WniOutput output;
  int m, r;         /* t = m + r - 1 */
  size_t min_block; /* tiles that are worth another reading of the weights */
  size_t block;     /* tiles that are worked on at a time */
  WniImage in, out, residual;
  void *weights; /* [t * t][panels][in.c / tile k][tile n][tile k] */
  void *bias;    /* [out.c] */
  float *scale;  /* [out.c]; U8 only */
  float *zeros;  /* [tile n] */
} WniWinograd;
/* Sets `block`; returns the bytes of `work` that a run then needs. */
size_t wni_winograd_plan_block(WniWinograd *winograd);
void wni_winograd_run(const WniWinograd *winograd, const void *x, const float *residual, void *y,
                      void *work, WniThread thread);

/* Gemm at a small batch: y[m][r] = act(x[m] . w[r] + bias[r]); for U8 weights
 * y[m][r] = act((x[m] . w[r] + bias[r]) scale[r]) with an integer bias.  y is F32. */
typedef struct WniFullyConnected {
  const WniKernel *kernel; /* fc */
  const WniKernel *act;
  WniActivation activation;
  size_t m, n, k;
  void *weights; /* [n][k] */
  void *bias;    /* [n] */
  float *scale;  /* [n]; U8 only */
} WniFullyConnected;
/* `rows` [n_rows] limits the outputs that are computed; NULL: all. */
void wni_fully_connected_run(const WniFullyConnected *fc, const void *x, float *y,
                             const int32_t *rows, size_t n_rows, WniThread thread);

/* MatMul of two activations in float32, over a batch (operand 0 y, 1 x, 2 w, 3 residual):
 * y[i][j] = act(alpha sum_k x[i][k] w[k][j] + residual[i][j]).  The elements of a row of x, y and
 * the residual are neighbours; w may lie in any order. */
typedef struct WniMatmul {
  const WniKernel *kernel; /* igemm */
  const WniKernel *act;
  WniActivation activation; /* other than NONE and CLAMP, which the kernel does */
  WniOutput output;
  WniLoop batch;
  size_t m, n, k;
  ptrdiff_t x_row, w_row, w_column, y_row, residual_row;
  float alpha;
} WniMatmul;
/* `residual` may be NULL. */
void wni_matmul_run(const WniMatmul *matmul, const float *x, const float *w, const float *residual,
                    float *y, WniThread thread);

/* One direction of an LSTM (ONNX LSTM-14, gates in its order: i, o, f, c) in float32.  x is what
 * the inputs contribute to the four gates, [steps][rows][4 hidden]; y [steps][rows][hidden]. */
typedef struct WniLstm {
  const WniKernel *kernel; /* igemm */
  const WniKernel *act, *vec;
  size_t steps, rows, hidden;
  bool backward; /* from the last step to the first */
  ptrdiff_t x_step, x_row, y_step, y_row;
  void *weights; /* [panels][hidden / tile k][tile n][tile k], panels of 4 hidden columns */
  size_t panel_bytes;
  const float *h, *c; /* [rows][hidden] before the first step; NULL: zeros */
} WniLstm;
/* `work` [5 rows][hidden]; its first rows are the last cells behind a run. */
void wni_lstm_run(const WniLstm *lstm, const float *x, float *work, float *y, WniThread thread);

/* One tensor of a layer that converts what it reads and writes to float32 and back. */
typedef struct WniTyped {
  WniType type;
  WniQuant quant;
  const WniKernel *convert; /* load for an input, store for an output; NULL: F32 */
} WniTyped;

/* Max or average pooling; the window is cut at the image's edges. */
typedef struct WniPool {
  const WniKernel *kernel; /* maxpool or avgpool, of x's type */
  const WniKernel *act;
  WniActivation activation;
  WniTyped x, y;
  WniImage in, out;
  int64_t kernel_size[2], stride[2], dilation[2], pad_begin[2], pad_end[2];
  bool count_include_pad;
} WniPool;
void wni_pool_run(const WniPool *pool, const void *x, void *y, WniThread thread);

/* y = act(op(a, b, c)) over the loop, in float32. */
typedef struct WniElementwise {
  const WniKernel *kernel; /* vec */
  const WniKernel *act;
  WniVecOp op;
  int n_inputs;
  WniActivation activation;
  WniTyped operand[4]; /* 0 is y */
  WniLoop loop;
} WniElementwise;
void wni_elementwise_run(const WniElementwise *elementwise, const void *const *inputs, void *y,
                         WniThread thread);

/* Softmax, or its logarithm, along one axis of `length` elements; the loop runs over the others
 * (operand 0 y, 1 x). */
typedef struct WniSoftmax {
  const WniKernel *reduce, *vec, *act, *softmax;
  WniLoop loop;
  size_t length;
  ptrdiff_t x_stride, y_stride;
  bool logarithm;
} WniSoftmax;
void wni_softmax_run(const WniSoftmax *softmax, const float *x, float *y, WniThread thread);

/* y = (x - mean) / sqrt(mean of (x - mean)^2 + epsilon) scale + shift for each point of `kept`, the
 * means over `reduced` (operand 0 y, 1 x, 2 scale, 3 shift); without `centred` for mean = 0. */
typedef struct WniNormalize {
  const WniKernel *reduce, *vec, *norm;
  WniLoop kept, reduced;
  bool centred;
  float epsilon;
} WniNormalize;
/* `scale` and `shift` may be NULL. */
void wni_normalize_run(const WniNormalize *layer, const float *x, const float *scale,
                       const float *shift, float *y, WniThread thread);

/* The `k` largest of `length` elements along one axis, in order, of equal ones the first first:
 * what they are or where they stand; the loop runs over the other axes (operand 0 y, 1 x). */
typedef struct WniTop {
  WniLoop loop;
  size_t length, k;
  ptrdiff_t x_stride, y_stride;
  bool smallest, last_first; /* the smallest; of equal ones the last first */
  bool indices;
} WniTop;
void wni_top_run(const WniTop *top, const float *x, float *y, WniThread thread);

/* y = act(finish(scale r)), r the reduction of x over `reduced` (operand 0 x), for each point of
 * `kept` (operand 0 x, 1 y). */
typedef struct WniReduce {
  const WniKernel *kernel; /* reduce */
  const WniKernel *act;
  WniReduceOp op;
  WniLoop kept, reduced;
  float scale;
  WniActivation finish, activation;
} WniReduce;
void wni_reduce_run(const WniReduce *reduce, const float *x, float *y, WniThread thread);

/* LRN across channels (ONNX LRN-13):
 * y[c] = x[c] / (bias + alpha / size * sum of x^2 over the `size` channels around c) ^ beta */
typedef struct WniLrn {
  WniImage in, out;
  int64_t size;
  float alpha, beta, bias;
} WniLrn;
void wni_lrn_run(const WniLrn *lrn, const float *x, float *y, WniThread thread);

/* Neighbours that a take moves together, or fills. */
typedef struct WniTakeRun {
  size_t bytes;
  ptrdiff_t from; /* bytes; WNI_TAKE_FILL: nowhere */
} WniTakeRun;
#define WNI_TAKE_FILL PTRDIFF_MIN

/* Take: y at an index is x at the sum of source[d][index[d]] bytes over the outer dimensions and
 * what the runs of a row say; `fill` where one of them is WNI_TAKE_FILL. */
typedef struct WniTake {
  WniLoop loop; /* over the rows of y; its strides of operand 0 in bytes */
  ptrdiff_t *source[WNI_LOOP_RANK];
  WniTakeRun *run; /* [n_runs] a row of y */
  size_t n_runs;
  size_t element_bytes;
  uint8_t fill[4]; /* an element */
} WniTake;
void wni_take_run(const WniTake *take, const void *x, void *y, WniThread thread);

/* What becomes of an element that is scattered to where another is: it replaces it, or ... */
typedef enum WniScatterMode {
  WNI_SCATTER_NONE,
  WNI_SCATTER_ADD,
  WNI_SCATTER_MUL,
  WNI_SCATTER_MAX,
  WNI_SCATTER_MIN
} WniScatterMode;

/* What is at the place of y then; where one is not a number max and min are ONNX Runtime's. */
static inline double wni_scatter(WniScatterMode mode, double y, double x) {
  switch (mode) {
  case WNI_SCATTER_ADD:
    return y + x;
  case WNI_SCATTER_MUL:
    return y * x;
  case WNI_SCATTER_MAX:
    return y > x ? y : x;
  case WNI_SCATTER_MIN:
    return y < x ? y : x;
  default:
    return x;
  }
}

/* Elements found by places of their own, `run` neighbours each: gathered, y[i run + k] is
 * x[at[i] + k]; scattered, x[i run + k] goes into y[at[i] + k], whose other elements stay. */
typedef struct WniPlaces {
  int32_t *at; /* [n] */
  size_t n, run;
  bool scatter;
  WniScatterMode mode;
} WniPlaces;
void wni_places_run(const WniPlaces *places, const float *x, float *y, WniThread thread);

/* One dimension of x resampled: y at index i is the sum over t of weight[i][t] times x at
 * source[i][t].  The loop runs over the other dimensions (operand 0 y, 1 x). */
typedef struct WniInterpolate {
  WniLoop loop;
  size_t n_out, n_taps;
  int32_t *source; /* [n_out][n_taps] */
  float *weight;   /* [n_out][n_taps] */
  ptrdiff_t x_stride, y_stride;
} WniInterpolate;
void wni_interpolate_run(const WniInterpolate *layer, const float *x, float *y, WniThread thread);

#endif
