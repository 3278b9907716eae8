/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution of a row of pixels (kernels.h) of bytes and bfloat16 for 64-bit Arm.
 *
 * Four pixels by eight channels at a time, so that weights are loaded and widened once for
 * four pixels; the sums take 8 of the 32 registers.  The last eight channels may overlap the ones
 * before, which are then computed twice.
 */
#include "kernels/check.h"
#include "kernels/arm.h"

enum { PIXELS = 4, BLOCK = 8 };

WniFn_dwconv wni_dwconv_bf16__neon, wni_dwconv_u8__neon;
WniFn_dwconv wni_dwconv_bf16__c, wni_dwconv_u8__c; /* for fewer channels than a block */

/* Sums of two pixels to bytes. */
static inline __attribute__((always_inline)) void store_pair(const WniDwconvArgs *args,
                                                             int32x4_t sum[][2], uint8_t *y,
                                                             ptrdiff_t step, size_t c, int pixels) {
  float32x4_t low = vld1q_f32(args->scale + c), high = vld1q_f32(args->scale + c + 4);
  float32x4_t scale[] = {low, high, low, high};
  int32x4_t both[] = {sum[0][0], sum[0][1], sum[pixels - 1][0], sum[pixels - 1][1]};
  uint8x16_t bytes = wni_arm_to_bytes(both, scale, wni_arm_bytes(&args->output), false);
  vst1_u8(y + c, vget_low_u8(bytes));
  if (pixels > 1) vst1_u8(y + step + c, vget_high_u8(bytes));
}

/* `pixels` pixels by BLOCK channels from c on. */
typedef void Block(const WniDwconvArgs *args, const char *x, char *y, size_t c, int pixels);

static inline __attribute__((always_inline)) void block_u8(const WniDwconvArgs *args, const char *x,
                                                           char *y, size_t c, int pixels) {
  const int32_t *bias = (const int32_t *)args->bias + c;
  const int8_t *w = (const int8_t *)args->w + c;
  int32x4_t sum[PIXELS][2];
  for (int i = 0; i < pixels; i++)
    for (int v = 0; v < 2; v++) sum[i][v] = vld1q_s32(bias + 4 * v);
  for (size_t t = 0; t < args->n_taps; t++, w += args->w_step) {
    int16x8_t weights = vmovl_s8(vld1_s8(w));
    const uint8_t *from = (const uint8_t *)x + args->tap[t] + c;
#pragma GCC unroll 4
    for (int i = 0; i < pixels; i++) {
      int16x8_t eight = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from + i * args->x_step)));
      sum[i][0] = vmlal_s16(sum[i][0], vget_low_s16(eight), vget_low_s16(weights));
      sum[i][1] = vmlal_high_s16(sum[i][1], eight, weights);
    }
  }
  if (args->output.type == WNI_U8) {
#pragma GCC unroll 2
    for (int i = 0; i < pixels; i += 2)
      store_pair(args, sum + i, (uint8_t *)y + i * args->y_step, args->y_step, c,
                 pixels > 1 ? 2 : 1);
    return;
  }
#pragma GCC unroll 4
  for (int i = 0; i < pixels; i++)
    for (int v = 0; v < 2; v++)
      wni_arm_put_scaled(
          args->output.type, y + i * args->y_step, c + 4 * v,
          wni_arm_clamp(vmulq_f32(vcvtq_f32_s32(sum[i][v]), vld1q_f32(args->scale + c + 4 * v)),
                        args->output.low, args->output.high),
          args->output.zero);
}

static inline __attribute__((always_inline)) void
block_bf16(const WniDwconvArgs *args, const char *x, char *y, size_t c, int pixels) {
  const float *bias = (const float *)args->bias + c;
  const uint16_t *w = (const uint16_t *)args->w + c;
  float32x4_t sum[PIXELS][2];
  for (int i = 0; i < pixels; i++)
    for (int v = 0; v < 2; v++) sum[i][v] = vld1q_f32(bias + 4 * v);
  for (size_t t = 0; t < args->n_taps; t++, w += args->w_step) {
    const char *from = x + args->tap[t] + c * sizeof *w;
    for (int v = 0; v < 2; v++) {
      float32x4_t weights = wni_arm_load_bf16(w + 4 * v);
#pragma GCC unroll 4
      for (int i = 0; i < pixels; i++) {
        const uint16_t *pixel = (const uint16_t *)(const void *)(from + i * args->x_step);
        sum[i][v] += weights * wni_arm_load_bf16(pixel + 4 * v);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < pixels; i++)
    for (int v = 0; v < 2; v++)
      wni_arm_put_f32(args->output.type, y + i * args->y_step, c + 4 * v,
                      wni_arm_clamp(sum[i][v], args->output.low, args->output.high));
}

/* All channels of `pixels` pixels, of which there are at least BLOCK. */
static inline __attribute__((always_inline)) void
run_pixels(const WniDwconvArgs *args, const char *x, char *y, int pixels, Block *block) {
  size_t c = 0;
  for (; c + BLOCK <= args->n_channels; c += BLOCK) block(args, x, y, c, pixels);
  if (c < args->n_channels) block(args, x, y, args->n_channels - BLOCK, pixels);
}

/* `block` is a constant at each call. */
static inline __attribute__((always_inline)) void run(const WniDwconvArgs *args, Block *block) {
  const char *x = args->x;
  char *y = args->y;
  size_t left = args->n_pixels;
  for (; left >= PIXELS; left -= PIXELS, x += PIXELS * args->x_step, y += PIXELS * args->y_step)
    run_pixels(args, x, y, PIXELS, block);
  for (; left > 0; left--, x += args->x_step, y += args->y_step) run_pixels(args, x, y, 1, block);
}

void wni_dwconv_u8__neon(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_U8);
  if (args->n_channels < BLOCK)
    wni_dwconv_u8__c(args);
  else
    run(args, block_u8);
}

void wni_dwconv_bf16__neon(const WniDwconvArgs *args) {
  wni_check_dwconv(args, WNI_BF16);
  if (args->n_channels < BLOCK)
    wni_dwconv_bf16__c(args);
  else
    run(args, block_bf16);
}
