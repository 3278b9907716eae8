/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Winograd's transforms: every variant against the C reference, those of integers bit by bit; and
 * the driver against a convolution summed in double, over sizes whose last tiles are cut.
 */
#include "cases.h"
#include "kernels/layers.h"
#include "kernels/winograd.h"
#include "variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *floats(const Fenced *array) {
  return array->data;
}

static Fenced new_floats(size_t n) {
  return fenced_new(n * sizeof(float));
}

static void expect_equal(const WniKernel *kernel, const Fenced *got, const Fenced *want) {
  for (size_t i = 0; i < want->bytes / sizeof(float); i++) {
    double b = (double)floats(want)[i];
    expect_near(kernel, (double)floats(got)[i], b, 1e-5 * (1 + fabs(b)), "winograd", i);
  }
}

static void free_all(Fenced **all, size_t n) {
  for (size_t i = 0; i < n; i++) fenced_free(all[i], "winograd");
}

/* F(m, r) */
typedef struct Filtering {
  int m, r;
} Filtering;

static const Filtering filterings[] = {{2, 3}, {4, 3}, {2, 5}};
enum { N_FILTERINGS = sizeof filterings / sizeof *filterings };

static int side(Filtering f) {
  return f.m + f.r - 1;
}

static void try_in(const WniKernel *kernel, size_t t, size_t channels, unsigned *seed) {
  size_t pixel = channels + 3, row = t * pixel + 5, plane = channels + 2;
  Fenced x = random_floats(t * row, SMALL, seed);
  Fenced got = new_floats(t * t * plane), want = new_floats(t * t * plane);
  WniWinogradInArgs args = {.t = (int)t,
                            .n_channels = channels,
                            .x = x.data,
                            .h_stride = (ptrdiff_t)row,
                            .w_stride = (ptrdiff_t)pixel,
                            .v = want.data,
                            .v_stride = (ptrdiff_t)plane};
  reference(WNI_KERNEL_winograd_in, WNI_F32)->run.winograd_in(&args);
  args.v = got.data;
  kernel->run.winograd_in(&args);
  expect_equal(kernel, &got, &want);
  free_all((Fenced *[]){&x, &got, &want}, 3);
}

START_TEST(in_transforms) {
  unsigned seed = 1;
  for
    EACH_VARIANT(k, WNI_KERNEL_winograd_in, WNI_F32)
  for (size_t t = 4; t <= 6; t += 2)
    for (size_t c = WNI_WINOGRAD_CHANNELS; c <= 80; c += WNI_WINOGRAD_CHANNELS)
      try_in(k, t, c, &seed);
}
END_TEST

/* The tile's first `rows` and `columns` only; what lies beyond stays untouched. */
static void try_out(const WniKernel *kernel, Filtering f, int rows, int columns, size_t channels,
                    unsigned *seed) {
  size_t m = (size_t)f.m, t = (size_t)side(f), pixel = channels + 3, row = m * pixel + 5,
         plane = channels + 2;
  Fenced v = random_floats(t * t * plane, SMALL, seed), bias = random_floats(channels, SMALL, seed);
  Fenced residual = random_floats(m * row, SMALL, seed);
  Fenced got = new_floats(m * row), want = new_floats(m * row);
  bool add = rows & 1, clamp = columns & 1;
  WniWinogradOutArgs args = {.m = f.m,
                             .t = side(f),
                             .rows = rows,
                             .columns = columns,
                             .n_channels = channels,
                             .v = v.data,
                             .v_stride = (ptrdiff_t)plane,
                             .bias = bias.data,
                             .residual = add ? residual.data : NULL,
                             .residual_h_stride = (ptrdiff_t)row,
                             .residual_w_stride = (ptrdiff_t)pixel,
                             .y = want.data,
                             .y_h_stride = (ptrdiff_t)row,
                             .y_w_stride = (ptrdiff_t)pixel,
                             .output = output_of(WNI_F32, 0, clamp)};
  reference(WNI_KERNEL_winograd_out, WNI_F32)->run.winograd_out(&args);
  args.y = got.data;
  kernel->run.winograd_out(&args);
  expect_equal(kernel, &got, &want);
  free_all((Fenced *[]){&v, &bias, &residual, &got, &want}, 5);
}

START_TEST(out_transforms) {
  unsigned seed = 2;
  for
    EACH_VARIANT(k, WNI_KERNEL_winograd_out, WNI_F32)
  for (const Filtering *f = filterings; f < filterings + N_FILTERINGS; f++)
    for (int rows = 1; rows <= f->m; rows++)
      for (int columns = 1; columns <= f->m; columns++)
        try_out(k, *f, rows, columns, rows & 2 ? 48 : 16, &seed);
}
END_TEST

