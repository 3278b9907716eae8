/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pooling window (kernels.h), compiled once per instruction set.
 */
#include "kernels/isa.h"

enum { BLOCK = 16 };

WniFn_maxpool WNI_NAME(maxpool_f32), WNI_NAME(maxpool_bf16), WNI_NAME(maxpool_u8);
WniFn_avgpool WNI_NAME(avgpool_f32), WNI_NAME(avgpool_bf16), WNI_NAME(avgpool_u8);

static inline float from_f32(float x) {
  return x;
}
static inline float from_bf16(uint16_t x) {
  return wni_bf16_to_f32(x);
}
static inline int from_u8(uint8_t x) {
  return x;
}

static inline const void *element(const WniPoolArgs *args, size_t row, size_t column) {
  return (const char *)args->x + (ptrdiff_t)row * args->row_stride +
         (ptrdiff_t)column * args->column_stride;
}

/* n channels from c on; a NaN in x stays: the comparison is false for it. */
#define DEFINE_POOLS(type, c_type)                                                                 \
  static inline void max_##type(const WniPoolArgs *args, size_t c, size_t n) {                     \
    c_type best[BLOCK], *y = args->y;                                                              \
    memcpy(best, (const c_type *)args->x + c, n * sizeof *best);                                   \
    for (size_t r = 0; r < args->n_rows; r++)                                                      \
      for (size_t k = 0; k < args->n_columns; k++) {                                               \
        const c_type *x = (const c_type *)element(args, r, k) + c;                                 \
        for (size_t j = 0; j < n; j++)                                                             \
          best[j] = from_##type(x[j]) <= from_##type(best[j]) ? best[j] : x[j];                    \
      }                                                                                            \
    memcpy(y + c, best, n * sizeof *best);                                                         \
  }                                                                                                \
  static inline void average_##type(const WniPoolArgs *args, size_t c, size_t n) {                 \
    float sum[BLOCK] = {0}, *y = args->y, zero = (float)args->zero;                                \
    for (size_t r = 0; r < args->n_rows; r++)                                                      \
      for (size_t k = 0; k < args->n_columns; k++) {                                               \
        const c_type *x = (const c_type *)element(args, r, k) + c;                                 \
        for (size_t j = 0; j < n; j++) sum[j] += (float)from_##type(x[j]) - zero;                  \
      }                                                                                            \
    for (size_t j = 0; j < n; j++) y[c + j] = sum[j] * args->scale;                                \
  }                                                                                                \
  void WNI_NAME(maxpool_##type)(const WniPoolArgs *args) {                                         \
    size_t c = 0;                                                                                  \
    for (; c + BLOCK <= args->n_channels; c += BLOCK) max_##type(args, c, BLOCK);                  \
    for (; c < args->n_channels; c++) max_##type(args, c, 1);                                      \
  }                                                                                                \
  void WNI_NAME(avgpool_##type)(const WniPoolArgs *args) {                                         \
    size_t c = 0;                                                                                  \
    for (; c + BLOCK <= args->n_channels; c += BLOCK) average_##type(args, c, BLOCK);              \
    for (; c < args->n_channels; c++) average_##type(args, c, 1);                                  \
  }
DEFINE_POOLS(f32, float)
DEFINE_POOLS(bf16, uint16_t)
DEFINE_POOLS(u8, uint8_t)
