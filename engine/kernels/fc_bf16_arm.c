/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of one vector of bfloat16 with up to four rows of weights (kernels.h) for 64-bit
 * Arm, compiled once per instruction set.  Eight elements of x serve all four rows.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum { STEP = 8 };

WniFn_fc WNI_NAME(fc_bf16);

/* Two chains of sums of a row. */
typedef struct Sum {
  float32x4_t even, odd;
} Sum;

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
static inline void add(Sum *sum, uint16x8_t x, uint16x8_t w) {
  sum->even = vbfdotq_f32(sum->even, vreinterpretq_bf16_u16(x), vreinterpretq_bf16_u16(w));
}
#else
/* An element in the upper half of 32 bits is a float. */
static inline void add(Sum *sum, uint16x8_t x, uint16x8_t w) {
  float32x4_t x0 = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(x), 16));
  float32x4_t w0 = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(w), 16));
  float32x4_t x1 = vreinterpretq_f32_u32(vshll_high_n_u16(x, 16));
  float32x4_t w1 = vreinterpretq_f32_u32(vshll_high_n_u16(w, 16));
  sum->even = vfmaq_f32(sum->even, x0, w0);
  sum->odd = vfmaq_f32(sum->odd, x1, w1);
}
#endif

static inline uint16x8_t load_part(const uint16_t *x, size_t n) {
  return vreinterpretq_u16_u8(wni_arm_load_part((const uint8_t *)x, n * sizeof *x));
}

void WNI_NAME(fc_bf16)(const void *x_at, const void *const *w, size_t k, int n, void *y) {
  wni_check_fc(w, n);
  const uint16_t *x = x_at;
  Sum sum[WNI_FC_ROWS] = {0};
  float total[WNI_FC_ROWS];
  size_t i = 0;
  for (; i + STEP <= k; i += STEP) {
    uint16x8_t eight = vld1q_u16(x + i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++)
      add(&sum[r], eight, vld1q_u16((const uint16_t *)w[r] + i));
  }
  if (i < k) {
    uint16x8_t rest = load_part(x + i, k - i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++)
      add(&sum[r], rest, load_part((const uint16_t *)w[r] + i, k - i));
  }
#pragma GCC unroll 4
  for (int r = 0; r < WNI_FC_ROWS; r++) total[r] = vaddvq_f32(vaddq_f32(sum[r].even, sum[r].odd));
  memcpy(y, total, (size_t)n * sizeof *total);
}
