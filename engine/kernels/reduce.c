/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows reduced to one (kernels.h); compiled once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/elementary.h"

WniFn_reduce WNI_NAME(reduce_f32);

enum { LANES = 32 }; /* sums side by side in a run of neighbours */

/* clang-format off */
/* What begins a reduction, y with one more element x, and two reductions x and y as one. */
#define REDUCTIONS(ROW)                                                                            \
  ROW(SUM, 0.0f, y + x, y + x)                                                                     \
  ROW(L1, 0.0f, y + wni_abs(x), y + x)                                                             \
  ROW(SQUARES, 0.0f, y + x * x, y + x)                                                             \
  ROW(PROD, 1.0f, y * x, y * x)                                                                    \
  ROW(MAX, -INFINITY, x > y || x != x ? x : y, x > y || x != x ? x : y)                            \
  ROW(MIN, INFINITY, x < y || x != x ? x : y, x < y || x != x ? x : y)
/* clang-format on */

#define ROW(name, start, more, both)                                                               \
  static void rows_##name(const float *row, size_t n_rows, ptrdiff_t stride, size_t n,             \
                          float *to) {                                                             \
    for (size_t r = 0; r < n_rows; r++, row += stride)                                             \
      for (size_t i = 0; i < n; i++) {                                                             \
        float x = row[i], y = to[i];                                                               \
        to[i] = more;                                                                              \
      }                                                                                            \
  }                                                                                                \
  static inline void halve_##name(float *lane, size_t half) {                                      \
    for (size_t k = 0; k < half; k++) {                                                            \
      float x = lane[k + half], y = lane[k];                                                       \
      lane[k] = both;                                                                              \
    }                                                                                              \
  }                                                                                                \
  static void run_##name(const float *run, size_t n, float *to) {                                  \
    float lane[LANES], x = *to, y;                                                                 \
    for (size_t k = 0; k < LANES; k++) lane[k] = start;                                            \
    rows_##name(run, n / LANES, LANES, LANES, lane);                                               \
    rows_##name(run + n / LANES * LANES, 1, 0, n % LANES, lane);                                   \
    halve_##name(lane, LANES / 2);                                                                 \
    halve_##name(lane, LANES / 4);                                                                 \
    halve_##name(lane, LANES / 8);                                                                 \
    halve_##name(lane, LANES / 16);                                                                \
    y = lane[0];                                                                                   \
    y = both;                                                                                      \
    x = lane[1];                                                                                   \
    *to = both;                                                                                    \
  }
REDUCTIONS(ROW)
#undef ROW

void WNI_NAME(reduce_f32)(WniReduceOp op, const float *x, size_t n_rows, ptrdiff_t row_stride,
                          size_t n, float *y) {
  wni_check_reduce(op);
  bool run = n == 1 && row_stride == 1;
  switch (op) {
#define ROW(name, start, more, both)                                                               \
  case WNI_REDUCE_##name:                                                                          \
    if (run)                                                                                       \
      run_##name(x, n_rows, y);                                                                    \
    else                                                                                           \
      rows_##name(x, n_rows, row_stride, n, y);                                                    \
    return;
    REDUCTIONS(ROW)
#undef ROW
  case WNI_REDUCE_OP_COUNT:
    return;
  }
}
