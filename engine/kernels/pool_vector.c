/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pooling window of float32 (kernels.h) on vectors, compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

enum { VECTORS = WNI_TILE_M(maxpool_f32) }; /* of channels whose results stay in registers */
_Static_assert(VECTORS == WNI_TILE_M(avgpool_f32), "one size for both kinds");

WniFn_maxpool WNI_NAME(maxpool_f32);
WniFn_avgpool WNI_NAME(avgpool_f32);

/* What is pooled with what came before.  A NaN replaces a number, as all bits of one make a NaN,
 * and is never replaced by one. */
static inline WniVector larger(WniVector best, WniVector x) {
  return (WniVector)((WniMask)wni_max(x, best) | (x != x)); /* NOLINT(misc-redundant-expression) */
}
static inline WniVector sum_of(WniVector sum, WniVector x) {
  return sum + x;
}
static inline float larger_f(float best, float x) {
  return (x > best || x != x) ? x : best;
}
static inline float sum_of_f(float sum, float x) {
  return sum + x;
}

/* `vectors` is a constant. */
#define DEFINE_POOL(kind, start, join, factor)                                                     \
  static inline __attribute__((always_inline)) void kind##_vectors(const WniPoolArgs *args,        \
                                                                   size_t c, int vectors) {        \
    WniVector value[VECTORS];                                                                      \
    const char *row = (const char *)args->x + c * sizeof(float);                                   \
    for (int v = 0; v < vectors; v++) value[v] = (WniVector){0} + start;                           \
    for (size_t r = 0; r < args->n_rows; r++, row += args->row_stride) {                           \
      const char *x = row;                                                                         \
      for (size_t k = 0; k < args->n_columns; k++, x += args->column_stride)                       \
        for (int v = 0; v < vectors; v++)                                                          \
          value[v] = join(value[v], wni_load((const float *)(const void *)x + v * WNI_LANES));     \
    }                                                                                              \
    for (int v = 0; v < vectors; v++)                                                              \
      wni_store((float *)args->y + c + v * WNI_LANES, value[v] * (factor));                        \
  }                                                                                                \
  static float kind##_single(const WniPoolArgs *args, size_t c) {                                  \
    float value = start;                                                                           \
    const char *row = (const char *)args->x + c * sizeof(float);                                   \
    for (size_t r = 0; r < args->n_rows; r++, row += args->row_stride)                             \
      for (size_t k = 0; k < args->n_columns; k++)                                                 \
        value = join##_f(                                                                          \
            value, *(const float *)(const void *)(row + (ptrdiff_t)k * args->column_stride));      \
    return value * (factor);                                                                       \
  }                                                                                                \
  static void kind##_window(const WniPoolArgs *args) {                                             \
    size_t c = 0;                                                                                  \
    for (; c + VECTORS * WNI_LANES <= args->n_channels; c += VECTORS * WNI_LANES)                  \
      kind##_vectors(args, c, VECTORS);                                                            \
    size_t left = (args->n_channels - c) / WNI_LANES;                                              \
    if (left == 3)                                                                                 \
      kind##_vectors(args, c, 3);                                                                  \
    else if (left == 2)                                                                            \
      kind##_vectors(args, c, 2);                                                                  \
    else if (left == 1)                                                                            \
      kind##_vectors(args, c, 1);                                                                  \
    c += left * WNI_LANES;                                                                         \
    if (c < args->n_channels && c > 0) { /* some of the channels before once more */               \
      kind##_vectors(args, args->n_channels - WNI_LANES, 1);                                       \
      return;                                                                                      \
    }                                                                                              \
    for (; c < args->n_channels; c++) ((float *)args->y)[c] = kind##_single(args, c);              \
  }
DEFINE_POOL(max, -INFINITY, larger, 1.0f)
DEFINE_POOL(average, 0.0f, sum_of, args->scale)

void WNI_NAME(maxpool_f32)(const WniPoolArgs *args) {
  wni_check_pool(args);
  max_window(args);
}

void WNI_NAME(avgpool_f32)(const WniPoolArgs *args) {
  wni_check_pool(args);
  average_window(args);
}
