/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench_case.h.  Each kind has a function that makes its arrays and one that
 * calls the kernel as a driver would: over a strip of pixels, or all rows of a matrix.
 */
#include "bench_case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The strip: H rows of W pixels come out, and go in with a halo of SIDE - 1. */
enum { H = 4, W = 28, SIDE = 3 };

/* ---- data ------------------------------------------------------------------------- */

/* Numbers of moderate size, none of them denormal.  Behind them are zeros: some
 * kernels read a little further. */
static void *make_array(WniType type, size_t n) {
  size_t n_bytes = n * wni_type_bytes(type) / 64 * 64 + 128;
  unsigned seed = 1;
  void *array = aligned_alloc(64, n_bytes);
  if (array == NULL) {
    fprintf(stderr, "not enough memory\n");
    exit(EXIT_FAILURE);
  }
  memset(array, 0, n_bytes);
  for (size_t i = 0; i < n; i++) {
    float value = (float)(rand_r(&seed) % 1001 - 500) / 500;
    if (type == WNI_F32) ((float *)array)[i] = value;
    if (type == WNI_BF16) ((uint16_t *)array)[i] = wni_f32_to_bf16(value);
    if (type == WNI_I16) ((int16_t *)array)[i] = (int16_t)(value * 500);
    if (type == WNI_U8) ((uint8_t *)array)[i] = (uint8_t)(int)(value * 60 + 64);
  }
  return array;
}

/* Taps of a window in the strip, in bytes. */
static void make_taps(BenchWork *work, size_t channels) {
  size_t pixel = channels * wni_type_bytes(work->kernel->type),
         side = work->size->a == 1 ? 1 : SIDE;
  for (size_t t = 0; t < work->size->a; t++)
    work->tap[t] = (ptrdiff_t)((t / side * (W + SIDE - 1) + t % side) * pixel);
}

enum { STRIP_PIXELS = (H + SIDE - 1) * (W + SIDE - 1) };

/* Where the first tap of the strip's pixel i lies. */
static const char *strip_pixel(const BenchWork *work, size_t i, size_t pixel_bytes) {
  return (const char *)work->array[0] + (i / W * (W + SIDE - 1) + i % W) * pixel_bytes;
}

/* ---- convolutions --------------------------------------------------------------------- */

/* What is stored: the sums of I16 are int32, of the size of a float. */
static WniType sum_type(WniType type) {
  return type == WNI_I16 ? WNI_F32 : type;
}

static void run_igemm(const BenchWork *work) {
  const WniKernel *kernel = work->kernel;
  size_t channels = work->size->b, tile_m = (size_t)kernel->tile_m;
  size_t x_bytes = channels * wni_type_bytes(kernel->type);
  size_t y_bytes = (size_t)kernel->tile_n * wni_type_bytes(sum_type(kernel->type));
  const void *x[WNI_MAX_TILE_M];
  void *y[WNI_MAX_TILE_M];
  WniIgemmArgs args = {.n = kernel->tile_n,
                       .n_taps = work->size->a,
                       .n_channels = channels,
                       .tap = work->tap,
                       .x = x,
                       .y = y,
                       .w = work->array[1],
                       .bias = work->array[2],
                       .scale = work->array[3],
                       .output = {.type = kernel->type, .low = 0, .high = 255}};
  for (size_t first = 0; first < H * W; first += tile_m) {
    args.m = (int)(H * W - first < tile_m ? H * W - first : tile_m);
    for (size_t i = 0; i < tile_m; i++) {
      size_t pixel = first + (i < (size_t)args.m ? i : (size_t)args.m - 1);
      x[i] = strip_pixel(work, pixel, x_bytes);
      y[i] = (char *)work->array[4] + pixel * y_bytes;
    }
    kernel->run.igemm(&args);
  }
}

static void prepare_igemm(BenchWork *work) {
  const WniKernel *kernel = work->kernel;
  size_t taps = work->size->a, channels = work->size->b, n = (size_t)kernel->tile_n;
  size_t packed =
      (channels + (size_t)kernel->tile_k - 1) / (size_t)kernel->tile_k * (size_t)kernel->tile_k;
  work->array[0] = make_array(kernel->type, STRIP_PIXELS * channels);
  work->array[1] = make_array(kernel->type, taps * packed * n);
  work->array[2] = make_array(WNI_F32, n);
  work->array[3] = make_array(WNI_F32, n);
  work->array[4] = make_array(sum_type(kernel->type), H * W * n);
  if (kernel->type == WNI_U8) memset(work->array[2], 0, n * sizeof(int32_t));
  make_taps(work, channels);
  work->run = run_igemm;
  work->amount = 2.0 * H * W * (double)(n * taps * channels);
}

