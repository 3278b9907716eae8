/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products with rows of weights (kernels.h) on instructions that add a dot product of four
 * bytes or of two bfloat16 to each 32-bit lane.  Compiled once for each of them; for bfloat16 the
 * build gives WNI_DOT_BF16.
 */
#include "kernels/check.h"
#include "kernels/dot.h"
#include "kernels/fc_fetch.h"
#include "kernels/isa.h"

#if defined WNI_DOT_BF16
#define KERNEL fc_bf16
typedef uint16_t Input;
typedef uint16_t Weight;
typedef float Total;
static inline Total total_of(Sum a) {
  return _mm512_reduce_add_ps(a);
}
static inline Total product(Input x, Weight w) {
  return wni_bf16_to_f32(x) * wni_bf16_to_f32(w);
}
#else
#define KERNEL fc_u8
typedef uint8_t Input;
typedef int8_t Weight;
typedef int32_t Total;
static inline Total total_of(Sum a) {
  return add_up(a);
}
static inline Total product(Input x, Weight w) {
  return x * w;
}
#endif

enum { STEP = sizeof(Sum) / sizeof(Input) };

_Static_assert(WNI_TILE_M(KERNEL) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(KERNEL);

void WNI_NAME(KERNEL)(const void *x_at, const void *const *w_at, size_t k, int n, void *y) {
  wni_check_fc(w_at, n);
  const Input *x = x_at;
  const Weight *const w[WNI_FC_ROWS] = {w_at[0], w_at[1], w_at[2], w_at[3]};
  Sum sum[WNI_FC_ROWS] = {{0}};
  Total total[WNI_FC_ROWS];
  size_t i = 0;
  for (; i + STEP <= k; i += STEP) {
    Ints few = load_ints(x + i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) {
      wni_fc_fetch(w[r] + i, sizeof(Sum));
      sum[r] = dot(sum[r], few, load_ints(w[r] + i));
    }
  }
  for (int r = 0; r < WNI_FC_ROWS; r++) {
    total[r] = total_of(sum[r]);
    for (size_t j = i; j < k; j++) total[r] += product(x[j], w[r][j]);
  }
  memcpy(y, total, (size_t)n * sizeof *total);
}
