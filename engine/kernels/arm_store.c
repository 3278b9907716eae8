/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a tile of sums becomes y (arm.h), four columns at a time.  A row whose columns are not so
 * many goes through a room of its own, so that nothing is read or written behind it.
 */
#include "kernels/arm.h"

#include <stdbool.h>

enum { ROW_BYTES = WNI_MAX_TILE_N * sizeof(float) };

static inline float32x4_t load(WniType type, const void *row, int j) {
  return type == WNI_BF16 ? wni_arm_load_bf16((const uint16_t *)row + j)
                          : vld1q_f32((const float *)row + j);
}

static void row_f32(const WniIgemmArgs *args, const float *sums, const void *residual, void *y,
                    int n) {
  for (int j = 0; j < n; j += 4) {
    float32x4_t x = vld1q_f32(sums + j);
    if (residual) x = vaddq_f32(x, load(args->output.type, residual, j));
    wni_arm_put_f32(args->output.type, y, (size_t)j,
                    wni_arm_clamp(x, args->output.low, args->output.high));
  }
}

void wni_arm_store_f32(const WniIgemmArgs *args, const float *sums, int tile_n) {
  size_t bytes = (size_t)args->n * wni_type_bytes(args->output.type);
  bool whole = args->n == tile_n;
  _Alignas(16) char y_room[ROW_BYTES], residual_room[ROW_BYTES] = {0};
  for (int i = 0; i < args->m; i++, sums += tile_n) {
    const void *residual = args->residual ? args->residual[i] : NULL;
    void *y = whole ? args->y[i] : y_room;
    if (residual && !whole) residual = memcpy(residual_room, residual, bytes);
    row_f32(args, sums, residual, y, tile_n);
    if (!whole) memcpy(args->y[i], y_room, bytes);
  }
}

static void row_scaled(const WniIgemmArgs *args, const int32_t *sums, const float *scale, void *y,
                       int n) {
  for (int j = 0; j < n; j += 4) {
    float32x4_t x = vmulq_f32(vcvtq_f32_s32(vld1q_s32(sums + j)), vld1q_f32(scale + j));
    wni_arm_put_scaled(args->output.type, y, (size_t)j,
                       wni_arm_clamp(x, args->output.low, args->output.high), args->output.zero);
  }
}

void wni_arm_store_i32(const WniIgemmArgs *args, const int32_t *sums, int pitch, int first,
                       int end) {
  size_t bytes = wni_type_bytes(args->output.type);
  int n = end - first;
  _Alignas(16) char room[ROW_BYTES];
  for (int i = 0; i < args->m; i++, sums += pitch) {
    char *y = (char *)args->y[i] + (size_t)first * bytes;
    row_scaled(args, sums, args->scale + first, n % 4 ? room : y, n);
    if (n % 4) memcpy(y, room, (size_t)n * bytes);
  }
}
