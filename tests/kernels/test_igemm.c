/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every variant of the implicit matrix product: integers against the C reference bit by bit,
 * floats against the formula in double.
 */
#include "cases.h"
#include "variants.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One product.  Weights lie [taps][channels][n] and are packed for each kernel's tile. */
typedef struct Problem {
  WniType type;
  int m, n;
  size_t taps, channels;
  size_t step, pitch, residual_pitch; /* elements from pixel to pixel of x, y, residual */
  size_t jump;                        /* elements more before pixel m / 2: the next row of x */
  bool with_residual;
  Contents x_contents, w_contents;
  WniOutput output;
  ptrdiff_t tap[9];
  Fenced x, w, bias, scale, residual;
} Problem;

/* Where pixel i lies in x, in elements. */
static size_t pixel_at(const Problem *p, size_t i) {
  return i * p->step + (i >= (size_t)p->m / 2 ? p->jump : 0);
}

static void problem_fill(Problem *p, unsigned *seed) {
  size_t rows = (size_t)p->m - 1, n = (size_t)p->n, last = (p->taps - 1) * (p->channels + 1);
  /* the last tap of the last pixel ends at the fence */
  p->x = random_activations(p->type, pixel_at(p, rows) + last + p->channels, p->x_contents, seed);
  p->w = random_weights(p->type, p->taps * p->channels * n, p->w_contents, seed);
  p->bias = random_bias(p->type, n, seed);
  p->residual = random_activations(p->output.type, rows * p->residual_pitch + n, SMALL, seed);
  p->scale = random_scales(n, seed);
  for (size_t t = 0; t < p->taps; t++)
    p->tap[t] = (ptrdiff_t)(t * (p->channels + 1) * wni_type_bytes(p->type));
}

static void problem_free(Problem *p, const char *who) {
  Fenced *all[] = {&p->x, &p->w, &p->bias, &p->scale, &p->residual};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) fenced_free(all[i], who);
}

/* The columns from `first` on for `panels` tiles of the kernel. */
static Fenced pack_weights(const Problem *p, const WniKernel *kernel, size_t first, size_t panels) {
  size_t tile_n = (size_t)kernel->tile_n, tile_k = (size_t)kernel->tile_k, n = (size_t)p->n;
  size_t bytes = wni_type_bytes(p->type), groups = (p->channels + tile_k - 1) / tile_k;
  Fenced packed = fenced_new(panels * p->taps * groups * tile_n * tile_k * bytes);
  memset(packed.data, 0, packed.bytes);
  for (size_t t = 0; t < p->taps; t++)
    for (size_t c = 0; c < p->channels; c++)
      for (size_t j = 0; j < panels * tile_n && first + j < n; j++) {
        size_t row = (j / tile_n * p->taps + t) * groups + c / tile_k;
        size_t to = (row * tile_n + j % tile_n) * tile_k + c % tile_k;
        memcpy((char *)packed.data + to * bytes,
               (char *)p->w.data + ((t * p->channels + c) * n + first + j) * bytes, bytes);
      }
  return packed;
}

/* What the kernel's offset adds to the biases: that times the sum of each column's weights. */
static void add_offset(const Problem *p, const WniKernel *kernel, size_t first, Fenced *bias) {
  uint32_t *column = bias->data;
  const int8_t *w = p->w.data;
  size_t n = (size_t)p->n;
  for (size_t j = 0; kernel->offset && j < bias->bytes / 4 && first + j < n; j++)
    for (size_t k = 0; k < p->taps * p->channels; k++)
      column[j] += (uint32_t)(kernel->offset * w[k * n + first + j]);
}

/* `count` 32-bit numbers from column `first` on, zeros behind. */
static Fenced pad_columns(const Fenced *columns, size_t first, size_t count) {
  Fenced padded = fenced_new(count * 4);
  size_t left = columns->bytes - first * 4, n = left < padded.bytes ? left : padded.bytes;
  memset(padded.data, 0, padded.bytes);
  memcpy(padded.data, (char *)columns->data + first * 4, n);
  return padded;
}