/* The transforms of bytes are exact: each variant gives the bits of the reference. */
static void try_integers(const WniKernel *in, const WniKernel *out, size_t channels, int rows,
                         int columns, WniType y_type, unsigned *seed) {
  size_t pixel = channels + 3, row = 4 * pixel, plane = channels + 2;
  size_t y_bytes = wni_type_bytes(y_type);
  Fenced x = random_activations(WNI_U8, 3 * row + 3 * pixel + channels, SMALL, seed);
  Fenced v[2] = {fenced_new(16 * plane * 2), fenced_new(16 * plane * 2)};
  Fenced sums = random_bias(WNI_U8, 16 * plane, seed), bias = random_bias(WNI_U8, channels, seed);
  Fenced scale = random_scales(channels, seed);
  Fenced y[2] = {fenced_new((2 * row + channels) * y_bytes),
                 fenced_new((2 * row + channels) * y_bytes)};
  WniWinogradInArgs in_args = {.t = 4,
                               .n_channels = channels,
                               .x = x.data,
                               .h_stride = (ptrdiff_t)row,
                               .w_stride = (ptrdiff_t)pixel,
                               .v_stride = (ptrdiff_t)plane};
  WniWinogradOutArgs out_args = {.m = 2,
                                 .t = 4,
                                 .rows = rows,
                                 .columns = columns,
                                 .n_channels = channels,
                                 .v = sums.data,
                                 .v_stride = (ptrdiff_t)plane,
                                 .bias = bias.data,
                                 .scale = scale.data,
                                 .y_h_stride = (ptrdiff_t)row,
                                 .y_w_stride = (ptrdiff_t)pixel,
                                 .output = output_of(y_type, 128, false)};
  for (size_t i = 0; i < sums.bytes / 4; i++) ((int32_t *)sums.data)[i] *= 4;
  for (int i = 0; i < 2; i++) {
    in_args.v = v[i].data;
    out_args.y = y[i].data;
    (i ? reference(WNI_KERNEL_winograd_in, WNI_U8) : in)->run.winograd_in(&in_args);
    (i ? reference(WNI_KERNEL_winograd_out, WNI_U8) : out)->run.winograd_out(&out_args);
  }
  expect_bits(in, v[0].data, v[1].data, v[0].bytes, "inputs");
  expect_bits(out, y[0].data, y[1].data, y[0].bytes, "outputs");
  free_all((Fenced *[]){&x, &v[0], &v[1], &sums, &bias, &scale, &y[0], &y[1]}, 8);
}

START_TEST(integers) {
  unsigned seed = 4;
  for
    EACH_VARIANT(in, WNI_KERNEL_winograd_in, WNI_U8)
  for
    EACH_VARIANT(out, WNI_KERNEL_winograd_out, WNI_U8)
  for (int size = 0; size < 4; size++) {
    try_integers(in, out, 16, 1 + size / 2, 1 + size % 2, WNI_U8, &seed);
    try_integers(in, out, 48, 1 + size / 2, 1 + size % 2, WNI_F32, &seed);
  }
}
END_TEST

/* A whole layer: x has a halo of r / 2 and, behind it, what the last tiles read beyond the image.
 */
typedef struct Layer {
  size_t n, h, w, in, out, x_h, x_w;
  Fenced x, g, bias, residual, y, work;
  WniWinograd winograd;
} Layer;

