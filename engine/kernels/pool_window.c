/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pooling window (kernels.h), compiled once per instruction set.
 */
#include "kernels/isa.h"

enum { BLOCK = 16 };

WniFn_maxpool_f32 WNI_NAME(maxpool_f32);
WniFn_avgpool_f32 WNI_NAME(avgpool_f32);

static inline void max_channels(const WniPoolArgs *args, size_t c, int n) {
  float best[BLOCK];
  for (int j = 0; j < n; j++) best[j] = args->x[c + (size_t)j];
  for (size_t r = 0; r < args->n_rows; r++)
    for (size_t k = 0; k < args->n_columns; k++) {
      const float *x =
          args->x + (ptrdiff_t)r * args->row_stride + (ptrdiff_t)k * args->column_stride + c;
      /* a NaN in x stays: the comparison is false for it */
      for (int j = 0; j < n; j++) best[j] = x[j] <= best[j] ? best[j] : x[j];
    }
  for (int j = 0; j < n; j++) args->y[c + (size_t)j] = best[j];
}

void WNI_NAME(maxpool_f32)(const WniPoolArgs *args) {
  size_t c = 0;
  for (; c + BLOCK <= args->n_channels; c += BLOCK) max_channels(args, c, BLOCK);
  for (; c < args->n_channels; c++) max_channels(args, c, 1);
}

static inline void add_channels(const WniPoolArgs *args, size_t c, int n) {
  float sum[BLOCK] = {0};
  for (size_t r = 0; r < args->n_rows; r++)
    for (size_t k = 0; k < args->n_columns; k++) {
      const float *x =
          args->x + (ptrdiff_t)r * args->row_stride + (ptrdiff_t)k * args->column_stride + c;
      for (int j = 0; j < n; j++) sum[j] += x[j];
    }
  for (int j = 0; j < n; j++) args->y[c + (size_t)j] = sum[j] * args->scale;
}

void WNI_NAME(avgpool_f32)(const WniPoolArgs *args) {
  size_t c = 0;
  for (; c + BLOCK <= args->n_channels; c += BLOCK) add_channels(args, c, BLOCK);
  for (; c < args->n_channels; c++) add_channels(args, c, 1);
}
