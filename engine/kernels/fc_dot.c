/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products with rows of weights (kernels.h) on instructions that add a dot product of four
 * bytes or of two bfloat16 to each 32-bit lane.  Compiled once for each of them; for bfloat16 the
 * build gives WNI_DOT_BF16.  One row after the other: rows lie one behind the other, and what
 * limits this is the memory that they come from, which is read fastest in one stream.
 */
#include "kernels/check.h"
#include "kernels/dot.h"
#include "kernels/isa.h"

#if defined WNI_DOT_BF16
#define KERNEL fc_bf16
typedef uint16_t Input;
typedef uint16_t Weight;
typedef float Total;
static inline Total total_of(Sum a, Sum b) {
  return _mm512_reduce_add_ps(add(a, b));
}
static inline Total product(Input x, Weight w) {
  return wni_bf16_to_f32(x) * wni_bf16_to_f32(w);
}
#else
#define KERNEL fc_u8
typedef uint8_t Input;
typedef int8_t Weight;
typedef int32_t Total;
static inline Total total_of(Sum a, Sum b) {
  return add_up(a) + add_up(b);
}
static inline Total product(Input x, Weight w) {
  return x * w;
}
#endif

enum { STEP = sizeof(Sum) / sizeof(Input) };

_Static_assert(WNI_TILE_M(KERNEL) == WNI_FC_ROWS, "all rows of a call together");
WniFn_fc WNI_NAME(KERNEL);

static Total one_row(const Input *x, const Weight *w, size_t k) {
  Sum even = {0}, odd = {0};
  size_t i = 0;
  for (; i + 2 * STEP <= k; i += 2 * STEP) {
    even = dot(even, load_ints(x + i), load_ints(w + i));
    odd = dot(odd, load_ints(x + i + STEP), load_ints(w + i + STEP));
  }
  if (i + STEP <= k) {
    even = dot(even, load_ints(x + i), load_ints(w + i));
    i += STEP;
  }
  Total total = total_of(even, odd);
  for (; i < k; i++) total += product(x[i], w[i]);
  return total;
}

void WNI_NAME(KERNEL)(const void *x, const void *const *w, size_t k, int n, void *sums) {
  wni_check_fc(w, n);
  for (int r = 0; r < n; r++) ((Total *)sums)[r] = one_row(x, w[r], k);
}