/* One call: pixels from `row`, columns from `column` on. */
static void run_tile(const Problem *p, const WniKernel *kernel, int row, int column, int panels,
                     char *y) {
  const void *x_at[WNI_MAX_TILE_M], *residual_at[WNI_MAX_TILE_M];
  void *y_at[WNI_MAX_TILE_M];
  size_t y_bytes = wni_type_bytes(p->output.type), x_bytes = wni_type_bytes(p->type);
  int columns = panels * kernel->tile_n;
  Fenced w = pack_weights(p, kernel, (size_t)column, (size_t)panels);
  Fenced bias = pad_columns(&p->bias, (size_t)column, (size_t)columns);
  Fenced scale = pad_columns(&p->scale, (size_t)column, (size_t)columns);
  add_offset(p, kernel, (size_t)column, &bias);
  WniIgemmArgs args = {.m = p->m - row < kernel->tile_m ? p->m - row : kernel->tile_m,
                       .n = p->n - column < columns ? p->n - column : columns,
                       .n_taps = p->taps,
                       .n_channels = p->channels,
                       .tap = p->tap,
                       .x = x_at,
                       .w = w.data,
                       .bias = bias.data,
                       .scale = p->type == WNI_U8 ? scale.data : NULL,
                       .residual = p->with_residual ? residual_at : NULL,
                       .y = y_at,
                       .output = p->output,
                       .next = (char *)w.data + w.bytes, /* a fence: asked for and never read */
                       .next_bytes = (p->m + p->n) % 3 ? 0 : w.bytes};
  for (int i = 0; i < WNI_MAX_TILE_M; i++) {
    size_t r = (size_t)row + (size_t)(i < args.m ? i : args.m - 1), c = (size_t)column;
    x_at[i] = (char *)p->x.data + pixel_at(p, r) * x_bytes;
    y_at[i] = y + (r * p->pitch + c) * y_bytes;
    residual_at[i] = (char *)p->residual.data + (r * p->residual_pitch + c) * y_bytes;
  }
  kernel->run.igemm(&args);
  fenced_free(&w, kernel->name);
  fenced_free(&bias, kernel->name);
  fenced_free(&scale, kernel->name);
}

static Fenced run_igemm(const Problem *p, const WniKernel *kernel) {
  size_t rows = (size_t)p->m - 1;
  Fenced y = fenced_new((rows * p->pitch + (size_t)p->n) * wni_type_bytes(p->output.type));
  for (int row = 0; row < p->m; row += kernel->tile_m)
    for (int column = 0, panels; column < p->n; column += panels * kernel->tile_n) {
      int left = (p->n - column + kernel->tile_n - 1) / kernel->tile_n;
      panels = row % 2 && left > 1 ? left - 1 : left; /* all at once, or the last one for itself */
      run_tile(p, kernel, row, column, panels, y.data);
    }
  return y;
}

/* Sums of floats differ by the rounding of each of the k + 2 steps. */
static void expect_sums(const Problem *p, const WniKernel *kernel, const Fenced *y) {
  const char *where = "igemm";
  size_t k = p->taps * p->channels, n = (size_t)p->n;
  for (size_t i = 0; i < (size_t)p->m; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = element(WNI_F32, false, p->bias.data, j), size = fabs(sum);
      for (size_t t = 0; t < p->taps; t++)
        for (size_t c = 0; c < p->channels; c++) {
          double product =
              element(p->type, false, p->x.data, pixel_at(p, i) + t * (p->channels + 1) + c) *
              element(p->type, true, p->w.data, (t * p->channels + c) * n + j);
          sum += product;
          size += fabs(product);
        }
      if (p->with_residual)
        sum += element(p->output.type, false, p->residual.data, i * p->residual_pitch + j);
      sum = sum < (double)p->output.low ? (double)p->output.low : sum; /* not fmin(): a NaN stays */
      sum = sum > (double)p->output.high ? (double)p->output.high : sum;
      expect_near(kernel, element(p->output.type, false, y->data, i * p->pitch + j), sum,
                  (double)(k + 2) * ldexp(size, -24) + storage_error(p->output.type, sum) + FLT_MIN,
                  where, i * n + j);
    }
}

static void expect_same_bits(const Problem *p, const WniKernel *kernel, const Fenced *y) {
  size_t row = (size_t)p->n * wni_type_bytes(p->output.type);
  size_t pitch = p->pitch * wni_type_bytes(p->output.type);
  char where[96];
  Fenced want = run_igemm(p, reference(WNI_KERNEL_igemm, p->type));
  for (size_t i = 0; i < (size_t)p->m; i++) {
    snprintf(where, sizeof where, "m %d, n %d, %zu taps of %zu channels, row %zu", p->m, p->n,
             p->taps, p->channels, i);
    expect_bits(kernel, (char *)y->data + i * pitch, (char *)want.data + i * pitch, row, where);
  }
  fenced_free(&want, "the reference");
}

static void try_igemm(const WniKernel *kernel, Problem p, unsigned *seed) {
  p.type = kernel->type;
  if (p.type == WNI_I16) { /* sums of pairs and nothing behind them; they are of F32's size */
    p.channels += p.channels & 1;
    p.output.type = WNI_F32;
    p.with_residual = false;
  }
  p.pitch = (size_t)p.n + 3;
  p.residual_pitch = (size_t)p.n + 1;
  problem_fill(&p, seed);
  Fenced y = run_igemm(&p, kernel);
  if (p.type == WNI_U8 || p.type == WNI_I16)
    expect_same_bits(&p, kernel, &y);
  else
    expect_sums(&p, kernel, &y);
  size_t y_bytes = wni_type_bytes(p.output.type); /* what lies between the rows stays untouched */
  for (size_t i = 0; i + 1 < (size_t)p.m; i++)
    for (size_t b = (size_t)p.n * y_bytes; b < p.pitch * y_bytes; b++)
      if (((uint8_t *)y.data)[i * p.pitch * y_bytes + b] != FENCED_FILL)
        ck_abort_msg("%s writes behind n = %d", kernel->name, p.n);
  fenced_free(&y, kernel->name);
  problem_free(&p, kernel->name);
}

