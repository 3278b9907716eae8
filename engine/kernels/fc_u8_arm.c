/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dot products of one vector of bytes with up to four rows of weights (kernels.h) for 64-bit Arm,
 * compiled once per instruction set.  Sixteen bytes of x serve all four rows.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum { STEP = 16 };

WniFn_fc WNI_NAME(fc_u8);

/* Partial sums of a row. */
typedef struct Sum {
  int32x4_t of_x, of_w; /* the total is of_x - of_w */
} Sum;

#if defined __ARM_FEATURE_MATMUL_INT8
static inline void add(Sum *sum, uint8x16_t x, int8x16_t w) {
  sum->of_x = vusdotq_s32(sum->of_x, x, w);
}
#elif defined __ARM_FEATURE_DOTPROD
/* As in igemm_dotprod.c: (x - 128) w, and -128 w to be taken off. */
static inline void add(Sum *sum, uint8x16_t x, int8x16_t w) {
  int8x16_t less_128 = vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(0x80)));
  sum->of_x = vdotq_s32(sum->of_x, less_128, w);
  sum->of_w = vdotq_s32(sum->of_w, vdupq_n_s8(-128), w);
}
#else
static inline void add(Sum *sum, uint8x16_t x, int8x16_t w) {
  int16x8_t x0 = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(x))), w0 = vmovl_s8(vget_low_s8(w));
  int16x8_t x1 = vreinterpretq_s16_u16(vmovl_high_u8(x)), w1 = vmovl_high_s8(w);
  sum->of_x = vmlal_s16(sum->of_x, vget_low_s16(x0), vget_low_s16(w0));
  sum->of_x = vmlal_s16(sum->of_x, vget_low_s16(x1), vget_low_s16(w1));
  sum->of_w = vmlsl_high_s16(sum->of_w, x0, w0); /* a second chain of sums */
  sum->of_w = vmlsl_high_s16(sum->of_w, x1, w1);
}
#endif

void WNI_NAME(fc_u8)(const void *x_at, const void *const *w, size_t k, int n, void *y) {
  wni_check_fc(w, n);
  const uint8_t *x = x_at;
  Sum sum[WNI_FC_ROWS] = {0};
  int32_t total[WNI_FC_ROWS];
  size_t i = 0;
  for (; i + STEP <= k; i += STEP) {
    uint8x16_t bytes = vld1q_u8(x + i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++) add(&sum[r], bytes, vld1q_s8((const int8_t *)w[r] + i));
  }
  if (i < k) {
    uint8x16_t bytes = wni_arm_load_part(x + i, k - i);
#pragma GCC unroll 4
    for (int r = 0; r < WNI_FC_ROWS; r++)
      add(&sum[r], bytes, vreinterpretq_s8_u8(wni_arm_load_part((const uint8_t *)w[r] + i, k - i)));
  }
#pragma GCC unroll 4
  for (int r = 0; r < WNI_FC_ROWS; r++) total[r] = vaddvq_s32(vsubq_s32(sum[r].of_x, sum[r].of_w));
  memcpy(y, total, (size_t)n * sizeof *total);
}
