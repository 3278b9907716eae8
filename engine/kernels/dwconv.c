/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The references of depthwise convolution (kernels.h): blocks of channels, whose loops are
 * constant.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

enum { BLOCK = 16 };

WniFn_dwconv WNI_NAME(dwconv_f32), WNI_NAME(dwconv_bf16), WNI_NAME(dwconv_u8);

#define DEFINE_DWCONV(type, wni_type)                                                              \
  void WNI_NAME(dwconv_##type)(const WniDwconvArgs *args) {                                        \
    wni_check_dwconv(args, wni_type);                                                              \
    WniDwconvArgs pixel = *args;                                                                   \
    for (size_t i = 0; i < args->n_pixels; i++) {                                                  \
      size_t c = 0;                                                                                \
      for (; c + BLOCK <= args->n_channels; c += BLOCK) block_##type(&pixel, c, BLOCK);            \
      for (; c < args->n_channels; c++) block_##type(&pixel, c, 1);                                \
      pixel.x = (const char *)pixel.x + args->x_step;                                              \
      pixel.y = (char *)pixel.y + args->y_step;                                                    \
    }                                                                                              \
  }

/* n channels from c on; n is a constant, which makes the loops vectors. */
static inline void sum_bf16(const WniDwconvArgs *args, size_t c, size_t n, float *sum) {
  for (size_t j = 0; j < n; j++) sum[j] = ((const float *)args->bias)[c + j];
  for (size_t t = 0; t < args->n_taps; t++) {
    const uint16_t *x = (const uint16_t *)(const void *)((const char *)args->x + args->tap[t]) + c;
    const uint16_t *w = (const uint16_t *)args->w + t * args->w_step + c;
    for (size_t j = 0; j < n; j++) sum[j] += wni_bf16_to_f32(x[j]) * wni_bf16_to_f32(w[j]);
  }
}

static inline void block_bf16(const WniDwconvArgs *args, size_t c, size_t n) {
  float sum[BLOCK];
  sum_bf16(args, c, n, sum);
  for (size_t j = 0; j < n; j++)
    wni_write_f32(args->output.type, args->y, c + j,
                  wni_clampf(sum[j], args->output.low, args->output.high));
}

DEFINE_DWCONV(bf16, WNI_BF16)

static inline void sum_f32(const WniDwconvArgs *args, size_t c, size_t n, float *sum) {
  for (size_t j = 0; j < n; j++) sum[j] = ((const float *)args->bias)[c + j];
  for (size_t t = 0; t < args->n_taps; t++) {
    const float *x = (const float *)(const void *)((const char *)args->x + args->tap[t]) + c;
    const float *w = (const float *)args->w + t * args->w_step + c;
    for (size_t j = 0; j < n; j++) sum[j] += x[j] * w[j];
  }
}

static inline void sum_u8(const WniDwconvArgs *args, size_t c, size_t n, int32_t *sum) {
  for (size_t j = 0; j < n; j++) sum[j] = ((const int32_t *)args->bias)[c + j];
  for (size_t t = 0; t < args->n_taps; t++) {
    const uint8_t *x = (const uint8_t *)args->x + args->tap[t] + c;
    const int8_t *w = (const int8_t *)args->w + t * args->w_step + c;
    for (size_t j = 0; j < n; j++) sum[j] += x[j] * w[j];
  }
}

static inline void block_f32(const WniDwconvArgs *args, size_t c, size_t n) {
  float sum[BLOCK], *y = args->y;
  sum_f32(args, c, n, sum);
  for (size_t j = 0; j < n; j++) y[c + j] = wni_clampf(sum[j], args->output.low, args->output.high);
}

static inline void block_u8(const WniDwconvArgs *args, size_t c, size_t n) {
  int32_t sum[BLOCK];
  sum_u8(args, c, n, sum);
  for (size_t j = 0; j < n; j++)
    wni_write_scaled(
        args->output.type, args->y, c + j,
        wni_clampf((float)sum[j] * args->scale[c + j], args->output.low, args->output.high),
        args->output.zero);
}

DEFINE_DWCONV(f32, WNI_F32)
DEFINE_DWCONV(u8, WNI_U8)
