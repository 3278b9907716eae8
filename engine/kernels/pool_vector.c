/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pooling window (kernels.h) on vectors, compiled once per instruction set: of the averages all
 * types, of the maxima float32.
 */
#include "kernels/check.h"
#include "kernels/isa.h"
#include "kernels/vector.h"

enum { VECTORS = WNI_TILE_M(maxpool_f32) }; /* of channels whose results stay in registers */
_Static_assert(VECTORS == WNI_TILE_M(avgpool_f32), "one size for both kinds");
_Static_assert(VECTORS == WNI_TILE_M(avgpool_bf16), "and all types");
_Static_assert(VECTORS == WNI_TILE_M(avgpool_u8), "and all types");

WniFn_maxpool WNI_NAME(maxpool_f32);
WniFn_avgpool WNI_NAME(avgpool_f32), WNI_NAME(avgpool_bf16), WNI_NAME(avgpool_u8);

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

/* Elements as numbers; bytes without what stands for 0, which is a whole number: their sums are
 * exact. */
typedef float Element_f32;
typedef uint16_t Element_bf16;
typedef uint8_t Element_u8;
static inline WniVector load_f32(const Element_f32 *x, float zero) {
  return wni_load(x);
}
static inline WniVector load_bf16(const Element_bf16 *x, float zero) {
  return wni_load_bf16(x);
}
static inline WniVector load_u8(const Element_u8 *x, float zero) {
  return wni_load_u8(x) - zero;
}
static inline float number_f32(Element_f32 x, float zero) {
  return x;
}
static inline float number_bf16(Element_bf16 x, float zero) {
  return wni_bf16_to_f32(x);
}
static inline float number_u8(Element_u8 x, float zero) {
  return (float)x - zero;
}

/* `vectors` is a constant. */
#define DEFINE_POOL(kind, type, start, join, factor)                                               \
  static inline __attribute__((always_inline)) void kind##_##type##_vectors(                       \
      const WniPoolArgs *args, size_t c, int vectors) {                                            \
    WniVector value[VECTORS];                                                                      \
    const float zero = (float)args->zero;                                                          \
    const char *row = (const char *)args->x + c * sizeof(Element_##type);                          \
    for (int v = 0; v < vectors; v++) value[v] = (WniVector){0} + start;                           \
    for (size_t r = 0; r < args->n_rows; r++, row += args->row_stride) {                           \
      const char *x = row;                                                                         \
      for (size_t k = 0; k < args->n_columns; k++, x += args->column_stride)                       \
        for (int v = 0; v < vectors; v++)                                                          \
          value[v] =                                                                               \
              join(value[v],                                                                       \
                   load_##type((const Element_##type *)(const void *)x + v * WNI_LANES, zero));    \
    }                                                                                              \
    for (int v = 0; v < vectors; v++)                                                              \
      wni_store((float *)args->y + c + v * WNI_LANES, value[v] * (factor));                        \
  }                                                                                                \
  static float kind##_##type##_single(const WniPoolArgs *args, size_t c) {                         \
    float value = start;                                                                           \
    const char *row = (const char *)args->x + c * sizeof(Element_##type);                          \
    for (size_t r = 0; r < args->n_rows; r++, row += args->row_stride)                             \
      for (size_t k = 0; k < args->n_columns; k++) {                                               \
        const void *x = row + (ptrdiff_t)k * args->column_stride;                                  \
        value = join##_f(value, number_##type(*(const Element_##type *)x, (float)args->zero));     \
      }                                                                                            \
    return value * (factor);                                                                       \
  }                                                                                                \
  void WNI_NAME(kind##pool_##type)(const WniPoolArgs *args) {                                      \
    size_t c = 0;                                                                                  \
    wni_check_pool(args);                                                                          \
    for (; c + VECTORS * WNI_LANES <= args->n_channels; c += VECTORS * WNI_LANES)                  \
      kind##_##type##_vectors(args, c, VECTORS);                                                   \
    size_t left = (args->n_channels - c) / WNI_LANES;                                              \
    if (left == 3)                                                                                 \
      kind##_##type##_vectors(args, c, 3);                                                         \
    else if (left == 2)                                                                            \
      kind##_##type##_vectors(args, c, 2);                                                         \
    else if (left == 1)                                                                            \
      kind##_##type##_vectors(args, c, 1);                                                         \
    c += left * WNI_LANES;                                                                         \
    if (c < args->n_channels && c > 0) { /* some of the channels before once more */               \
      kind##_##type##_vectors(args, args->n_channels - WNI_LANES, 1);                              \
      return;                                                                                      \
    }                                                                                              \
    for (; c < args->n_channels; c++) ((float *)args->y)[c] = kind##_##type##_single(args, c);     \
  }
DEFINE_POOL(max, f32, -INFINITY, larger, 1.0f)
DEFINE_POOL(avg, f32, 0.0f, sum_of, args->scale)
DEFINE_POOL(avg, bf16, 0.0f, sum_of, args->scale)
DEFINE_POOL(avg, u8, 0.0f, sum_of, args->scale)