static void run_dwconv(const BenchWork *work) {
  const WniKernel *kernel = work->kernel;
  size_t channels = work->size->b, pixel_bytes = channels * wni_type_bytes(kernel->type);
  WniDwconvArgs args = {.n_pixels = W,
                        .n_channels = channels,
                        .x_step = (ptrdiff_t)pixel_bytes,
                        .y_step = (ptrdiff_t)pixel_bytes,
                        .n_taps = work->size->a,
                        .w_step = channels,
                        .columns = SIDE,
                        .tap = work->tap,
                        .w = work->array[1],
                        .bias = work->array[2],
                        .scale = work->array[3],
                        .output = {.type = kernel->type, .low = 0, .high = 255}};
  for (size_t i = 0; i < H * W; i += W) {
    args.x = strip_pixel(work, i, pixel_bytes);
    args.y = (char *)work->array[4] + i * pixel_bytes;
    kernel->run.dwconv(&args);
  }
}

static void prepare_dwconv(BenchWork *work) {
  WniType type = work->kernel->type;
  size_t taps = work->size->a, channels = work->size->b;
  work->array[0] = make_array(type, STRIP_PIXELS * channels);
  work->array[1] = make_array(type, taps * channels);
  work->array[2] = make_array(WNI_F32, channels);
  work->array[3] = make_array(WNI_F32, channels);
  work->array[4] = make_array(type, H * W * channels);
  if (type == WNI_U8) memset(work->array[2], 0, channels * sizeof(int32_t));
  make_taps(work, channels);
  work->run = run_dwconv;
  work->amount = 2.0 * H * W * (double)(taps * channels);
}

/* ---- Winograd: the strip's tiles, one beside the other ------------------------------- */

/* Bytes of an element: F32 stays what it is, U8 becomes int16, then int32, then U8. */
static size_t winograd_x_bytes(const BenchWork *work) {
  return wni_type_bytes(work->kernel->type);
}
static size_t winograd_v_bytes(const BenchWork *work) {
  bool narrow = work->kernel->type == WNI_U8 && work->kernel->kind == WNI_KERNEL_winograd_in;
  return narrow ? sizeof(int16_t) : sizeof(float);
}

static void run_winograd_in(const BenchWork *work) {
  size_t m = work->size->a, channels = work->size->b;
  size_t x_bytes = winograd_x_bytes(work), v_bytes = winograd_v_bytes(work);
  for (size_t tile = 0; tile < W / m; tile++) {
    const WniWinogradInArgs args = {.t = (int)m + 2,
                                    .n_channels = channels,
                                    .x = (const char *)work->array[0] +
                                         tile * m * channels * x_bytes,
                                    .h_stride = (ptrdiff_t)((W + SIDE - 1) * channels),
                                    .w_stride = (ptrdiff_t)channels,
                                    .v = (char *)work->array[1] + tile * channels * v_bytes,
                                    .v_stride = (ptrdiff_t)(W / m * channels)};
    work->kernel->run.winograd_in(&args);
  }
}

static void run_winograd_out(const BenchWork *work) {
  size_t m = work->size->a, channels = work->size->b;
  size_t x_bytes = winograd_x_bytes(work), v_bytes = winograd_v_bytes(work);
  for (size_t tile = 0; tile < W / m; tile++) {
    const WniWinogradOutArgs args = {.m = (int)m,
                                     .t = (int)m + 2,
                                     .rows = (int)m,
                                     .columns = (int)m,
                                     .n_channels = channels,
                                     .v = (const char *)work->array[1] + tile * channels * v_bytes,
                                     .v_stride = (ptrdiff_t)(W / m * channels),
                                     .bias = work->array[2],
                                     .scale = work->array[3],
                                     .y = (char *)work->array[0] + tile * m * channels * x_bytes,
                                     .y_h_stride = (ptrdiff_t)((W + SIDE - 1) * channels),
                                     .y_w_stride = (ptrdiff_t)channels,
                                     .output = {.type = work->kernel->type, .low = 0, .high = 6}};
    work->kernel->run.winograd_out(&args);
  }
}

static void prepare_winograd(BenchWork *work) {
  WniType type = work->kernel->type;
  size_t m = work->size->a, channels = work->size->b, tiles = W / m, inputs = (m + 2) * (m + 2);
  bool in = work->kernel->kind == WNI_KERNEL_winograd_in;
  size_t pixels = in ? inputs : m * m;
  work->array[0] = make_array(type, STRIP_PIXELS * channels);
  work->array[1] = make_array(WNI_F32, inputs * tiles * channels);
  work->array[2] = make_array(WNI_F32, channels);
  work->array[3] = make_array(WNI_F32, channels);
  if (type == WNI_U8) { /* integers */
    memset(work->array[1], 1, inputs * tiles * channels * sizeof(int32_t));
    memset(work->array[2], 0, channels * sizeof(int32_t));
  }
  work->run = in ? run_winograd_in : run_winograd_out;
  work->amount = (double)(tiles * channels) *
                 (double)(inputs * winograd_v_bytes(work) + pixels * winograd_x_bytes(work));
}

