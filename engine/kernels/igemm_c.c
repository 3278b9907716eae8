/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The references of the implicit matrix product (kernels.h): the formula, one
 * pixel at a time.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

WniFn_igemm WNI_NAME(igemm_f32), WNI_NAME(igemm_bf16), WNI_NAME(igemm_u8), WNI_NAME(igemm_i16);

/* Where the weight of tap t, channel c, column j lies in [panels][taps][groups][tile_n][tile_k]. */
static size_t packed_at(const WniIgemmArgs *args, size_t tile_n, size_t tile_k, size_t t, size_t c,
                        int j) {
  size_t groups = (args->n_channels + tile_k - 1) / tile_k;
  size_t panel = (size_t)j / tile_n, row = (panel * args->n_taps + t) * groups + c / tile_k;
  return (row * tile_n + (size_t)j % tile_n) * tile_k + c % tile_k;
}
#define PACKED_AT(kernel, args, t, c, j)                                                           \
  packed_at(args, WNI_TILE_N(kernel), WNI_TILE_K(kernel), t, c, j)

#define CHECK(kernel, args, type) wni_check_igemm(args, type, WNI_TILE_M(kernel))

static const void *tap_at(const WniIgemmArgs *args, size_t t) {
  return (const char *)args->x[0] + args->tap[t];
}

void WNI_NAME(igemm_f32)(const WniIgemmArgs *args) {
  CHECK(igemm_f32, args, WNI_F32);
  const float *w = args->w, *bias = args->bias;
  float *y = args->y[0];
  for (int j = 0; j < args->n; j++) {
    float sum = bias[j];
    for (size_t t = 0; t < args->n_taps; t++) {
      const float *x = tap_at(args, t);
      for (size_t c = 0; c < args->n_channels; c++)
        sum += x[c] * w[PACKED_AT(igemm_f32, args, t, c, j)];
    }
    if (args->residual) sum += ((const float *)args->residual[0])[j];
    y[j] = wni_clampf(sum, args->output.low, args->output.high);
  }
}

void WNI_NAME(igemm_bf16)(const WniIgemmArgs *args) {
  CHECK(igemm_bf16, args, WNI_BF16);
  const uint16_t *w = args->w;
  const float *bias = args->bias;
  for (int j = 0; j < args->n; j++) {
    float sum = bias[j];
    for (size_t t = 0; t < args->n_taps; t++) {
      const uint16_t *x = tap_at(args, t);
      for (size_t c = 0; c < args->n_channels; c++)
        sum += wni_bf16_to_f32(x[c]) * wni_bf16_to_f32(w[PACKED_AT(igemm_bf16, args, t, c, j)]);
    }
    if (args->residual) sum += wni_read_f32(args->output.type, args->residual[0], (size_t)j);
    wni_write_f32(args->output.type, args->y[0], (size_t)j,
                  wni_clampf(sum, args->output.low, args->output.high));
  }
}

void WNI_NAME(igemm_u8)(const WniIgemmArgs *args) {
  CHECK(igemm_u8, args, WNI_U8);
  const int8_t *w = args->w;
  const int32_t *bias = args->bias;
  for (int j = 0; j < args->n; j++) {
    int32_t sum = bias[j];
    for (size_t t = 0; t < args->n_taps; t++) {
      const uint8_t *x = tap_at(args, t);
      for (size_t c = 0; c < args->n_channels; c++)
        sum += x[c] * w[PACKED_AT(igemm_u8, args, t, c, j)];
    }
    wni_write_scaled(args->output.type, args->y[0], (size_t)j,
                     wni_clampf((float)sum * args->scale[j], args->output.low, args->output.high),
                     args->output.zero);
  }
}

/* Winograd's sums may pass an int32 on their way: they wrap. */
void WNI_NAME(igemm_i16)(const WniIgemmArgs *args) {
  CHECK(igemm_i16, args, WNI_I16);
  const int16_t *w = args->w;
  for (int j = 0; j < args->n; j++) {
    uint32_t sum = 0;
    for (size_t t = 0; t < args->n_taps; t++) {
      const int16_t *x = tap_at(args, t);
      for (size_t c = 0; c < args->n_channels; c++)
        sum += (uint32_t)(x[c] * w[PACKED_AT(igemm_i16, args, t, c, j)]);
    }
    ((uint32_t *)args->y[0])[j] = sum;
  }
}