/* A problem whose outputs are of `y_type`, every other one with a clamp. */
static Problem sized(WniType y_type, int m, int n, size_t taps, size_t channels) {
  static const int zeros[] = {0, 128, 255};
  Problem p = {.m = m,
               .n = n,
               .taps = taps,
               .channels = channels,
               .step = channels + (size_t)(m & 2) * 3,
               .jump = channels & 4 ? 11 : 0,
               .output = output_of(y_type, zeros[(size_t)(m + n) % 3], (m + n) & 1)};
  return p;
}

/* All m and n of a tile up to 12 x 16, and then the edges. */
static bool worth_a_try(int size, int tile) {
  return size <= 3 || size % 8 <= 1 || size + 1 >= tile;
}

static void try_sizes(WniType type) {
  unsigned seed = 1;
  for
    EACH_VARIANT(k, WNI_KERNEL_igemm, type)
  for (int m = 1; m <= k->tile_m; m++)
    for (int n = 1; n <= k->tile_n; n++) {
      if (!worth_a_try(m, k->tile_m) || !worth_a_try(n, k->tile_n)) continue;
      Problem p = sized(n & 2 ? WNI_F32 : type, m, n, 1, 1 + (size_t)(rand_r(&seed) % 40));
      p.with_residual = type != WNI_U8 && n & 1;
      try_igemm(k, p, &seed);
      p = sized(m & 2 ? WNI_F32 : type, m, n, 9, 1 + (size_t)(rand_r(&seed) % 9));
      p.with_residual = type != WNI_U8 && m & 1;
      try_igemm(k, p, &seed);
    }
}

static void try_channels(WniType type) {
  unsigned seed = 2;
  for
    EACH_VARIANT(k, WNI_KERNEL_igemm, type) {
      for (size_t channels = 1; channels <= 140; channels++) {
        int m = 1 + (int)(channels % (size_t)k->tile_m),
            n = 1 + (int)(channels * 5 % (size_t)k->tile_n);
        try_igemm(k, sized(type, m, n, 1, channels), &seed);
        try_igemm(k, sized(type, k->tile_m, k->tile_n, 1 + channels % 3, channels), &seed);
      }
      try_igemm(k, sized(type, k->tile_m, k->tile_n, 3, 1027), &seed);
    }
}

START_TEST(sizes) {
  try_sizes((WniType)_i);
}
END_TEST

START_TEST(channels) {
  try_channels((WniType)_i);
}
END_TEST

/* All products at the ends of their range, for each zero point and for float outputs; whole
 * tiles over so many channels that no sum in 16 bits would last. */
START_TEST(extreme_integers) {
  unsigned seed = 3;
  if (_i != WNI_U8) return;
  for
    EACH_VARIANT(k, WNI_KERNEL_igemm, WNI_U8)
  for (int x = SMALL; x < CONTENTS_COUNT; x++)
    for (int w = SMALL; w < CONTENTS_COUNT; w++)
      for (int m = k->tile_m > 2 ? k->tile_m - 2 : 1; m <= k->tile_m; m++) {
        Problem p = sized(WNI_U8, m, k->tile_n, 3, m < k->tile_m ? 61 : 4133);
        p.x_contents = (Contents)x;
        p.w_contents = (Contents)w;
        try_igemm(k, p, &seed);
        p.output = output_of(WNI_F32, 0, false);
        try_igemm(k, p, &seed);
      }
}
END_TEST

/* Whatever is in x reaches the row that reads it, and no other. */
START_TEST(nan_and_infinity_pass) {
  static const float odd[] = {NAN, INFINITY, -INFINITY};
  WniType type = (WniType)_i;
  unsigned seed = 4;
  if (type >= WNI_U8) return; /* integers have none */
  for
    EACH_VARIANT(k, WNI_KERNEL_igemm, type)
  for (int m = 1; m <= k->tile_m; m++)
    for (size_t i = 0; i < 3; i++) {
      Problem p = {.type = type,
                   .m = m,
                   .n = k->tile_n - (m & 1),
                   .taps = 2,
                   .channels = 9,
                   .step = 20,
                   .output = output_of(type, 0, false)};
      p.n = p.n ? p.n : 1;
      p.pitch = p.residual_pitch = (size_t)p.n;
      if (i == 0) p.output.low = 0;
      problem_fill(&p, &seed);
      size_t at = (size_t)(m - 1) * p.step + 8;
      if (type == WNI_BF16)
        ((uint16_t *)p.x.data)[at] = wni_f32_to_bf16(odd[i]);
      else
        ((float *)p.x.data)[at] = odd[i];
      Fenced y = run_igemm(&p, k);
      expect_sums(&p, k, &y);
      fenced_free(&y, k->name);
      problem_free(&p, k->name);
    }
}
END_TEST

TCase *case_igemm(void) {
  const TTest *const tests[] = {sizes, channels, nan_and_infinity_pass, extreme_integers};
  return case_of("igemm", tests, 4, WNI_TYPE_COUNT);
}