static void make_layer(Layer *layer, Filtering f, unsigned *seed) {
  size_t tile = (size_t)f.m, taps = (size_t)f.r * (size_t)f.r, t = (size_t)side(f), r = (size_t)f.r;
  layer->x_h = (layer->h + tile - 1) / tile * tile + r - 1;
  layer->x_w = (layer->w + tile - 1) / tile * tile + r - 1;
  size_t x_count = layer->n * layer->x_h * layer->x_w * layer->in;
  size_t y_count = layer->n * layer->h * layer->w * layer->out;
  layer->x = random_floats(x_count, SMALL, seed);
  for (size_t i = 0; i < x_count; i++) {
    size_t column = i / layer->in % layer->x_w, row = i / layer->in / layer->x_w % layer->x_h;
    bool inside =
        row >= r / 2 && row < r / 2 + layer->h && column >= r / 2 && column < r / 2 + layer->w;
    if (!inside) floats(&layer->x)[i] = 0;
  }
  layer->g = random_floats(layer->out * layer->in * taps, SMALL, seed);
  layer->bias = random_floats(layer->out, SMALL, seed);
  layer->residual = random_floats(y_count, SMALL, seed);
  layer->y = new_floats(y_count);
  WniImage in = {layer->n,
                 layer->h,
                 layer->w,
                 layer->in,
                 (ptrdiff_t)(layer->x_h * layer->x_w * layer->in),
                 (ptrdiff_t)(layer->x_w * layer->in),
                 (ptrdiff_t)layer->in};
  WniImage out = {layer->n,
                  layer->h,
                  layer->w,
                  layer->out,
                  (ptrdiff_t)(layer->h * layer->w * layer->out),
                  (ptrdiff_t)(layer->w * layer->out),
                  (ptrdiff_t)layer->out};
  WniWinograd *winograd = &layer->winograd;
  *winograd = (WniWinograd){.kernel = wni_kernel_find(WNI_KERNEL_igemm, WNI_F32),
                            .in_transform = wni_kernel_find(WNI_KERNEL_winograd_in, WNI_F32),
                            .out_transform = wni_kernel_find(WNI_KERNEL_winograd_out, WNI_F32),
                            .act = wni_kernel_find(WNI_KERNEL_act, WNI_F32),
                            .output = {.type = WNI_F32, .low = -2, .high = 3},
                            .m = f.m,
                            .r = f.r,
                            .min_block = 3,
                            .in = in,
                            .out = out,
                            .residual = out,
                            .bias = layer->bias.data};
  size_t tile_n = (size_t)winograd->kernel->tile_n;
  size_t panels = (layer->out + tile_n - 1) / tile_n;
  float *weights = calloc(t * t * panels * layer->in * tile_n, sizeof *weights);
  const WniWinogradMatrices *matrices = wni_winograd_matrices(f.m, f.r);
  for (size_t o = 0; o < layer->out; o++)
    for (size_t c = 0; c < layer->in; c++)
      for (size_t p = 0; p < t * t; p++) {
        double sum = 0;
        for (size_t k = 0; k < taps; k++)
          sum += matrices->filter[p / t][k / r] * matrices->filter[p % t][k % r] *
                 (double)floats(&layer->g)[(o * layer->in + c) * taps + k];
        weights[((p * panels + o / tile_n) * layer->in + c) * tile_n + o % tile_n] = (float)sum;
      }
  winograd->weights = weights;
  winograd->zeros = calloc(tile_n, sizeof(float));
  layer->work = new_floats(wni_winograd_plan_block(winograd) / sizeof(float));
}

static void run_layer(void *context, WniThread thread) {
  Layer *layer = context;
  wni_winograd_run(&layer->winograd, layer->x.data, layer->residual.data, layer->y.data,
                   layer->work.data, thread);
}

static double direct(const Layer *layer, size_t n, size_t row, size_t column, size_t o) {
  double sum = (double)floats(&layer->bias)[o];
  size_t r = (size_t)layer->winograd.r;
  for (size_t k = 0; k < r * r; k++) {
    size_t at = ((n * layer->x_h + row + k / r) * layer->x_w + column + k % r) * layer->in;
    for (size_t c = 0; c < layer->in; c++)
      sum += (double)floats(&layer->x)[at + c] *
             (double)floats(&layer->g)[(o * layer->in + c) * r * r + k];
  }
  return sum;
}

static void try_layer(Layer layer, Filtering f, int threads, unsigned *seed) {
  double bound = 2e-6 * f.r * f.r * (double)layer.in;
  make_layer(&layer, f, seed);
  wni_parallel_retain(threads);
  wni_parallel_run(threads, run_layer, &layer);
  wni_parallel_release(threads);
  for (size_t i = 0; i < layer.y.bytes / sizeof(float); i++) {
    size_t o = i % layer.out, pixel = i / layer.out;
    size_t column = pixel % layer.w, row = pixel / layer.w % layer.h;
    double want = direct(&layer, pixel / layer.w / layer.h, row, column, o) +
                  (double)floats(&layer.residual)[i];
    want = fmin(fmax(want, -2), 3);
    ck_assert_msg(fabs((double)floats(&layer.y)[i] - want) < bound,
                  "F(%d, %d) of %zux%zu, %d threads: element %zu is %g, must be %g", f.m, f.r,
                  layer.h, layer.w, threads, i, (double)floats(&layer.y)[i], want);
  }
  free(layer.winograd.weights);
  free(layer.winograd.zeros);
  free_all((Fenced *[]){&layer.x, &layer.g, &layer.bias, &layer.residual, &layer.y, &layer.work},
           6);
}

START_TEST(layers) {
  unsigned seed = 3;
  for (const Filtering *f = filterings; f < filterings + N_FILTERINGS; f++)
    for (int threads = 1; threads <= 3; threads++) {
      try_layer((Layer){.n = 1, .h = 1, .w = 1, .in = 16, .out = 16}, *f, threads, &seed);
      try_layer((Layer){.n = 1, .h = 4, .w = 8, .in = 32, .out = 16}, *f, threads, &seed);
      try_layer((Layer){.n = 2, .h = 7, .w = 5, .in = 16, .out = 48}, *f, threads, &seed);
      try_layer((Layer){.n = 1, .h = 13, .w = 14, .in = 80, .out = 32}, *f, threads, &seed);
    }
}
END_TEST

TCase *case_winograd(void) {
  const TTest *const tests[] = {in_transforms, out_transforms, layers, integers};
  return case_of("winograd", tests, 4, 1);
}