/* ---- the others ----------------------------------------------------------------------- */

static void run_fc(const BenchWork *work) {
  size_t k = work->size->a, row_bytes = k * wni_type_bytes(work->kernel->type);
  for (size_t r = 0; r < work->size->b; r += WNI_FC_ROWS) {
    const void *w[WNI_FC_ROWS];
    for (size_t i = 0; i < WNI_FC_ROWS; i++)
      w[i] = (const char *)work->array[1] + (r + i) * row_bytes;
    work->kernel->run.fc(work->array[0], w, k, WNI_FC_ROWS, (float *)work->array[2] + r);
  }
}

static void prepare_fc(BenchWork *work) {
  WniType type = work->kernel->type;
  size_t k = work->size->a, rows = work->size->b;
  work->array[0] = make_array(type == WNI_F16 ? WNI_F32 : type, k);
  work->array[1] = make_array(type, k * rows);
  work->array[2] = make_array(WNI_F32, rows);
  work->run = run_fc;
  work->amount = (double)(k * rows * wni_type_bytes(type));
}

static void run_pool(const BenchWork *work) {
  const WniKernel *kernel = work->kernel;
  size_t side = work->size->a, channels = work->size->b;
  size_t pixel = channels * wni_type_bytes(kernel->type);
  size_t y_bytes = channels * sizeof(float);
  for (size_t i = 0; i < W; i++) {
    WniPoolArgs args = {.x = (const char *)work->array[0] + i * side * pixel,
                        .n_rows = side,
                        .n_columns = side,
                        .n_channels = channels,
                        .row_stride = (ptrdiff_t)(W * side * pixel),
                        .column_stride = (ptrdiff_t)pixel,
                        .scale = 0.25f,
                        .y = (char *)work->array[1] + i * y_bytes};
    if (kernel->kind == WNI_KERNEL_maxpool)
      kernel->run.maxpool(&args);
    else
      kernel->run.avgpool(&args);
  }
}

static void prepare_pool(BenchWork *work) {
  size_t side = work->size->a, channels = work->size->b;
  work->array[0] = make_array(work->kernel->type, W * side * side * channels);
  work->array[1] = make_array(WNI_F32, W * channels);
  work->run = run_pool;
  work->amount = (double)(W * side * side * channels * wni_type_bytes(work->kernel->type));
}

static void run_load(const BenchWork *work) {
  const WniQuant quant = {.scale = 0.5f, .zero = 3};
  work->kernel->run.load(work->array[0], &quant, work->size->a, work->array[1]);
}

static void run_store(const BenchWork *work) {
  const WniQuant quant = {.scale = 0.5f, .zero = 3};
  work->kernel->run.store(work->array[1], &quant, work->size->a, work->array[0]);
}

static void prepare_convert(BenchWork *work) {
  WniType type = work->kernel->type;
  size_t n = work->size->a;
  work->array[0] = make_array(type, n);
  work->array[1] = make_array(WNI_F32, n);
  work->run = work->kernel->kind == WNI_KERNEL_load ? run_load : run_store;
  work->amount = (double)(n * (wni_type_bytes(type) + sizeof(float)));
}

static void run_rows(const BenchWork *work) {
  const WniRowsArgs args = {.x = work->array[0],
                            .stride = (ptrdiff_t)work->size->a,
                            .n_rows = work->size->b,
                            .n = work->size->a,
                            .first_weight = 0.5f,
                            .weight = 1,
                            .last_weight = 0.5f,
                            .y = work->array[1]};
  work->kernel->run.rows(&args);
}

static void prepare_rows(BenchWork *work) {
  size_t n = work->size->a, rows = work->size->b;
  work->array[0] = make_array(WNI_U8, n * rows);
  work->array[1] = make_array(WNI_F32, n);
  work->run = run_rows;
  work->amount = (double)(n * (rows + sizeof(float)));
}

static void run_columns(const BenchWork *work) {
  const BenchCase *size = work->size;
  const WniColumnsArgs args = {.x = work->array[0],
                               .weights = work->array[1],
                               .first = work->array[2],
                               .step = size->c,
                               .n_taps = size->b,
                               .n_out = size->a,
                               .y_stride = size->a,
                               .y = work->array[3]};
  work->kernel->run.columns(&args);
}

