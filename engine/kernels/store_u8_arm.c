/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * float32 to bytes (kernels.h) for 64-bit Arm, sixteen at a time.  The last sixteen may overlap the
 * ones before, which are then converted twice.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum { STEP = 16 };

WniFn_store wni_store_u8__neon, wni_store_u8__c; /* C for fewer than a step */

/* Four numbers as steps of the scale; FMAXNM makes NaN the lowest. */
static inline int32x4_t steps(const float *x, float scale, float low) {
  return vcvtnq_s32_f32(vmaxnmq_f32(vld1q_f32(x) / scale, vdupq_n_f32(low)));
}

static inline int16x8_t eight_steps(const float *x, float scale, int16x8_t zero, float low) {
  int16x4_t first = vqmovn_s32(steps(x, scale, low));
  return vqaddq_s16(vqmovn_high_s32(first, steps(x + 4, scale, low)), zero);
}

void wni_store_u8__neon(const float *x, const WniQuant *quant, size_t n, void *to) {
  wni_check_quant(quant);
  int16x8_t zero = vdupq_n_s16((int16_t)quant->zero);
  float scale = quant->scale, low = (float)-quant->zero;
  uint8_t *y = to, *end = y + n;
  if (n < STEP) {
    wni_store_u8__c(x, quant, n, to);
    return;
  }
  while (y < end) {
    int16x8_t first = eight_steps(x, scale, zero, low);
    int16x8_t second = eight_steps(x + 8, scale, zero, low);
    vst1q_u8(y, vqmovun_high_s16(vqmovun_s16(first), second));
    ptrdiff_t left = end - y - STEP, step = left > 0 && left < STEP ? left : STEP;
    x += step;
    y += step;
  }
}
