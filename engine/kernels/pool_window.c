/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pooling window (kernels.h), compiled once per instruction set: element after element of the
 * window over all channels, so that the loops are long; y, where they meet, stays in cache.  Maxima
 * but those of float32; the rest is the C reference.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

#include <stdbool.h>

WniFn_maxpool WNI_NAME(maxpool_f32), WNI_NAME(maxpool_bf16), WNI_NAME(maxpool_u8);

/* Whether x replaces the maximum so far.  A NaN does, and is never replaced by a number. */
static inline bool replaces_f32(float x, float best) {
  return (x > best) | (x != x);
}
static inline bool replaces_bf16(uint16_t x, uint16_t best) {
  return replaces_f32(wni_bf16_to_f32(x), wni_bf16_to_f32(best));
}
static inline bool replaces_u8(uint8_t x, uint8_t best) {
  return x > best;
}

static inline const void *element(const WniPoolArgs *args, size_t row, size_t column) {
  return (const char *)args->x + (ptrdiff_t)row * args->row_stride +
         (ptrdiff_t)column * args->column_stride;
}

#define DEFINE_MAX(type, c_type)                                                                   \
  static inline void max_##type(const c_type *restrict x, size_t n, c_type *restrict y) {          \
    for (size_t c = 0; c < n; c++) y[c] = replaces_##type(x[c], y[c]) ? x[c] : y[c];               \
  }                                                                                                \
  void WNI_NAME(maxpool_##type)(const WniPoolArgs *args) {                                         \
    wni_check_pool(args);                                                                          \
    c_type *y = memcpy(args->y, args->x, args->n_channels * sizeof *y);                            \
    for (size_t r = 0; r < args->n_rows; r++)                                                      \
      for (size_t k = 0; k < args->n_columns; k++)                                                 \
        max_##type(element(args, r, k), args->n_channels, y);                                      \
  }
DEFINE_MAX(bf16, uint16_t)
DEFINE_MAX(u8, uint8_t)

#ifdef WNI_REFERENCE

DEFINE_MAX(f32, float)

WniFn_avgpool WNI_NAME(avgpool_f32), WNI_NAME(avgpool_bf16), WNI_NAME(avgpool_u8);

static inline float value_f32(float x) {
  return x;
}
static inline float value_bf16(uint16_t x) {
  return wni_bf16_to_f32(x);
}
static inline float value_u8(uint8_t x) {
  return x;
}

#define DEFINE_AVERAGE(type, c_type)                                                               \
  static inline void add_##type(const c_type *restrict x, float zero, size_t n,                    \
                                float *restrict y) {                                               \
    for (size_t c = 0; c < n; c++) y[c] += value_##type(x[c]) - zero;                              \
  }                                                                                                \
  void WNI_NAME(avgpool_##type)(const WniPoolArgs *args) {                                         \
    wni_check_pool(args);                                                                          \
    float *y = memset(args->y, 0, args->n_channels * sizeof *y);                                   \
    for (size_t r = 0; r < args->n_rows; r++)                                                      \
      for (size_t k = 0; k < args->n_columns; k++)                                                 \
        add_##type(element(args, r, k), (float)args->zero, args->n_channels, y);                   \
    for (size_t c = 0; c < args->n_channels; c++) y[c] *= args->scale;                             \
  }
DEFINE_AVERAGE(bf16, uint16_t)
DEFINE_AVERAGE(u8, uint8_t)
DEFINE_AVERAGE(f32, float)

#endif