/* Every second pixel is where the next output begins. */
static void prepare_columns(BenchWork *work) {
  size_t n_out = work->size->a, taps = work->size->b, step = work->size->c;
  work->array[0] = make_array(WNI_F32, (2 * n_out + taps) * step);
  work->array[1] = make_array(WNI_F32, n_out * taps);
  work->array[2] = make_array(WNI_F32, n_out);
  work->array[3] = make_array(WNI_F32, n_out * step);
  for (size_t i = 0; i < n_out; i++) ((int32_t *)work->array[2])[i] = (int32_t)(2 * i);
  work->run = run_columns;
  work->amount = 2.0 * (double)(n_out * taps * step);
}

static void run_vec(const BenchWork *work) {
  work->kernel->run.vec((WniVecOp)work->size->b, work->array[0], work->array[1], work->array[2],
                        work->size->a, work->array[3]);
}

static void prepare_vec(BenchWork *work) {
  size_t n = work->size->a;
  for (int i = 0; i < 4; i++) work->array[i] = make_array(WNI_F32, n);
  work->run = run_vec;
  work->amount = (double)(n * work->size->c * sizeof(float));
}

static void run_act(const BenchWork *work) {
  const WniActivation activation = {(WniActivationKind)work->size->b, 0, 6};
  work->kernel->run.act(&activation, work->size->a, work->array[0]);
}

static void prepare_act(BenchWork *work) {
  size_t n = work->size->a;
  work->array[0] = make_array(WNI_F32, n);
  work->run = run_act;
  work->amount = (double)(2 * n * sizeof(float));
}

static void run_reduce(const BenchWork *work) {
  size_t n = work->size->a;
  work->kernel->run.reduce(WNI_REDUCE_SUM, work->array[0], work->size->b, (ptrdiff_t)n, n,
                           work->array[1]);
}

static void prepare_reduce(BenchWork *work) {
  size_t n = work->size->a;
  work->array[0] = make_array(WNI_F32, n * work->size->b);
  work->array[1] = make_array(WNI_F32, n);
  work->run = run_reduce;
  work->amount = (double)(n * work->size->b * sizeof(float));
}

static void run_norm(const BenchWork *work) {
  size_t n = work->size->a, rows = work->size->b;
  const float *factors = work->array[1];
  const WniNormArgs args = {work->array[0], (ptrdiff_t)n, (ptrdiff_t)n, rows,    n,
                            true,           1e-5f,        factors,      factors, work->array[2]};
  work->kernel->run.norm(&args);
}

static void run_softmax(const BenchWork *work) {
  work->kernel->run.softmax(work->array[0], work->size->a, work->array[2]);
}

static void prepare_rows_of_floats(BenchWork *work) {
  size_t n = work->size->a * work->size->b;
  work->array[0] = make_array(WNI_F32, n);
  work->array[1] = make_array(WNI_F32, work->size->a);
  work->array[2] = make_array(WNI_F32, n);
  work->run = work->kernel->kind == WNI_KERNEL_norm ? run_norm : run_softmax;
  work->amount = (double)(2 * n * sizeof(float));
}

static void (*const prepare[WNI_KERNEL_KIND_COUNT])(BenchWork *) = {
    [WNI_KERNEL_igemm] = prepare_igemm,
    [WNI_KERNEL_dwconv] = prepare_dwconv,
    [WNI_KERNEL_fc] = prepare_fc,
    [WNI_KERNEL_maxpool] = prepare_pool,
    [WNI_KERNEL_avgpool] = prepare_pool,
    [WNI_KERNEL_load] = prepare_convert,
    [WNI_KERNEL_store] = prepare_convert,
    [WNI_KERNEL_vec] = prepare_vec,
    [WNI_KERNEL_act] = prepare_act,
    [WNI_KERNEL_reduce] = prepare_reduce,
    [WNI_KERNEL_norm] = prepare_rows_of_floats,
    [WNI_KERNEL_softmax] = prepare_rows_of_floats,
    [WNI_KERNEL_rows] = prepare_rows,
    [WNI_KERNEL_columns] = prepare_columns,
    [WNI_KERNEL_winograd_in] = prepare_winograd,
    [WNI_KERNEL_winograd_out] = prepare_winograd};

void bench_work_prepare(BenchWork *work) {
  prepare[work->size->kind](work);
}

void bench_work_run(void *context) {
  const BenchWork *work = context;
  work->run(work);
}

void bench_work_free(BenchWork *work) {
  for (int i = 0; i < BENCH_ARRAYS; i++) free(work->array[i]);
}
